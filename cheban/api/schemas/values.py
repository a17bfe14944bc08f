"""What goes in and out. Input refuses unknown fields; money is whole fen; moments carry their offset; days are days."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import (
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
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


class Recorded(Schema):
    """The event that a change left."""

    event_id: int
    name: str
    at: Moment
