"""200 people with a page open in four stores, one change that all of them show: how long until each page has fetched it.

What a browser does (frontend/js/live.js): a ticket, a stream, and after the news a short pause and one request for the
parts that changed. Every figure is from the commit of the change to the last byte of the page. Twice: 200 team boards,
and half of them boards, half of them the days of 100 people, no two alike; the change is what a daily plan announces.
Y07, decisions 29 and 37.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from bench import pages

PEOPLE, STORES, ROUNDS, BOUND_MS = 200, 4, 5, 1000
SETTLE = 0.12
"""As in live.js: several announcements of one deed become one request."""
CONTACTS = 14
"""Open tasks of each person whose day is looked at; as many things as the day of the design has."""
CONNECTIONS = 24
"""Six web processes of two threads, each with one that listens, and those of the bench itself."""
PAUSE = 4.0
"""Between rounds: every page has fetched, the server rests."""
PARTS = {"/my-day/": "day-title day-list", "/my-day/team/": "team-tiles people list"}


@dataclass
class Page:
    """One open page."""

    who: tuple[str, str]
    path: str
    topics: list[str]
    heard: list[float] = field(default_factory=list)
    fetched: list[float] = field(default_factory=list)
    fetching: asyncio.Task | None = None

    def headers(self) -> str:
        return f"Host: 127.0.0.1:{pages.PORT}\r\nCookie: sessionid={self.who[0]}; csrftoken={self.who[1]}\r\nX-CSRFToken: {self.who[1]}\r\n"


async def _ask(page: Page, line: str, more: str = "", body: str = "") -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", pages.PORT)
    head = f"{line} HTTP/1.1\r\n{page.headers()}{more}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    writer.write(head.encode())
    answer = await reader.read()
    writer.close()
    top, _sep, rest = answer.partition(b"\r\n\r\n")
    return int(top.split()[1]), rest


async def _open(page: Page, ready: asyncio.Event) -> None:
    """A ticket, then the stream; for each piece of news one request for the page's parts."""
    body = json.dumps({"topics": page.topics})
    status, answer = await _ask(page, "POST /live/ticket/", "Content-Type: application/json\r\n", body)
    found = answer[answer.index(b"{") : answer.rindex(b"}") + 1]
    if status != 200:
        raise OSError(f"ticket: {status}")
    reader, writer = await asyncio.open_connection("127.0.0.1", pages.PORT)
    writer.write(
        f"GET /live/?ticket={json.loads(found)['ticket']} HTTP/1.1\r\nHost: 127.0.0.1:{pages.PORT}\r\n\r\n".encode()
    )
    ready.set()
    try:
        while line := await reader.readline():
            if line.startswith(b"data: ") and (page.fetching is None or page.fetching.done()):
                page.heard.append(time.monotonic())
                page.fetching = asyncio.create_task(_fetch(page))
    finally:
        writer.close()


async def _fetch(page: Page) -> None:
    await asyncio.sleep(SETTLE)
    status, _body = await _ask(page, f"GET {page.path}", f"X-Live: {PARTS[page.path]}\r\n")
    if status != 200:
        raise OSError(f"{page.path}: {status}")
    page.fetched.append(time.monotonic())


