"""The voice room's part in undoing an import: whoever complained, and the car it was about, stay."""

from __future__ import annotations

from cheban.customers.importing import undo

HANGS_ON = {
    "customers_vehicle": "EXISTS (SELECT 1 FROM voice_complaint k WHERE k.vehicle_id = t.id) "
    "OR EXISTS (SELECT 1 FROM voice_ownerlink l WHERE l.vehicle_id = t.id)",
    "customers_customer": "EXISTS (SELECT 1 FROM voice_complaint k WHERE k.customer_id = t.id) "
    "OR EXISTS (SELECT 1 FROM voice_ownerlink l WHERE l.customer_id = t.id)",
}


def _take_back(cursor, batch_id):
    """Passages that came with the file go with it, unless they raised an alert."""
    cursor.execute(
        """DELETE FROM voice_passage p USING core_event e
           WHERE p.source = 'repair_order.concern_told' AND e.id = p.event_id AND e.facts ->> 'import_id' = %s
             AND p.alert_id IS NULL""",
        [str(batch_id)],
    )
    return cursor.rowcount, [], []


def _forget_the_gone(cursor, vehicles, customers):
    """Words of people whose files went with the import go too; words about a car that went are about none."""
    cursor.execute(
        """DELETE FROM voice_passage p WHERE p.customer_id IS NOT NULL AND p.alert_id IS NULL
             AND NOT EXISTS (SELECT 1 FROM customers_customer c WHERE c.id = p.customer_id)"""
    )
    cursor.execute(
        """UPDATE voice_passage p SET vehicle_id = NULL WHERE p.vehicle_id IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM customers_vehicle v WHERE v.id = p.vehicle_id)"""
    )


def offer() -> None:
    """Register (called when the app is ready)."""
    undo.follow(undo.Follower(_take_back, _forget_the_gone, HANGS_ON))
