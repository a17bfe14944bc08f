"""Many contacts to other people at once: previewed, spread evenly, taken back exactly. Y09, R208."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client
from hypothesis import given as for_all
from hypothesis import strategies as st

from cheban.core import clock as real_clock
from cheban.core.errors import NotFound
from cheban.lists import commands as lists
from cheban.org import absences
from cheban.org.absences import Leave
from cheban.org.presence import IsAway
from cheban.org.roles import Role
from cheban.playbook import commands, planner, reassigning, teams
from cheban.playbook.models import Task
from tests import given


@pytest.fixture
def planned(cast):
    """Ten cars whose insurance ends soon: ten contacts of the specialist."""
    for n in range(10):
        given.vehicle(
            cast.a,
            given.customer(cast.a, f"张{n}", phone=f"1380000{n:04}"),
            plate=f"沪A1230{n}",
            insurance_until=given.days(20),
        )
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    return cast


def contacts() -> list[UUID]:
    return list(Task.objects.order_by("id").values_list("contact_id", flat=True))


def who_has() -> dict:
    return dict(Task.objects.values_list("id", "assignee_id"))


def test_spread_evenly_then_taken_back_exactly(planned):
    by = planned.actor(Role.STORE_MANAGER)
    to = [planned.staff[r].id for r in (Role.CALLER, Role.SERVICE_ADVISOR, Role.SALES_CONSULTANT)]
    before = who_has()
    moved, deed = reassigning.reassign(contacts(), by=by, to=to)
    assert moved == 10
    assert sorted(list(who_has().values()).count(person) for person in to) == [3, 3, 4]
    assert lists.undo(deed.id, by=by) == ("team", 10, 10)
    assert who_has() == before
    with pytest.raises(NotFound):
        lists.undo(deed.id, by=by)


def test_what_was_done_meanwhile_stays_done_when_taken_back(planned, clock):
    by, caller = planned.actor(Role.STORE_MANAGER), planned.actor(Role.CALLER)
    _moved, deed = reassigning.reassign(contacts(), by=by, to=[caller.staff_id])
    first, second = contacts()[:2]
    commands.record_outcome(first, by=caller, outcome="settled")
    reassigning.reassign([second], by=by, to=[planned.staff[Role.SERVICE_ADVISOR].id])
    assert lists.undo(deed.id, by=by) == ("team", 8, 10)
    assert Task.objects.get(contact_id=second).assignee_id == planned.staff[Role.SERVICE_ADVISOR].id
    _moved, deed = reassigning.reassign([second], by=by, to=[caller.staff_id])
    clock.set(clock.now + timedelta(minutes=11))
    with pytest.raises(NotFound):
        lists.undo(deed.id, by=by)


def test_nobody_who_is_away_is_given_anything(planned):
    caller, now = planned.staff[Role.CALLER], real_clock.now()
    by = planned.actor(Role.STORE_MANAGER)
    absences.enter(Leave(caller.id, "leave", now, now + timedelta(days=1), {}), by=by)
    with pytest.raises(IsAway):
        reassigning.reassign(contacts(), by=by, to=[caller.id])
    assert caller.id not in {who["id"] for who in teams.loads(by, at=now)}


def test_the_preview_counts_names_and_changes_nothing(planned):
    client, before = Client(), who_has()
    client.force_login(planned.staff[Role.STORE_MANAGER], backend="cheban.site.accounts.Backend")
    page = client.post("/my-day/team/reassign/preview/", {"all": "1", "query": ""})
    assert [len(page.context[name]) for name in ("contacts", "sample")] == [10, reassigning.SAMPLE]
    assert next(w for w in page.context["people"] if w["id"] == planned.staff[Role.SERVICE_SPECIALIST].id)["open"] == 10
    assert who_has() == before
    to = planned.staff[Role.CALLER].id
    client.post("/my-day/team/reassign/", {"contacts": [str(c) for c in contacts()], "to": [str(to)]})
    assert set(who_has().values()) == {to}


@for_all(
    st.lists(st.sets(st.integers(1, 5), min_size=1), max_size=40),
    st.dictionaries(st.integers(1, 5), st.integers(0, 20), min_size=5, max_size=5),
)
def test_everybody_able_gets_their_share_and_nobody_else_any(able, load):
    given_to = reassigning.spread([(UUID(int=n), people) for n, people in enumerate(able)], load)
    assert all(given_to[UUID(int=n)] in people for n, people in enumerate(able))
    if all(people == {1, 2, 3, 4, 5} for people in able):
        have = {p: load[p] + list(given_to.values()).count(p) for p in load}
        took = [have[p] for p in load if have[p] > load[p]]
        assert not took or max(took) - min(have.values()) <= 1
