"""Repair orders. See `values` for the kinds of values."""

from __future__ import annotations

from uuid import UUID

from ninja import Schema

from cheban.api.schemas.values import (
    Day,
    Line,
    Moment,
    PageIn,
)


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
