"""Vehicles, odometer, ownership. See `values` for the kinds of values."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field, StrictBool, StrictInt

from cheban.api.schemas.values import (
    CustomIn,
    CustomOut,
    Day,
    Fen,
    In,
    Km,
    Moment,
    PageIn,
    VehicleBrief,
)


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
