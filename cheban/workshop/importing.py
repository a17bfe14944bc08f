"""Writes repair-order rows of other systems: orders with lines, odometer readings, visits. R004, R013-R014.

A row is one line. Lines of one order come together by order number, or by vehicle and day where the source
has none. A line's key is a hash of what it says and the how-manieth equal line of its order it is, so that
the same file again changes nothing and exact duplicate lines are all kept. Amounts may be negative (returns).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from cheban.core import clock, events
from cheban.core.ids import new_id
from cheban.customers import care
from cheban.customers.importing import bulk, prepare, writing
from cheban.customers.importing.prepare import Context, Prepared
from cheban.customers.importing.writing import Known, Written

ORDER_FIELDS = (
    "order_kind",
    "pay_type",
    "in_at",
    "promised_at",
    "out_at",
    "odometer_km",
    "service_advisor_name",
    "technician_name",
    "concern",
    "region",
)
ORDER_COLUMNS = (
    "id",
    "store_id",
    "order_no",
    "customer_id",
    "vehicle_id",
    *ORDER_FIELDS,
    "is_maintenance",
    "labour_fen",
    "material_fen",
    "total_fen",
    "batch_id",
)
LINE_COLUMNS = (
    "id",
    "store_id",
    "repair_order_id",
    "line_key",
    "item_code",
    "item",
    "quantity",
    "unit_price",
    "labour_fen",
    "material_fen",
    "total_fen",
    "batch_id",
)
ZONE = ZoneInfo("Asia/Shanghai")
MAINTENANCE_WORDS = ("保养", "首保", "二保", "机油", "机滤", "换油", "maintenance", "oil change", "service")
"""An item with one of these words resets the maintenance interval (hybrids and EVs too: 保养)."""


@dataclass(slots=True)
class OrderRow:
    """One prepared line with its order's fields and the person and vehicle it names."""

    prepared: Prepared
    order_no: str
    order: dict[str, Any]  # one object for all equal rows of an order
    line: str  # its values as COPY writes them, from item_code to total_fen
    key_base: str
    which: bytes  # equal lines of one order have the same


@dataclass(slots=True)
class _Order:
    id: UUID
    is_new: bool
    values: dict[str, Any]
    customer_id: UUID | None
    vehicle_id: UUID | None
    told: dict[str, Any] | None = None  # the row that was taken in last
    keys: set[bytes] = field(default_factory=set)


def is_maintenance(item: str) -> bool:
    """Whether a line's text is a maintenance that resets the interval."""
    text = item.lower()
    return any(word in text for word in MAINTENANCE_WORDS)


def line_key(key_base: str, occurrence: int) -> bytes:
    """The identity of a line within its order: 16 bytes, a UUID in the table."""
    return hashlib.blake2b(f"{key_base}\x1f{occurrence}".encode(), digest_size=16).digest()


def prepare_orders(rows: Sequence[Any], context: Context) -> list[OrderRow]:
    """Rows with typed values -> prepared lines (CPU only, runs in worker processes)."""
    memo: dict[tuple, Prepared] = {}  # an order's lines name the same person and vehicle again and again
    orders: dict[str, dict[str, Any]] = {}
    found: list[OrderRow] = []
    for row in rows:
        v = row.values
        key = (
            v.get("customer_no"),
            v.get("name"),
            v.get("deliverer"),
            v.get("vin"),
            v.get("plate"),
            str(v.get("mobile")),
            str(v.get("deliverer_mobile")),
        )
        if key not in memo:
            memo[key] = prepare.prepare([row], context)[0]
        made = _order_row(row, memo[key])
        if orders.get(made.order_no) == made.order:
            made.order = orders[made.order_no]  # sent to the writing process once
        orders[made.order_no] = made.order
        found.append(made)
    return found


def _order_row(row: Any, prepared: Prepared) -> OrderRow:
    v = row.values
    order = {
        "order_kind": v.get("order_kind") or "",
        "pay_type": v.get("pay_type") or "",
        "in_at": _moment(v.get("in_at")),
        "promised_at": _moment(v.get("promised_at")),
        "out_at": _moment(v.get("out_at")),
        "odometer_km": v.get("odometer_km"),
        "service_advisor_name": (v.get("service_advisor") or "")[:32],
        "technician_name": (v.get("technician") or "")[:32],
        "concern": (v.get("concern") or "")[:1000],
        "region": (v.get("region") or "")[:64],
    }
    labour, material, total = v.get("labour_fen"), v.get("material_fen"), v.get("total_fen")
    if total is None:
        total = (labour or 0) + (material or 0)
    line = {
        "item_code": (v.get("item_code") or "")[:40],
        "item": (v.get("item") or "")[:300],
        "quantity": v.get("quantity"),
        "unit_price": v.get("unit_price"),
        "labour_fen": labour or 0,
        "material_fen": material if material is not None else total - (labour or 0),
        "total_fen": total,
    }
    number = v.get("order_no") or ""
    if not number:
        who = v.get("vin") or v.get("plate_number") or ""
        number = f"{who}@{order['in_at'].date().isoformat() if order['in_at'] else ''}"
    base = "\x1f".join(
        str(line[k]) for k in ("item_code", "item", "quantity", "unit_price", "labour_fen", "material_fen", "total_fen")
    )
    number = number[:64]
    return OrderRow(prepared, number, order, bulk.line(line.values()), base, line_key(f"{number}\x1f{base}", -1))


