"""What open pages fetch after a change is rendered once for all who see the same, and is always what is true now."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cheban.core import clock as real
from cheban.lists import commands as lists
from cheban.lists import queries
from cheban.org import jobs, renderings, scope
from cheban.org.access import actor_for
from cheban.org.roles import Role
from cheban.playbook import handmade
from tests import given

pytestmark = pytest.mark.req("Y07")
BOARD, PARTS = "/my-day/team/", "team-tiles people list"
BACKEND = "cheban.site.accounts.Backend"
TOKEN = re.compile(r'name="csrf(?:middlewaretoken" value|-token" content)="([^"]+)"')


@pytest.fixture
def shop(committed, clock):
    found = given.cast(scoped=False)
    found.staff["second"] = given.staff(found.a, Role.STORE_MANAGER, name="副店长", login="second.a")
    with scope.use([found.a.id]):
        found.customer = given.customer(found.a, "张伟")
    return found


def desk(person) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person, backend=BACKEND)
    return client


def fetched(client: Client, path: str = BOARD, parts: str = PARTS) -> str:
    answer = client.get(path, headers={"X-Live": parts})
    assert answer.status_code == 200
    return answer.content.decode()


def without_token(text: str) -> str:
    return TOKEN.sub("", text)


def work(shop, what: str) -> None:
    """Something to do for the adviser: one more row on the board."""
    with scope.use([shop.a.id]):
        wanted = handmade.Wanted(
            key=uuid4(),
            template="hand_call",
            to=[shop.staff[Role.SERVICE_ADVISOR].id],
            what=what,
            due_at=real.now() + timedelta(minutes=15),
            customer_id=shop.customer.id,
        )
        handmade.create(wanted, by=actor_for(shop.staff[Role.STORE_MANAGER]))


def test_the_second_of_two_managers_gets_the_firsts_rendering_with_a_token_of_their_own(shop):
    work(shop, "回电")
    one, two = desk(shop.staff[Role.STORE_MANAGER]), desk(shop.staff["second"])
    with CaptureQueriesContext(connection) as whole:
        first = fetched(one)
    assert "回电" in first
    with CaptureQueriesContext(connection) as found:
        second = fetched(two)
    assert len(found) <= 8 < len(whole)  # who asks, in which stores, what they chose: nothing of the board
    assert without_token(first) == without_token(second)
    assert renderings.TOKEN not in first + second
    for client, text in ((one, first), (two, second)):
        token = TOKEN.search(text).group(1)
        answer = client.post("/my-day/team/reassign/", {"csrfmiddlewaretoken": token, "contacts": []})
        assert answer.status_code != 403
    refused = one.post("/my-day/team/reassign/", {"csrfmiddlewaretoken": "0" * 64, "contacts": []})
    assert refused.status_code == 403


def test_the_page_shows_nothing_of_a_person_beside_what_it_says(shop, settings):
    work(shop, "回电")
    first = fetched(desk(shop.staff[Role.STORE_MANAGER]))
    for each in (settings.DATA_DIR / "tmp" / "renderings").iterdir():
        each.unlink()  # so that the second is rendered for itself
    assert without_token(first) == without_token(fetched(desk(shop.staff["second"])))


def test_a_change_is_in_the_very_next_fetch(shop):
    client = desk(shop.staff[Role.STORE_MANAGER])
    assert "回电" not in fetched(client)
    work(shop, "回电")
    assert "回电" in fetched(client)


def test_what_is_kept_is_no_older_than_a_few_seconds_of_the_clock(shop, clock):
    work(shop, "回电")
    client = desk(shop.staff[Role.STORE_MANAGER])
    assert "tile-red" not in fetched(client)
    clock.set(real.now() + timedelta(minutes=20))
    assert "tile-red" in fetched(client)  # nothing was changed, and yet it is late now


def test_people_of_another_store_or_with_other_permissions_get_their_own(shop):
    work(shop, "回电")
    assert "回电" in fetched(desk(shop.staff[Role.STORE_MANAGER]))
    assert "回电" not in fetched(desk(shop.staff["outsider"]))
    caller = desk(shop.staff[Role.CALLER]).get(BOARD, headers={"X-Live": PARTS})
    assert caller.status_code == 403


def test_somebody_who_chose_other_columns_or_english_gets_their_own(shop):
    work(shop, "回电")
    one, two = desk(shop.staff[Role.STORE_MANAGER]), desk(shop.staff["second"])
    plain = fetched(one)
    with scope.use([shop.a.id]):
        by = actor_for(shop.staff["second"])
        lists.arrange(queries.spec_for("team", by), by=by, columns=[], is_dense=True)
    assert "is-dense" in fetched(two)
    assert "is-dense" not in plain
    shop.staff["second"].language = "en"
    shop.staff["second"].save()
    assert "待办" not in fetched(two)


def test_what_is_kept_on_the_disk_is_sealed(shop, settings):
    work(shop, "回电")
    fetched(desk(shop.staff[Role.STORE_MANAGER]))
    kept = list((settings.DATA_DIR / "tmp" / "renderings").iterdir())
    assert kept
    assert all("张伟".encode() not in each.read_bytes() and each.stat().st_mode & 0o077 == 0 for each in kept)


def test_what_is_kept_is_gone_after_a_minute_though_nobody_asks_again(shop, settings):
    fetched(desk(shop.staff[Role.STORE_MANAGER]))
    folder = settings.DATA_DIR / "tmp" / "renderings"
    for each in folder.iterdir():
        os.utime(each, (each.stat().st_mtime - 61,) * 2)
    jobs.sweep_renderings(timestamp=0)
    assert list(folder.iterdir()) == []


def test_what_can_not_be_opened_is_rendered_again(shop, settings):
    work(shop, "回电")
    client = desk(shop.staff[Role.STORE_MANAGER])
    whole = fetched(client)
    for each in (settings.DATA_DIR / "tmp" / "renderings").iterdir():
        each.write_bytes(each.read_bytes()[:100])
    assert without_token(fetched(client)) == without_token(whole)
