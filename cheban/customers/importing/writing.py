"""Writes prepared customer, vehicle and insurance rows: finds who is known, inserts the new, changes the changed.

One call is one transaction's work for one chunk. The same row twice changes nothing; the same person under
several writings of a phone is one customer; a phone shared by two names is two customers. Every changed row's
former look is kept for the undo. R021, market: duplicates.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg.types.json import Jsonb

from cheban.core import clock, events, privacy
from cheban.core.ids import new_id
from cheban.customers import care
from cheban.customers.importing import bulk
from cheban.customers.importing.prepare import (
    CUSTOMER_COLUMNS,
    CUSTOMER_FIELDS,
    OWNERSHIP_COLUMNS,
    POINT_COLUMNS,
    READING_COLUMNS,
    VEHICLE_COLUMNS,
    VEHICLE_FIELDS,
    Context,
    Prepared,
    name_columns,
    point_line,
)

NULL = "\\N"
"""No value, as COPY writes it."""


@dataclass(slots=True)
class Written:
    """What became of a chunk's rows."""

    accepted: int = 0
    unchanged: int = 0
    merged: int = 0
    customers_made: int = 0
    vehicles_made: int = 0
    touched_vehicles: set[UUID] = field(default_factory=set)
    touched_customers: set[UUID] = field(default_factory=set)

    def add(self, other: Written) -> None:
        """Sum up."""
        self.accepted += other.accepted
        self.unchanged += other.unchanged
        self.merged += other.merged
        self.customers_made += other.customers_made
        self.vehicles_made += other.vehicles_made
        self.touched_vehicles |= other.touched_vehicles
        self.touched_customers |= other.touched_customers


