"""Hands recorded events to those who react: at least once each, in the event's store scope.

The row in `EventDelivery` is deleted in the same transaction as the reaction's own rows, so a crash repeats
the reaction rather than losing it; reactions are safe to run twice. What one transaction told is delivered in one
transaction right after its commit; when one of those reactions fails, each runs again in a transaction of its own, so
that a failing one holds up nobody but itself. The worker looks again for whatever a killed process left.
"""

from __future__ import annotations

import json
from datetime import timedelta

import structlog
from django.db import connection, transaction

from cheban.core import clock, live
from cheban.core.events import Told, reactions_to
from cheban.core.models import Event, EventDelivery
from cheban.core.once import asking_once
from cheban.org import scope

log = structlog.get_logger("cheban.dispatch")
RETRY = (timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
TOGETHER = 50
"""Events delivered in one transaction: locks of very many rows would be held too long."""
MOST = 200
"""Reactions (or events told one by one) that whoever told them waits for; the worker does the rest."""


def run_told(told: Told) -> None:
    """Deliver what was just committed. Several processes may call it at once."""
    if told.many:
        run_pending(limit=MOST)
        return
    of_store: dict[int, list[int]] = {}
    for store_id, event_id in told.events:
        of_store.setdefault(store_id, []).append(event_id)
    for store_id, event_ids in of_store.items():
        for start in range(0, min(len(event_ids), MOST), TOGETHER):
            _deliver(store_id, event_ids[start : start + TOGETHER])


def run_pending(*, limit: int = MOST) -> int:
    """Deliver what is due, whoever told it; returns how many reactions ran. Several processes may call it at once."""
    ran = 0
    while ran < limit:
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT store_id, array_agg(event_id) FROM (SELECT store_id, event_id FROM core_eventdelivery
                     WHERE not_before_at <= %s ORDER BY not_before_at, id LIMIT %s FOR UPDATE SKIP LOCKED) d
                   GROUP BY store_id""",
                [clock.now(), min(TOGETHER, limit - ran)],
            )
            due = cursor.fetchall()
        if not due:
            break
        for store_id, event_ids in due:
            ran += _deliver(store_id, event_ids)
    return ran


def _deliver(store_id: int, event_ids: list[int]) -> int:
    """Run what these events of one store owe now; returns how many reactions ran."""
    ran, size = 0, None
    while True:
        running = None
        try:
            with transaction.atomic(), asking_once(), live.together():
                scope.set_stores([store_id])
                taken = _take(event_ids, most=size)
                for delivery_id, reaction, event in taken:
                    running = delivery_id, reaction
                    if event is not None and (function := reactions_to(event).get(reaction)):
                        function(event)
                running = None
        except Exception as error:
            if running is None:
                raise
            _put_off(*running, error)
            ran, size = ran + 1, 1  # the others were taken back with it: now each alone
            continue
        ran += len(taken)
        if size is None or not taken:
            return ran


def _take(event_ids: list[int], *, most: int | None) -> list[tuple[int, str, Event | None]]:
    """Take what these events owe and nobody else is running: (delivery, reaction, event), in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH taken AS (DELETE FROM core_eventdelivery WHERE id = ANY (ARRAY(
                 SELECT id FROM core_eventdelivery WHERE event_id = ANY (%s) AND not_before_at <= %s
                 ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)) RETURNING id, event_id, reaction)
               SELECT t.id, t.reaction, e.id, e.store_id, e.name, e.at, e.recorded_at, e.actor_id, e.customer_id,
                 e.vehicle_id, e.facts::text
               FROM taken t LEFT JOIN core_event e ON e.id = t.event_id ORDER BY t.id""",
            [event_ids, clock.now(), most],
        )
        rows = cursor.fetchall()
    return [
        (id_, reaction, Event.from_db(connection.alias, FIELDS, [*values, json.loads(facts)]) if values[0] else None)
        for id_, reaction, *values, facts in rows
    ]


FIELDS = ["id", "store_id", "name", "at", "recorded_at", "actor_id", "customer_id", "vehicle_id", "facts"]


def _put_off(delivery_id: int, reaction: str, error: Exception) -> None:
    """A failing reaction waits and is tried again; the others go on."""
    with transaction.atomic():
        delivery = EventDelivery.objects.select_for_update().filter(id=delivery_id).first()
        if delivery is None:
            return
        delivery.attempts += 1
        delivery.not_before_at = clock.now() + RETRY[min(delivery.attempts, len(RETRY)) - 1]
        delivery.last_error = type(error).__name__
        delivery.save(update_fields=["attempts", "not_before_at", "last_error"])
    log.error(
        "reaction failed",
        reaction=reaction,
        event_id=delivery.event_id,  # `event` is the log line itself
        error=type(error).__name__,
        attempts=delivery.attempts,
    )
