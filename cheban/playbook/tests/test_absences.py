"""Who is away, who stands in, and that everything comes home. R090, R208."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cheban.core import clock as real_clock
from cheban.core.errors import NotFound, NotPermitted
from cheban.core.models import Event
from cheban.org import absences, dispatch, presence
from cheban.org.absences import Leave
from cheban.org.commands import Invalid
from cheban.org.models import Staff, StaffRole
from cheban.org.roles import Role
from cheban.playbook import cover, planner
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


def away(cast, person, *, days=5, starts=timedelta(), by=None, **deputies):
    """An absence from now; `deputies` by role, `whole` for everything."""
    now = real_clock.now()
    named = {("" if role == "whole" else role): who.id for role, who in deputies.items()}
    return absences.enter(
        Leave(person.id, "leave", now + starts, now + starts + timedelta(days=days), named),
        by=by or cast.actor(Role.STORE_MANAGER),
    )


def run(cast) -> int:
    return cover.cover_absences(at=real_clock.now(), store_ids=[cast.a.id])


def test_what_is_due_in_the_absence_goes_to_the_deputy_and_comes_back(planned, clock):
    specialist = planned.staff[Role.SERVICE_SPECIALIST]
    advisor = planned.staff[Role.SERVICE_ADVISOR]
    before = of_specialist()
    away(planned, specialist, whole=advisor)
    dispatch.run_pending()
    task = of_specialist()
    assert (task.assignee_id, task.owner_id) == (advisor.id, specialist.id)
    assert (task.due_at, task.starts_at, task.escalate_at) == (before.due_at, before.starts_at, before.escalate_at)
    assert run(planned) == 0
    clock.set(clock.now + timedelta(days=5, minutes=1))
    assert run(planned) == 1
    task = of_specialist()
    assert (task.assignee_id, task.owner_id) == (specialist.id, None)
    told = Event.objects.filter(name__startswith="task.").order_by("id")
    assert [e.name for e in told] == ["task.covered", "task.came_back"]


def test_what_is_due_after_the_return_waits_for_its_owner(planned):
    specialist = planned.staff[Role.SERVICE_SPECIALIST]
    Task.objects.update(due_at=real_clock.now() + timedelta(days=9))
    away(planned, specialist, whole=planned.staff[Role.SERVICE_ADVISOR])
    assert run(planned) == 0
    assert of_specialist().assignee_id == specialist.id


def test_while_nothing_has_to_move_one_question_is_all(planned, django_assert_num_queries):
    specialist = planned.staff[Role.SERVICE_SPECIALIST]
    Task.objects.filter(role=Role.SERVICE_SPECIALIST).update(due_at=real_clock.now() + timedelta(days=9))
    away(planned, specialist, whole=planned.staff[Role.SERVICE_ADVISOR])
    with django_assert_num_queries(1):  # somebody is away, but what is theirs waits for them
        assert run(planned) == 0
    Task.objects.filter(role=Role.SERVICE_SPECIALIST).update(due_at=real_clock.now() + timedelta(days=2))
    assert run(planned) == 1
    with django_assert_num_queries(1):  # lent, and its owner still away
        assert run(planned) == 0


def test_an_absence_that_has_not_begun_moves_nothing_yet(planned, clock):
    away(planned, planned.staff[Role.SERVICE_SPECIALIST], starts=timedelta(days=1))
    assert run(planned) == 0
    clock.set(clock.now + timedelta(days=1))
    assert run(planned) == 1


def test_cancelled_brings_it_home_at_once(planned):
    specialist = planned.staff[Role.SERVICE_SPECIALIST]
    row = away(planned, specialist, whole=planned.staff[Role.SERVICE_ADVISOR])
    dispatch.run_pending()
    absences.cancel(row.id, by=planned.actor(Role.SERVICE_SPECIALIST))
    dispatch.run_pending()
    assert of_specialist().assignee_id == specialist.id


def test_the_deputy_of_the_role_goes_before_the_one_for_everything(planned):
    advisor, caller = planned.staff[Role.SERVICE_ADVISOR], planned.staff[Role.CALLER]
    away(planned, planned.staff[Role.SERVICE_SPECIALIST], whole=advisor, service_specialist=caller)
    run(planned)
    assert of_specialist().assignee_id == caller.id


def test_a_chain_of_deputies_is_followed_to_the_first_who_is_there(planned):
    specialist, advisor, caller = (
        planned.staff[r] for r in (Role.SERVICE_SPECIALIST, Role.SERVICE_ADVISOR, Role.CALLER)
    )
    away(planned, specialist, whole=advisor)
    run(planned)
    away(planned, advisor, whole=caller)
    run(planned)
    task = of_specialist()
    assert (task.assignee_id, task.owner_id) == (caller.id, specialist.id)


def test_a_circle_of_deputies_ends_at_the_manager(planned):
    specialist, advisor = planned.staff[Role.SERVICE_SPECIALIST], planned.staff[Role.SERVICE_ADVISOR]
    given.staff(planned.a, Role.SERVICE_SPECIALIST, login="second")
    away(planned, advisor, whole=specialist)
    away(planned, specialist, whole=advisor)
    run(planned)
    assert of_specialist().assignee_id == planned.staff[Role.STORE_MANAGER].id


def test_without_a_deputy_a_colleague_of_the_role_and_without_one_the_manager(planned):
    colleague = given.staff(planned.a, Role.SERVICE_SPECIALIST, login="second")
    specialist = planned.staff[Role.SERVICE_SPECIALIST]
    away(planned, specialist)
    run(planned)
    assert of_specialist().assignee_id == colleague.id
    away(planned, colleague)
    run(planned)
    task = of_specialist()
    assert (task.assignee_id, task.owner_id) == (planned.staff[Role.STORE_MANAGER].id, specialist.id)


def test_a_whole_team_away_stands_at_the_manager_even_an_absent_one_and_does_not_wander(planned):
    for role, person in planned.staff.items():
        if role not in ("outsider", Role.STORE_MANAGER):
            away(planned, person)
    away(planned, planned.staff[Role.STORE_MANAGER])
    run(planned)
    assert set(Task.objects.values_list("assignee_id", flat=True)) == {planned.staff[Role.STORE_MANAGER].id}
    assert run(planned) == 0


def test_a_deputy_who_left_is_passed_over(planned):
    advisor = planned.staff[Role.SERVICE_ADVISOR]
    away(planned, planned.staff[Role.SERVICE_SPECIALIST], whole=advisor)
    Staff.objects.filter(id=advisor.id).update(is_active=False)
    run(planned)
    assert of_specialist().assignee_id == planned.staff[Role.STORE_MANAGER].id


def test_an_owner_who_left_meanwhile_leaves_it_with_the_deputy(planned, clock):
    specialist, advisor = planned.staff[Role.SERVICE_SPECIALIST], planned.staff[Role.SERVICE_ADVISOR]
    away(planned, specialist, whole=advisor)
    run(planned)
    Staff.objects.filter(id=specialist.id).update(is_active=False)
    clock.set(clock.now + timedelta(days=6))
    run(planned)
    task = of_specialist()
    assert (task.assignee_id, task.owner_id) == (advisor.id, None)


def test_new_work_goes_round_whoever_is_away_and_own_customers_to_the_deputy(cast):
    specialist, advisor = cast.staff[Role.SERVICE_SPECIALIST], cast.staff[Role.SERVICE_ADVISOR]
    colleague = given.staff(cast.a, Role.SERVICE_SPECIALIST, login="second")
    away(cast, specialist, whole=advisor)
    own = given.customer(cast.a)
    given.vehicle(
        cast.a, own, purchased_on=given.days(-170), first_service_due_on=given.days(5),
        service_specialist_id=specialist.id,
    )  # fmt: skip
    for n in range(5):
        other = given.customer(cast.a, phone=f"1380000{n:04}")
        given.vehicle(
            cast.a, other, plate=f"沪B1234{n}", purchased_on=given.days(-170), first_service_due_on=given.days(5)
        )
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    tasks = Task.objects.filter(role=Role.SERVICE_SPECIALIST)
    assert set(tasks.exclude(customer_id=own.id).values_list("assignee_id", flat=True)) == {colleague.id}
    assert tasks.get(customer_id=own.id).assignee_id == advisor.id


def test_the_days_plan_changes_when_somebody_goes(cast):
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    away(cast, cast.staff[Role.SERVICE_SPECIALIST])
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM playbook_change WHERE store_id = %s", [cast.a.id])
        assert cursor.fetchone()[0] == 1


def test_one_may_enter_ones_own_absence_but_not_a_colleagues(cast):
    caller = cast.actor(Role.CALLER)
    away(cast, cast.staff[Role.CALLER], by=caller)
    with pytest.raises(NotPermitted):
        away(cast, cast.staff[Role.PARTS], by=caller)
    with pytest.raises(NotFound):
        away(cast, cast.staff["outsider"])


def test_what_cannot_be_is_refused(cast):
    person, outsider = cast.staff[Role.CALLER], cast.staff["outsider"]
    away(cast, person)
    with pytest.raises(Invalid):
        away(cast, person, starts=timedelta(days=2))  # a second one in the same time
    for wrong in (person, outsider):
        with pytest.raises(Invalid):
            away(cast, person, starts=timedelta(days=20), whole=wrong)
    with pytest.raises(Invalid):
        away(cast, person, starts=timedelta(days=-30))  # over already
    away(cast, person, starts=timedelta(days=5))  # half-open: the next one begins where the first ends


def test_a_role_held_elsewhere_only_is_nobody_here(cast):
    StaffRole.objects.filter(staff=cast.staff[Role.CALLER]).update(store=cast.b)
    found = presence.presence_of([cast.a.id], at=real_clock.now())
    assert not found.is_there(cast.staff[Role.CALLER].id, cast.a.id)
    assert found.present(cast.a.id, Role.CALLER) == []
