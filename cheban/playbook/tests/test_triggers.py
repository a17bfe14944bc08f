"""Rules that an event or a red measure sets off. R010, R182, R208."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from cheban.core import clock as real_clock
from cheban.core import facts
from cheban.core.events import record
from cheban.core.models import Event, EventDelivery
from cheban.org import dispatch, scope
from cheban.org.roles import Role
from cheban.playbook import commands, contacts, explaining, planner, queries
from cheban.playbook.models import Task
from cheban.playbook.rules import HANDBOOK, Happened, Owes, Red, Rule, working
from tests import given

ZONE = ZoneInfo("Asia/Shanghai")


def _sold_on(cast, *, at: datetime | None = None):
    customer = given.customer(cast.a, "新车主")
    vehicle = given.vehicle(cast.a, customer)
    record(
        "vehicle.changed_hands",
        store_id=cast.a.id,
        at=at,
        customer_id=customer.id,
        vehicle_id=vehicle.id,
        label="大众 速腾",
        plate="沪A12345",
    )
    return vehicle


def _deliver(cast) -> None:
    dispatch.run_pending()
    scope.set_stores([cast.a.id, cast.b.id])


def _weeks(cast, *kept: int, of: int = 20) -> None:
    """Tasks of the last full weeks, the newest week first: so many of `of` done in time."""
    monday = given.days(0) - timedelta(days=given.days(0).weekday())
    for number, good in enumerate(kept, 1):
        due = datetime.combine(monday - timedelta(weeks=number, days=-2), time(15), tzinfo=ZONE)
        for i in range(of):
            vehicle = given.vehicle(cast.a, given.customer(cast.a, f"周{number}{i}", phone=f"137{number:04d}{i:04d}"))
            Task.objects.create(
                store=cast.a,
                rule="maintenance_due",
                duty="book_maintenance",
                role=Role.SERVICE_ADVISOR,
                customer_id=vehicle.owner_id,
                vehicle_id=vehicle.id,
                subject_id=vehicle.id,
                occasion_on=due.date(),
                contact_id=vehicle.id,
                due_on=due.date(),
                starts_at=due - timedelta(days=1),
                due_at=due,
                planned_on=due.date(),
                state="done",
                outcome="booked",
                closed_at=due + timedelta(hours=-1 if i < good else 3),
            )


@pytest.mark.req("R010")
def test_who_bought_a_used_car_is_welcomed_as_soon_as_the_change_is_told(cast):
    vehicle = _sold_on(cast)
    assert EventDelivery.objects.exists()
    _deliver(cast)
    task = Task.objects.get()
    assert (task.rule, task.role, task.vehicle_id) == ("new_owner", Role.SERVICE_SPECIALIST, vehicle.id)
    assert task.assignee_id == cast.staff[Role.SERVICE_SPECIALIST].id
    assert task.due_on == task.occasion_on == real_clock.today()

    assert planner.plan_event(Event.objects.get(name="vehicle.changed_hands")) == 0
    assert planner.plan_day(real_clock.today(), store_ids=[cast.a.id]).made == 0
    findings = explaining.explain("new_owner", vehicle.id, day=real_clock.today())
    assert findings[0].holds and "车辆易主" in findings[0].says


@pytest.mark.req("R010")
@pytest.mark.parametrize(("days", "made"), [(-1, 1), (-14, 1), (-15, 0)])
def test_the_daily_run_finds_what_a_standstill_left_out_but_no_old_history(cast, days, made):
    _sold_on(cast, at=real_clock.now() + timedelta(days=days))
    EventDelivery.objects.all().delete()
    assert planner.plan_day(real_clock.today(), store_ids=[cast.a.id]).made == made


def test_an_event_of_another_vehicle_or_without_the_wanted_facts_sets_nothing_off(cast):
    given.vehicle(cast.a, given.customer(cast.a, "别人", phone="13900001111"))
    vehicle = _sold_on(cast)
    rule = HANDBOOK.rules["new_owner"]
    asked = Happened("vehicle", "vehicle.changed_hands", where=(("plate", "沪B00000"),))
    object.__setattr__(rule, "when", asked)
    try:
        assert planner.plan_event(Event.objects.get(name="vehicle.changed_hands")) == 0
    finally:
        object.__setattr__(rule, "when", Happened("vehicle", "vehicle.changed_hands", late=14))
    assert planner.plan_event(Event.objects.get(name="vehicle.changed_hands")) == 1
    assert Task.objects.get().vehicle_id == vehicle.id


# The house leaves red weeks to the scorecard's improvements (R170); a rule may still watch a measure.
WORD_NOT_KEPT = Rule(
    "word_not_kept",
    title="按时完成率连续两周亮红灯：开会定措施",
    short="按时率红灯",
    requirement="R182",
    when=Red("kept_word", weeks=2),
    occasion=None,
    purpose="internal",
    owes=(
        Owes(
            Role.STORE_MANAGER,
            "review_kept_word",
            "召集相关同事，找原因、定措施",
            within=working(days=2),
            escalate=((working(days=3), Role.OPERATIONS),),
        ),
    ),
    reason="{name}上周按时完成率 {value}%，已经连续两周低于 {target}% 的目标。请和超时最多的同事一起看守诺指标，定下措施。",
    script="先看守诺指标里**哪条规则、哪家店**拖得最久，再看团队页**谁手上超时最多**：是人手不够、时间不对，还是电话没人接？"
    "把决定写在备注里。",
    shows=("store.name",),
    done_when=("settled",),
    done_label="已开会，措施写在备注",
    weight=75,
    keeps_gap=False,
)


@pytest.fixture
def watching(monkeypatch):
    """The handbook with a rule that watches the word kept."""
    monkeypatch.setitem(HANDBOOK.rules, WORD_NOT_KEPT.code, WORD_NOT_KEPT)


@pytest.mark.req("R182")
def test_two_red_weeks_running_oblige_the_manager_once_a_week(cast, watching):
    _weeks(cast, 15, 17)
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    task = Task.objects.get(rule="word_not_kept")
    assert task.assignee_id == cast.staff[Role.STORE_MANAGER].id and task.customer_id is None
    assert task.facts == {"name": cast.a.name, "value": 75.0, "target": 95}

    manager = cast.actor(Role.STORE_MANAGER)
    [row] = [c for g in queries.my_day(manager, at=real_clock.now())["groups"] for c in g.contacts]
    assert row.customer_name == cast.a.name
    shown = contacts.contact(row.id, manager, at=real_clock.now())
    assert "75%" in shown["headline"] and "95%" in shown["headline"]
    assert [o["code"] for o in shown["outcomes"]] == ["settled", "call_back"]

    commands.record_outcome(row.id, by=manager, outcome="settled", note="周三起每天 16 点过一遍超时")
    assert planner.plan_day(real_clock.today(), store_ids=[cast.a.id]).made == 0
    assert planner.plan_day(given.days(1), store_ids=[cast.a.id]).made == 0


@pytest.mark.req("R182")
@pytest.mark.parametrize(
    ("kept", "of"),
    [((15, 19), 20), ((19, 15), 20), ((15,), 20), ((0, 0), 9)],
    ids=["the week before was kept", "last week was kept", "one week only", "too few to judge"],
)
def test_one_red_week_or_few_tasks_oblige_nobody(cast, watching, kept, of):
    _weeks(cast, *kept, of=of)
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    assert not Task.objects.filter(rule="word_not_kept").exists()


def test_a_measure_says_the_same_as_the_page_of_figures(cast):
    from cheban.scorecard import metrics

    _weeks(cast, 15)
    page = metrics.kept_page(cast.actor(Role.STORE_MANAGER), at=real_clock.now())
    assert [w["kept_word"] for w in page["trend"] if w["due"]] == [75.0]
    assert facts.measure("kept_word").target == metrics.KEPT.target


@pytest.mark.req("R089")
def test_sudden_weather_gives_the_caller_the_tips_to_pass_on(cast):
    [event] = commands.warn_of_weather("rainstorm", by=cast.actor(Role.STORE_MANAGER))
    _deliver(cast)
    task = Task.objects.get()
    assert (task.rule, task.assignee_id) == ("weather_tips", cast.staff[Role.CALLER].id)
    assert task.facts == {"kind": "rainstorm"} and event.facts == task.facts
    shown = contacts.contact(task.contact_id, cast.actor(Role.CALLER), at=real_clock.now())
    script = "".join(part["text"] for part in shown["script"])
    assert shown["headline"].startswith("暴雨预警") and "积水" in script and cast.a.name in script
    with pytest.raises(commands.NeedsMore):
        commands.warn_of_weather("locusts", by=cast.actor(Role.STORE_MANAGER))
