"""The sales room's part in undoing an import: who took over a car, was promised something or has a lead stays."""

from __future__ import annotations

from cheban.customers.importing import undo

HANGS_ON = {
    "customers_vehicle": "EXISTS (SELECT 1 FROM sales_vehicledelivery d WHERE d.vehicle_id = t.id) "
    "OR EXISTS (SELECT 1 FROM sales_salespromise p WHERE p.vehicle_id = t.id) "
    "OR EXISTS (SELECT 1 FROM sales_lead l WHERE l.vehicle_id = t.id)",
    "customers_customer": "EXISTS (SELECT 1 FROM sales_vehicledelivery d WHERE d.customer_id = t.id) "
    "OR EXISTS (SELECT 1 FROM sales_salespromise p WHERE p.customer_id = t.id) "
    "OR EXISTS (SELECT 1 FROM sales_lead l WHERE l.customer_id = t.id)",
}


def offer() -> None:
    """Register (called when the app is ready). Nothing of this room comes with a file, so nothing is taken back."""
    undo.follow(undo.Follower(lambda cursor, batch_id: (0, [], []), lambda cursor, vehicles, customers: None, HANGS_ON))
