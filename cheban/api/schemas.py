"""What goes in and out. Input refuses unknown fields; money is whole fen; moments carry their offset; days are days."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    StrictInt,
)

from cheban.org.entry import ZONE


def _day(value: Any) -> Any:
    """Only 2026-11-23, of the years 1900 to 2100: pydantic would also take moments and numbers."""
    if isinstance(value, str) and not (len(value) == 10 and value[:4].isascii() and "1900" <= value[:4] <= "2100"):
        raise ValueError("day")
    if isinstance(value, (int, float)):
        raise ValueError("day")
    return value


def _moment(value: Any) -> Any:
    """Only text of the years 1900 to 2100: a number could be seconds or milliseconds."""
    if value is None:
        return value
    if not isinstance(value, str) or not "1900" <= value[:4] <= "2100":
        raise ValueError("moment")
    return value


def _iso(value: datetime | None) -> str | None:
    return value.astimezone(ZONE).isoformat(timespec="milliseconds") if value else None


def _lunar(value: int) -> int:
    """Month 1-12 and day 1-30; a leap month is negative."""
    if not (1 <= abs(value) // 100 <= 12 and 1 <= abs(value) % 100 <= 30):
        raise ValueError("lunar day")
    return value


Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[datetime, PlainSerializer(_iso, return_type=str), Field(json_schema_extra={"format": "date-time"})]
MomentIn = Annotated[AwareDatetime, BeforeValidator(_moment)]
Text = Annotated[str, Field(max_length=300)]
Line = Annotated[str, Field(max_length=64)]
Km = Annotated[StrictInt, Field(ge=0, le=2_000_000, description="km")]
Fen = Annotated[StrictInt, Field(ge=0, le=10**12, description="fen")]


class In(Schema):
    """Input: what is not named here is refused."""

    model_config = ConfigDict(extra="forbid")


class Problem(Schema):
    """An error, RFC 9457. `code` is stable; `fields` maps a field to what is wrong with it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    fields: dict[str, str] | None = None