def _moment(value: Any) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value.replace(tzinfo=ZONE) if value is not None and value.tzinfo is None else value
    return datetime.combine(value, time(12), tzinfo=ZONE)


def count_orders(rows: Sequence[OrderRow], counters: dict[bytes, int]) -> None:
    """Count equal lines of a chunk that a former run wrote already, so that numbering goes on where it was."""
    for row in rows:
        _occurrence(row, counters)


def _occurrence(row: OrderRow, counters: dict[bytes, int]) -> int:
    counters[row.which] = number = counters.get(row.which, -1) + 1
    return number


def write_orders(rows: Sequence[OrderRow], context: Context, counters: dict[bytes, int]) -> Written:
    """Write one chunk of lines: people and vehicles first, then orders, lines, readings, what follows from them.

    `counters` lives as long as the import: equal lines of an order are numbered across chunks.
    """
    people = list({id(r.prepared): r.prepared for r in rows if r.prepared.customer or r.prepared.vehicle}.values())
    who = writing.write(people, context) if people else Written()
    known = Known(people) if people else None
    orders, result = _orders(rows), Written(merged=who.merged, touched_vehicles=who.touched_vehicles)
    order_lines: list[str] = []
    line_lines: list[str] = []
    readings: list[str] = []
    gained: set[UUID] = set()
    store, batch = context.store_id, bulk.cell(context.batch_id)
    for row in rows:
        order = orders.get(row.order_no)
        if order is None:
            vehicle_id = known.vehicle(row.prepared) if known else None
            customer_id = known.person(row.prepared, vehicle_id) if known else None
            if customer_id is None and vehicle_id is not None:
                customer_id = known.vehicles[vehicle_id]["owner_id"]
            order = orders[row.order_no] = _Order(new_id(), True, dict(row.order), customer_id, vehicle_id, row.order)
        elif order.is_new and order.told is not row.order:
            order.told = row.order
            for name, value in row.order.items():
                if order.values.get(name) in (None, "") and value not in (None, ""):
                    order.values[name] = value
        key = line_key(row.key_base, _occurrence(row, counters))
        if key in order.keys:
            result.unchanged += 1
            continue
        order.keys.add(key)
        gained.add(order.id)
        result.accepted += 1
        line_lines.append(f"{new_id()}\t{store}\t{order.id}\t{key.hex()}\t{row.line}\t{batch}")
    for number, order in orders.items():
        if order.is_new:
            order_lines.append(
                bulk.line(
                    (
                        order.id,
                        context.store_id,
                        number,
                        order.customer_id,
                        order.vehicle_id,
                        *(order.values[f] for f in ORDER_FIELDS),
                        False,
                        0,
                        0,
                        0,
                        context.batch_id,
                    )
                )
            )
            at, km = order.values.get("in_at"), order.values.get("odometer_km")
            if order.vehicle_id and at and km is not None:
                readings.append(
                    bulk.line(
                        (
                            new_id(),
                            context.store_id,
                            order.vehicle_id,
                            at.astimezone(ZONE).date(),
                            km,
                            "repair_order",
                            False,
                            context.batch_id,
                        )
                    )
                )
    with connection.cursor() as cursor:
        bulk.insert(cursor, "workshop_repairorder", ORDER_COLUMNS, order_lines, conflict="ON CONFLICT DO NOTHING")
        bulk.insert(cursor, "workshop_repairorderline", LINE_COLUMNS, line_lines, conflict="ON CONFLICT DO NOTHING")
        bulk.insert(
            cursor, "customers_odometerreading", prepare.READING_COLUMNS, readings, conflict="ON CONFLICT DO NOTHING"
        )
        _sum_orders(cursor, [o.id for o in orders.values() if o.id in gained])
        new_ids = [o.id for o in orders.values() if o.is_new]
        if new_ids:
            events.record_from(
                cursor,
                "repair_order.imported",
                _EVENTS,
                {"ids": new_ids, "batch": str(context.batch_id), "at": clock.now()},
            )
            events.record_from(
                cursor,
                "repair_order.concern_told",
                _CONCERNS,
                {
                    "ids": new_ids,
                    "batch": str(context.batch_id),
                    "since": clock.now() - events.HISTORY,
                    "at": clock.now(),
                },
            )
    touched = {o.vehicle_id for o in orders.values() if o.vehicle_id and o.id in gained}
    result.touched_vehicles |= touched
    result.touched_customers |= {o.customer_id for o in orders.values() if o.customer_id and o.id in gained}
    return result


