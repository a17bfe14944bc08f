"""The second path: web processes see that the worker is silent, and say so without it. Reliability H; at most 2 minutes.

Every web process looks each quarter of a minute; a lock in the database lets one of them act, and a constraint keeps an
outage from being told twice. `cheban run` starts a worker that hangs again by itself (cheban.cli.run); this is for the
day when that does not help, and for installations where something else keeps the processes.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog
from django.core.cache import caches
from django.db import connection, transaction

from cheban.core import clock
from cheban.core.models import Outage
from cheban.messaging import commands, kinds, sending
from cheban.messaging.commands import Owed
from cheban.org import queries as org
from cheban.org import scope
from cheban.org.roles import Role
from cheban.site.vitals import WORKER_DEAD_SECONDS

log = structlog.get_logger("cheban.watch")
EVERY_SECONDS = 15
WORKER = "worker"
TOLD = (Role.GROUP_ADMIN, Role.OPERATIONS, Role.STORE_MANAGER)
ZONE = ZoneInfo("Asia/Shanghai")


def start() -> threading.Event:
    """Look in a thread of its own until the returned event is set."""
    over = threading.Event()
    threading.Thread(target=_go_on, args=(over,), name="watch", daemon=True).start()
    return over


def _go_on(over: threading.Event) -> None:
    began = time.monotonic()
    while not over.wait(EVERY_SECONDS):
        try:
            look(up_seconds=time.monotonic() - began)
        except Exception as error:  # the database may be away; the watch must outlive it
            log.error("watch failed", error=type(error).__name__)
        finally:
            connection.close()


def look(*, up_seconds: float) -> Outage | None:
    """Notice that the worker fell silent, or that it is back, and tell it once; returns the outage that goes on.

    `up_seconds`: for how long this process has been there: a house that has just started has no worker yet.
    """
    owed: list[Owed] = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('cheban.watch', 0))")
        if not cursor.fetchone()[0]:
            return current()  # another process is looking at this moment
        cursor.execute("SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers")
        age = cursor.fetchone()[0]
        silent = min(float(age), 10**6) if age is not None else up_seconds
        going_on = Outage.objects.filter(what=WORKER, ended_at=None).first()
        at = clock.now()
        if silent > WORKER_DEAD_SECONDS and going_on is None:
            going_on = Outage.objects.create(what=WORKER, began_at=at - timedelta(seconds=silent), noticed_at=at)
            owed = _tell(going_on, kinds.WORKER_SILENT.code, since=f"{going_on.began_at.astimezone(ZONE):%H:%M}")
            log.error("worker silent", seconds=round(silent))
        elif silent <= WORKER_DEAD_SECONDS and going_on is not None and age is not None:
            going_on.ended_at = at
            going_on.save(update_fields=["ended_at"])
            minutes = max(1, round((at - going_on.began_at).total_seconds() / 60))
            owed = _tell(going_on, kinds.WORKER_BACK.code, minutes=minutes)
            log.warning("worker back", minutes=minutes)
            going_on = None
    for each in owed:
        sending.send_now(each)
    caches["process"].delete("outage")
    return going_on


def _tell(outage: Outage, kind: str, **facts: str | int) -> list[Owed]:
    """Put it into the inboxes of those who can act; returns what the stores' groups are owed."""
    stores = org.store_ids()
    if not stores:
        return []
    key = f"{kind}:{outage.id}"
    with scope.use(stores):
        for store_id in stores:  # a person of several stores has it once: the key is the outage
            commands.notify(commands.people(store_id, *TOLD), key=key, kind=kind, store_id=store_id, **facts)
    return [Owed(key=key, kind=kind, channel="robot", store_id=store_id, facts=facts) for store_id in stores]


def current() -> Outage | None:
    """The outage that goes on, for the pages' frame; asked at most every quarter of a minute by a process."""
    return caches["process"].get_or_set(
        "outage", lambda: Outage.objects.filter(what=WORKER, ended_at=None).first(), EVERY_SECONDS
    )
