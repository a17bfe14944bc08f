"""Tasks written by hand: for whom, until when, never twice; several people, one occasion. R090, R208."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from cheban.core import clock as real_clock
from cheban.core.errors import NotFound
from cheban.core.models import Event
from cheban.org import absences, dispatch, scope
from cheban.org.absences import Leave
from cheban.org.presence import IsAway
from cheban.org.roles import Role
from cheban.playbook import commands, contacts, handmade, ladder, queries
from cheban.playbook.handmade import Wanted
from cheban.playbook.models import Task
from tests import given


@pytest.fixture
def wanted(cast):
    """The advisor wants the caller to tell a customer that the spare key lies ready."""
    cast.customer = given.customer(cast.a)
    return Wanted(
        key=uuid4(),
        template="hand_call",
        to=[cast.staff[Role.CALLER].id],
        what="备用钥匙到了",
        customer_id=cast.customer.id,
    )


def make(cast, wanted: Wanted) -> list[Task]:
    return handmade.create(wanted, by=cast.actor(Role.SERVICE_ADVISOR))


def test_it_stands_in_the_day_of_its_person_and_on_the_customers_page(cast, wanted):
    made = make(cast, wanted)
    caller, at = cast.actor(Role.CALLER), real_clock.now()
    row = queries.my_day(caller, at=at)["groups"][0].contacts[0]
    assert (row.id, row.title) == (made[0].contact_id, "联系客户 · 备用钥匙到了")
    assert contacts.contact(row.id, caller, at=at)["headline"] == "备用钥匙到了"
    assert [r.id for r in contacts.tasks_of_customer(cast.customer.id, at=at)] == [row.id]
    commands.record_outcome(row.id, by=caller, outcome="settled")
    assert Task.objects.get().state == "done"


def test_a_form_sent_twice_makes_it_once(cast, wanted, clock):
    first = make(cast, wanted)
    clock.set(clock.now + timedelta(days=1))
    assert [t.id for t in make(cast, wanted)] == [t.id for t in first]
    assert (Task.objects.count(), Event.objects.filter(name="task.created").count()) == (1, 1)
    make(cast, replace(wanted, key=uuid4()))  # another form: the same words may be meant twice
    assert Task.objects.count() == 2


def test_the_time_limit_is_the_templates_or_ones_own_and_the_way_up_follows(cast, wanted):
    (usual,) = make(cast, wanted)
    later = real_clock.now() + timedelta(days=4)
    (chosen,) = make(cast, replace(wanted, key=uuid4(), due_at=later))
    assert usual.due_at < chosen.due_at == later
    assert chosen.due_at < chosen.escalate_at
    assert usual.due_at < usual.escalate_at


def test_a_safety_matter_takes_its_own_minutes_and_reaches_the_manager(cast, wanted, clock):
    urgent = replace(wanted, template="hand_safety", due_at=real_clock.now() + timedelta(days=4))
    (task,) = make(cast, urgent)
    assert task.due_at - task.starts_at == timedelta(minutes=5)
    for _minute in range(16):
        clock.set(real_clock.now() + timedelta(minutes=1))
        ladder.escalate_overdue(at=real_clock.now())
    told = list(Event.objects.filter(name="task.escalated").order_by("id").values_list("facts__to", flat=True))
    roles = (Role.SERVICE_ADVISOR, Role.STORE_MANAGER, Role.GROUP_ADMIN)
    assert told == [cast.staff[role].id for role in roles]


def test_several_people_have_a_part_each_and_it_is_done_when_all_are(cast, wanted):
    one, two = cast.actor(Role.CALLER), cast.actor(Role.SALES_CONSULTANT)
    parts = make(cast, replace(wanted, to=[one.staff_id, two.staff_id]))
    of = {t.assignee_id: t.contact_id for t in parts}
    shown = contacts.contact(of[one.staff_id], one, at=real_clock.now())["parts"]
    assert {(p["name"], p["state"]) for p in shown} == {(one.name, "open"), (two.name, "open")}
    commands.record_outcome(of[one.staff_id], by=one, outcome="settled")
    dispatch.run_pending()
    assert not Event.objects.filter(name="task.joint_done").exists()
    shown = contacts.contact(of[two.staff_id], two, at=real_clock.now())["parts"]
    assert {(p["name"], p["state"]) for p in shown} == {(one.name, "done"), (two.name, "open")}
    (action,) = contacts.next_actions(contacts.tasks_of_customer(cast.customer.id, at=real_clock.now()), two)
    assert len(action["parts"]) == 2
    commands.record_outcome(of[two.staff_id], by=two, outcome="settled")
    dispatch.run_pending()
    assert Event.objects.get(name="task.joint_done").customer_id == cast.customer.id


def test_what_cannot_be_is_refused(cast, wanted):
    second = given.staff(cast.a, Role.CALLER, login="second")
    scope.set_stores([cast.b.id])
    elsewhere = given.customer(cast.b, phone="13900000000")
    scope.set_stores([cast.a.id])
    caller, now = cast.staff[Role.CALLER], real_clock.now()
    for change, refusal in (
        ({"what": "  "}, commands.NeedsMore),
        ({"to": []}, commands.NeedsMore),
        ({"template": "birthday"}, commands.NeedsMore),
        ({"to": [caller.id, second.id]}, commands.NeedsMore),
        ({"due_at": now - timedelta(hours=1)}, commands.NeedsMore),
        ({"to": [cast.staff["outsider"].id]}, NotFound),
        ({"to": [cast.staff[Role.CASHIER].id]}, NotFound),
        ({"customer_id": elsewhere.id}, NotFound),
    ):
        with pytest.raises(refusal):
            make(cast, replace(wanted, **change))
    absences.enter(Leave(caller.id, "leave", now, now + timedelta(days=1), {}), by=cast.actor(Role.STORE_MANAGER))
    with pytest.raises(IsAway):
        make(cast, wanted)
    assert Task.objects.count() == 0
