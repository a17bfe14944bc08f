"""One way in which every part of the leads says what happened."""

from __future__ import annotations

from datetime import datetime

from cheban.core.events import record
from cheban.core.live import announce
from cheban.core.models import Event
from cheban.sales.leads.models import Lead


def tell(lead: Lead, name: str, *, by_id: int | None, at: datetime | None = None, **facts: object) -> Event:
    """Record the event about this lead and tell the pages that show it."""
    announce("lead", lead.id)
    announce("customer", lead.customer_id)
    return record(
        name,
        store_id=lead.store_id,
        at=at,
        actor_id=by_id,
        customer_id=lead.customer_id,
        vehicle_id=lead.vehicle_id,
        lead_id=str(lead.id),
        **facts,
    )


def hours(begin: datetime, end: datetime) -> int:
    """Whole hours between two moments."""
    return int((end - begin).total_seconds() // 3600)
