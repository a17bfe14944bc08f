"""What goes in and out about conversations, complaints and surveys. See `values` for the kinds of values."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from cheban.api.schemas.values import Fen, In, Moment, PageIn


class ConversationOut(Schema):
    """One owner with their two people. People are staff ids; the owner's link never leaves the house."""

    id: UUID
    store_id: int
    customer_id: UUID
    vehicle_id: UUID | None
    sales_consultant_id: int | None
    service_specialist_id: int | None
    opened_at: Moment
    last_at: Moment
    heard_at: Moment | None = Field(description="the customer's newest message")
    spoke_at: Moment | None = Field(description="a colleague's newest message")
    waiting_since: Moment | None = Field(description="since when the customer waits for an answer")


class ConversationPage(Schema):
    """A page of conversations."""

    data: list[ConversationOut]
    next: str | None


class ConversationFilter(PageIn):
    """Filters of the list of conversations."""

    customer_id: UUID | None = None
    is_waiting: bool | None = None


class MessageOut(Schema):
    """One message; without an author it is the customer's."""

    id: UUID
    author_id: int | None
    text: str
    at: Moment


class MessagePage(Schema):
    """A page of messages, the newest first."""

    data: list[MessageOut]
    next: str | None


class MessageIn(In):
    """What a colleague answers."""

    text: Annotated[str, Field(min_length=1, max_length=4000)]


class ComplaintOut(Schema):
    """A complaint. What a claimant gave of themselves stays in the house until they are matched."""

    id: UUID
    store_id: int
    customer_id: UUID | None
    vehicle_id: UUID | None
    channel: str
    kind: str
    level: str = Field(description="normal, amber or red")
    state: str
    text: str = Field(description="the customer's own words")
    amount_fen: int | None
    speaker_id: int | None = Field(description="the one voice to the customer")
    executor_id: int | None
    filed_at: Moment
    answered_at: Moment | None
    answer: str
    cause: str
    closed_at: Moment | None
    checked_at: Moment | None
    has_recurred: bool | None


class FindingOut(Schema):
    """One side's card."""

    side: str = Field(description="sales, service or quality")
    owner_id: int | None
    text: str
    is_ours: bool | None = Field(description="whether the fault is this side's")
    recorded_at: Moment | None
    recorded_by_id: int | None


class SolutionOut(Schema):
    """A round of the joint solution."""

    id: UUID
    round: int
    asked_at: Moment
    measure: str
    improvement: str
    compensation_fen: int
    needs_role: str = Field(description="role whose approval the compensation waits for")
    agreed_at: Moment | None
    carried_out_at: Moment | None
    carried_out_how: str
    confirmed_at: Moment | None
    objected_at: Moment | None
    said: str = Field(description="the customer's answer")


class ComplaintWhole(ComplaintOut):
    """One complaint with its three findings and the rounds of its solution."""

    findings: list[FindingOut]
    solutions: list[SolutionOut]


class ComplaintPage(Schema):
    """A page of complaints."""

    data: list[ComplaintOut]
    next: str | None


Kind = Literal["safety", "quality", "repair", "cost", "attitude", "waiting", "promise", "other"]


class ComplaintFilter(PageIn):
    """Filters of the list of complaints."""

    state: (
        Literal["claimed", "filed", "answered", "examined", "agreed", "carried_out", "closed", "dismissed"] | None
    ) = None
    level: Literal["normal", "amber", "red"] | None = None
    kind: Kind | None = None
    customer_id: UUID | None = None


class ComplaintIn(In):
    """A complaint in the customer's own words. Words of danger raise a red alert with it."""

    customer_id: UUID
    vehicle_id: UUID | None = None
    channel: Literal["phone", "conversation", "survey", "web", "note", "visit"] = "web"
    kind: Kind
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    amount_fen: Fen | None = None


class AnswerIn(In):
    """What the customer was told first."""

    text: Annotated[str, Field(min_length=1, max_length=500)]


class SurveyOut(Schema):
    """Two questions to one customer, 0-100 points each; the joint score is their mean."""

    id: UUID
    store_id: int
    customer_id: UUID
    vehicle_id: UUID | None
    kind: str = Field(description="delivery or repair_order")
    sales_staff_id: int | None
    service_staff_id: int | None
    happened_at: Moment
    invited_at: Moment
    expires_at: Moment
    answered_at: Moment | None
    changed_at: Moment | None
    sales_points: int | None
    service_points: int | None
    joint_points: int | None
    said: str
    low_at: Moment | None


class SurveyPage(Schema):
    """A page of surveys."""

    data: list[SurveyOut]
    next: str | None


class SurveyFilter(PageIn):
    """Filters of the list of surveys."""

    kind: Literal["delivery", "repair_order"] | None = None
    customer_id: UUID | None = None
    is_answered: bool | None = None
