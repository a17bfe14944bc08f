"""Take, put off, hand on, send back; the way up. R090, R208, reliability 5.2."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connections, transaction

from cheban.core import clock as real_clock
from cheban.core.calendars import calendar_of
from cheban.core.errors import NotFound, NotPermitted, WrongState
from cheban.core.models import Event
from cheban.core.worktime import elapsed
from cheban.org import absences, scope
from cheban.org.absences import Leave
from cheban.org.models import Staff, StaffRole
from cheban.org.presence import IsAway
from cheban.org.roles import Role
from cheban.playbook import commands, contacts, ladder, moves, planner, queries
from cheban.playbook.models import Task, TaskPause
from cheban.playbook.rules import HANDBOOK, wall
from tests import given

SAFETY = (
    (wall(hours=5 / 60), Role.SERVICE_SPECIALIST),
    (wall(hours=10 / 60), Role.STORE_MANAGER),
    (wall(hours=15 / 60), Role.GROUP_ADMIN),
)


def first_service(cast):
    given.vehicle(cast.a, given.customer(cast.a), purchased_on=given.days(-170), first_service_due_on=given.days(5))
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])


@pytest.fixture
def planned(cast):
    """A car whose first service is due: one task of the specialist, one of the consultant."""
    first_service(cast)
    return cast


def mine() -> Task:
    return Task.objects.get(role=Role.SERVICE_SPECIALIST)


def afternoon(days: int = 0):
    return real_clock.now().replace(hour=7) + timedelta(days=days)  # 15:00 in Shanghai


def tomorrow_early():
    return real_clock.now().replace(hour=0, minute=50) + timedelta(days=1)  # 08:50 in Shanghai


@pytest.fixture
def safety(planned, monkeypatch):
    """The specialist's duty has the ladder of a safety matter: 5, 10, 15 minutes by the wall clock."""
    rule = HANDBOOK.rules["first_service_due"]
    owes = tuple(
        replace(o, within=wall(hours=5 / 60), escalate=SAFETY) if o.role == Role.SERVICE_SPECIALIST else o
        for o in rule.owes
    )
    monkeypatch.setitem(HANDBOOK.rules, rule.code, replace(rule, owes=owes))
    start = real_clock.now()
    Task.objects.filter(role=Role.SERVICE_SPECIALIST).update(
        starts_at=start, due_at=start + timedelta(minutes=5), escalate_at=start + timedelta(minutes=5)
    )
    planned.second = given.staff(planned.a, Role.SERVICE_SPECIALIST, login="second")
    return planned


def climb(clock, minutes: int) -> list[int | None]:
    """Every minute's run; to whom the steps went."""
    for _minute in range(minutes):
        clock.set(real_clock.now() + timedelta(minutes=1))
        ladder.escalate_overdue(at=real_clock.now())
    return [e.facts["to"] for e in Event.objects.filter(name="task.escalated").order_by("id")]


def test_each_step_goes_to_the_next_person_at_its_minute_until_the_ladder_ends(safety, clock):
    second, manager, admin = (
        safety.second.id,
        safety.staff[Role.STORE_MANAGER].id,
        safety.staff[Role.GROUP_ADMIN].id,
    )
    assert climb(clock, 4) == []
    assert climb(clock, 1) == [second]
    assert climb(clock, 5) == [second, manager]
    assert climb(clock, 5) == [second, manager, admin]
    assert climb(clock, 30) == [second, manager, admin]
    assert [e.facts["level"] for e in Event.objects.filter(name="task.escalated").order_by("id")] == [1, 2, 3]


def test_taken_stops_the_ladder_and_the_work_is_whose_who_took_it(safety, clock):
    climb(clock, 6)
    moves.take(mine().contact_id, by=safety.actor(Role.STORE_MANAGER))
    assert len(climb(clock, 30)) == 1
    assert (mine().assignee_id, mine().told_id) == (safety.staff[Role.STORE_MANAGER].id, None)
    with pytest.raises(moves.AlreadyTaken, match="店长"):
        moves.take(mine().contact_id, by=safety.actor(Role.GROUP_ADMIN))


