"""A silent worker is noticed by a path that does not need it, told once, and its return too. Reliability H."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import caches
from django.db import connection

from cheban.core import slots
from cheban.core.models import Outage
from cheban.messaging.channels import Accepted
from cheban.messaging.models import InboxItem, Message
from cheban.org import scope
from cheban.org.roles import Role
from cheban.site import watch
from tests import given

LONG = 3600.0


def heartbeat(seconds_ago: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - make_interval(secs => %s))",
            [seconds_ago],
        )


@pytest.fixture(autouse=True)
def nothing_remembered():
    caches["process"].delete("outage")
    yield
    caches["process"].delete("outage")


def notices(staff) -> list[str]:
    return list(InboxItem.objects.filter(staff_id=staff.id).order_by("id").values_list("kind", flat=True))


@pytest.mark.req("Y07")
def test_a_silent_worker_is_told_once_and_its_return_too(cast):
    manager, advisor = cast.staff[Role.STORE_MANAGER], cast.staff[Role.SERVICE_ADVISOR]
    heartbeat(59)
    assert watch.look(up_seconds=LONG) is None
    heartbeat(75)
    for _ in range(3):
        assert watch.look(up_seconds=LONG).what == "worker"
    scope.set_stores([cast.a.id, cast.b.id])
    assert notices(manager) == ["house.worker_silent"]
    assert notices(advisor) == []
    assert Message.objects.filter(kind="house.worker_silent", store_id=cast.a.id).get().state == "paper"
    heartbeat(2)
    assert watch.look(up_seconds=LONG) is None
    scope.set_stores([cast.a.id, cast.b.id])
    assert notices(manager) == ["house.worker_silent", "house.worker_back"]
    assert Outage.objects.get().ended_at is not None


def test_a_house_that_has_just_started_waits_for_its_worker(cast):
    assert watch.look(up_seconds=20) is None
    assert watch.look(up_seconds=61) is not None


def test_the_stores_group_hears_of_it_through_its_channel_without_a_worker(cast, monkeypatch):
    sent: list[tuple[str, str]] = []

    class Robot:
        def send(self, letter):
            sent.append((letter.request_id, letter.text))
            return Accepted("r1")

        def status(self, letter):
            return None

    account = lambda store_id, name: Robot() if store_id == cast.a.id else None  # noqa: E731
    monkeypatch.setitem(slots._providers, "messaging.channel", account)
    heartbeat(600)
    watch.look(up_seconds=LONG)
    assert len(sent) == 1
    assert "没有回应" in sent[0][1]
    scope.set_stores([cast.a.id])
    told = Message.objects.get(kind="house.worker_silent", channel="robot")
    assert (told.state, told.id.hex, told.provider_id) == ("sent", sent[0][0], "r1")


def test_many_processes_notice_one_outage_once(committed):
    cast = given.cast(scoped=False)
    heartbeat(300)

    def look(_: int) -> None:
        watch.look(up_seconds=LONG)
        connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(look, range(12)))
    assert Outage.objects.count() == 1
    with scope.use([cast.a.id]):
        assert Message.objects.filter(kind="house.worker_silent").count() == 1


def test_those_who_run_the_store_see_it_on_every_page_and_others_do_not(cast, client):
    heartbeat(300)
    watch.look(up_seconds=LONG)
    for role, sees in ((Role.STORE_MANAGER, True), (Role.SERVICE_ADVISOR, False)):
        client.force_login(cast.staff[role])
        assert ("没有回应" in client.get("/my-day/").content.decode()) is sees
