"""The team's list: one row for each contact, filters and orders as in every list, moved and taken back as before. Y09."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from cheban.core import clock as real_clock
from cheban.lists import paging, state
from cheban.org import scope
from cheban.org.roles import Role
from cheban.playbook.lists import SPEC
from cheban.playbook.models import Task
from tests import given

BACKEND = "cheban.site.accounts.Backend"


def _task(cast, customer, *, contact, rule="birthday", hours=5, **fields) -> Task:
    return Task.objects.create(
        store=cast.a, rule=rule, duty="greet", role=Role.CALLER, customer_id=customer.id, subject_id=customer.id,
        occasion_on=given.days(0), due_on=given.days(0), contact_id=contact, starts_at=real_clock.now(),
        due_at=real_clock.now() + timedelta(hours=hours), planned_on=given.days(0), **fields,
    )  # fmt: skip


@pytest.fixture
def work(cast):
    """Two reasons to call 单红 (one contact), one to call 李四 (late, of nobody)."""
    caller = cast.staff[Role.CALLER].id
    red, li = given.customer(cast.a, "单红"), given.customer(cast.a, "李四", phone="13900000001")
    first, second = "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"
    _task(cast, red, contact=first, assignee_id=caller, hours=5, value_fen=900)
    _task(cast, red, contact=first, assignee_id=caller, hours=3, rule="maintenance_due", escalation=1)
    _task(cast, li, contact=second, hours=-2, value_fen=500)
    cast.client = Client()
    cast.client.force_login(cast.staff[Role.STORE_MANAGER], backend=BACKEND)
    return cast


def _names(work, query: str) -> list[str]:
    page = work.client.get(f"/my-day/team/?{query}")
    assert page.status_code == 200
    return [row.contact.customer_name for row in page.context["rows"]]


@pytest.mark.req("Y09", "R208")
def test_each_contact_is_one_row_the_most_urgent_first(work):
    assert _names(work, "all=1") == ["李四", "单红"]
    for query, names in (
        ("only=late", ["李四"]),
        ("only=unassigned", ["李四"]),
        ("only=escalated", ["单红"]),
        (f"person={work.staff[Role.CALLER].id}", ["单红"]),
        ("person=0", ["李四"]),
        ("rule=birthday", ["李四", "单红"]),
        ("rule=maintenance_due", ["单红"]),
        ("q=shan", ["单红"]),
        ("q=sh", ["单红"]),
        ("q=没有", []),
        ("due=today", ["李四", "单红"]),
        ("sort=due", ["单红", "李四"]),
        ("snoozed=1", []),
    ):
        assert _names(work, query) == names, query


def test_the_whole_list_as_filtered_is_moved_and_the_page_comes_back_as_it_was(work):
    look = work.client.post("/my-day/team/reassign/preview/", {"all": "1", "query": "only=unassigned"})
    assert [c.customer_name for c in look.context["contacts"]] == ["李四"] and look.context[
        "query"
    ] == "only=unassigned"
    to = work.staff[Role.SERVICE_ADVISOR].id
    done = work.client.post(
        "/my-day/team/reassign/",
        {"contacts": [str(c.id) for c in look.context["contacts"]], "to": [str(to)], "query": "only=unassigned"},
    )
    assert done["Location"] == "/my-day/team/?only=unassigned"
    scope.set_stores([work.a.id])
    assert Task.objects.filter(assignee_id=to).count() == 1


def test_the_list_goes_out_as_a_file_and_can_be_a_view(work):
    page = work.client.get("/my-day/team/?only=late").content.decode()
    assert "/exports/new/team/?only=late" in page and "/lists/team/views/" in page
    saved = work.client.post("/lists/team/views/", {"query": "only=late", "name": "先处理", "shared": "1"})
    assert saved["Location"].startswith("/my-day/team/?view=")
    assert "先处理" in work.client.get("/my-day/team/?all=1").content.decode()


def test_the_page_costs_the_same_queries_whatever_its_length(work, django_assert_max_num_queries):
    work.client.get("/my-day/team/?all=1")
    for n in range(60):
        who = given.customer(work.a, f"张{n}", phone=f"137{n:08d}")
        _task(work, who, contact=f"00000000-0000-7000-8000-1{n:011d}", hours=n)
    with django_assert_max_num_queries(32):
        assert len(_names(work, "all=1")) == 50
    asked = state.read(SPEC, {"sort": "due.up"}, [work.a.id])
    assert paging.count(SPEC, asked, today=timezone.localdate()) == (62, False)
