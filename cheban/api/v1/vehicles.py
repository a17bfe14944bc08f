"""Vehicles, odometer, ownership."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status

from cheban.api import cursors, schemas
from cheban.api.door import needs
from cheban.api.v1 import custom
from cheban.core import clock
from cheban.customers import commands, queries, vehicles

router = Router(tags=["vehicles"])


def _whole(vehicle: Any) -> Any:
    return custom.fill([vehicle], [vehicle.store_id])[0]


@router.get("/vehicles", response=schemas.VehiclePage, auth=needs("vehicles:read"), summary="List vehicles")
def list_vehicles(request: HttpRequest, filters: Query[schemas.VehicleFilter]) -> dict[str, Any]:
    """A page of vehicles, the newest first; by owner, VIN or plate. Two queries."""
    given = filters.model_dump()
    found = vehicles.page(
        owner_id=filters.owner_id,
        vin=filters.vin or "",
        plate=filters.plate or "",
        after=cursors.read(filters.cursor, what="vehicles", filters=given),
        limit=filters.limit,
    )
    return {
        "data": custom.fill(found["rows"], request.actor.stores),
        "next": cursors.write(found["after"], what="vehicles", filters=given),
    }


@router.post("/vehicles", response={201: schemas.VehicleOut}, auth=needs("vehicles:write"), summary="Create")
def create_vehicle(request: HttpRequest, payload: schemas.VehicleIn) -> Status:
    """A vehicle of a known customer; VIN or plate is needed."""
    fields = payload.model_dump(exclude_unset=True, exclude={"owner_id"})
    made = vehicles.add_vehicle(queries.customer(payload.owner_id), by=request.actor, **fields)
    return Status(201, _whole(made))


@router.get("/vehicles/{uuid:vehicle_id}", response=schemas.VehicleOut, auth=needs("vehicles:read"), summary="Read one")
def get_vehicle(request: HttpRequest, vehicle_id: UUID) -> Any:
    """One vehicle with what is due."""
    return _whole(queries.vehicle(vehicle_id))


@router.patch(
    "/vehicles/{uuid:vehicle_id}", response=schemas.VehicleOut, auth=needs("vehicles:write"), summary="Change"
)
def change_vehicle(request: HttpRequest, vehicle_id: UUID, payload: schemas.VehicleChange) -> Any:
    """Change the fields that are sent; due dates follow."""
    fields = payload.model_dump(exclude_unset=True)
    return _whole(vehicles.edit_vehicle(queries.vehicle(vehicle_id), by=request.actor, **fields))


@router.post(
    "/vehicles/{uuid:vehicle_id}/odometer",
    response={201: schemas.ReadingOut},
    auth=needs("vehicles:write"),
    summary="Record an odometer reading",
)
def record_odometer(request: HttpRequest, vehicle_id: UUID, payload: schemas.OdometerIn) -> Status:
    """Keep a reading and bring the forecast up to date; 409 OdometerBackwards when an earlier one is higher."""
    reading = commands.read_odometer(
        queries.vehicle(vehicle_id),
        by=request.actor,
        km=payload.km,
        on=payload.on or clock.today(),
        is_right=payload.is_right,
    )
    return Status(201, reading)


@router.get(
    "/vehicles/{uuid:vehicle_id}/owners", response=schemas.Ownerships, auth=needs("vehicles:read"), summary="Owners"
)
def list_owners(request: HttpRequest, vehicle_id: UUID) -> dict[str, Any]:
    """Who owned the vehicle, the present owner first."""
    return {"data": vehicles.owners(queries.vehicle(vehicle_id).id)}


@router.post(
    "/vehicles/{uuid:vehicle_id}/owners",
    response={201: schemas.OwnershipOut},
    auth=needs("vehicles:write"),
    summary="Change hands",
)
def change_owner(request: HttpRequest, vehicle_id: UUID, payload: schemas.OwnerIn) -> Status:
    """The vehicle goes to another customer of the same store; its history stays."""
    made = vehicles.change_owner(
        queries.vehicle(vehicle_id),
        by=request.actor,
        owner=queries.customer(payload.customer_id),
        since_on=payload.since_on or clock.today(),
    )
    return Status(201, made)
