"""Vehicles made and changed one at a time: by a program, later by a form. R003, Y02, Y03."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from cheban.core import clock, live
from cheban.core.errors import BadValue, NotFound
from cheban.core.events import record
from cheban.customers import care
from cheban.customers.commands import Invalid
from cheban.customers.fields import definitions, writing
from cheban.customers.models import Customer, OdometerReading, Vehicle, VehicleOwnership
from cheban.customers.plate import parse_plate
from cheban.customers.vin import parse_vin
from cheban.org.access import Actor, audit, command

FIELDS = (
    *("brand", "series", "model", "trim", "colour", "energy", "engine_no", "seats", "use", "price_fen", "made_on"),
    *("purchased_on", "registered_on", "warranty_until", "warranty_km", "insurer", "insurance_until"),
    *("compulsory_until", "is_active"),
)
PAST = ("made_on", "purchased_on", "registered_on")


def _read_custom(extra: Mapping[str, Any], custom: Mapping[str, Any] | None, store_id: int) -> writing.Change:
    known = definitions.for_store(store_id, "vehicle") if custom else []
    return writing.read(extra, custom or {}, known)


def _read(fields: dict[str, Any], wrong_already: Mapping[str, str]) -> dict[str, Any]:
    """Typed columns. Raises Invalid naming each wrong field."""
    wrong = dict(wrong_already)
    if unknown := set(fields) - {*FIELDS, "plate", "vin"}:
        raise Invalid(_("没有这些字段：%(f)s") % {"f": _("、").join(sorted(unknown))})
    found = {k: v for k, v in fields.items() if k in FIELDS}
    for name in PAST:
        if found.get(name) and found[name] > clock.today():
            wrong[name] = _("日期在将来。请检查年份。")
    try:
        if (plate := (fields.get("plate") or "").strip()) or "plate" in fields:
            parsed = parse_plate(plate) if plate else None
            found |= {"plate_number": parsed.number if parsed else "", "plate_kind": parsed.kind if parsed else ""}
    except BadValue as error:
        wrong["plate"] = f"{error.problem} {error.expected}".strip()
    try:
        if vin := (fields.get("vin") or "").strip():
            read = parse_vin(vin)
            found |= {"vin": read.value, "vin_is_doubtful": not read.check_digit_ok}
    except BadValue as error:
        wrong["vin"] = f"{error.problem} {error.expected}".strip()
    if wrong:
        raise Invalid(_("有几处需要改正。"), **wrong)
    text = {f.name for f in Vehicle._meta.fields if f.get_internal_type() == "CharField"}
    never_null = {"seats", "use", "is_active"}
    return {k: "" if v is None and k in text else v for k, v in found.items() if v is not None or k not in never_null}


@command("customer.edit")
def add_vehicle(owner: Customer, *, by: Actor, custom: Mapping[str, Any] | None = None, **fields: Any) -> Vehicle:
    """A vehicle of a known customer, in the customer's store. Raises Invalid: no VIN or plate, or a VIN that is known.

    `custom`: values of custom fields by code, as `fields.values.check` takes them.
    """
    own = _read_custom({}, custom, owner.store_id)
    columns = _read(fields, own.wrong)
    if not columns.get("vin") and not columns.get("plate_number"):
        raise Invalid(_("请填写车架号或车牌。"), vin=_("车架号和车牌至少要一项。"))
    try:
        with transaction.atomic():
            vehicle = Vehicle.objects.create(store_id=owner.store_id, owner=owner, extra=own.extra, **columns)
    except IntegrityError:
        raise Invalid(_("这个车架号已经登记过。"), vin=_("这个车架号已经登记过。")) from None
    VehicleOwnership.objects.create(
        store_id=owner.store_id, vehicle=vehicle, customer=owner, since_on=vehicle.purchased_on or clock.today()
    )
    audit("vehicle.added", by=by, subject=f"vehicle:{vehicle.id}", store_id=vehicle.store_id, fields=sorted(columns))
    record(
        "customer.changed",
        store_id=owner.store_id,
        actor_id=by.staff_id,
        customer_id=owner.id,
        vehicle_id=vehicle.id,
        fields=["vehicles"],
    )
    care.refresh([vehicle.id], today=clock.today())
    vehicle.refresh_from_db()
    return vehicle


@command("customer.edit")
def edit_vehicle(vehicle: Vehicle, *, by: Actor, custom: Mapping[str, Any] | None = None, **fields: Any) -> Vehicle:
    """Change columns and custom fields of a vehicle and bring its care dates up to date. Raises Invalid."""
    own = _read_custom(vehicle.extra, custom, vehicle.store_id)
    changed = {k: v for k, v in _read(fields, own.wrong).items() if getattr(vehicle, k) != v}
    if own.changed:
        changed["extra"] = own.extra
    if not changed:
        return vehicle
    for name, value in changed.items():
        setattr(vehicle, name, value)
    if not vehicle.vin and not vehicle.plate_number:
        raise Invalid(_("请填写车架号或车牌。"), plate=_("车架号和车牌至少要一项。"))
    vehicle.changed_at = clock.now()
    vehicle.save(update_fields=[*changed, "changed_at"])
    names = sorted({*changed, *own.changed} - {"extra"})
    audit("vehicle.changed", by=by, subject=f"vehicle:{vehicle.id}", store_id=vehicle.store_id, fields=names)
    if own.changed and vehicle.owner_id:
        record(
            "customer.changed",
            store_id=vehicle.store_id,
            actor_id=by.staff_id,
            customer_id=vehicle.owner_id,
            vehicle_id=vehicle.id,
            fields=sorted(own.changed),
        )
        live.announce("customer", vehicle.owner_id)
    if set(changed) - {"extra"}:
        care.refresh([vehicle.id], today=clock.today())
        vehicle.refresh_from_db()
    return vehicle


@command("customer.edit")
def change_owner(vehicle: Vehicle, *, by: Actor, owner: Customer, since_on: date) -> VehicleOwnership:
    """The vehicle changes hands on a day: the old ownership ends, the new begins; history stays. Raises Invalid."""
    if since_on > clock.today():
        raise Invalid(_("过户日期不能在将来。"), since_on=_("日期在将来。请检查年份。"))
    vehicle = Vehicle.objects.select_for_update().get(id=vehicle.id)
    if vehicle.store_id != owner.store_id:
        raise NotFound(_("没有这位客户，或不属于您的门店。"))
    now = VehicleOwnership.objects.filter(vehicle=vehicle, until_on=None).first()
    if now is not None and now.customer_id == owner.id:
        return now
    if now is not None:
        if now.since_on and now.since_on > since_on:
            raise Invalid(_("过户日期早于现在车主的起始日。"), since_on=_("早于 %(d)s。") % {"d": now.since_on})
        now.until_on = since_on
        now.save(update_fields=["until_on"])
    made = VehicleOwnership.objects.create(
        store_id=vehicle.store_id, vehicle=vehicle, customer=owner, since_on=since_on
    )
    vehicle.owner, vehicle.changed_at = owner, clock.now()
    vehicle.save(update_fields=["owner", "changed_at"])
    record(
        "vehicle.changed_hands",
        store_id=vehicle.store_id,
        actor_id=by.staff_id,
        customer_id=owner.id,
        vehicle_id=vehicle.id,
        label=" ".join(part for part in (vehicle.brand, vehicle.series) if part),
        plate=vehicle.plate_number,
    )
    return made


def page(
    *, owner_id: UUID | None = None, vin: str = "", plate: str = "", after: str = "", limit: int = 50
) -> dict[str, Any]:
    """One keyset page of vehicles of the scope, the newest id first: {rows, after}. One query."""
    rows = Vehicle.objects.all()
    if owner_id:
        rows = rows.filter(owner_id=owner_id)
    if vin:
        rows = rows.filter(vin=vin.strip().upper())
    if plate:
        rows = rows.filter(plate_number=plate.strip().upper().replace("·", "").replace(" ", ""))
    if after:
        rows = rows.filter(RawSQL("customers_vehicle.id < %s::uuid", [after], output_field=BooleanField()))
    found = list(rows.order_by("-id")[: limit + 1])
    return {"rows": found[:limit], "after": str(found[limit - 1].id) if len(found) > limit else ""}


def owners(vehicle_id: UUID) -> list[VehicleOwnership]:
    """All owners of a vehicle, the present one first."""
    rows = VehicleOwnership.objects.filter(vehicle_id=vehicle_id)
    return sorted(rows, key=lambda o: (o.until_on is None, o.until_on or date.min), reverse=True)


def readings(vehicle_id: UUID, *, limit: int = 200) -> list[OdometerReading]:
    """Odometer readings, the newest first."""
    return list(OdometerReading.objects.filter(vehicle_id=vehicle_id).order_by("-read_on", "-km")[:limit])


def take_over(vehicle_id: UUID, *, purchased_on: date, sales_consultant_id: int, service_specialist_id: int) -> None:
    """A new car was handed to its buyer: who looks after it, and the day from which its care counts if none is known.

    Part of a delivery's command (sales room): runs in its transaction, asks no permission of its own.
    """
    vehicle = Vehicle.objects.select_for_update().get(id=vehicle_id)
    vehicle.sales_consultant_id, vehicle.service_specialist_id = sales_consultant_id, service_specialist_id
    vehicle.purchased_on, vehicle.changed_at = vehicle.purchased_on or purchased_on, clock.now()
    vehicle.save(update_fields=["sales_consultant_id", "service_specialist_id", "purchased_on", "changed_at"])
    care.refresh([vehicle_id], today=clock.today())