def test_who_left_or_is_away_is_passed_over(safety, clock):
    Staff.objects.filter(id=safety.second.id).update(is_active=False)
    now = real_clock.now()
    manager = safety.staff[Role.STORE_MANAGER]
    absences.enter(
        Leave(manager.id, "leave", now, now + timedelta(days=2), {"": safety.staff[Role.SERVICE_ADVISOR].id}),
        by=safety.actor(Role.STORE_MANAGER),
    )
    assert climb(clock, 5) == [safety.staff[Role.SERVICE_ADVISOR].id]  # no second, the manager's deputy
    assert climb(clock, 5)[-1] == safety.staff[Role.OPERATIONS].id  # told already: the next one above
    assert climb(clock, 5)[-1] == safety.staff[Role.GROUP_ADMIN].id


def test_with_nobody_else_in_the_store_it_reaches_the_group(safety, clock):
    keep = [safety.staff[Role.SERVICE_SPECIALIST].id, safety.staff[Role.GROUP_ADMIN].id]
    StaffRole.objects.filter(store=safety.a).exclude(staff_id__in=keep).delete()
    StaffRole.objects.filter(staff=safety.staff[Role.GROUP_ADMIN]).update(store=safety.b)
    assert climb(clock, 5) == [safety.staff[Role.GROUP_ADMIN].id]


def test_after_a_standstill_the_steps_follow_each_other_and_none_is_lost(safety, clock):
    clock.set(real_clock.now() + timedelta(hours=3))
    ladder.escalate_overdue(at=real_clock.now())
    climb(clock, 8)
    levels = [
        e.facts["level"] for e in Event.objects.filter(name="task.escalated", facts__role__isnull=False).order_by("id")
    ]
    assert levels[:3] == [1, 2, 3]
    assert mine().escalate_at is None


def test_what_was_reported_stands_in_the_day_of_who_was_told(safety, clock):
    climb(clock, 5)
    actor = safety.actor(Role.SERVICE_SPECIALIST)
    told = queries.my_day(replace(actor, staff_id=safety.second.id), at=real_clock.now())
    assert [g.key for g in told["groups"]] == ["up"]
    moves.take(mine().contact_id, by=replace(actor, staff_id=safety.second.id))
    assert [g.key for g in queries.my_day(actor, at=real_clock.now())["groups"]] == []


def test_nothing_to_take_where_nothing_was_reported(planned):
    with pytest.raises(WrongState):
        moves.take(mine().contact_id, by=planned.actor(Role.STORE_MANAGER))


def test_taken_by_mistake_is_put_back_and_the_ladder_goes_on(safety, clock):
    climb(clock, 6)
    before = mine()
    by = safety.actor(Role.STORE_MANAGER)
    event = moves.take(before.contact_id, by=by)
    moves.put_back(moves.move_event(event.id), by=by)
    after = mine()
    assert (after.assignee_id, after.told_id, after.escalate_at) == (
        before.assignee_id,
        before.told_id,
        before.escalate_at,
    )
    assert len(climb(clock, 5)) == 2


def test_a_pause_gives_back_exactly_what_was_left_of_the_time(planned):
    task = mine()
    now = real_clock.now()
    calendar = calendar_of(planned.a.id, tz=planned.a.time_zone)
    left = elapsed(task.starts_at, task.due_at, calendar)
    up = elapsed(task.due_at, task.escalate_at, calendar)
    until = afternoon()
    moves.snooze(task.contact_id, by=planned.actor(Role.SERVICE_SPECIALIST), until=until, reason="customer")
    moved = mine()
    assert elapsed(until, moved.due_at, calendar) == left
    assert elapsed(moved.due_at, moved.escalate_at, calendar) == up
    pause = TaskPause.objects.get()
    assert (pause.starts_at, pause.ends_at, pause.reason) == (now, until, "customer")
    assert (moved.starts_at, moved.snoozes) == (until, 1)


