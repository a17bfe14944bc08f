"""Open pages hear of changes within a second, of what they may see and of nothing else. Y07, reliability A 12."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from urllib.parse import quote, urlsplit

import pytest
from django.db import connection, transaction
from django.test import Client

from cheban.core import live
from cheban.org import commands as org
from cheban.org import scope
from cheban.org.access import system_actor
from cheban.org.roles import Role
from cheban.site.streams import tickets
from tests import given, serving


class Listening:
    """An open stream read by a thread: (event, data, moment) as they come."""

    def __init__(self, address: str, ticket: str) -> None:
        where = urlsplit(address)
        self.socket = socket.create_connection((where.hostname, where.port), timeout=30)
        self.socket.sendall(f"GET /live/?ticket={quote(ticket)} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
        self.lines = self.socket.makefile("rb")
        self.status = int(self.lines.readline().split()[1])
        self.heard: list[tuple[str, str, float]] = []
        self.is_over = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        name = "message"
        with contextlib.suppress(OSError, ValueError):
            while (line := self.lines.readline()) not in (b"", b"0\r\n"):  # the last chunk is empty
                key, _sep, value = line.decode().strip().partition(": ")
                if key == "event":
                    name = value
                elif key == "data":
                    self.heard.append((name, value, time.monotonic()))
                    name = "message"
        self.is_over.set()

    def close(self) -> None:
        """The page is closed."""
        self.socket.shutdown(socket.SHUT_RDWR)

    def waits_for(self, what: str, *, seconds: float = 5) -> float:
        """The moment `what` was heard; fails when it does not come."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for name, data, at in list(self.heard):
                if what == name or what in data.split():
                    return at
            time.sleep(0.005)
        raise AssertionError(f"{what} was not heard, only {self.heard}")


def ticket_for(staff, *topics: str) -> str:
    return tickets.seal(tickets.Ticket(staff.pk, topics))


@pytest.fixture
def house(committed, clock):
    with transaction.atomic():
        cast = given.cast()
    return cast


@pytest.fixture
def address(house):
    with serving.web() as found:
        yield found


def announce(topic: str, id) -> float:
    with transaction.atomic():
        live.announce(topic, id)
        at = time.monotonic()
    return at


def test_a_ticket_carries_only_what_one_may_see(cast):
    mine, theirs = given.customer(cast.a), None
    scope.set_stores([cast.b.id])
    theirs = given.customer(cast.b, "李外", phone="13900001111")
    scope.set_stores([cast.a.id])
    advisor = cast.staff[Role.SERVICE_ADVISOR]
    wanted = [
        f"customer:{mine.id}", f"customer:{theirs.id}", f"store:{cast.a.id}", f"store:{cast.b.id}", f"day:{advisor.id}",
        f"day:{cast.staff[Role.CALLER].id}", "customer:nonsense", "nonsense:1", f"staff:{advisor.id}", "store:", "",
    ]  # fmt: skip
    assert live.allowed(cast.actor(Role.SERVICE_ADVISOR), wanted) == [f"customer:{mine.id}", f"day:{advisor.id}"]
    manager = live.allowed(cast.actor(Role.STORE_MANAGER), wanted)
    assert f"store:{cast.a.id}" in manager and f"store:{cast.b.id}" not in manager


def test_the_ticket_window_answers_like_any_page(cast):
    person = cast.staff[Role.STORE_MANAGER]
    client = Client()
    path, body = "/live/ticket/", json.dumps({"topics": [f"store:{cast.a.id}", f"store:{cast.b.id}"]})
    assert client.post(path, body, content_type="application/json").status_code == 302  # nobody signed in
    client.force_login(person)
    answer = client.post(path, body, content_type="application/json")
    assert answer.json()["topics"] == [f"store:{cast.a.id}"]
    assert tickets.read(answer.json()["ticket"]) == tickets.Ticket(person.pk, (f"store:{cast.a.id}",))
    assert client.post(path, "no json", content_type="application/json").json()["topics"] == []


