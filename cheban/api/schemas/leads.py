"""What goes in and out about leads. See `values` for the kinds of values."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, Field, StrictInt

from cheban.api.schemas.values import Day, Fen, In, Moment, PageIn

Kind = Literal["additional_purchase", "trade_in", "referral"]
Stage = Literal["contacted", "test_drive", "appraised", "quoted"]
State = Literal[
    "proposed", "pushed", "contacted", "test_drive", "appraised", "quoted", "won", "lost", "dismissed", "joined"
]
Lost = Literal[
    "price", "old_car_value", "elsewhere", "no_model", "later", "credit", "unreachable", "misheard", "refused"
]


def _no_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("blank")
    return value


Said = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_no_blank)]


class LeadWordsOut(Schema):
    """A sentence of the customer, the words in it that show the wish, and where it was said."""

    text: str
    words: list[str]
    source: str
    at: Moment


class LeadAnswerOut(Schema):
    """What sales reported back."""

    stage: str
    words: str
    next_contact_on: date | None
    at: Moment
    by_id: int | None


class LeadOut(Schema):
    """A lead. People are staff ids; phones are with the customer, masked."""

    id: UUID
    store_id: int
    customer_id: UUID
    vehicle_id: UUID | None
    kind: str
    grade: str = Field(description="a: explicit need, b: latent; empty while only proposed by hand")
    state: str
    origin: str = Field(description="service, or crm for a lead that another system brought")
    wanted: str
    finder_id: int | None
    holder_id: int | None = Field(description="who follows it up now")
    proposed_at: Moment
    pushed_at: Moment | None
    next_contact_on: date | None
    appraised_fen: int | None
    closed_at: Moment | None
    reason_code: str
    deal_fen: int | None
    deal_what: str
    service_share_percent: int | None
    sales_share_percent: int | None
    joined_into_id: UUID | None
    source_system: str
    external_id: str
    words: list[LeadWordsOut]
    may_be_same_as: list[UUID] = Field(description="other open leads of this customer or phone")


class LeadWhole(LeadOut):
    """One lead with its answers, the newest first."""

    answers: list[LeadAnswerOut]


class LeadPage(Schema):
    """A page of leads."""

    data: list[LeadOut]
    next: str | None


class Leads(Schema):
    """The leads of a file, in its order."""

    data: list[LeadOut]


class LeadFilter(PageIn):
    """Filters of the list of leads."""

    which: Literal["open", "followed", "ended"] | None = None
    state: State | None = None
    kind: Kind | None = None
    grade: Literal["a", "b"] | None = None
    origin: Literal["service", "crm"] | None = None
    clock: Literal["late", "today", "stuck"] | None = None


class LeadIn(In):
    """A lead from another system. The customer is named by id, or by name and phone (a known phone is found)."""

    kind: Kind
    text: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_no_blank)] = Field(
        description="what the customer said"
    )
    customer_id: UUID | None = None
    name: Annotated[str, Field(max_length=120)] = ""
    phone: Annotated[str, Field(max_length=40)] = ""
    vehicle_id: UUID | None = None
    wanted: Annotated[str, Field(max_length=120)] = ""
    grade: Literal["a", "b"] = "a"
    source_system: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{1,19}$")] = "crm"
    external_id: Annotated[str, Field(max_length=64)] = Field(
        default="", description="the other system's number: sent again, it is the same lead"
    )
    store_id: StrictInt | None = None


class LeadAnswerIn(In):
    """What sales reports: a stage with the next contact, `won` with the deal, or `lost` with the reason."""

    stage: Stage | Literal["won", "lost"]
    words: Annotated[str, Field(max_length=300)] = ""
    next_contact_on: Day | None = None
    appraised_fen: Fen | None = None
    deal_fen: Fen | None = None
    deal_what: Annotated[str, Field(max_length=120)] = ""
    service_share_percent: Annotated[StrictInt, Field(ge=0, le=100)] | None = None
    reason_code: Lost | None = None
