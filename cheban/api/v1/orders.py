"""Repair orders."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router

from cheban.api import cursors, schemas
from cheban.api.door import needs
from cheban.workshop import orders

router = Router(tags=["repair orders"])


@router.get(
    "/repair-orders", response=schemas.OrderPage, auth=needs("repair_orders:read"), summary="List repair orders"
)
def list_orders(request: HttpRequest, filters: Query[schemas.OrderFilter]) -> dict[str, Any]:
    """A page of repair orders, the newest visit first. One query."""
    given = filters.model_dump()
    wanted = filters.model_dump(exclude={"cursor"}, exclude_none=True)
    found = orders.page(**wanted, after=cursors.read(filters.cursor, what="orders", filters=given))
    return {"data": found["rows"], "next": cursors.write(found["after"], what="orders", filters=given)}


@router.get(
    "/repair-orders/{uuid:order_id}", response=schemas.OrderWhole, auth=needs("repair_orders:read"), summary="Read one"
)
def get_order(request: HttpRequest, order_id: UUID) -> Any:
    """One repair order with its lines."""
    found = orders.order(order_id)
    return {name: getattr(found, name) for name in schemas.OrderOut.model_fields} | {"lines": list(found.lines.all())}