class Known:
    """What the store has already of a chunk's people and vehicles; grows while the chunk is worked through."""

    def __init__(self, rows: Sequence[Prepared]) -> None:
        blinds = list({blind for r in rows for _k, _v, blind in r.points})
        numbers = list({r.customer["customer_no"] for r in rows if r.customer and r.customer.get("customer_no")})
        vins = list({r.vehicle["vin"] for r in rows if r.vehicle and r.vehicle.get("vin")})
        plates = list({r.vehicle["plate_number"] for r in rows if r.vehicle and r.vehicle.get("plate_number")})
        self.people: dict[tuple, UUID] = {}
        self.vehicles: dict[UUID, dict[str, Any]] = {}
        self.by_vin: dict[str, UUID] = {}
        self.by_plate: dict[str, UUID] = {}
        self.customers: dict[UUID, dict[str, Any]] = {}
        self.points: dict[UUID, set[bytes]] = {}
        self.new: dict[UUID, dict[str, Any]] = {}  # people of this chunk, as typed; few are asked about again
        with connection.cursor() as cursor:
            if vins or plates:
                cursor.execute(
                    f"""SELECT v.id, v.owner_id, c.name, v.is_active, v.extra, {", ".join("v." + f for f in VEHICLE_FIELDS)}
                        FROM customers_vehicle v LEFT JOIN customers_customer c ON c.id = v.owner_id
                        WHERE v.id IN (SELECT id FROM customers_vehicle WHERE store_id = ANY (
                              (SELECT current_setting('app.stores'))::int[]) AND vin = ANY (%(v)s) AND vin <> ''
                            UNION SELECT id FROM customers_vehicle WHERE store_id = ANY (
                              (SELECT current_setting('app.stores'))::int[]) AND plate_number = ANY (%(p)s)
                              AND plate_number <> '')""",  # noqa: S608
                    {"v": vins, "p": plates},
                )
                for vehicle_id, owner, owner_name, is_active, extra, *values in cursor.fetchall():
                    self.vehicles[vehicle_id] = dict(zip(VEHICLE_FIELDS, values, strict=True)) | {
                        "id": vehicle_id,
                        "owner_id": owner,
                        "is_active": is_active,
                        "extra": json.loads(extra),
                    }
                    self._index_vehicle(vehicle_id, owner, owner_name)
            wanted: set[UUID] = {v["owner_id"] for v in self.vehicles.values() if v["owner_id"]}
            if blinds:
                cursor.execute(
                    """SELECT p.value_blind, c.id, c.name FROM customers_contactpoint p
                    JOIN customers_customer c ON c.id = p.customer_id WHERE p.store_id = ANY (
                      (SELECT current_setting('app.stores'))::int[]) AND p.value_blind = ANY (%s)""",
                    [blinds],
                )
                for blind, customer_id, name in cursor.fetchall():
                    self.people[("phone", bytes(blind), name)] = customer_id
                    wanted.add(customer_id)
                self._know_merged_names(cursor, blinds)
            if numbers:
                cursor.execute(
                    """SELECT customer_no, id FROM customers_customer WHERE store_id = ANY (
                      (SELECT current_setting('app.stores'))::int[]) AND customer_no = ANY (%(n)s) AND customer_no <> ''
                    UNION ALL SELECT m.image ->> 'customer_no', c.id FROM customers_customermerge m
                      JOIN customers_customer c ON c.id = m.survivor_id
                    WHERE m.undone_at IS NULL AND m.image ->> 'customer_no' = ANY (%(n)s)""",
                    {"n": numbers},
                )
                for number, customer_id in cursor.fetchall():
                    self.people[("no", number)] = customer_id
                    wanted.add(customer_id)
            if wanted:
                cursor.execute(
                    f"""SELECT id, id_number_blind, address_sealed, tags, extra, {", ".join(CUSTOMER_FIELDS)}
                        FROM customers_customer WHERE id = ANY (%s)""",  # noqa: S608
                    [list(wanted)],
                )
                for customer_id, id_blind, address, tags, extra, *values in cursor.fetchall():
                    self.customers[customer_id] = dict(zip(CUSTOMER_FIELDS, values, strict=True)) | {
                        "id_number_blind": bytes(id_blind) if id_blind else None,
                        "address_sealed": address,
                        "tags": tags,
                        "extra": json.loads(extra),
                    }
                cursor.execute(
                    "SELECT customer_id, value_blind FROM customers_contactpoint WHERE customer_id = ANY (%s)",
                    [list(wanted)],
                )
                for customer_id, blind in cursor.fetchall():
                    self.points.setdefault(customer_id, set()).add(bytes(blind))

    def _know_merged_names(self, cursor, blinds: list[bytes]) -> None:
        """A merged file is known by the name it had: its row in a later file is no new customer."""
        cursor.execute(
            """SELECT p.value_blind, p.customer_id, m.image ->> 'name' FROM customers_customermerge m
               JOIN customers_contactpoint p ON p.customer_id = m.survivor_id
               WHERE m.undone_at IS NULL AND p.value_blind = ANY (%s)""",
            [blinds],
        )
        for blind, customer_id, name in cursor.fetchall():
            self.people.setdefault(("phone", bytes(blind), name), customer_id)

    def _index_vehicle(self, vehicle_id: UUID, owner: UUID | None, owner_name: str | None) -> None:
        vehicle = self.vehicles[vehicle_id]
        if vehicle["vin"]:
            self.by_vin[vehicle["vin"]] = vehicle_id
        if vehicle["plate_number"]:
            self.by_plate[vehicle["plate_number"]] = vehicle_id
        if owner and owner_name:
            self.people[("vehicle", vehicle_id, owner_name)] = owner

    def vehicle(self, row: Prepared) -> UUID | None:
        """The known vehicle of a row: by VIN; by plate when one of the two has no VIN."""
        if row.vehicle is None:
            return None
        if vin := row.vehicle.get("vin"):
            if vin in self.by_vin:
                return self.by_vin[vin]
            found = self.by_plate.get(row.vehicle.get("plate_number") or "")
            return found if found and not self.vehicles[found]["vin"] else None
        return self.by_plate.get(row.vehicle.get("plate_number") or "")

    def person(self, row: Prepared, vehicle_id: UUID | None) -> UUID | None:
        """The known customer of a row: by number; by a phone or a vehicle with the same name."""
        if row.customer is None:
            return None
        name = row.customer["name"]
        if (number := row.customer.get("customer_no")) and ("no", number) in self.people:
            return self.people["no", number]
        for _kind, _value, blind in row.points:
            if ("phone", blind, name) in self.people:
                return self.people["phone", blind, name]
        if vehicle_id is not None:
            return self.people.get(("vehicle", vehicle_id, name))
        return None

    def customer(self, customer_id: UUID) -> dict[str, Any]:
        """What is stored of a customer, or will be."""
        if customer_id in self.new:
            self.customers[customer_id] = _as_stored(self.new.pop(customer_id))
        return self.customers[customer_id]

    def learn_person(self, row: Prepared, customer_id: UUID) -> None:
        """From now on this chunk knows the row's person by all its keys."""
        name = row.customer["name"]
        if number := row.customer.get("customer_no"):
            self.people["no", number] = customer_id
        for _kind, _value, blind in row.points:
            self.people["phone", blind, name] = customer_id


