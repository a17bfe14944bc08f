"""Undo of a whole import, in one transaction: what it changed gets its former look, what it made goes.

A row that somebody changed after the import stays as they left it, and a customer or vehicle that something
else has come to hang on (a later import's order, a finished task) stays too; both are counted and said.
Runs set-based: 100,000 rows are one statement per table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from cheban.core import clock
from cheban.core.events import record
from cheban.customers import care
from cheban.customers.models import ImportBatch

KEPT_BY_OTHERS = ("visits", "spent_fen", "last_visit_on", "last_contact_at", "refused_purposes")
"""Columns that visits, calls and refusals since then keep: the look before the import knows nothing of those."""
RESTORED = ("customers_vehicleownership", "customers_vehicle", "customers_customer")


@dataclass(frozen=True, slots=True)
class Follower:
    """A room whose imported rows hang on customers and vehicles, and how it takes part in an undo.

    `take_back(cursor, batch_id)` deletes the rows of the import and returns (removed, vehicle ids, customer ids);
    `recount(cursor, vehicles, customers)` brings visits and sums in line with what is left; `hangs_on` maps our
    table -> SQL condition over alias `t` that is true while something of that room still needs the row.
    """

    take_back: Callable[[Any, UUID], tuple[int, list[UUID], list[UUID]]]
    recount: Callable[[Any, list[UUID], list[UUID]], None]
    hangs_on: dict[str, str]


FOLLOWERS: list[Follower] = []


def follow(follower: Follower) -> None:
    """Another room takes part in undos (called when its app is ready)."""
    FOLLOWERS.append(follower)


@dataclass(frozen=True, slots=True)
class Undone:
    """How many rows went, were restored, or stayed because something came after."""

    removed: int
    restored: int
    kept: int


def undo_batch(batch: ImportBatch) -> Undone:
    """Undo in the running transaction and scope; the batch is locked by the caller."""
    removed = restored = kept = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('import'), %s)", [batch.store_id])
        vehicles: set[UUID] = set()
        customers: set[UUID] = set()
        for follower in FOLLOWERS:
            went, their_vehicles, their_customers = follower.take_back(cursor, batch.id)
            removed += went
            vehicles.update(their_vehicles)
            customers.update(their_customers)
        cursor.execute(
            """SELECT vehicle_id FROM customers_odometerreading WHERE batch_id = %(b)s
               UNION SELECT row_id FROM customers_importchange WHERE batch_id = %(b)s AND "table" = 'customers_vehicle'""",
            {"b": batch.id},
        )
        vehicles.update(row[0] for row in cursor.fetchall())
        removed += _delete(cursor, "customers_odometerreading", batch.id)
        cursor.execute("DELETE FROM customers_vehicleownership WHERE batch_id = %s", [batch.id])
        removed += cursor.rowcount
        for table in RESTORED:
            back, stayed = _restore(cursor, table, batch)
            restored += back
            kept += stayed
        removed += _delete(cursor, "customers_contactpoint", batch.id)
        went, stayed = _delete_free(
            cursor,
            "customers_vehicle",
            batch.id,
            (
                *_hangs("customers_vehicle"),
                "EXISTS (SELECT 1 FROM customers_vehicleownership o WHERE o.vehicle_id = t.id)",
                "EXISTS (SELECT 1 FROM customers_odometerreading o WHERE o.vehicle_id = t.id)",
            ),
        )
        removed, kept = removed + went, kept + stayed
        went, stayed = _delete_free(
            cursor,
            "customers_customer",
            batch.id,
            (
                *_hangs("customers_customer"),
                "EXISTS (SELECT 1 FROM customers_vehicleownership o WHERE o.customer_id = t.id)",
                "EXISTS (SELECT 1 FROM customers_vehicle o WHERE o.owner_id = t.id)",
                "EXISTS (SELECT 1 FROM customers_contactpoint o WHERE o.customer_id = t.id)",
            ),
        )
        removed, kept = removed + went, kept + stayed
        for follower in FOLLOWERS:
            follower.recount(cursor, sorted(vehicles), sorted(customers))
        cursor.execute("DELETE FROM customers_importchange WHERE batch_id = %s", [batch.id])
    care.refresh(sorted(vehicles), today=clock.today())
    ImportBatch.objects.filter(id=batch.id).update(state=ImportBatch.State.UNDONE, undone_at=clock.now())
    record(
        "import.undone",
        store_id=batch.store_id,
        actor_id=batch.by_id,
        import_id=str(batch.id),
        removed=removed,
        kept=kept,
    )
    return Undone(removed, restored, kept)


def _hangs(table: str) -> list[str]:
    return [follower.hangs_on[table] for follower in FOLLOWERS if table in follower.hangs_on]


def _delete(cursor, table: str, batch_id: UUID) -> int:
    cursor.execute(f"DELETE FROM {table} WHERE batch_id = %s", [batch_id])  # noqa: S608
    return cursor.rowcount


def _delete_free(cursor, table: str, batch_id: UUID, hangs: tuple[str, ...]) -> tuple[int, int]:
    cursor.execute(f"DELETE FROM {table} t WHERE batch_id = %s AND NOT ({' OR '.join(hangs)})", [batch_id])  # noqa: S608
    went = cursor.rowcount
    cursor.execute(f"UPDATE {table} SET batch_id = NULL WHERE batch_id = %s", [batch_id])  # noqa: S608
    return went, cursor.rowcount


def _restore(cursor, table: str, batch: ImportBatch) -> tuple[int, int]:
    """Give changed rows their former look, unless another import or a person changed them after."""
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s "
        "AND column_name NOT IN ('id', 'store_id')",
        [table],
    )
    columns = [row[0] for row in cursor.fetchall() if row[0] not in KEPT_BY_OTHERS]
    later = "AND t.changed_at <= %(until)s" if "changed_at" in columns else ""
    another = ""
    if table == "customers_vehicleownership":  # an owner told by a later file stays: a vehicle has one owner now
        another = f"AND NOT EXISTS (SELECT 1 FROM {table} o WHERE o.vehicle_id = t.vehicle_id AND o.until_on IS NULL)"  # noqa: S608
    cursor.execute(
        f"""UPDATE {table} t SET ({", ".join(f'"{c}"' for c in columns)}) =
              (SELECT {", ".join(f'p."{c}"' for c in columns)} FROM jsonb_populate_record(NULL::{table}, x.before) p)
            FROM customers_importchange x
            WHERE x.batch_id = %(batch)s AND x."table" = %(table)s AND x.row_id = t.id {later}
              AND NOT EXISTS (SELECT 1 FROM customers_importchange y WHERE y."table" = x."table" AND y.row_id = x.row_id
                              AND y.id > x.id) {another}""",  # noqa: S608
        {"batch": batch.id, "table": table, "until": batch.finished_at or clock.now()},
    )
    restored = cursor.rowcount
    cursor.execute(
        'SELECT count(*) FROM customers_importchange WHERE batch_id = %s AND "table" = %s', [batch.id, table]
    )
    return restored, cursor.fetchone()[0] - restored
