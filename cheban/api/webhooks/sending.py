"""Sends what webhooks owe: at least once each, later again when it fails, never holding a transaction meanwhile. R030.

Rows are claimed by moving their moment a minute on (SKIP LOCKED, so several workers share them), sent without a
database connection, and written back together. A worker that is killed leaves its claims to the next minute.
"""

from __future__ import annotations

import http.client
import json
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from cheban.api import feed
from cheban.api.models import WebhookDelivery, WebhookEndpoint
from cheban.api.schemas.values import _iso
from cheban.api.webhooks import outgoing, signing
from cheban.api.webhooks.commands import TEST
from cheban.core import clock, privacy
from cheban.core.errors import Refused
from cheban.core.events import record
from cheban.core.models import Event
from cheban.org import queries as org
from cheban.org import scope

log = structlog.get_logger("cheban.webhooks")
AGAIN = tuple(
    timedelta(**step)
    for step in (
        {"seconds": 5},
        {"minutes": 5},
        {"minutes": 30},
        {"hours": 2},
        {"hours": 5},
        {"hours": 10},
        {"hours": 14},
        {"hours": 20},
        {"hours": 24},
        {"hours": 24},
    )
)
"""How long after each failed attempt the next one comes; after the last the delivery has failed (about four days)."""
GIVE_UP = timedelta(days=5)
"""An endpoint that failed so long without one success is stopped."""
CLAIM = timedelta(minutes=1)
AT_ONCE, EACH = 200, 4
"""Deliveries claimed at once; connections to one endpoint at a time, so that a hanging one leaves room for others."""
S = WebhookDelivery.State


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery ready to go: no database is needed from here on."""

    id: UUID
    endpoint_id: UUID
    url: str
    secret: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. `status` is 0 when nothing came back."""

    id: UUID
    status: int
    ms: int
    problem: str = ""

    @property
    def is_done(self) -> bool:
        """2xx, as the standard says."""
        return 200 <= self.status < 300


def send_due(*, seconds: float = 50, resolving: outgoing.Resolve = outgoing.resolve) -> int:
    """Send what is due, for at most so long; returns how many attempts were made."""
    until, made = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        at = clock.now()
        parcels = _claim(at=at)
        if not parcels:
            break
        outcomes = _send_all(parcels, resolving, at=at)
        with scope.use(org.store_ids()):
            _write_down(outcomes, at=clock.now())
        made += len(outcomes)
    return made


def _claim(*, at: datetime) -> list[Parcel]:
    with scope.use(org.store_ids()):
        rows = list(
            WebhookDelivery.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(state=S.WAITING, not_before_at__lte=at)
            .order_by("not_before_at")[:AT_ONCE]
        )
        if not rows:
            return []
        WebhookDelivery.objects.filter(id__in=[r.id for r in rows]).update(not_before_at=at + CLAIM)
        endpoints = {
            e.id: e for e in WebhookEndpoint.objects.filter(id__in={r.endpoint_id for r in rows}, disabled_at=None)
        }
        gone = [r.id for r in rows if r.endpoint_id not in endpoints]
        WebhookDelivery.objects.filter(id__in=gone).update(state=S.FAILED, last_problem="endpoint stopped")
        secrets = {
            e.id: privacy.unseal(e.secret_sealed, bound_to=f"api_webhookendpoint.secret:{e.id}")
            for e in endpoints.values()
        }
        events = Event.objects.in_bulk([r.event_id for r in rows if r.event_id])
        return [
            Parcel(
                row.id,
                row.endpoint_id,
                endpoints[row.endpoint_id].url,
                secrets[row.endpoint_id],
                body_of(row, events.get(row.event_id)),
            )
            for row in rows
            if row.endpoint_id in endpoints
        ]


def body_of(delivery: WebhookDelivery, event: Event | None) -> bytes:
    """What is sent: the event as `api.feed` tells it, or a test message."""
    if event is None:
        told = {"id": str(delivery.id), "type": TEST, "timestamp": _iso(delivery.created_at), "data": {"facts": {}}}
    else:
        told = feed.payload(event, webhook_id=str(delivery.id))
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _send_all(parcels: list[Parcel], resolving: outgoing.Resolve, *, at: datetime) -> list[Outcome]:
    """All parcels, few at a time to each endpoint; after two connections that fail in a row the rest of it waits."""
    of: dict[UUID, list[Parcel]] = defaultdict(list)
    for parcel in parcels:
        of[parcel.endpoint_id].append(parcel)
    lanes = [own[i::EACH] for own in of.values() for i in range(min(EACH, len(own)))]
    with ThreadPoolExecutor(max_workers=min(len(lanes), 16)) as pool:
        return [o for outcomes in pool.map(lambda lane: _send_lane(lane, resolving, at=at), lanes) for o in outcomes]