def write(rows: Sequence[Prepared], context: Context) -> Written:
    """Write one chunk in the running transaction and scope."""
    known, result = Known(rows), Written()
    customers: list[str] = []
    points: list[str] = []
    vehicles: list[str] = []
    ownerships: list[str] = []
    readings: list[str] = []
    customer_changes: dict[UUID, dict[str, Any]] = {}
    vehicle_changes: dict[UUID, dict[str, Any]] = {}
    ended: list[UUID] = []
    made_customers: set[UUID] = set()
    made_vehicles: dict[UUID, Prepared] = {}
    touched: list[set[tuple[str, UUID]]] = []  # per row: what it may have changed; {} = nothing
    before: dict[UUID, dict[str, Any]] = {}  # customers and vehicles as they were before this chunk

    for row in rows:
        marks: set[tuple[str, UUID]] = set()
        touched.append(marks)
        vehicle_id = known.vehicle(row)
        customer_id = known.person(row, vehicle_id)
        if row.customer is not None:
            if customer_id is None:
                customer_id = row.customer_id
                customers.append(row.customer_line)
                points += row.point_lines
                made_customers.add(customer_id)
                known.new[customer_id] = row.customer
                known.points[customer_id] = {blind for _k, _v, blind in row.points}
                marks.add(("made", customer_id))
            else:
                result.merged += 1
                stored = known.customer(customer_id)
                differences = _differences(stored, row.customer, customer_id)
                if differences:
                    before.setdefault(customer_id, {f: stored.get(f) for f in stored})
                    customer_changes.setdefault(customer_id, {}).update(differences)
                    stored.update(differences)
                    marks.add(("customer", customer_id))
                for kind, value, blind in row.points:
                    have = known.points.setdefault(customer_id, set())
                    if blind not in have:
                        points.append(point_line(new_id(), customer_id, kind, value, blind, not have, context))
                        have.add(blind)
                        marks.add(("made", customer_id))
            known.learn_person(row, customer_id)
        if row.vehicle is not None:
            if vehicle_id is None:
                vehicle_id = row.vehicle_id
                made_vehicles[vehicle_id] = row
                known.vehicles[vehicle_id] = {f: row.vehicle.get(f) for f in VEHICLE_FIELDS} | {
                    "id": vehicle_id,
                    "owner_id": customer_id,
                    "extra": row.vehicle.get("extra") or {},
                    "vin": row.vehicle.get("vin") or "",
                    "plate_number": row.vehicle.get("plate_number") or "",
                }
                known._index_vehicle(vehicle_id, customer_id, row.customer["name"] if row.customer else None)
                marks.add(("made", vehicle_id))
            else:
                stored = known.vehicles[vehicle_id]
                differences = {
                    f: v
                    for f, v in row.vehicle.items()
                    if f in VEHICLE_FIELDS and v not in (None, "") and v != stored.get(f) and f != "vin_is_doubtful"
                }
                if extra := _more_of(stored, row.vehicle):
                    differences["extra"] = extra
                if customer_id is not None and stored["owner_id"] != customer_id:
                    differences["owner_id"] = customer_id
                    if not stored.get("is_active", True):  # sold away, and here again with its new owner
                        differences["is_active"] = True
                    known.people["vehicle", vehicle_id, row.customer["name"]] = customer_id
                if differences:
                    before.setdefault(vehicle_id, dict(stored))
                    vehicle_changes.setdefault(vehicle_id, {}).update(differences)
                    stored.update(differences)
                    marks.add(("vehicle", vehicle_id))
        if row.odometer and vehicle_id is not None:
            on, km = row.odometer
            readings.append(
                bulk.line((new_id(), context.store_id, vehicle_id, on, km, "import", False, context.batch_id))
            )
            result.touched_vehicles.add(vehicle_id)

    # Rows of one file may contradict each other; what counts is whether the last word differs from what was stored.
    _settle(customer_changes, before)
    _settle(vehicle_changes, before)
    for marks in touched:
        real = any(
            kind == "made"
            or (kind == "customer" and i in customer_changes)
            or (kind == "vehicle" and i in vehicle_changes)
            for kind, i in marks
        )
        result.accepted += real
        result.unchanged += not real
    for vehicle_id, changes in vehicle_changes.items():
        if "owner_id" in changes and vehicle_id not in made_vehicles:
            if before[vehicle_id]["owner_id"] is not None:
                ended.append(vehicle_id)
            ownerships.append(
                bulk.line(
                    (new_id(), context.store_id, vehicle_id, changes["owner_id"], context.today, None, context.batch_id)
                )
            )
    for vehicle_id, row in made_vehicles.items():
        stored = known.vehicles[vehicle_id]
        owner = stored["owner_id"]
        if vehicle_id in vehicle_changes:
            vehicle_changes[vehicle_id].pop("owner_id", None)
            if not vehicle_changes[vehicle_id]:
                del vehicle_changes[vehicle_id]
        vehicles.append(f"{row.vehicle_head}\t{bulk.cell(owner)}\t{row.vehicle_tail}")
        if owner is not None:
            since = row.vehicle.get("purchased_on")
            ownerships.append(
                f"{new_id()}\t{context.store_id}\t{vehicle_id}\t{owner}\t{since or NULL}\t{NULL}\t{bulk.cell(context.batch_id)}"
            )
    fresh_changes = {i: customer_changes.pop(i) for i in list(customer_changes) if i in made_customers}
    with connection.cursor() as cursor:
        bulk.insert(cursor, "customers_customer", CUSTOMER_COLUMNS, customers)
        _tell_new_customers(cursor, context, customers)
        bulk.insert(cursor, "customers_contactpoint", POINT_COLUMNS, points, conflict="ON CONFLICT DO NOTHING")
        bulk.insert(cursor, "customers_vehicle", VEHICLE_COLUMNS, vehicles)
        _tell_purchases(cursor, context, vehicles)
        _change(cursor, "customers_customer", customer_changes, context)
        _change(cursor, "customers_customer", fresh_changes, context, keep=False)
        _change(
            cursor, "customers_vehicle", {i: c for i, c in vehicle_changes.items() if i not in made_vehicles}, context
        )
        _change(
            cursor,
            "customers_vehicle",
            {i: c for i, c in vehicle_changes.items() if i in made_vehicles},
            context,
            keep=False,
        )
        _end_ownerships(cursor, ended, context)
        bulk.insert(cursor, "customers_vehicleownership", OWNERSHIP_COLUMNS, ownerships)
        bulk.insert(
            cursor,
            "customers_odometerreading",
            READING_COLUMNS,
            readings,
            conflict="WHERE NOT EXISTS (SELECT 1 FROM customers_odometerreading r WHERE r.km = stage_customers_odometerreading.km "
            "AND r.vehicle_id = stage_customers_odometerreading.vehicle_id) ON CONFLICT DO NOTHING",
        )
        _tell_changes(cursor, context, customer_changes)
        _tell_new_owners(
            cursor, [i for i, c in vehicle_changes.items() if c.get("owner_id") and i not in made_vehicles]
        )
    result.customers_made, result.vehicles_made = len(customers), len(vehicles)
    stale = {"purchased_on", "registered_on", "use", "seats", "energy", "series"}
    result.touched_vehicles |= {i for i, c in vehicle_changes.items() if stale & set(c)}
    return result


