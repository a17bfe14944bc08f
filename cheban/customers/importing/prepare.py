"""From typed rows to rows ready for the database: ids, sealed values, search keys, care dates. No database.

Runs in worker processes for large files: everything slow and independent of what is stored already happens
here (sealing, blind indexes, pinyin, forecasts). What depends on the store's existing rows is `writing`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from cheban.core import privacy
from cheban.core.ids import new_ids
from cheban.customers import care
from cheban.customers.importing.bulk import line
from cheban.customers.importing.fields import CUSTOM
from cheban.customers.names import search_key

CUSTOMER_FIELDS = (
    "kind",
    "name",
    "customer_no",
    "gender",
    "birth_on",
    "lunar_birthday",
    "occupation",
    "region",
    "preferred_channel",
    "preferred_time",
    "source",
    "remarks",
    "tier",
    "family",
    "habits",
    "special_requests",
)
CUSTOMER_COLUMNS = (
    "id",
    "store_id",
    *CUSTOMER_FIELDS,
    "name_full_pinyin",
    "name_initials",
    "name_other_pinyin",
    "birthday",
    "id_number_sealed",
    "id_number_blind",
    "address_sealed",
    "tags",
    "refused_purposes",
    "visits",
    "spent_fen",
    "batch_id",
    "extra",
)
POINT_COLUMNS = (
    "id",
    "store_id",
    "customer_id",
    "kind",
    "value_sealed",
    "value_blind",
    "tail_bucket",
    "is_primary",
    "batch_id",
)
VEHICLE_FIELDS = (
    "vin",
    "vin_is_doubtful",
    "plate_number",
    "plate_kind",
    "brand",
    "series",
    "model",
    "trim",
    "colour",
    "energy",
    "driver_assistance",
    "engine_no",
    "seats",
    "use",
    "price_fen",
    "made_on",
    "purchased_on",
    "registered_on",
    "warranty_until",
    "warranty_km",
    "insurer",
    "policy_no",
    "compulsory_until",
    "insurance_until",
    "inspection_due_on",
    "sales_consultant_name",
    "service_advisor_name",
)
VEHICLE_COLUMNS = (
    "id",
    "store_id",
    "owner_id",
    *VEHICLE_FIELDS,
    "inspection_kind",
    "sales_consultant_id",
    "service_advisor_id",
    "odometer_km",
    "odometer_on",
    "km_per_day",
    "km_per_day_basis",
    "services_done",
    "last_visit_on",
    "first_service_due_on",
    "second_service_due_on",
    "maintenance_due_on",
    "maintenance_low_on",
    "maintenance_high_on",
    "maintenance_due_by",
    "is_active",
    "batch_id",
    "extra",
)
OWNERSHIP_COLUMNS = ("id", "store_id", "vehicle_id", "customer_id", "since_on", "until_on", "batch_id")
READING_COLUMNS = ("id", "store_id", "vehicle_id", "read_on", "km", "source", "is_doubtful", "batch_id")

DEFAULTS = {
    "kind": "person",
    "source": "service",
    "tier": "ordinary",
    "seats": 5,
    "use": "family",
    "vin_is_doubtful": False,
    "extra": {},
}
_NULLABLE = {
    "birth_on",
    "lunar_birthday",
    "price_fen",
    "made_on",
    "purchased_on",
    "registered_on",
    "warranty_until",
    "warranty_km",
    "compulsory_until",
    "insurance_until",
    "inspection_due_on",
}


_COMPANY = re.compile("公司|集团|厂|店|中心|学校|医院|局|委员会|协会|银行|酒店|工作室|事务所|合作社|有限|经营部")


@dataclass(frozen=True, slots=True)
class Context:
    """What preparing needs to know of the store and the import."""

    store_id: int
    batch_id: UUID | None
    today: date
    staff: dict[str, int]  # name -> id
    intervals: dict


@dataclass(slots=True)
class Prepared:
    """One row, ready: the typed values, the keys by which existing rows are found, and rows to insert."""

    sheet: str
    row: int
    customer: dict[str, Any] | None
    points: list[tuple[str, str, bytes]]  # kind, value, blind
    vehicle: dict[str, Any] | None
    odometer: tuple[date, int] | None
    customer_id: UUID | None = None
    vehicle_id: UUID | None = None
    customer_line: str = ""
    point_lines: list[str] = field(default_factory=list)
    vehicle_head: str = ""  # id and store, before the owner
    vehicle_tail: str = ""  # everything after the owner
    is_flagged: bool = False


def name_columns(name: str) -> tuple[str, str, str]:
    """Full pinyin, initials, other readings."""
    tokens = search_key(name).split(" ")
    return tokens[0][:200], (tokens[1] if len(tokens) > 1 else "")[:64], " ".join(tokens[2:])[:400]


def prepare(rows: Sequence[Any], context: Context) -> list[Prepared]:
    """Prepare accepted rows (`rows` have sheet, row, values, flags; see `mapped`)."""
    ids = _ids()
    return [_prepare_one(row, context, ids) for row in rows]


def _ids() -> Iterator[UUID]:
    """New ids, more at a time the more are asked for."""
    count = 8
    while True:
        yield from new_ids(count)
        count = min(count * 2, 1000)


def _prepare_one(row: Any, context: Context, ids) -> Prepared:
    customer, points, vehicle, odometer = split_values(row.values)
    if odometer and odometer[0] is None:
        odometer = (context.today, odometer[1])
    made = Prepared(row.sheet, row.row, customer or None, [], vehicle or None, odometer, is_flagged=bool(row.flags))
    store = context.store_id
    for kind, value in points:
        made.points.append((kind, value, privacy.blind("phone" if kind in ("mobile", "landline") else kind, value)))
    if customer:
        made.customer_id = next(ids)
        made.customer_line = customer_line(made.customer_id, customer, context)
        for number, (kind, value, blind) in enumerate(made.points):
            made.point_lines.append(point_line(next(ids), made.customer_id, kind, value, blind, number == 0, context))
    if vehicle:
        made.vehicle_id = next(ids)
        made.vehicle_head = line((made.vehicle_id, store))
        made.vehicle_tail = vehicle_tail(vehicle, odometer, context)
    return made


def split_values(
    v: dict[str, Any],
) -> tuple[dict[str, Any], list[tuple[str, str]], dict[str, Any], tuple[date | None, int] | None]:
    """A row's typed values as customer fields, contact points, vehicle fields and an odometer reading.

    An order row names the person who brought the vehicle; where the owner's name stands beside it, the owner is meant.
    """
    customer: dict[str, Any] = {}
    points: list[tuple[str, str]] = []
    name = v.get("name") or v.get("deliverer")
    if not name and v.get("customer_no"):  # known by number only: the name comes with the customer list
        name = f"客户 {v['customer_no']}"
    if name:
        customer = {f: v[f] for f in CUSTOMER_FIELDS if v.get(f) not in (None, "") and f != "region"}
        customer["name"] = name
        customer["guessed_kind"] = "company" if len(name) > 4 and _COMPANY.search(name) else "person"
        place = [p for p in (v.get("province"), v.get("city")) if p]
        if place:
            customer["region"] = "".join(dict.fromkeys(place))[:64]
        if address := v.get("address"):
            customer["address"] = "".join(dict.fromkeys([*place, v.get("district") or "", address]))[:300]
        for f in ("id_number", "tags"):
            if v.get(f):
                customer[f] = v[f]
        if "purchased_on" in v or "sales_consultant" in v:
            customer.setdefault("source", "purchase")
        phones = [*v.get("mobile", ()), *v.get("landline", ())]
        if "name" not in v or not phones:
            phones += v.get("deliverer_mobile", ())
        points = list(dict.fromkeys(phones))
        points += [(kind, v[kind]) for kind in ("wechat", "email") if v.get(kind)]
    vehicle = {f: v[f] for f in VEHICLE_FIELDS if v.get(f) not in (None, "")}
    if vin := v.get("vin"):
        vehicle["vin"], vehicle["vin_is_doubtful"] = vin[0], not vin[1]
    if plate := v.get("plate"):
        vehicle["plate_number"], vehicle["plate_kind"] = plate
        if not vehicle.get("energy") and plate[1] in ("nev_small", "nev_large"):
            vehicle["energy"] = "electric" if plate[0][2:3] in "DABC" else "hybrid"
    is_order = "order_no" in v or "item" in v
    if v.get("sales_consultant"):
        vehicle["sales_consultant_name"] = v["sales_consultant"][:32]
    if v.get("service_advisor") and not is_order:  # an order's adviser is that day's, not the vehicle's
        vehicle["service_advisor_name"] = v["service_advisor"][:32]
    if not (vehicle.get("vin") or vehicle.get("plate_number")):
        vehicle = {}
    for code in [code for code in v if code.startswith(CUSTOM)]:
        _custom, subject, key = code.split(":")
        if of := customer if subject == "customer" else vehicle:
            of.setdefault("extra", {})[key] = v[code]
    # A list of customers tells the odometer as of the day it comes; an order's reading is the order's own.
    km, on = v.get("odometer_km"), v.get("in_at")
    odometer = (on.date() if on else None, km) if vehicle and km is not None and not is_order else None
    return customer, points, vehicle, odometer


def customer_line(customer_id: UUID, customer: dict[str, Any], context: Context) -> str:
    """The COPY line of a new customer, in CUSTOMER_COLUMNS' order."""
    address, id_number = customer.get("address"), customer.get("id_number")
    fields = [_default(customer, f) for f in CUSTOMER_FIELDS]
    if not customer.get("kind"):
        fields[CUSTOMER_FIELDS.index("kind")] = customer.get("guessed_kind", "person")
    birth_on = customer.get("birth_on")
    return line(
        (
            customer_id,
            context.store_id,
            *fields,
            *name_columns(customer["name"]),
            birth_on.month * 100 + birth_on.day if birth_on and not customer.get("lunar_birthday") else None,
            privacy.seal(id_number, bound_to=f"customers_customer.id_number:{customer_id}") if id_number else None,
            privacy.blind("id_number", id_number) if id_number else None,
            privacy.seal(address, bound_to=f"customers_customer.address:{customer_id}") if address else None,
            customer.get("tags") or [],
            [],
            0,
            0,
            context.batch_id,
            customer.get("extra") or {},
        )
    )