def _send_lane(lane: list[Parcel], resolving: outgoing.Resolve, *, at: datetime) -> list[Outcome]:
    outcomes: list[Outcome] = []
    unreached, until = 0, time.monotonic() + CLAIM.total_seconds() / 2
    for parcel in lane:
        if unreached >= 2 or time.monotonic() > until:
            break  # its claim runs out, and it is tried again
        outcome = send(parcel, at=at, resolving=resolving)
        unreached = unreached + 1 if outcome.status == 0 else 0
        outcomes.append(outcome)
    return outcomes


def send(parcel: Parcel, *, at: datetime, resolving: outgoing.Resolve = outgoing.resolve) -> Outcome:
    """One attempt; never raises for what the other side does. Runs in a thread of its own, without a database."""
    begin = time.monotonic()
    signed = signing.headers(parcel.secret, webhook_id=str(parcel.id), timestamp=int(at.timestamp()), body=parcel.body)
    sent = signed | {"Content-Type": "application/json", "User-Agent": "Cheban-Webhooks/1"}
    try:
        answer = outgoing.post(parcel.url, parcel.body, sent, resolving=resolving)
    except (Refused, OSError, http.client.HTTPException, ValueError) as error:
        said = error.message if isinstance(error, Refused) else type(error).__name__
        return Outcome(parcel.id, 0, round((time.monotonic() - begin) * 1000), str(said)[:120])
    return Outcome(parcel.id, answer.status, answer.ms, "" if 200 <= answer.status < 300 else f"HTTP {answer.status}")


def _write_down(outcomes: list[Outcome], *, at: datetime) -> None:
    """What came of the attempts; endpoints that fail for long, or say that they are gone, are stopped."""
    rows = WebhookDelivery.objects.select_for_update().in_bulk([o.id for o in outcomes])
    succeeded, failed, gone = set(), set(), set()
    for outcome in outcomes:
        row = rows.get(outcome.id)
        if row is None:
            continue
        row.attempts += 1
        row.last_attempt_at, row.last_status, row.last_ms = at, outcome.status or None, outcome.ms
        row.last_problem = outcome.problem
        if outcome.is_done:
            row.state = S.DONE
            succeeded.add(row.endpoint_id)
            continue
        failed.add(row.endpoint_id)
        if outcome.status == 410:
            gone.add(row.endpoint_id)
        if row.attempts > len(AGAIN):
            row.state = S.FAILED
        else:
            row.not_before_at = at + AGAIN[row.attempts - 1]
    WebhookDelivery.objects.bulk_update(
        rows.values(),
        ["attempts", "last_attempt_at", "last_status", "last_ms", "last_problem", "state", "not_before_at"],
    )
    WebhookEndpoint.objects.filter(id__in=succeeded).update(failing_since=None)
    WebhookEndpoint.objects.filter(id__in=failed - succeeded, failing_since=None).update(failing_since=at)
    for endpoint in WebhookEndpoint.objects.filter(id__in=failed, disabled_at=None):
        if endpoint.id in gone:
            stop(endpoint, because="gone", at=at)
        elif endpoint.failing_since and at - endpoint.failing_since > GIVE_UP:
            stop(endpoint, because="failing", at=at)


def stop(endpoint: WebhookEndpoint, *, because: str, at: datetime) -> None:
    """Stop an endpoint by itself, and tell each of its stores."""
    endpoint.disabled_at, endpoint.disabled_because = at, because
    endpoint.save(update_fields=["disabled_at", "disabled_because"])
    WebhookDelivery.objects.filter(endpoint=endpoint, state=S.WAITING).update(state=S.FAILED)
    log.warning("webhook endpoint stopped", endpoint=str(endpoint.id), because=because)
    for store_id in endpoint.store_ids:
        record(
            "webhook.disabled",
            store_id=store_id,
            at=at,
            endpoint_id=str(endpoint.id),
            reason=because,
        )


def forget(*, at: datetime) -> int:
    """Delete deliveries older than 30 days; returns how many."""
    with scope.use(org.store_ids()):
        return (
            WebhookDelivery.objects.filter(created_at__lt=at - timedelta(days=30)).exclude(state=S.WAITING).delete()[0]
        )