class PageIn(In):
    """Paging of a list."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, Field(max_length=1000)] | None = None


class Phone(Schema):
    """A way to reach a customer, masked."""

    id: UUID
    kind: str
    masked: str
    is_primary: bool


class VehicleBrief(Schema):
    """A vehicle in a list."""

    id: UUID
    plate_number: str
    vin: str
    brand: str
    series: str


CustomOut = Annotated[
    dict[str, str | int | float | bool | list[str]],
    Field(
        description="Custom fields by code, as GET /custom-fields describes them; empty ones are left out. Money is "
        "whole fen, a day is 2026-11-27, choices are codes. Fields marked personal are never given out."
    ),
]
CustomIn = Annotated[
    dict[str, Any],
    Field(
        max_length=40,
        description="Custom fields by code, typed as GET /custom-fields says; null empties, what is left out stays. "
        "An unknown code is refused: `fields` of the problem names it as custom.<code>.",
        json_schema_extra={
            "additionalProperties": {
                "anyOf": [
                    {"type": "string", "maxLength": 200},
                    {"type": "number"},
                    {"type": "boolean"},
                    {"type": "array", "items": {"type": "string", "maxLength": 32}, "maxItems": 50},
                    {"type": "null"},
                ]
            }
        },
    ),
]


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


class Recorded(Schema):
    """The event that a change left."""

    event_id: int
    name: str
    at: Moment


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


class VehicleOut(VehicleBrief):
    """A vehicle with what is due."""

    store_id: int
    owner_id: UUID | None
    model: str
    trim: str
    colour: str
    energy: str
    engine_no: str
    seats: int
    use: str
    price_fen: int | None
    made_on: date | None
    purchased_on: date | None
    registered_on: date | None
    warranty_until: date | None
    warranty_km: int | None
    insurer: str
    insurance_until: date | None
    compulsory_until: date | None
    inspection_due_on: date | None
    odometer_km: int | None
    odometer_on: date | None
    services_done: int
    last_service_on: date | None
    last_visit_on: date | None
    first_service_due_on: date | None
    second_service_due_on: date | None
    maintenance_due_on: date | None
    is_active: bool
    vin_is_doubtful: bool
    custom: CustomOut
    created_at: Moment
    changed_at: Moment


class VehiclePage(Schema):
    """A page of vehicles."""

    data: list[VehicleOut]
    next: str | None


class VehicleFilter(PageIn):
    """Filters of the vehicle list: newest first."""

    owner_id: UUID | None = None
    vin: Annotated[str, Field(max_length=17)] | None = None
    plate: Annotated[str, Field(max_length=16)] | None = None


class VehicleChange(In):
    """Fields to change; what is left out stays."""

    plate: Annotated[str, Field(max_length=16)] | None = None
    brand: Annotated[str, Field(max_length=40)] | None = None
    series: Annotated[str, Field(max_length=60)] | None = None
    model: Annotated[str, Field(max_length=100)] | None = None
    trim: Annotated[str, Field(max_length=100)] | None = None
    colour: Annotated[str, Field(max_length=32)] | None = None
    energy: Literal["fuel", "hybrid", "electric", ""] | None = None
    engine_no: Annotated[str, Field(max_length=40)] | None = None
    seats: Annotated[StrictInt, Field(ge=1, le=99)] | None = None
    use: Literal["family", "business", "ride_hailing", "truck"] | None = None
    price_fen: Fen | None = None
    made_on: Day | None = None
    purchased_on: Day | None = None
    registered_on: Day | None = None
    warranty_until: Day | None = None
    warranty_km: Km | None = None
    insurer: Annotated[str, Field(max_length=40)] | None = None
    insurance_until: Day | None = None
    compulsory_until: Day | None = None
    is_active: StrictBool | None = None
    custom: CustomIn | None = None


class VehicleIn(VehicleChange):
    """A new vehicle of a known customer; VIN or plate is needed."""

    owner_id: UUID
    vin: Annotated[str, Field(max_length=17)] = ""


class OdometerIn(In):
    """A reading. Below an earlier one is refused unless `is_right` says that it is so."""

    km: Km
    on: Day | None = None
    is_right: StrictBool = False


class ReadingOut(Schema):
    """An odometer reading."""

    id: UUID
    vehicle_id: UUID
    read_on: date
    km: int
    source: str
    is_doubtful: bool


class OwnerIn(In):
    """The new owner, from a day on."""

    customer_id: UUID
    since_on: Day | None = None


class OwnershipOut(Schema):
    """Who owned a vehicle from when to when (half-open; null: now)."""

    id: UUID
    vehicle_id: UUID
    customer_id: UUID
    since_on: date | None
    until_on: date | None


class Ownerships(Schema):
    """All owners, the newest first."""

    data: list[OwnershipOut]


class LineOut(Schema):
    """One line of a repair order."""

    item_code: str
    item: str
    quantity: float | None
    labour_fen: int
    material_fen: int
    total_fen: int


class OrderOut(Schema):
    """A repair order."""

    id: UUID
    store_id: int
    order_no: str
    order_kind: str
    pay_type: str
    customer_id: UUID | None
    vehicle_id: UUID | None
    in_at: Moment | None
    promised_at: Moment | None
    out_at: Moment | None
    odometer_km: int | None
    service_advisor_name: str
    technician_name: str
    concern: str
    is_maintenance: bool
    labour_fen: int
    material_fen: int
    total_fen: int


class OrderWhole(OrderOut):
    """A repair order with its lines."""

    lines: list[LineOut]


class OrderPage(Schema):
    """A page of repair orders, the newest visit first."""

    data: list[OrderOut]
    next: str | None


class OrderFilter(PageIn):
    """Filters of the repair orders; days of check-in, half-open."""

    customer_id: UUID | None = None
    vehicle_id: UUID | None = None
    order_no: Line | None = None
    from_on: Day | None = None
    to_on: Day | None = None


class TaskOut(Schema):
    """One contact that is owed: a customer, the reasons, the clock."""

    contact_id: UUID
    store_id: int
    customer_id: UUID | None
    vehicle_id: UUID | None
    assignee_id: int | None
    title: str
    rules: list[str]
    starts_at: Moment
    due_at: Moment
    due_on: date
    is_late: bool
    attempts: int
    escalation: int
    value_fen: int


class TaskPage(Schema):
    """A page of tasks, the most urgent first."""

    data: list[TaskOut]
    next: str | None


class TaskFilter(PageIn):
    """Whose tasks."""

    of: Literal["mine", "team"] = "mine"
    assignee_id: Annotated[int, Field(ge=1, le=2_000_000_000)] | None = None
    only: Literal["late", "escalated", "unassigned"] | None = None


class OutcomeIn(In):
    """What came of a contact: see the outcomes in the documentation."""

    outcome: Annotated[str, Field(max_length=32)]
    when: MomentIn | None = None
    reason: Line = ""
    note: Annotated[str, Field(max_length=500)] = ""


class StoreOut(Schema):
    """A store of the token."""

    id: int
    code: str
    name: str
    brand: str
    city: str
    time_zone: str


class Stores(Schema):
    """The token's stores."""

    data: list[StoreOut]


