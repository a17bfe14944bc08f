"""Stores, staff, figures, events, custom fields. See `values` for the kinds of values."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from cheban.api.schemas.values import (
    Line,
    Moment,
    PageIn,
)


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
