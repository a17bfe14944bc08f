"""Hands recorded events to those who react: at least once each, each in its own transaction and store scope.

The row in `EventDelivery` is deleted in the same transaction as the reaction's own rows, so a crash repeats
the reaction rather than losing it; reactions are safe to run twice. Runs after commit of the cause, and again
from the worker for whatever a killed process left.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import transaction

from cheban.core import clock
from cheban.core.events import reactions_to
from cheban.core.models import Event, EventDelivery
from cheban.org import scope

log = structlog.get_logger("cheban.dispatch")
RETRY = (timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))


def run_pending(*, limit: int = 200) -> int:
    """Deliver what is due; returns how many reactions ran. Several processes may call it at once."""
    ran = 0
    while ran < limit and _deliver_one():
        ran += 1
    return ran


def _deliver_one() -> bool:
    with transaction.atomic():
        delivery = (
            EventDelivery.objects.select_for_update(skip_locked=True)
            .filter(not_before_at__lte=clock.now())
            .order_by("not_before_at", "id")
            .first()
        )
        if delivery is None:
            return False
        scope.set_stores([delivery.store_id])
        try:
            with transaction.atomic():
                event = Event.objects.filter(id=delivery.event_id).first()
                function = reactions_to(event.name).get(delivery.reaction) if event else None
                if function is not None:
                    function(event)
        except Exception as error:  # a failing reaction waits and is tried again; the others go on
            delivery.attempts += 1
            delivery.not_before_at = clock.now() + RETRY[min(delivery.attempts, len(RETRY)) - 1]
            delivery.last_error = type(error).__name__
            delivery.save(update_fields=["attempts", "not_before_at", "last_error"])
            log.error(
                "reaction failed",
                reaction=delivery.reaction,
                event_id=delivery.event_id,  # `event` is the log line itself
                error=type(error).__name__,
                attempts=delivery.attempts,
            )
            return True
        delivery.delete()
        return True
