"""The workshop's part in undoing an import: its orders go, and visits are counted anew from what is left."""

from __future__ import annotations

from typing import Any
from uuid import UUID

HANGS_ON = {
    "customers_vehicle": "EXISTS (SELECT 1 FROM workshop_repairorder o WHERE o.vehicle_id = t.id) "
    "OR EXISTS (SELECT 1 FROM workshop_arrival a WHERE a.vehicle_id = t.id)",
    "customers_customer": "EXISTS (SELECT 1 FROM workshop_repairorder o WHERE o.customer_id = t.id) "
    "OR EXISTS (SELECT 1 FROM workshop_arrival a WHERE a.customer_id = t.id)",
}
"""While an order of another import, or somebody who arrived, needs them, a vehicle or a customer stays."""


def take_back(cursor: Any, batch_id: UUID) -> tuple[int, list[UUID], list[UUID]]:
    """Delete the import's orders and lines: (removed, vehicles, customers concerned)."""
    cursor.execute("SELECT DISTINCT vehicle_id, customer_id FROM workshop_repairorder WHERE batch_id = %s", [batch_id])
    rows = cursor.fetchall()
    removed = 0
    for table in ("workshop_repairorderline", "workshop_repairorder"):
        cursor.execute(f"DELETE FROM {table} WHERE batch_id = %s", [batch_id])  # noqa: S608 - our own table names
        removed += cursor.rowcount
    return removed, [v for v, _c in rows if v], [c for _v, c in rows if c]


def recount(cursor: Any, vehicles: list[UUID], customers: list[UUID]) -> None:
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
