"""Events as programs hear of them: ids and facts, no personal data. One form for webhooks and for fetching. R030.

A fact leaves the house only when its name says that it holds no personal text: codes, counts, money, moments, ids.
Notes, proofs, plates and names of people stay inside: the receiver asks for them with a token, where scopes apply.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cheban.api.schemas.values import _iso
from cheban.core import clock, events
from cheban.core.logs import scrub
from cheban.core.models import Event

SETTLED = timedelta(minutes=1)


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return scrub(value[:200])  # a second net: what looks like a phone or an identity number never leaves
    if isinstance(value, (list, tuple)):
        return [_short(v) for v in value[:100]]
    return value if isinstance(value, (int, float, bool, type(None))) else None


def told(event: Event) -> dict[str, Any]:
    """{id, type, timestamp, data} of an event."""
    return {
        "id": event.id,
        "type": event.name,
        "timestamp": event.at,
        "data": {
            "store_id": event.store_id,
            "actor_id": event.actor_id,
            "customer_id": str(event.customer_id) if event.customer_id else None,
            "vehicle_id": str(event.vehicle_id) if event.vehicle_id else None,
            "facts": {k: _short(v) for k, v in sorted(event.facts.items()) if events.is_open_fact(k)},
        },
    }


def payload(event: Event, *, webhook_id: str) -> dict[str, Any]:
    """The body of a webhook: as `told`, with the delivery's stable id, moments as text."""
    found = told(event)
    return found | {"id": webhook_id, "event_id": event.id, "timestamp": _iso(event.at)}


def page(*, name: str, after: int, limit: int) -> tuple[list[dict[str, Any]], int]:
    """Events of the scope with a higher id, at most `limit`, and the last id. One query."""
    rows = Event.objects.filter(id__gt=after, recorded_at__lt=clock.now() - SETTLED)
    if name:
        rows = rows.filter(name=name)
    found = [told(event) for event in rows.order_by("id")[:limit]]
    return found, found[-1]["id"] if found else 0


def catalogue() -> list[dict[str, Any]]:
    """Every event that may be told, with its title and the facts that leave the house, in order of name."""
    return [
        {
            "name": name,
            "title": declared.title,
            "facts": {fact: meaning for fact, meaning in declared.facts.items() if events.is_open_fact(fact)},
        }
        for name, declared in sorted(events.all_declared().items())
    ]
