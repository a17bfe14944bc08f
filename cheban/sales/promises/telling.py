"""The events of a promise."""

from __future__ import annotations

from cheban.core.events import record
from cheban.core.live import announce
from cheban.core.models import Event
from cheban.org.access import Actor
from cheban.sales.models import SalesPromise


def tell(promise: SalesPromise, name: str, *, by: Actor, **facts: object) -> Event:
    """One event of a promise; open pages of its customer hear of it."""
    announce("customer", promise.customer_id)
    return record(
        name,
        store_id=promise.store_id,
        actor_id=by.staff_id,
        customer_id=promise.customer_id,
        vehicle_id=promise.vehicle_id,
        promise_id=str(promise.id),
        kind=promise.kind,
        what=promise.what,
        **facts,
    )