def test_a_page_that_refreshes_by_itself_keeps_no_desk_open(cast):
    client = Client()
    client.force_login(cast.staff[Role.STORE_MANAGER])
    assert "seen" not in client.get("/customers/", headers={"X-Live": "1"}).cookies
    assert "seen" in client.get("/customers/").cookies


def test_a_forged_or_stale_ticket_opens_nothing(house, address, clock):
    staff = house.staff[Role.STORE_MANAGER]
    good = ticket_for(staff, f"store:{house.a.id}")
    assert Listening(address, good[:-2] + "xx").status == 401
    assert Listening(address, "").status == 401
    assert Listening(address, good).status == 200


def test_what_others_change_is_heard_within_a_second_and_foreign_things_never(house, address):
    mine = Listening(address, ticket_for(house.staff[Role.STORE_MANAGER], f"store:{house.a.id}"))
    other = Listening(address, ticket_for(house.staff["outsider"], f"store:{house.b.id}"))
    time.sleep(0.3)
    told = announce("store", house.a.id)
    assert mine.waits_for(f"store:{house.a.id}") - told < 1
    with contextlib.suppress(RuntimeError), transaction.atomic():
        live.announce("store", house.b.id)
        raise RuntimeError("rolled back")
    time.sleep(0.3)
    assert other.heard == []


def test_a_changed_role_and_a_stopped_account_end_the_stream(house, address):
    person = house.staff[Role.CALLER]
    by = system_actor([house.a.id])
    for deed in (
        lambda: org.set_roles(person, by=by, roles=[(house.a.id, Role.TECHNICIAN)]),
        lambda: org.set_active(person, by=by, is_active=False),
    ):
        stream = Listening(address, ticket_for(person, f"day:{person.pk}"))
        time.sleep(0.3)
        with scope.use([house.a.id]):
            deed()
        stream.waits_for("over")
        assert stream.is_over.wait(2)
        announce("day", person.pk)
        time.sleep(0.2)
        assert [name for name, _data, _at in stream.heard] == ["over"]


def test_after_the_database_was_away_every_page_fetches_itself(house, address):
    stream = Listening(address, ticket_for(house.staff[Role.STORE_MANAGER], f"store:{house.a.id}"))
    time.sleep(0.3)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query = 'LISTEN cheban_live'"
        )
        [ended] = cursor.fetchone()
    assert ended == 1
    stream.waits_for("again", seconds=8)
    told = announce("store", house.a.id)
    assert stream.waits_for(f"store:{house.a.id}") >= told - 1


def test_two_hundred_open_pages_hear_within_a_second_and_cost_no_connections(house, address):
    def connected() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN cheban_live'")
            return cursor.fetchone()[0]

    staff = house.staff[Role.STORE_MANAGER]
    streams = [Listening(address, ticket_for(staff, f"store:{house.a.id}", f"day:{n}")) for n in range(200)]
    assert all(stream.status == 200 for stream in streams)
    time.sleep(0.5)
    assert connected() == 1
    took = []
    for _ in range(3):
        for stream in streams:
            stream.heard.clear()
        told = announce("store", house.a.id)
        took += [stream.waits_for(f"store:{house.a.id}") - told for stream in streams]
    took.sort()
    assert took[int(len(took) * 0.95)] < 1
    for stream in streams:
        stream.close()


def test_the_server_stops_at_once_with_streams_open(house):
    with serving.web() as address:
        streams = [Listening(address, ticket_for(house.staff[Role.CALLER], "day:1")) for _ in range(20)]
        time.sleep(0.3)
        began = time.monotonic()
    assert time.monotonic() - began < 4
    assert all(stream.is_over.wait(2) for stream in streams)


def test_an_undeclared_topic_cannot_be_announced(cast):
    with pytest.raises(KeyError, match="nonsense"):
        live.announce("nonsense", 1)