def test_ones_own_lack_of_time_does_not_move_the_time_limit(planned):
    before = mine()
    actor = planned.actor(Role.SERVICE_SPECIALIST)
    moves.snooze(before.contact_id, by=actor, until=afternoon(), reason="busy")
    assert (mine().due_at, mine().escalate_at, TaskPause.objects.count()) == (before.due_at, before.escalate_at, 0)
    with pytest.raises(moves.CannotWait):
        moves.snooze(before.contact_id, by=actor, until=afternoon(3), reason="busy")


def test_an_outcome_ends_the_pause_and_taking_it_back_brings_it_back(planned, clock):
    actor, until = planned.actor(Role.SERVICE_SPECIALIST), tomorrow_early()
    moves.snooze(mine().contact_id, by=actor, until=until, reason="parts")
    paused = mine()
    clock.set(real_clock.now() + timedelta(hours=2))
    told = commands.record_outcome(paused.contact_id, by=actor, outcome="settled")
    assert TaskPause.objects.get().ends_at == real_clock.now()
    assert mine().due_at < paused.due_at
    commands.undo_outcome(told, by=actor)
    assert TaskPause.objects.get().ends_at == until
    assert mine().due_at == paused.due_at


def test_a_snooze_taken_back_leaves_no_trace_in_the_clock(planned):
    before, actor = mine(), planned.actor(Role.SERVICE_SPECIALIST)
    event = moves.snooze(before.contact_id, by=actor, until=tomorrow_early(), reason="parts")
    moves.put_back(event, by=actor)
    after = mine()
    assert (after.starts_at, after.due_at, after.escalate_at, after.snoozes) == (
        before.starts_at,
        before.due_at,
        before.escalate_at,
        0,
    )
    assert TaskPause.objects.count() == 0


def test_the_third_time_is_the_managers_and_urgent_things_never_wait(planned, clock):
    actor, contact = planned.actor(Role.SERVICE_SPECIALIST), mine().contact_id
    for hour in (2, 3):
        moves.snooze(contact, by=actor, until=real_clock.now().replace(hour=hour, minute=30), reason="customer")
    with pytest.raises(NotPermitted):
        moves.snooze(contact, by=actor, until=afternoon(), reason="customer")
    moves.snooze(contact, by=planned.actor(Role.STORE_MANAGER), until=afternoon(), reason="customer")
    assert mine().snoozes == 3
    Task.objects.update(weight=moves.NEVER_WAITS)
    with pytest.raises(moves.CannotWait):
        moves.snooze(contact, by=planned.actor(Role.STORE_MANAGER), until=afternoon(), reason="customer")


@pytest.mark.parametrize(
    ("hour", "days", "refusal"),
    [(4, 0, moves.CannotWait), (15, 0, commands.QuietHours), (7, 20, moves.CannotWait), (0, 0, commands.QuietHours)],
    ids=["at lunch", "at night", "too far", "gone by"],
)
def test_one_puts_off_into_working_time_and_not_too_far(planned, hour, days, refusal):
    until = real_clock.now().replace(hour=hour, minute=30) + timedelta(days=days)
    with pytest.raises(refusal):
        moves.snooze(mine().contact_id, by=planned.actor(Role.SERVICE_SPECIALIST), until=until, reason="parts")


def test_handed_over_with_a_note_and_sent_back_once_the_clock_running_on(planned):
    before = mine()
    one, two = planned.actor(Role.SERVICE_SPECIALIST), planned.actor(Role.SERVICE_ADVISOR)
    contact = before.contact_id
    moves.hand_over(contact, by=one, to=two.staff_id, note="客户找您")
    told = contacts.contact(contact, two, at=real_clock.now())["handed"]
    assert (told["by"], told["note"], told["can_send_back"]) == (one.name, "客户找您", True)
    assert (mine().due_at, mine().escalate_at, mine().starts_at) == (
        before.due_at,
        before.escalate_at,
        before.starts_at,
    )
    moves.send_back(contact, by=two, note="不是我的客户")
    assert mine().assignee_id == one.staff_id
    moves.hand_over(contact, by=one, to=two.staff_id, note="还是您")
    with pytest.raises(moves.SentBackBefore):
        moves.send_back(contact, by=two, note="不")
    assert [e.name for e in Event.objects.order_by("id")] == ["task.handed_over", "task.sent_back", "task.handed_over"]