class HeldRole(Schema):
    """A role in a store."""

    store_id: int
    role: str


class StaffOut(Schema):
    """A person who works in the token's stores."""

    id: int
    name: str
    is_active: bool
    roles: list[HeldRole]


class StaffPage(Schema):
    """Everybody of the token's stores."""

    data: list[StaffOut]


class Me(Schema):
    """The token itself."""

    name: str
    maker: str
    store_ids: list[int]
    scopes: list[str]
    expires_at: Moment
    per_minute: int


class MetricOut(Schema):
    """A figure with its formula."""

    code: str
    title: str
    formula: str
    target: int
    value: float | None
    trend: list[float | None]


class Metrics(Schema):
    """The figures of the last eight weeks; `trend` is by week, the oldest first."""

    from_on: date
    to_on: date
    data: list[MetricOut]


class EventOut(Schema):
    """One thing that happened, as webhooks tell it: ids and facts, no personal data."""

    id: int
    type: str
    timestamp: Moment
    data: dict[str, Any]


class EventPage(Schema):
    """Events in the order in which they were written. Keep `next` to go on from here later."""

    data: list[EventOut]
    next: str | None


class EventFilter(PageIn):
    """Part of the events."""

    type: Line | None = None


class ImportOut(Schema):
    """A file, or a batch of an interface, that was brought in."""

    id: UUID
    store_id: int
    file_name: str
    source_system: str
    kind: str
    state: str
    problem: str
    rows_total: int
    rows_done: int
    accepted: int
    unchanged: int
    merged: int
    rejected: int
    flagged: int
    created_at: Moment
    finished_at: Moment | None


class RowProblem(Schema):
    """What is wrong in a row."""

    row: int
    column: str
    value: str
    problem: str


class ImportWhole(ImportOut):
    """An import with its refused rows, at most 100."""

    refused: list[RowProblem]


class ImportPage(Schema):
    """The newest imports."""

    data: list[ImportOut]
    next: str | None


class ChoiceOut(Schema):
    """A choice of a custom field; one that is not offered is kept for the rows that have it."""

    code: str
    label: str
    is_offered: bool


class CustomFieldOut(Schema):
    """A custom field of a store (`store_id`) or of its whole group (null)."""

    code: str = Field(description="its name in `custom`; never changes")
    subject: Literal["customer", "vehicle"]
    store_id: int | None
    label: str
    hint: str
    kind: Literal["text", "number", "money", "date", "yes_no", "choice", "choices"] = Field(
        description="text: string up to 200; number: number, four places; money: whole fen; date: 2026-11-27; "
        "yes_no: boolean; choice: a code; choices: a list of codes"
    )
    choices: list[ChoiceOut]
    is_personal: bool = Field(description="sealed: it can be written, and is never given out here")
    is_required: bool = Field(description="asked for in forms; programs may leave it out")


class CustomFields(Schema):
    """The custom fields in use."""

    data: list[CustomFieldOut]
