"""People who leave, and clocks that move with what was agreed. R090, R208."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cheban.core import clock as real_clock
from cheban.core.models import Event
from cheban.org.models import Staff, StaffRole
from cheban.org.roles import Role
from cheban.playbook import changing, commands, ladder, planner
from cheban.playbook.models import Task
from tests import given


@pytest.fixture
def planned(cast):
    """A car whose first service is due: one task of the specialist, one of the consultant."""
    given.vehicle(cast.a, given.customer(cast.a), purchased_on=given.days(-170), first_service_due_on=given.days(5))
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    return cast


def of_specialist() -> Task:
    return Task.objects.get(role=Role.SERVICE_SPECIALIST)


def leave(person: Staff) -> None:
    Staff.objects.filter(id=person.id).update(is_active=False)


def test_who_stays_keeps_everything(planned):
    assert commands.pass_on_of_leavers(at=real_clock.now()) == 0


def test_the_tasks_of_who_left_go_to_a_colleague_of_the_same_role(planned):
    colleague = given.staff(planned.a, Role.SERVICE_SPECIALIST, login="second")
    leave(planned.staff[Role.SERVICE_SPECIALIST])
    assert commands.pass_on_of_leavers(at=real_clock.now()) == 1
    assert of_specialist().assignee_id == colleague.id
    assert Event.objects.get(name="task.reassigned").facts["to"] == colleague.id
    assert commands.pass_on_of_leavers(at=real_clock.now()) == 0


def test_without_a_colleague_they_go_to_the_manager_and_without_one_to_nobody(planned):
    leave(planned.staff[Role.SERVICE_SPECIALIST])
    commands.pass_on_of_leavers(at=real_clock.now())
    assert of_specialist().assignee_id == planned.staff[Role.STORE_MANAGER].id
    leave(planned.staff[Role.STORE_MANAGER])
    commands.pass_on_of_leavers(at=real_clock.now())
    assert of_specialist().assignee_id is None


def test_who_moved_to_another_store_has_left_this_one(planned):
    StaffRole.objects.filter(staff=planned.staff[Role.SERVICE_SPECIALIST]).update(store=planned.b)
    assert commands.pass_on_of_leavers(at=real_clock.now()) == 1


def test_a_call_agreed_for_later_is_not_reported_for_the_old_time_limit(planned, clock):
    task = of_specialist()
    later = clock.now + timedelta(days=9, hours=1)
    commands.record_outcome(task.contact_id, by=planned.actor(Role.SERVICE_SPECIALIST), outcome="call_back", when=later)
    moved = of_specialist()
    assert moved.due_at == later + timedelta(hours=1)
    assert moved.escalate_at - task.escalate_at == moved.due_at - task.due_at


def test_an_outcome_taken_back_brings_the_way_up_back(planned):
    task, by = of_specialist(), planned.actor(Role.SERVICE_SPECIALIST)
    told = commands.record_outcome(task.contact_id, by=by, outcome="settled")
    commands.undo_outcome(told, by=by)
    assert of_specialist().escalate_at == task.escalate_at


def test_the_way_up_is_the_stores_own(planned, clock):
    by = planned.actor(Role.STORE_MANAGER)
    changing.change_rule(
        "first_service_due",
        by=by,
        level=changing.level_of(str(planned.a.id), by),
        values={"on": 0},
        reason="停一个月",
    )
    clock.set(clock.now + timedelta(days=20))
    assert ladder.escalate_overdue(at=real_clock.now()) == 2  # open tasks of a rule switched off keep their ladder
    assert ladder.escalate_overdue(at=real_clock.now()) == 0
