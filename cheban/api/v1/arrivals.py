"""Arrivals: gate cameras tell them, the customer's people hear of it within minutes. R032."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Status

from cheban.api import cursors
from cheban.api.door import needs
from cheban.api.schemas import arrivals as schemas
from cheban.core.errors import NotFound
from cheban.customers import queries as customers
from cheban.workshop.arrivals import commands, queries

router = Router(tags=["arrivals"])


@router.get("/arrivals", response=schemas.ArrivalPage, auth=needs("arrivals:read"), summary="List arrivals")
def list_arrivals(request: HttpRequest, filters: Query[schemas.ArrivalFilter]) -> dict[str, Any]:
    """A page of arrivals, the newest first. One query."""
    given = filters.model_dump()
    after = cursors.read(filters.cursor, what="arrivals", filters=given)
    found = queries.page(
        vehicle_id=filters.vehicle_id, customer_id=filters.customer_id, after=after, limit=filters.limit
    )
    return {"data": found["rows"], "next": cursors.write(found["after"], what="arrivals", filters=given)}


@router.post(
    "/arrivals",
    response={200: schemas.ArrivalOut, 201: schemas.ArrivalOut},
    auth=needs("arrivals:write"),
    summary="Tell an arrival",
)
def tell_arrival(request: HttpRequest, payload: schemas.ArrivalIn) -> Status:
    """A customer's car is here. 200 when it came within the last four hours already; 404 for an unknown car."""
    vehicle_id = payload.vehicle_id
    if vehicle_id is None:
        name = payload.vin or payload.plate
        if not name.strip():
            raise NotFound(_("请给出车辆的 vehicle_id、vin 或 plate。"))
        vehicle_id = customers.vehicle_by_text(name).id
    made, is_new = commands.note(vehicle_id, by=request.actor, source=payload.source, arrived_at=payload.arrived_at)
    return Status(201 if is_new else 200, made)
