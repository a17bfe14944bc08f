"""Undo of a whole import, in one transaction: what it changed gets its former look, what it made goes.

A row that somebody changed after the import stays as they left it, and a customer or vehicle that something
else has come to hang on (a later import's order, a finished task) stays too; both are counted and said.
Runs set-based: 100,000 rows are one statement per table.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from cheban.core import clock
from cheban.core.events import record
from cheban.customers import care
from cheban.customers.models import ImportBatch

RESTORED = ("customers_vehicleownership", "customers_vehicle", "customers_customer")
MADE = (
    "workshop_repairorderline",
    "workshop_repairorder",
    "customers_odometerreading",
    "customers_vehicleownership",
    "customers_contactpoint",
    "customers_vehicle",
    "customers_customer",
)
"""Tables whose rows carry `batch_id`, children first."""


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
        cursor.execute(
            """SELECT DISTINCT vehicle_id FROM workshop_repairorder WHERE batch_id = %(b)s AND vehicle_id IS NOT NULL
                          UNION SELECT vehicle_id FROM customers_odometerreading WHERE batch_id = %(b)s
                          UNION SELECT row_id FROM customers_importchange WHERE batch_id = %(b)s AND "table" = 'customers_vehicle'
                          """,
            {"b": batch.id},
        )
        vehicles = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "SELECT DISTINCT customer_id FROM workshop_repairorder WHERE batch_id = %s AND customer_id IS NOT NULL",
            [batch.id],
        )
        customers = [row[0] for row in cursor.fetchall()]
        for table in ("workshop_repairorderline", "workshop_repairorder", "customers_odometerreading"):
            removed += _delete(cursor, table, batch.id)
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
                "EXISTS (SELECT 1 FROM workshop_repairorder o WHERE o.vehicle_id = t.id)",
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
                "EXISTS (SELECT 1 FROM workshop_repairorder o WHERE o.customer_id = t.id)",
                "EXISTS (SELECT 1 FROM customers_vehicleownership o WHERE o.customer_id = t.id)",
                "EXISTS (SELECT 1 FROM customers_vehicle o WHERE o.owner_id = t.id)",
                "EXISTS (SELECT 1 FROM customers_contactpoint o WHERE o.customer_id = t.id)",
            ),
        )
        removed, kept = removed + went, kept + stayed
        cursor.execute("""UPDATE playbook_task t SET state = 'dropped', closed_at = now(), outcome = 'undone', escalate_at = NULL
            WHERE state = 'open' AND NOT EXISTS (SELECT 1 FROM customers_customer c WHERE c.id = t.customer_id)""")
        _recount(cursor, vehicles, customers)
        cursor.execute("DELETE FROM customers_importchange WHERE batch_id = %s", [batch.id])
    care.refresh(vehicles, today=clock.today())
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
    columns = [row[0] for row in cursor.fetchall()]
    later = "AND t.changed_at <= %(until)s" if "changed_at" in columns else ""
    cursor.execute(
        f"""UPDATE {table} t SET ({", ".join(f'"{c}"' for c in columns)}) =
              (SELECT {", ".join(f'p."{c}"' for c in columns)} FROM jsonb_populate_record(NULL::{table}, x.before) p)
            FROM customers_importchange x
            WHERE x.batch_id = %(batch)s AND x."table" = %(table)s AND x.row_id = t.id {later}
              AND NOT EXISTS (SELECT 1 FROM customers_importchange y WHERE y."table" = x."table" AND y.row_id = x.row_id
                              AND y.id > x.id)""",  # noqa: S608
        {"batch": batch.id, "table": table, "until": batch.finished_at or clock.now()},
    )
    restored = cursor.rowcount
    cursor.execute(
        'SELECT count(*) FROM customers_importchange WHERE batch_id = %s AND "table" = %s', [batch.id, table]
    )
    return restored, cursor.fetchone()[0] - restored


def _recount(cursor, vehicles: list[UUID], customers: list[UUID]) -> None:
    """Visits and sums of what is left."""
    if vehicles:
        cursor.execute(
            """UPDATE customers_vehicle v SET last_visit_on = s.last_visit, services_done = coalesce(s.services, 0),
              last_service_on = s.last_service, last_service_km = s.service_km
            FROM unnest(%(ids)s::uuid[]) n(id) LEFT JOIN LATERAL (
              SELECT max((in_at AT TIME ZONE 'Asia/Shanghai')::date) last_visit,
                count(DISTINCT (in_at AT TIME ZONE 'Asia/Shanghai')::date) FILTER (WHERE is_maintenance) services,
                max((in_at AT TIME ZONE 'Asia/Shanghai')::date) FILTER (WHERE is_maintenance) last_service,
                (array_agg(odometer_km ORDER BY in_at DESC) FILTER (WHERE is_maintenance))[1] service_km
              FROM workshop_repairorder WHERE vehicle_id = n.id) s ON true
            WHERE v.id = n.id""",
            {"ids": vehicles},
        )
    if customers:
        cursor.execute(
            """UPDATE customers_customer c SET visits = coalesce(s.visits, 0), last_visit_on = s.last_visit,
              spent_fen = coalesce(s.spent, 0)
            FROM unnest(%(ids)s::uuid[]) n(id) LEFT JOIN LATERAL (
              SELECT count(DISTINCT (in_at AT TIME ZONE 'Asia/Shanghai')::date) visits,
                max((in_at AT TIME ZONE 'Asia/Shanghai')::date) last_visit, sum(total_fen) spent
              FROM workshop_repairorder WHERE customer_id = n.id) s ON true
            WHERE c.id = n.id""",
            {"ids": customers},
        )