def test_nothing_is_handed_to_outsiders_the_absent_or_without_a_word(planned):
    one, contact = planned.actor(Role.SERVICE_SPECIALIST), mine().contact_id
    for to, note, refusal in (
        (planned.staff["outsider"].id, "请接", NotFound),
        (planned.staff[Role.TECHNICIAN].id, "请接", NotFound),
        (planned.staff[Role.CALLER].id, "  ", commands.NeedsMore),
    ):
        with pytest.raises(refusal):
            moves.hand_over(contact, by=one, to=to, note=note)
    caller, now = planned.staff[Role.CALLER], real_clock.now()
    absences.enter(Leave(caller.id, "leave", now, now + timedelta(days=1), {}), by=planned.actor(Role.STORE_MANAGER))
    with pytest.raises(IsAway):
        moves.hand_over(contact, by=one, to=caller.id, note="请接")
    with pytest.raises(NotPermitted):
        moves.hand_over(contact, by=planned.actor(Role.SALES_CONSULTANT), to=one.staff_id, note="x")


def test_what_somebody_changed_since_is_not_taken_back(planned, clock):
    one, two = planned.actor(Role.SERVICE_SPECIALIST), planned.actor(Role.SERVICE_ADVISOR)
    event = moves.hand_over(mine().contact_id, by=one, to=two.staff_id, note="请接")
    commands.record_outcome(mine().contact_id, by=two, outcome="no_answer")
    with pytest.raises(WrongState):
        moves.put_back(event, by=one)
    clock.set(real_clock.now() + timedelta(minutes=11))
    with pytest.raises(WrongState):
        moves.put_back(event, by=one)


def _at_once(work, count: int) -> list[object]:
    """Run `work(number)` in threads that start together; what each gave or raised."""
    found: list[object] = [None] * count
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            barrier.wait()
            found[number] = work(number)
        except Exception as error:
            found[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_of_two_who_take_it_at_once_one_wins_and_the_other_is_told(committed, clock):
    with transaction.atomic():
        cast = given.cast()
        first_service(cast)
        clock.set(real_clock.now() + timedelta(days=10))
        ladder.escalate_overdue(at=real_clock.now())
        contact = mine().contact_id
    actors = [cast.actor(Role.STORE_MANAGER), cast.actor(Role.OPERATIONS), cast.actor(Role.GROUP_ADMIN)]

    def work(number: int):
        with real_clock.frozen(clock.now), scope.use([cast.a.id]):
            return moves.take(contact, by=actors[number])

    found = _at_once(work, 3)
    assert sorted(type(f).__name__ for f in found) == ["AlreadyTaken", "AlreadyTaken", "Event"]
    with scope.use([cast.a.id]):
        winner = next(a for a, f in zip(actors, found, strict=True) if isinstance(f, Event))
        assert mine().assignee_id == winner.staff_id
        assert Event.objects.filter(name="task.taken").count() == 1


def test_two_workers_at_once_take_no_step_twice(committed, clock):
    with transaction.atomic():
        cast = given.cast()
        for n in range(12):
            given.vehicle(
                cast.a, given.customer(cast.a, phone=f"1390000{n:04}"), plate=f"沪C1234{n % 10}",
                purchased_on=given.days(-170), first_service_due_on=given.days(5),
            )  # fmt: skip
        planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
        clock.set(real_clock.now() + timedelta(days=10))

    def work(_number: int):
        with real_clock.frozen(clock.now), scope.use([cast.a.id]):
            return ladder.escalate_overdue(at=real_clock.now())

    assert sum(_at_once(work, 4)) == 24
    with scope.use([cast.a.id]):
        steps = Event.objects.filter(name="task.escalated").values_list("facts__task_id", "facts__level")
        assert len(steps) == len(set(steps)) == 24
