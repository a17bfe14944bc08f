"""The wall board: what it shows, what it never shows, and who opens it. R208."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from cheban.core import clock as real_clock
from cheban.core.errors import NotFound, NotPermitted
from cheban.org import scope
from cheban.org.roles import Role
from cheban.playbook import handmade, ladder, planner, wall
from cheban.playbook.models import Task, WallLink
from tests import given


@pytest.fixture
def busy(cast, clock):
    """Six contacts of which one is reported up; an hour later than planned."""
    for n in range(6):
        customer = given.customer(cast.a, f"欧阳娜{n}", phone=f"1380000{n:04}")
        given.vehicle(cast.a, customer, plate=f"沪A8234{n}", insurance_until=given.days(5))
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    Task.objects.update(due_at=real_clock.now() + timedelta(hours=2))
    late, soon = Task.objects.order_by("id")[:2]
    Task.objects.filter(id=late.id).update(
        due_at=real_clock.now() - timedelta(hours=1), escalate_at=real_clock.now() - timedelta(minutes=1)
    )
    Task.objects.filter(id=soon.id).update(due_at=real_clock.now() + timedelta(minutes=30))
    ladder.escalate_overdue(at=real_clock.now())
    return cast


def shown(cast):
    return wall.board(cast.a, at=real_clock.now())


def test_it_counts_late_soon_alarms_and_load(busy):
    found = shown(busy)
    assert [found[name] for name in ("open", "late", "soon", "alarms")] == [6, 1, 1, 1]
    assert found["oldest"] == real_clock.now() - timedelta(hours=1)
    assert [(row["level"], row["is_late"]) for row in found["rows"]] == [(1, True), (0, False)]
    assert found["rows"][0]["told"] == busy.staff[Role.STORE_MANAGER].name
    (load,) = found["load"]
    assert (load["name"], load["open"], load["late"]) == (busy.staff[Role.SERVICE_SPECIALIST].name, 6, 1)


def test_it_names_nobody_beyond_a_surname_and_the_end_of_a_plate(busy):
    by = busy.actor(Role.STORE_MANAGER)
    customer = Task.objects.order_by("due_at").first().customer_id
    handmade.create(
        handmade.Wanted(
            key=customer, template="hand_safety", to=[by.staff_id], what="王小明刹车失灵", customer_id=customer
        ),
        by=by,
    )
    link = wall.make_link("前台", by=by, store_id=busy.a.id)
    text = Client().get(f"/wall/show/{wall.token_of(link)}/").content.decode()
    assert "欧阳" in text
    for secret in ("欧阳娜", "沪A", "8234", "1380000", "王小明", str(customer)):
        assert secret not in text


def test_a_television_sees_one_store_until_the_link_is_revoked(busy):
    by = busy.actor(Role.STORE_MANAGER)
    link = wall.make_link(" 前台 ", by=by, store_id=busy.a.id)
    address = f"/wall/show/{wall.token_of(link)}/"
    television = Client()
    answer = television.get(address)
    assert (answer.status_code, answer["Cache-Control"], answer["Referrer-Policy"]) == (200, "no-store", "no-referrer")
    assert WallLink.objects.get().seen_at == real_clock.now()
    assert television.post(address).status_code == 405
    assert television.get("/wall/").status_code == 302
    assert television.get(address[:-3] + "xx/").status_code == 404
    wall.revoke_link(link.id, by=by)
    assert television.get(address).status_code == 404
    gone = television.get(address, headers={"HX-Request": "true"})
    assert (gone.status_code, gone["HX-Refresh"]) == (404, "true")


def test_a_link_of_one_store_never_opens_another(busy):
    link = wall.make_link("前台", by=busy.actor(Role.STORE_MANAGER), store_id=busy.a.id)
    link.store_id = busy.b.id  # as if the store in a signed link were another
    assert Client().get(f"/wall/show/{wall.token_of(link)}/").status_code == 404
    scope.set_stores([busy.a.id])
    with pytest.raises(NotFound):
        wall.make_link("x", by=busy.actor(Role.STORE_MANAGER), store_id=busy.b.id)
    with pytest.raises(NotPermitted):
        wall.make_link("x", by=busy.actor(Role.QUALITY_CONTROL), store_id=busy.a.id)


def test_it_asks_as_often_however_much_is_open(busy, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        shown(busy)