def _settle(changes: dict[UUID, dict[str, Any]], before: dict[UUID, dict[str, Any]]) -> None:
    """Keep only changes whose last value differs from what was stored before the chunk."""
    for row_id in list(changes):
        was = before[row_id]
        derived = {
            "name_full_pinyin": "name",
            "name_initials": "name",
            "name_other_pinyin": "name",
            "birthday": "birth_on",
            "id_number_sealed": "id_number_blind",
        }
        kept = {
            f: v
            for f, v in changes[row_id].items()
            if derived.get(f, f) not in was or was[derived.get(f, f)] != changes[row_id].get(derived.get(f, f), v)
        }
        if kept:
            changes[row_id] = kept
        else:
            del changes[row_id]


def _as_stored(customer: dict[str, Any]) -> dict[str, Any]:
    stored = {f: customer.get(f) for f in CUSTOMER_FIELDS}
    number, address = customer.get("id_number"), customer.get("address")
    return stored | {
        "tags": customer.get("tags") or [],
        "extra": customer.get("extra") or {},
        "address_plain": address,
        "id_number_blind": privacy.blind("id_number", number) if number else None,
        "address_sealed": None,
    }


def _more_of(stored: dict[str, Any], incoming: dict[str, Any]) -> dict[str, Any] | None:
    """Custom fields after an incoming row, None when it tells nothing new: they take its values one by one."""
    before = stored.get("extra") or {}
    after = before | (incoming.get("extra") or {})
    return after if after != before else None


