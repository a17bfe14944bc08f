"""What goes in and out about arrivals. See `values` for the kinds of values."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from cheban.api.schemas.values import In, Moment, MomentIn, PageIn


class ArrivalOut(Schema):
    """A customer's car came to the store. People are staff ids."""

    id: UUID
    store_id: int
    customer_id: UUID
    vehicle_id: UUID
    arrived_at: Moment
    source: str
    noted_by_id: int | None
    greeted_at: Moment | None
    greeted_by_id: int | None


class ArrivalPage(Schema):
    """A page of arrivals."""

    data: list[ArrivalOut]
    next: str | None


class ArrivalFilter(PageIn):
    """Filters of the list of arrivals."""

    vehicle_id: UUID | None = None
    customer_id: UUID | None = None


class ArrivalIn(In):
    """Who came: by vehicle id, VIN or plate. Within four hours a car seen again has not come anew."""

    vehicle_id: UUID | None = None
    vin: Annotated[str, Field(max_length=32)] = ""
    plate: Annotated[str, Field(max_length=16)] = ""
    arrived_at: MomentIn | None = None
    source: Literal["camera", "reception", "other"] = "camera"
