"""What goes in and out about deliveries, handover sheets and promises. See `values` for the kinds of values."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field, StrictInt

from cheban.api.schemas.values import Day, In, Moment, MomentIn, PageIn


class DeliveryOut(Schema):
    """A new car handed over by two. People are staff ids."""

    id: UUID
    store_id: int
    customer_id: UUID
    vehicle_id: UUID
    scheduled_at: Moment
    sales_consultant_id: int
    service_specialist_id: int
    state: str = Field(description="planned, completed or cancelled")
    completed_at: Moment | None
    cancelled_at: Moment | None
    cancel_reason: str
    handover_state: str = Field(description="draft, sent, sent_back or confirmed")


class CheckOut(Schema):
    """A point of the checklist that was explained."""

    point: str
    by_id: int
    at: Moment


class RevisionOut(Schema):
    """A handover sheet as it was sent, and what service answered."""

    id: UUID
    number: int
    content: dict[str, str] = Field(description="field -> words, as they were when it was sent")
    sent_at: Moment
    sent_by_id: int
    answered_at: Moment | None
    answered_by_id: int | None
    wrong: dict[str, str] = Field(description="field -> what is wrong with it; empty when confirmed")


class FeedbackOut(Schema):
    """What service heard in the first three days."""

    id: UUID
    questions: str
    needs: str
    by_id: int
    at: Moment
    read_at: Moment | None


class DeliveryWhole(DeliveryOut):
    """One delivery with its checklist, the revisions of its sheet, the newest first, and the first feedback."""

    checks: list[CheckOut]
    handover: list[RevisionOut]
    feedback: FeedbackOut | None


class DeliveryPage(Schema):
    """A page of deliveries."""

    data: list[DeliveryOut]
    next: str | None


class DeliveryFilter(PageIn):
    """Filters of the list of deliveries."""

    state: Literal["planned", "completed", "cancelled"] | None = None
    customer_id: UUID | None = None
    vehicle_id: UUID | None = None


class DeliveryIn(In):
    """An appointment: a car that has an owner, a moment, both people."""

    vehicle_id: UUID
    scheduled_at: MomentIn
    sales_consultant_id: StrictInt
    service_specialist_id: StrictInt


class MoveIn(In):
    """Another moment."""

    scheduled_at: MomentIn


class CancelIn(In):
    """Why the buyer does not take the car."""

    reason: Annotated[str, Field(min_length=1, max_length=200)]


class PromiseOut(Schema):
    """What was promised at the sale and what became of it."""

    id: UUID
    store_id: int
    customer_id: UUID
    vehicle_id: UUID | None
    kind: str
    what: str
    evidence: str
    proofs_count: int = Field(description="files that prove it, without those taken out")
    due_on: date
    side: str
    keeper_id: int
    promised_by_id: int
    promised_at: Moment
    state: str = Field(description="open, kept or broken")
    settled_at: Moment | None
    settled_by_id: int | None
    settled_how: str
    disputed_at: Moment | None
    claimed: str = Field(description="what the customer says was promised")
    found: str = Field(description="how the dispute ended")
    found_at: Moment | None


class PromisePage(Schema):
    """A page of promises."""

    data: list[PromiseOut]
    next: str | None


class PromiseFilter(PageIn):
    """Filters of the list of promises."""

    state: Literal["open", "kept", "broken"] | None = None
    customer_id: UUID | None = None
    keeper_id: int | None = Field(default=None, ge=1, le=2_147_483_647)
    is_disputed: bool | None = None


class PromiseIn(In):
    """A promise with where it stands, its day and the person who keeps it."""

    customer_id: UUID
    vehicle_id: UUID | None = None
    kind: Literal["gift", "warranty", "free_service", "price", "other"]
    what: Annotated[str, Field(min_length=1, max_length=200)]
    evidence: Annotated[str, Field(min_length=1, max_length=300)]
    due_on: Day
    side: Literal["sales", "service"]
    keeper_id: StrictInt


class SettleIn(In):
    """Kept, or given up, and how."""

    outcome: Literal["kept", "broken"]
    how: Annotated[str, Field(min_length=1, max_length=300)]


class ProofOut(Schema):
    """A photo or PDF that shows what was promised; one that was taken out keeps who did so and why."""

    id: UUID
    promise_id: UUID
    kind: Literal["photo", "pdf"] | None = Field(description="null when it was taken out")
    bytes: int | None
    added_at: Moment
    added_by_id: int | None
    removed_at: Moment | None
    removed_by_id: int | None
    removed_why: str


class ProofList(Schema):
    """Every file of a promise, in the order in which they came."""

    data: list[ProofOut]


class ProofIn(In):
    """A photo (JPEG, PNG, WebP) or a whole PDF, up to 3 MiB; what a camera wrote beside the picture is not kept."""

    content: Annotated[
        str,
        Field(min_length=4, max_length=4_194_304, description="the file, Base64 (RFC 4648 section 4)"),
    ]


class ProofRemoveIn(In):
    """Why the file does not belong here."""

    why: Annotated[str, Field(min_length=1, max_length=200)]
