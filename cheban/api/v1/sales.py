"""Deliveries with their handover sheets, and promises. R028-R039, Y02."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status

from cheban.api import cursors
from cheban.api.door import needs
from cheban.api.schemas import Recorded
from cheban.api.schemas import sales as schemas
from cheban.sales import queries
from cheban.sales.deliveries import commands as delivering
from cheban.sales.promises import commands as promising

router = Router(tags=["sales"])
OWN = [name for name in schemas.DeliveryOut.model_fields if name != "handover_state"]


def _brief(delivery: Any) -> dict[str, Any]:
    return {name: getattr(delivery, name) for name in OWN} | {"handover_state": delivery.sheet.state}


def _recorded(event: Any) -> Status:
    return Status(201, {"event_id": event.id, "name": event.name, "at": event.at})


@router.get("/deliveries", response=schemas.DeliveryPage, auth=needs("deliveries:read"), summary="List deliveries")
def list_deliveries(request: HttpRequest, filters: Query[schemas.DeliveryFilter]) -> dict[str, Any]:
    """A page of deliveries, the latest appointment first. One query."""
    given = filters.model_dump()
    wanted = filters.model_dump(exclude={"cursor"}, exclude_none=True)
    found = queries.deliveries(**wanted, after=cursors.read(filters.cursor, what="deliveries", filters=given))
    return {
        "data": [_brief(row) for row in found["rows"]],
        "next": cursors.write(found["after"], what="deliveries", filters=given),
    }


@router.post("/deliveries", response={201: schemas.DeliveryOut}, auth=needs("deliveries:write"), summary="Appoint")
def plan_delivery(request: HttpRequest, payload: schemas.DeliveryIn) -> Status:
    """Appoint the delivery of a car to its owner. 409 PlannedAlready when there is one."""
    made = delivering.plan(by=request.actor, **payload.model_dump())
    return Status(201, _brief(queries.delivery(made.id)))


@router.get(
    "/deliveries/{uuid:delivery_id}", response=schemas.DeliveryWhole, auth=needs("deliveries:read"), summary="Read one"
)
def get_delivery(request: HttpRequest, delivery_id: UUID) -> dict[str, Any]:
    """One delivery with its checklist, handover sheet and first feedback. Three queries."""
    found = queries.delivery(delivery_id)
    return _brief(found) | {
        "checks": list(found.checks.order_by("at", "point")),
        "handover": list(found.sheet.revisions.order_by("-number")),
        "feedback": getattr(found, "feedback", None),
    }


@router.post(
    "/deliveries/{uuid:delivery_id}/move", response={201: Recorded}, auth=needs("deliveries:write"), summary="Move"
)
def move_delivery(request: HttpRequest, delivery_id: UUID, payload: schemas.MoveIn) -> Status:
    """Another moment; 409 WrongState when it is over."""
    found = queries.delivery(delivery_id)
    return _recorded(delivering.move(found, by=request.actor, scheduled_at=payload.scheduled_at))


@router.post(
    "/deliveries/{uuid:delivery_id}/cancel", response={201: Recorded}, auth=needs("deliveries:write"), summary="Cancel"
)
def cancel_delivery(request: HttpRequest, delivery_id: UUID, payload: schemas.CancelIn) -> Status:
    """The buyer does not take the car; 409 WrongState when it is over."""
    return _recorded(delivering.cancel(queries.delivery(delivery_id), by=request.actor, reason=payload.reason))


@router.get("/promises", response=schemas.PromisePage, auth=needs("promises:read"), summary="List promises")
def list_promises(request: HttpRequest, filters: Query[schemas.PromiseFilter]) -> dict[str, Any]:
    """A page of promises, the newest first. One query."""
    given = filters.model_dump()
    wanted = filters.model_dump(exclude={"cursor"}, exclude_none=True)
    found = queries.promises(**wanted, after=cursors.read(filters.cursor, what="promises", filters=given))
    return {"data": found["rows"], "next": cursors.write(found["after"], what="promises", filters=given)}


@router.post("/promises", response={201: schemas.PromiseOut}, auth=needs("promises:write"), summary="Promise")
def make_promise(request: HttpRequest, payload: schemas.PromiseIn) -> Status:
    """Put a promise on record; photos of its proof are attached on its page."""
    made = promising.make(by=request.actor, **payload.model_dump())
    return Status(201, queries.promise_whole(made.id))


@router.get("/promises/{uuid:promise_id}", response=schemas.PromiseOut, auth=needs("promises:read"), summary="Read one")
def get_promise(request: HttpRequest, promise_id: UUID) -> Any:
    """One promise."""
    return queries.promise_whole(promise_id)


@router.post(
    "/promises/{uuid:promise_id}/settle", response={201: Recorded}, auth=needs("promises:settle"), summary="Settle"
)
def settle_promise(request: HttpRequest, promise_id: UUID, payload: schemas.SettleIn) -> Status:
    """It was kept, or cannot be; 409 WrongState when it is settled."""
    settle = promising.keep if payload.outcome == "kept" else promising.give_up
    return _recorded(settle(queries.promise(promise_id), by=request.actor, how=payload.how))
