"""Is the house well: what /readyz, /metrics and the doctor say. Cheap questions, asked when somebody asks. Reliability H.

Figures of requests are kept by each web process in a file of its own below the data folder and added up at the
scrape (prometheus-client's way for several processes).
"""

from __future__ import annotations

import ipaddress
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily

from cheban.core import clock
from cheban.core.calendars import missing_years
from cheban.org import queries as org
from cheban.org import scope

WORKER_DEAD_SECONDS = 60
QUEUE_LATE_SECONDS = 300
DISK_FULL = 0.97
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0)

_requests = Histogram(
    "cheban_request_seconds", "Time to answer, by route", ["route", "method"], buckets=BUCKETS, registry=None
)
_answers = Counter("cheban_requests", "Answers, by route and class of status", ["route", "status"], registry=None)


def count_request(*, route: str, method: str, status: int, seconds: float) -> None:
    """Keep one answered request. The route's pattern, never the path: paths hold ids."""
    _requests.labels(route, method).observe(seconds)
    _answers.labels(route, f"{status // 100}xx").inc()


@dataclass(frozen=True, slots=True)
class Vitals:
    """Ages in seconds (None: nothing there), counts, bytes."""

    worker_age: float | None
    queue_age: float | None
    queue_waiting: int
    events_age: float | None
    overdue_age: float | None
    overdue: int
    open: int
    database_bytes: int
    connections: int
    disk_free: int
    disk_total: int
    calendars_missing: int

    @property
    def worker(self) -> str:
        """'ok', 'silent' (no sign of life for a minute) or 'never' (none has been here)."""
        if self.worker_age is None:
            return "never"
        return "ok" if self.worker_age <= WORKER_DEAD_SECONDS else "silent"

    @property
    def queue(self) -> str:
        """'ok', or 'late' when a job has waited for minutes."""
        return "ok" if (self.queue_age or 0) <= QUEUE_LATE_SECONDS else "late"

    @property
    def disk(self) -> str:
        """'ok' or 'nearly full'."""
        return "ok" if self.disk_free > self.disk_total * (1 - DISK_FULL) else "nearly full"


def look() -> Vitals:
    """Ask the database and the disk. Needs no scope: it looks at all stores, and at counts only."""
    now = clock.now()
    stores = org.store_ids()
    with scope.use(stores), connection.cursor() as cursor:
        # Procrastinate's clock is the database's; the house's clock may be moved, so ages are counted there.
        cursor.execute(
            """SELECT (SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers),
                 (SELECT extract(epoch FROM now() - min(greatest(coalesce(j.scheduled_at, e.at), e.at)))
                    FROM procrastinate_jobs j JOIN LATERAL (SELECT min(at) AS at FROM procrastinate_events
                      WHERE job_id = j.id) e ON true
                    WHERE j.status = 'todo' AND coalesce(j.scheduled_at, now()) <= now()),
                 (SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now()),
                 pg_database_size(current_database()),
                 (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database())"""
        )
        worker, queue, waiting, size, connections = cursor.fetchone()
        cursor.execute(
            """SELECT min(not_before_at) FROM core_eventdelivery WHERE not_before_at <= %s""",
            [now],
        )
        [events] = cursor.fetchone()
        cursor.execute(
            """SELECT count(*), count(*) FILTER (WHERE due_at < %(now)s), min(due_at) FILTER (WHERE due_at < %(now)s)
               FROM playbook_task WHERE state = 'open'""",
            {"now": now},
        )
        open_count, overdue, oldest = cursor.fetchone()
    usage = shutil.disk_usage(settings.DATA_DIR if settings.DATA_DIR.exists() else "/")
    return Vitals(
        worker_age=float(worker) if worker is not None else None,
        queue_age=float(queue) if queue is not None else None,
        queue_waiting=waiting,
        events_age=_age(events, now),
        overdue_age=_age(oldest, now),
        overdue=overdue,
        open=open_count,
        database_bytes=size,
        connections=connections,
        disk_free=usage.free,
        disk_total=usage.total,
        calendars_missing=sum(1 for store in stores for _year in missing_years(store, today=clock.today())),
    )


def _age(moment: datetime | None, now: datetime) -> float | None:
    return (now - moment).total_seconds() if moment else None


class _House:
    """The house's gauges, worked out when they are asked for."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = look()
        for name, text, value in (
            (
                "worker_heartbeat_age_seconds",
                "Since a worker's last sign of life; absent: none was here",
                found.worker_age,
            ),
            ("queue_oldest_age_seconds", "How long the oldest due job waits", found.queue_age or 0),
            ("queue_waiting", "Jobs that are due", found.queue_waiting),
            ("events_oldest_undelivered_seconds", "How long the oldest reaction is owed", found.events_age or 0),
            ("tasks_open", "Open tasks", found.open),
            ("tasks_overdue", "Open tasks past their deadline", found.overdue),
            (
                "task_oldest_overdue_seconds",
                "How far the oldest open task is past its deadline",
                found.overdue_age or 0,
            ),
            ("calendars_missing", "Stores and years without their calendar", found.calendars_missing),
            ("database_bytes", "Size of the database", found.database_bytes),
            ("database_connections", "Connections to the database", found.connections),
            ("disk_free_bytes", "Free bytes where the data folder lies", found.disk_free),
        ):
            if value is not None:
                yield GaugeMetricFamily(f"cheban_{name}", text, value=float(value))


def exposition() -> bytes:
    """Everything in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_House())
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.MultiProcessCollector(registry)
    else:
        registry.register(_requests)
        registry.register(_answers)
    return generate_latest(registry)


def may_scrape(request: HttpRequest) -> bool:
    """With the token CHEBAN_METRICS_TOKEN from anywhere; without one only from this machine, and not through a proxy,
    behind which everybody seems to be this machine."""
    token = os.environ.get("CHEBAN_METRICS_TOKEN", "")
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if token:
        return compare_digest(given.encode(), token.encode())
    if {"X-Forwarded-For", "Forwarded", "X-Real-Ip"} & set(request.headers):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def summary() -> dict[str, str]:
    """The checks of /readyz but the database's: disk, worker, queue."""
    found = look()
    return {"disk": found.disk, "worker": found.worker, "queue": found.queue}