def _differences(stored: dict[str, Any], incoming: dict[str, Any], customer_id: UUID) -> dict[str, Any]:
    """Columns that an incoming row would change; a blank never erases, a default never overwrites."""
    found = {
        f: incoming[f]
        for f in CUSTOMER_FIELDS
        if incoming.get(f) not in (None, "") and incoming[f] != stored.get(f) and f not in ("source", "kind", "tier")
    }
    for f in ("kind", "tier"):
        if incoming.get(f) and incoming[f] != stored.get(f) and (stored.get(f) or None) is not None:
            found[f] = incoming[f]
    if tags := set(incoming.get("tags") or []) - set(stored.get("tags") or []):
        found["tags"] = sorted({*(stored.get("tags") or []), *tags})
    if extra := _more_of(stored, incoming):
        found["extra"] = extra
    if number := incoming.get("id_number"):
        blind = privacy.blind("id_number", number)
        if blind != stored.get("id_number_blind"):
            found["id_number_blind"] = blind
            found["id_number_sealed"] = privacy.seal(number, bound_to=f"customers_customer.id_number:{customer_id}")
    if address := incoming.get("address"):
        have = stored.get("address_plain")
        if have is None and stored.get("address_sealed"):
            have = privacy.unseal(stored["address_sealed"], bound_to=f"customers_customer.address:{customer_id}")
        if have != address:
            found["address_sealed"] = privacy.seal(address, bound_to=f"customers_customer.address:{customer_id}")
            stored["address_plain"] = address
    if "name" in found:
        found["name_full_pinyin"], found["name_initials"], found["name_other_pinyin"] = name_columns(found["name"])
    if "birth_on" in found and not stored.get("lunar_birthday"):
        found["birthday"] = found["birth_on"].month * 100 + found["birth_on"].day
    return found


def _change(cursor, table: str, changes: dict[UUID, dict[str, Any]], context: Context, *, keep: bool = True) -> None:
    if not changes:
        return
    if keep:
        bulk.keep_before(cursor, store_id=context.store_id, batch_id=context.batch_id, table=table, ids=list(changes))
    by_shape: dict[tuple[str, ...], list[tuple]] = {}
    for row_id, values in changes.items():
        shape = tuple(sorted(values))
        row = (Jsonb(values[c]) if c == "extra" else values[c] for c in shape)
        by_shape.setdefault(shape, []).append((*row, clock.now(), row_id))
    for shape, rows in by_shape.items():
        sets = ", ".join(f"{column} = %s" for column in shape)
        cursor.executemany(f"UPDATE {table} SET {sets}, changed_at = %s WHERE id = %s", rows)  # noqa: S608