def _orders(rows: Sequence[OrderRow]) -> dict[str, _Order]:
    """Orders of these numbers that the store has already, with their line keys."""
    numbers = list({r.order_no for r in rows})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT order_no, id, customer_id, vehicle_id FROM workshop_repairorder WHERE store_id = ANY ("
            "(SELECT current_setting('app.stores'))::int[]) AND order_no = ANY (%s)",
            [numbers],
        )
        found = {
            number: _Order(order_id, False, {}, customer, vehicle)
            for number, order_id, customer, vehicle in cursor.fetchall()
        }
        if found:
            by_id = {o.id: o for o in found.values()}
            cursor.execute(
                "SELECT repair_order_id, line_key FROM workshop_repairorderline WHERE repair_order_id = ANY (%s)",
                [list(by_id)],
            )
            for order_id, key in cursor.fetchall():
                by_id[order_id].keys.add(key.bytes)
    return found


def _sum_orders(cursor, ids: list[UUID]) -> None:
    """Order totals are the sums of their lines; an order with a maintenance line counts as maintenance."""
    if ids:
        words = "|".join(MAINTENANCE_WORDS)
        cursor.execute(
            """UPDATE workshop_repairorder o SET labour_fen = s.labour, material_fen = s.material,
              total_fen = s.total, is_maintenance = s.maintenance
            FROM (SELECT repair_order_id, sum(labour_fen) labour, sum(material_fen) material, sum(total_fen) total,
                    bool_or(lower(item) ~ %s) maintenance
                  FROM workshop_repairorderline WHERE repair_order_id = ANY (%s) GROUP BY 1) s
            WHERE o.id = s.repair_order_id""",
            [words, ids],
        )


_EVENTS = """SELECT o.store_id, coalesce(o.in_at, %(at)s), NULL::int, o.customer_id, o.vehicle_id,
  jsonb_build_object('order_no', o.order_no, 'total_fen', o.total_fen, 'odometer_km', o.odometer_km,
    'items', (SELECT string_agg(l.item, '、') FROM (SELECT item FROM workshop_repairorderline
              WHERE repair_order_id = o.id AND item <> '' ORDER BY id LIMIT 3) l), 'import_id', %(batch)s::text)
  FROM workshop_repairorder o WHERE o.id = ANY (%(ids)s::uuid[]) AND o.customer_id IS NOT NULL"""

# Words of long ago are history: nobody is in danger by them now, and nobody calls about them.
_CONCERNS = """SELECT o.store_id, least(o.in_at, %(at)s), NULL::int, o.customer_id, o.vehicle_id,
  jsonb_build_object('order_no', o.order_no, 'text', o.concern, 'import_id', %(batch)s::text)
  FROM workshop_repairorder o WHERE o.id = ANY (%(ids)s::uuid[]) AND o.customer_id IS NOT NULL AND o.concern <> ''
    AND o.in_at >= %(since)s"""


def finish_orders(written: Written, context: Context) -> None:
    """What visits change on customers and vehicles: counts, last visit, services done, doubtful readings, forecasts."""
    vehicles, customers = sorted(written.touched_vehicles), sorted(written.touched_customers)
    with connection.cursor() as cursor:
        for start in range(0, len(vehicles), 20_000):
            some = vehicles[start : start + 20_000]
            cursor.execute(_VEHICLE_VISITS, {"ids": some})
        for start in range(0, len(customers), 20_000):
            cursor.execute(_CUSTOMER_VISITS, {"ids": customers[start : start + 20_000]})
    care.refresh(vehicles, today=context.today)


_VEHICLE_VISITS = """UPDATE customers_vehicle v SET last_visit_on = s.last_visit, services_done = least(s.services, 32000),
    last_service_on = s.last_service, last_service_km = s.service_km
  FROM (SELECT vehicle_id, max((in_at AT TIME ZONE 'Asia/Shanghai')::date) last_visit,
          count(DISTINCT (in_at AT TIME ZONE 'Asia/Shanghai')::date) FILTER (WHERE is_maintenance) services,
          max((in_at AT TIME ZONE 'Asia/Shanghai')::date) FILTER (WHERE is_maintenance) last_service,
          (array_agg(odometer_km ORDER BY in_at DESC) FILTER (WHERE is_maintenance))[1] service_km
        FROM workshop_repairorder WHERE vehicle_id = ANY (%(ids)s::uuid[]) GROUP BY vehicle_id) s
  WHERE v.id = s.vehicle_id"""

_CUSTOMER_VISITS = """UPDATE customers_customer c SET visits = s.visits, last_visit_on = s.last_visit, spent_fen = s.spent
  FROM (SELECT customer_id, count(DISTINCT (in_at AT TIME ZONE 'Asia/Shanghai')::date) visits,
          max((in_at AT TIME ZONE 'Asia/Shanghai')::date) last_visit, sum(total_fen) spent
        FROM workshop_repairorder WHERE customer_id = ANY (%(ids)s::uuid[]) GROUP BY customer_id) s
  WHERE c.id = s.customer_id"""
