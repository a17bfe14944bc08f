"""Customers, their consent, notes, timeline, search. See `values` for the kinds of values."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, Field, StrictBool, StrictInt

from cheban.api.schemas.values import (
    CustomIn,
    CustomOut,
    Day,
    In,
    Line,
    Moment,
    PageIn,
    Phone,
    Text,
    VehicleBrief,
    _lunar,
)


class CustomerOut(Schema):
    """A customer in a list; phones are masked."""

    id: UUID
    store_id: int
    kind: str
    name: str
    gender: str
    birth_on: date | None
    lunar_birthday: int | None = Field(description="month * 100 + day, negative in a leap month")
    customer_no: str
    occupation: str
    region: str
    preferred_channel: str
    preferred_time: str
    source: str
    tier: str
    tags: list[str]
    refused_purposes: list[str]
    last_visit_on: date | None
    visits: int
    spent_fen: int
    created_at: Moment
    changed_at: Moment
    phones: list[Phone]
    vehicles: list[VehicleBrief]
    custom: CustomOut


class ConsentOut(Schema):
    """The newest answer for a purpose and channel."""

    purpose: str
    channel: str
    is_given: bool
    proof: str
    at: Moment


class CustomerWhole(CustomerOut):
    """One customer with everything that is not sealed."""

    family: str
    habits: str
    special_requests: str
    remarks: str
    has_id_number: bool
    has_address: bool
    consents: list[ConsentOut]


class CustomerPage(Schema):
    """A page of customers."""

    data: list[CustomerOut]
    next: str | None


Kind = Literal["person", "company"]
Gender = Literal["m", "f", ""]
Source = Literal["purchase", "service", "research"]
Tier = Literal["ordinary", "silver", "gold", "platinum"]
Channel = Literal["phone", "wechat", "sms", "email", ""]


class CustomerFilter(PageIn):
    """Filters of the customer list."""

    tier: Tier | None = None
    kind: Kind | None = None
    source: Source | None = None
    tag: Annotated[str, Field(max_length=32)] | None = None
    series: Annotated[str, Field(max_length=60)] | None = None
    quiet_months: Annotated[int, Field(ge=1, le=120)] | None = None
    refused: bool | None = None
    custom: (
        Annotated[
            str,
            Field(
                max_length=200,
                description="code:value of one custom field: a choice's code, true or false, the beginning of a text, or "
                "code:>=value and code:<=value for numbers, money (fen) and days",
            ),
        ]
        | None
    ) = None
    sort: Literal["newest", "visited", "spent"] = "newest"


class _CustomerFields(In):
    gender: Gender | None = None
    birth_on: Day | None = None
    lunar_birthday: Annotated[StrictInt, Field(ge=-1230, le=1230), AfterValidator(_lunar)] | None = None
    occupation: Line | None = None
    preferred_channel: Channel | None = None
    preferred_time: Line | None = None
    family: Text | None = None
    habits: Text | None = None
    special_requests: Text | None = None
    remarks: Annotated[str, Field(max_length=1000)] | None = None
    tags: Annotated[list[Annotated[str, Field(min_length=1, max_length=32)]], Field(max_length=20)] | None = None
    tier: Tier | None = None
    source: Source | None = None
    custom: CustomIn | None = None


class CustomerIn(_CustomerFields):
    """A new customer: name and phone, the vehicle if known. `store_id` is needed when the token has several."""

    store_id: StrictInt | None = None
    name: Annotated[str, Field(min_length=1, max_length=120)]
    phone: Annotated[str, Field(min_length=5, max_length=32)]
    plate: Annotated[str, Field(max_length=16)] = ""
    vin: Annotated[str, Field(max_length=17)] = ""
    kind: Kind = "person"


class CustomerChange(_CustomerFields):
    """Fields to change; what is left out stays, null or '' empties. A phone is added, never replaced."""

    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    kind: Kind | None = None
    phone: Annotated[str, Field(min_length=5, max_length=32)] | None = None
    address: Text | None = None
    id_number: Annotated[str, Field(max_length=32)] | None = None


class SearchIn(In):
    """What to look for: name, pinyin, a phone or its last four, a fragment of plate or VIN."""

    q: Annotated[str, Field(min_length=1, max_length=40)]


class Hit(Schema):
    """Something found."""

    customer_id: UUID
    name: str
    about: str
    plate_number: str
    found_by: str


class Hits(Schema):
    """What was found, the best first."""

    data: list[Hit]


class RevealIn(In):
    """Which value, and why it is needed; both stand in the audit trail."""

    field: Literal["phone", "id_number", "address"]
    phone_id: UUID | None = None
    reason: Annotated[str, Field(min_length=2, max_length=200)]


class Revealed(Schema):
    """The full value. It is not kept for a repeated request."""

    value: str


class NoteIn(In):
    """A note for the timeline."""

    text: Annotated[str, Field(min_length=1, max_length=1000)]


class ConsentIn(In):
    """What the customer said, and how."""

    purpose: Literal["service", "insurance", "care", "marketing", "profiling", "all"]
    channel: Literal["any", "phone", "sms", "wechat", "email"] = "any"
    is_given: StrictBool
    proof: Annotated[str, Field(min_length=1, max_length=200)]


class Consents(Schema):
    """The newest answer for each purpose and channel."""

    data: list[ConsentOut]


class TimelineOut(Schema):
    """One thing that happened to a customer."""

    id: int
    name: str
    group: str
    title: str
    about: str
    at: Moment
    vehicle_id: UUID | None


class TimelinePage(Schema):
    """A page of a timeline, newest first."""

    data: list[TimelineOut]
    next: str | None


class TimelineFilter(PageIn):
    """A part of the timeline."""

    group: Literal["service", "contact", "file"] | None = None
