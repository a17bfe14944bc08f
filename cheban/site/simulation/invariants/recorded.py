"""Events: everything told once, about somebody who is there, and heard by whoever reacts."""

from __future__ import annotations

from cheban.core import clock
from cheban.site.simulation.invariants.base import Found, invariant, rows


@invariant("Every event's customer and vehicle are there, in the same store, unless an import was taken back.")
def every_event_has_its_customer(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT e.id, e.name, e.at FROM core_event e
           LEFT JOIN customers_customer c ON c.id = e.customer_id AND c.store_id = e.store_id
           LEFT JOIN customers_vehicle v ON v.id = e.vehicle_id AND v.store_id = e.store_id
           WHERE ((e.customer_id IS NOT NULL AND c.id IS NULL) OR (e.vehicle_id IS NOT NULL AND v.id IS NULL))
             AND NOT EXISTS (SELECT 1 FROM core_event u WHERE u.name = 'import.undone' AND u.store_id = e.store_id
               AND u.at >= e.at)""",
    )


@invariant("Every reaction that is due has run.")
def deliveries_are_drained(cursor, stores, world) -> Found:
    return rows(
        cursor,
        """SELECT id, reaction, attempts, last_error FROM core_eventdelivery
           WHERE store_id = ANY (%(stores)s) AND (attempts > 0 OR not_before_at <= %(now)s)""",
        {"now": clock.now(), "stores": stores},
    )


@invariant("Nothing is told to have happened after now.")
def no_event_comes_from_the_future(cursor, stores, world) -> Found:
    return rows(cursor, "SELECT id, name, at FROM core_event WHERE at > %(now)s", {"now": clock.now()})