def _end_ownerships(cursor, vehicle_ids: list[UUID], context: Context) -> None:
    if not vehicle_ids:
        return
    cursor.execute(
        "SELECT id FROM customers_vehicleownership WHERE vehicle_id = ANY (%s) AND until_on IS NULL", [vehicle_ids]
    )
    ids = [row[0] for row in cursor.fetchall()]
    bulk.keep_before(
        cursor, store_id=context.store_id, batch_id=context.batch_id, table="customers_vehicleownership", ids=ids
    )
    cursor.execute(
        "UPDATE customers_vehicleownership SET until_on = greatest(%s, since_on) WHERE id = ANY (%s)",
        [context.today, ids],
    )


def _tell_new_customers(cursor, context: Context, made: Sequence[str]) -> None:
    if made:
        source, lines = bulk.staged("customers_customer", CUSTOMER_COLUMNS, made)
        events.record_from(
            cursor,
            "customer.recorded",
            f"""SELECT store_id, %(at)s, NULL::int, id, NULL::uuid,
            jsonb_build_object('source', source, 'import_id', %(batch)s::text) FROM {source}""",  # noqa: S608
            {"batch": str(context.batch_id), "at": clock.now()} | lines,
        )


def _tell_purchases(cursor, context: Context, made: Sequence[str]) -> None:
    if made:
        source, lines = bulk.staged("customers_vehicle", VEHICLE_COLUMNS, made)
        events.record_from(
            cursor,
            "vehicle.purchased",
            f"""SELECT store_id, least((purchased_on + time '12:00') AT TIME ZONE 'Asia/Shanghai', %(at)s), NULL::int,
            owner_id, id, jsonb_build_object('label', trim(brand || ' ' || series), 'plate', plate_number, 'import_id', %(batch)s::text)
            FROM {source} WHERE purchased_on IS NOT NULL AND owner_id IS NOT NULL""",  # noqa: S608
            {"batch": str(context.batch_id), "at": clock.now()} | lines,
        )


def _tell_changes(cursor, context: Context, changes: dict[UUID, dict[str, Any]]) -> None:
    if changes:
        hidden = {
            "name_full_pinyin": "",
            "name_initials": "",
            "name_other_pinyin": "",
            "birthday": "",
            "id_number_blind": "",
            "id_number_sealed": "id_number",
            "address_sealed": "address",
        }
        fields = [sorted({hidden.get(f, f) for f in c} - {""}) for c in changes.values()]
        events.record_from(
            cursor,
            "customer.changed",
            """SELECT c.store_id, %(at)s, NULL::int, c.id, NULL::uuid,
            jsonb_build_object('fields', string_to_array(n.fields, ','), 'import_id', %(batch)s::text)
            FROM unnest(%(ids)s::uuid[], %(fields)s::text[]) n(id, fields) JOIN customers_customer c ON c.id = n.id""",
            {
                "batch": str(context.batch_id),
                "ids": list(changes),
                "fields": [",".join(f) for f in fields],
                "at": clock.now(),
            },
        )


def _tell_new_owners(cursor, vehicle_ids: list[UUID]) -> None:
    if vehicle_ids:
        events.record_from(
            cursor,
            "vehicle.changed_hands",
            """SELECT store_id, %(at)s, NULL::int, owner_id, id, jsonb_build_object(
                 'label', trim(brand || ' ' || series), 'plate', plate_number)
               FROM customers_vehicle WHERE id = ANY (%(ids)s)""",
            {"ids": vehicle_ids, "at": clock.now()},
        )


def finish(vehicle_ids: set[UUID], *, today: date) -> None:
    """Bring forecasts of touched vehicles up to date (after the last chunk, or after each for a large file)."""
    care.refresh(sorted(vehicle_ids), today=today)