def _people(store_ids: list[int], *, days: bool) -> list[Page]:
    """Managers' boards, or a manager's board and an adviser's day by turns."""
    from cheban.org.models import Staff, StaffRole
    from cheban.org.roles import Role

    found = []
    for number in range(PEOPLE):
        store = store_ids[number % len(store_ids)]
        is_manager = not days or (number // len(store_ids)) % 2 == 0
        staff = Staff.objects.create_user(f"live{number}{days}", None, name=f"员工{number}")
        StaffRole.objects.create(
            staff=staff, store_id=store, role=Role.STORE_MANAGER if is_manager else Role.SERVICE_ADVISOR
        )
        if not is_manager:
            _give_work(staff.pk, store, number)
        topics = [f"store:{store}"] if is_manager else [f"day:{staff.pk}", f"plan:{store}"]
        found.append(Page(pages.session_of(staff), "/my-day/team/" if is_manager else "/my-day/", topics))
    return found


def _give_work(staff_id: int, store_id: int, number: int) -> None:
    """A day that is not empty: tasks of the plan, each person's own."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute(
            """UPDATE playbook_task SET assignee_id = %s WHERE (id, store_id) IN (
                 SELECT id, store_id FROM playbook_task WHERE store_id = %s AND state = 'open' AND starts_at < now()
                 ORDER BY id LIMIT %s OFFSET %s)""",
            [staff_id, store_id, CONTACTS, number * CONTACTS],
        )


def _connections() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
        return cursor.fetchone()[0]


def _change(store_ids: list[int]) -> float:
    """What a daily plan tells; the moment of its commit."""
    from django.db import transaction

    from cheban.core import live

    with transaction.atomic():
        for store in store_ids:
            live.announce("store", store)
            live.announce("plan", store)
    return time.monotonic()


async def _run(opened: list[Page], store_ids: list[int]) -> dict[str, list[float]]:
    loop, own = asyncio.get_running_loop(), ThreadPoolExecutor(max_workers=1)  # one connection of the bench's own

    def ask(does: Callable[..., Any], *with_: Any) -> asyncio.Future:
        return loop.run_in_executor(own, does, *with_)

    found: dict[str, list[float]] = {"heard": [], "fetched": [], "connections": []}
    for page in opened:  # every page has been looked at once: the server's threads have their connections
        await _ask(page, f"GET {page.path}")
    found["connections"].append(await ask(_connections))
    ready = [asyncio.Event() for _ in opened]
    streams = [asyncio.create_task(_open(page, event)) for page, event in zip(opened, ready, strict=True)]
    for event in ready:
        await asyncio.wait_for(event.wait(), 120)
    await asyncio.sleep(1)
    found["connections"].append(await ask(_connections))
    for _ in range(ROUNDS):
        for page in opened:
            page.heard.clear(), page.fetched.clear()
        at = await ask(_change, store_ids)
        most, until = 0, time.monotonic() + 60
        while any(not page.fetched for page in opened) and time.monotonic() < until:
            most = max(most, await ask(_connections))
            await asyncio.sleep(0.05)
        found["heard"] += [(page.heard[0] - at) * 1000 for page in opened if page.heard]
        found["fetched"] += [(page.fetched[0] - at) * 1000 if page.fetched else 60_000 for page in opened]
        found["connections"].append(most)
        await asyncio.sleep(PAUSE)
    for stream in streams:
        stream.cancel()
    return found


def measure(store_ids: list[int], *, days: bool) -> dict[str, list[float]]:
    """Milliseconds from the commit until the news (`heard`) and the page (`fetched`); database connections before, with
    the streams open, and the most of each round."""
    chosen = store_ids[:STORES]
    opened, server = _people(chosen, days=days), pages.serve()
    try:
        return asyncio.run(_run(opened, chosen))
    finally:
        server.terminate()
        server.wait(timeout=20)


def part(store_ids: list[int], row: Callable[..., str]) -> list[str]:
    """Lines for the page of benchmarks."""
    lines = []
    for days, what in ((False, f"{PEOPLE} open boards"), (True, f"{PEOPLE // 2} open boards and {PEOPLE // 2} days")):
        found = measure(store_ids, days=days)
        before, with_streams, *during = found["connections"]
        heard, fetched = pages.p95(found["heard"]), pages.p95(found["fetched"])
        median = statistics.median(found["fetched"])
        lines += [
            row(f"live: {what} hear of a change, p95", f"{heard:.0f} ms", f"<= {BOUND_MS} ms", heard <= BOUND_MS),
            row(
                f"live: {what} have fetched it, p95 (median {median:.0f} ms)",
                f"{fetched:.0f} ms",
                f"<= {BOUND_MS} ms",
                fetched <= BOUND_MS,
            ),
            row(
                f"live: database connections before, with {PEOPLE} streams, at most while they fetch",
                f"{before:.0f}, {with_streams:.0f}, {max(during):.0f}",
                f"{CONNECTIONS} in all: two threads and a listener for each web process, whatever the pages",
                max(during) <= CONNECTIONS,
            ),
        ]
    return lines
