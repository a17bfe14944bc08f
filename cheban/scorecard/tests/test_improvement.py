"""Two red weeks open an improvement: meeting, plan, actions, effect a month later. R169-R172."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from cheban.core import clock as real_clock
from cheban.core.errors import NotPermitted, WrongState
from cheban.core.models import Event
from cheban.org.roles import Role
from cheban.playbook import planner
from cheban.playbook.models import Task
from cheban.scorecard import errors, targets, weeks
from cheban.scorecard.improvement import actions, cases, forces, meetings
from cheban.scorecard.models import Action, ImprovementCase, WeekLight
from cheban.scorecard.tests import given as board

ZONE = board.ZONE
MONDAY = date(2026, 11, 23)


@pytest.fixture
def red(cast, clock):
    """Complaints of the last two full weeks, most of them never answered; judged on Monday morning."""
    board.declare()
    for ago in (1, 2):
        board.complaints(cast, MONDAY - timedelta(weeks=ago), kept=2, of=5)
    board.deliver(cast)
    assert weeks.judge([cast.a.id], at=clock.now) == 1
    board.deliver(cast)
    cast.case = ImprovementCase.objects.get()
    return cast


def manager(cast):
    return cast.actor(Role.STORE_MANAGER)


def planned(cast) -> ImprovementCase:
    cases.meet(cast.case, by=manager(cast), attended="销售经理、售后经理", cause="周末没有人值守")
    actions.agree(
        cast.case,
        by=manager(cast),
        what="周末排一名投诉值守",
        owner_id=cast.staff[Role.SERVICE_ADVISOR].id,
        due_on=real_clock.today() + timedelta(days=4),
    )
    cases.plan(cast.case, by=manager(cast), text="周末值守，晚上八点前回第一个电话")
    board.deliver(cast)
    cast.case.refresh_from_db()
    return cast.case


@pytest.mark.req("R170")
def test_two_red_weeks_owe_a_meeting_in_24_hours_and_a_plan_in_48(red, clock):
    case = red.case
    assert (case.metric, case.state, case.value_before) == ("complaint_24h", "opened", Decimal("40.0"))
    due = {t.rule: (t.due_at - case.opened_at, t.assignee_id) for t in Task.objects.filter(subject_id=case.id)}
    operations = red.staff[Role.OPERATIONS].id
    assert due == {
        "improvement_meet": (timedelta(hours=24), operations),
        "improvement_plan": (timedelta(hours=48), operations),
    }
    clock.set(clock.now + timedelta(hours=24, minutes=1))
    board.work(red)
    late = Task.objects.get(rule="improvement_meet")
    assert late.escalation == 1 and late.told_id == red.staff[Role.STORE_MANAGER].id


@pytest.mark.req("R170")
def test_judging_again_or_a_third_red_week_opens_nothing_new(red, clock):
    assert weeks.judge([red.a.id], at=clock.now) == 0
    board.complaints(red, MONDAY, kept=0, of=5)
    clock.set(clock.now + timedelta(weeks=1))
    board.deliver(red)
    assert weeks.judge([red.a.id], at=clock.now) == 0
    assert ImprovementCase.objects.count() == 1 and WeekLight.objects.filter(light="broken").count() == 3


@pytest.mark.req("R170")
def test_one_red_week_or_two_apart_or_too_few_open_nothing(cast, clock):
    board.declare()
    board.complaints(cast, MONDAY - timedelta(weeks=1), kept=0, of=5)
    board.complaints(cast, MONDAY - timedelta(weeks=2), kept=5, of=5)
    board.complaints(cast, MONDAY - timedelta(weeks=3), kept=0, of=5)
    board.complaints(cast, MONDAY - timedelta(weeks=4), kept=0, of=2)
    board.deliver(cast)
    assert weeks.judge([cast.a.id], at=clock.now) == 0
    lights = dict(WeekLight.objects.filter(metric="complaint_24h").values_list("week", "light"))
    assert [lights[MONDAY - timedelta(weeks=n)] for n in (1, 2, 3, 4)] == ["broken", "kept", "broken", ""]


@pytest.mark.req("R170")
def test_red_weeks_around_new_year_follow_each_other(cast, clock):
    board.declare()
    first, second = date(2026, 12, 21), date(2026, 12, 28)  # the second is week 53 of 2026, then comes week 1
    for week in (first, second):
        board.complaints(cast, week, kept=0, of=4)
    board.deliver(cast)
    clock.set(datetime(2027, 1, 4, 0, 30, tzinfo=ZONE))
    board.deliver(cast)
    assert weeks.judge([cast.a.id], at=clock.now) == 1
    assert ImprovementCase.objects.get().week == second


@pytest.mark.req("R170")
def test_meeting_and_plan_end_their_duties_and_a_plan_needs_an_action(red):
    with pytest.raises(WrongState):
        cases.plan(red.case, by=manager(red), text="改")
    with pytest.raises(errors.Invalid):
        cases.meet(red.case, by=manager(red), attended=" ", cause="没有人")
    with pytest.raises(NotPermitted):
        cases.meet(red.case, by=red.actor(Role.SALES_CONSULTANT), attended="我", cause="没有人")
    cases.meet(red.case, by=manager(red), attended="销售、售后", cause="没有人值守")
    with pytest.raises(errors.Invalid):
        cases.plan(red.case, by=manager(red), text="值守")
    with pytest.raises(WrongState):
        cases.meet(red.case, by=manager(red), attended="再来", cause="再来")
    red.case.refresh_from_db()
    actions.agree(
        red.case, by=manager(red), what="值守", owner_id=red.staff[Role.SERVICE_ADVISOR].id, due_on=real_clock.today()
    )
    cases.plan(red.case, by=manager(red), text="值守")
    board.deliver(red)
    assert set(Task.objects.filter(subject_id=red.case.id).values_list("rule", "state")) == {
        ("improvement_meet", "done"),
        ("improvement_plan", "done"),
    }
    red.case.refresh_from_db()
    assert (red.case.state, red.case.check_on) == ("planned", date(2026, 12, 23))


@pytest.mark.req("R171")
def test_an_action_is_its_owners_duty_from_three_days_before_until_it_is_done(red, clock):
    planned(red)
    action = Action.objects.get()
    planner.plan_day(real_clock.today(), store_ids=[red.a.id])
    assert not Task.objects.filter(subject_id=action.id).exists()
    clock.set(clock.now + timedelta(days=1, hours=1))
    planner.plan_day(real_clock.today(), store_ids=[red.a.id])
    task = Task.objects.get(subject_id=action.id)
    assert (task.rule, task.assignee_id) == ("action_due_service", action.owner_id)
    with pytest.raises(NotPermitted):
        actions.finish(action, by=red.actor(Role.SALES_CONSULTANT), result="做了")
    actions.finish(action, by=red.actor(Role.SERVICE_ADVISOR), result="排好了十二月的值守表")
    board.deliver(red)
    task.refresh_from_db()
    assert task.state == "done" and Event.objects.get(name="action.done").facts["kept"] is True
    with pytest.raises(WrongState):
        actions.finish(action, by=manager(red), result="再做一次")


@pytest.mark.req("R171")
def test_another_owner_gets_the_duty_and_the_old_one_loses_it(red, clock):
    planned(red)
    action = Action.objects.get()
    clock.set(clock.now + timedelta(days=2))
    planner.plan_day(real_clock.today(), store_ids=[red.a.id])
    seller = red.staff[Role.SALES_CONSULTANT].id
    actions.change(action, by=manager(red), owner_id=seller, due_on=action.due_on)
    board.deliver(red)
    planner.plan_day(real_clock.today(), store_ids=[red.a.id])
    held = {t.rule: (t.state, t.assignee_id) for t in Task.objects.filter(subject_id=action.id)}
    assert held["action_due_service"][0] == "dropped" and held["action_due"] == ("open", seller)
    with pytest.raises(errors.Invalid):
        actions.change(action, by=manager(red), owner_id=red.staff["outsider"].id, due_on=action.due_on)


@pytest.mark.req("R169")
def test_the_effect_is_checked_a_month_later_against_the_target(red, clock):
    case = planned(red)
    clock.set(datetime(2026, 12, 23, 9, tzinfo=ZONE))
    for ago in (1, 2, 3, 4):
        board.complaints(red, date(2026, 12, 21) - timedelta(weeks=ago), kept=5, of=5)
    board.deliver(red)
    planner.plan_day(real_clock.today(), store_ids=[red.a.id])
    assert Task.objects.get(rule="improvement_check").state == "open"
    cases.check(case, by=manager(red), text="五单都在当天回了电话", goes_on=False)
    board.deliver(red)
    case.refresh_from_db()
    assert (case.state, case.is_effective, case.value_after) == ("closed", True, Decimal("100.0"))
    assert Task.objects.get(rule="improvement_check").state == "done"
    assert list(
        Event.objects.filter(name__startswith="improvement.").order_by("id").values_list("name", flat=True)
    ) == [f"improvement.{n}" for n in ("opened", "met", "planned", "checked", "closed")]


@pytest.mark.req("R169")
def test_without_effect_it_goes_on_and_is_checked_again_next_month(red, clock):
    case = planned(red)
    clock.set(datetime(2026, 12, 23, 9, tzinfo=ZONE))
    board.complaints(red, date(2026, 12, 14), kept=1, of=5)
    board.deliver(red)
    planner.plan_day(real_clock.today(), store_ids=[red.a.id])
    cases.check(case, by=manager(red), text="周末好了，平日还慢", goes_on=True)
    board.deliver(red)
    case.refresh_from_db()
    assert (case.state, case.is_effective, case.check_on) == ("planned", False, date(2027, 1, 23))
    clock.set(datetime(2027, 1, 25, 9, tzinfo=ZONE))
    planner.plan_day(real_clock.today(), store_ids=[red.a.id])
    assert sorted(Task.objects.filter(rule="improvement_check").values_list("state", flat=True)) == ["done", "open"]


@pytest.mark.req("R170")
def test_after_a_closed_case_two_new_red_weeks_open_the_next(red, clock):
    case = planned(red)
    clock.set(datetime(2026, 12, 23, 9, tzinfo=ZONE))
    cases.check(case, by=manager(red), text="好了", goes_on=False)
    for week in (date(2026, 12, 21), date(2026, 12, 28), date(2027, 1, 4)):
        board.complaints(red, week, kept=0, of=5)
    board.deliver(red)
    clock.set(datetime(2027, 1, 4, 1, tzinfo=ZONE))
    assert weeks.judge([red.a.id], at=clock.now) == 0  # its first week had begun when the old case was closed
    clock.set(datetime(2027, 1, 11, 1, tzinfo=ZONE))
    assert weeks.judge([red.a.id], at=clock.now) == 1


@pytest.mark.req("R172")
def test_a_task_force_has_three_days_and_its_lead_the_duty(red, clock):
    lead, member = red.staff[Role.SALES_CONSULTANT].id, red.staff[Role.SERVICE_ADVISOR].id
    asked = {"store_id": red.a.id, "metric": "complaint_24h", "goal": "一周内回到 95%", "lead_id": lead}
    with pytest.raises(errors.Invalid):
        forces.open_force(by=manager(red), **asked, member_ids=[lead])
    made = forces.open_force(by=manager(red), **asked, member_ids=[member], case=red.case)
    board.deliver(red)
    task = Task.objects.get(subject_id=made.id)
    assert (task.assignee_id, task.due_at - made.opened_at) == (lead, timedelta(days=3))
    with pytest.raises(NotPermitted):
        forces.solve(made, by=red.actor(Role.CALLER), solution="排班", first_check="三单都回了")
    clock.set(clock.now + timedelta(days=3, minutes=1))
    forces.solve(made, by=red.actor(Role.SERVICE_ADVISOR), solution="排班", first_check="三单都回了")
    board.deliver(red)
    task.refresh_from_db()
    assert task.state == "done" and Event.objects.get(name="taskforce.solved").facts["kept"] is False


@pytest.mark.req("R171")
def test_a_week_has_one_meeting_and_its_minutes(cast, clock):
    asked = {"by": manager(cast), "store_id": cast.a.id, "week": MONDAY}
    first = meetings.hold(**asked, attended="销售经理、售后经理")
    assert meetings.hold(**asked, attended="销售经理、售后经理、运营").id == first.id
    assert Event.objects.filter(name="meeting.held").count() == 1
    meetings.decide(first, by=manager(cast), text="接车话术改成先问感受")
    assert first.decisions.count() == 1
    with pytest.raises(errors.Invalid):
        meetings.hold(by=manager(cast), store_id=cast.a.id, week=MONDAY + timedelta(days=7), attended="我")


@pytest.mark.req("R182")
def test_a_target_changed_in_the_middle_of_a_month_judges_from_the_next_monday(cast, clock):
    level = targets.level_of(str(cast.a.id), manager(cast))
    clock.set(datetime(2026, 11, 18, 10, tzinfo=ZONE))  # a Wednesday
    targets.change(
        "complaint_24h",
        by=manager(cast),
        level=level,
        value="40",
        least="3",
        valid_from=date(2026, 11, 18),
        reason="新店，先站稳",
    )
    goals = targets.Goals([cast.a.id])
    assert goals.of("complaint_24h", cast.a.id, date(2026, 11, 22)).value == 95
    assert goals.of("complaint_24h", cast.a.id, date(2026, 11, 23)).value == 40
    assert goals.of("complaint_24h", cast.b.id, date(2026, 11, 23)).value == 95
    board.declare()
    for week in (date(2026, 11, 16), MONDAY):
        board.complaints(cast, week, kept=2, of=4)
    clock.set(datetime(2026, 11, 30, 1, tzinfo=ZONE))
    board.deliver(cast)
    assert weeks.judge([cast.a.id], at=clock.now) == 0
    lights = {w.week: (w.light, w.target) for w in WeekLight.objects.filter(metric="complaint_24h")}
    assert lights == {date(2026, 11, 16): ("broken", 95), MONDAY: ("kept", 40)}


@pytest.mark.req("R182")
def test_targets_are_refused_with_words_and_undone_until_a_week_was_judged_by_them(cast, clock):
    level = targets.level_of(str(cast.a.id), manager(cast))
    asked = {"value": "90", "least": "3", "valid_from": MONDAY, "reason": "试一个月"}
    for wrong in (
        {"value": "很多"},
        {"value": "0"},
        {"value": "101"},
        {"least": "0"},
        {"valid_from": MONDAY - timedelta(days=1)},
        {"valid_from": None},
        {"reason": ""},
    ):
        with pytest.raises(errors.Invalid):
            targets.change("complaint_24h", by=manager(cast), level=level, **asked | wrong)
    with pytest.raises(NotPermitted):
        targets.change("complaint_24h", by=cast.actor(Role.SERVICE_ADVISOR), level=level, **asked)
    with pytest.raises(NotPermitted):
        targets.level_of("group", manager(cast))
    made = targets.change("complaint_24h", by=manager(cast), level=level, **asked)
    targets.withdraw(made, by=manager(cast), level=level)
    assert targets.Goals([cast.a.id]).of("complaint_24h", cast.a.id, MONDAY).value == 95
    again = targets.change("complaint_24h", by=manager(cast), level=level, **asked)
    board.declare()
    board.complaints(cast, MONDAY, kept=5, of=5)
    clock.set(clock.now + timedelta(weeks=1))
    board.deliver(cast)
    weeks.judge([cast.a.id], at=clock.now)
    with pytest.raises(errors.JudgedAlready):
        targets.withdraw(again, by=manager(cast), level=level)
    assert len(targets.history("complaint_24h")) == 2