def point_line(
    point_id: UUID, customer_id: UUID, kind: str, value: str, blind: bytes, primary: bool, context: Context
) -> str:
    """The COPY line of a contact point, sealed to its own id."""
    is_phone = kind in ("mobile", "landline")
    return line(
        (
            point_id,
            context.store_id,
            customer_id,
            kind,
            privacy.seal(value, bound_to=f"customers_contactpoint.value:{point_id}"),
            blind,
            privacy.tail_bucket(context.store_id, value[-4:]) if is_phone else None,
            primary,
            context.batch_id,
        )
    )


def vehicle_tail(vehicle: dict[str, Any], odometer: tuple[date, int] | None, context: Context) -> str:
    """The COPY line of a new vehicle from `vin` on, with its care dates worked out."""
    energy, use = vehicle.get("energy") or "", vehicle.get("use") or "family"
    dates = care.care_dates(
        purchased_on=vehicle.get("purchased_on"),
        registered_on=vehicle.get("registered_on"),
        use=use,
        seats=vehicle.get("seats") or 5,
        energy=energy,
        interval=care.interval_for(
            context.intervals, store_id=context.store_id, series=vehicle.get("series") or "", energy=energy
        ),
        readings=[care.Reading(*odometer)] if odometer else [],
        services_done=0,
        last_service_on=None,
        last_service_km=None,
        prior=care.USE_PRIOR[use],
        today=context.today,
    )
    if vehicle.get("inspection_due_on"):  # what the source knows beats what the rule computes
        dates.inspection_due_on = vehicle["inspection_due_on"]
    fields = [_default(vehicle, f) for f in VEHICLE_FIELDS if f != "inspection_due_on"]
    cut = VEHICLE_FIELDS.index("inspection_due_on")
    fields.insert(cut, dates.inspection_due_on)
    return line(
        (
            *fields,
            dates.inspection_kind,
            context.staff.get(vehicle.get("sales_consultant_name") or ""),
            context.staff.get(vehicle.get("service_advisor_name") or ""),
            odometer[1] if odometer else None,
            odometer[0] if odometer else None,
            dates.km_per_day,
            dates.km_per_day_basis,
            0,
            None,
            dates.first_service_due_on,
            dates.second_service_due_on,
            dates.maintenance_due_on,
            dates.maintenance_low_on,
            dates.maintenance_high_on,
            dates.maintenance_due_by,
            True,
            context.batch_id,
            vehicle.get("extra") or {},
        )
    )


def _default(values: dict[str, Any], name: str) -> Any:
    value = values.get(name)
    if value is None or value == "":
        return None if name in _NULLABLE else DEFAULTS.get(name, "")
    return value
