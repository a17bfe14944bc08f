"""Rules with a store's own numbers: what holds where, who changed it, what a change would do. R035, R085-R090, R208."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from cheban.core import clock as real_clock
from cheban.core.errors import NotFound, NotPermitted, WrongState
from cheban.core.models import AuditEntry, Event
from cheban.org import scope
from cheban.org.access import system_actor
from cheban.org.roles import Role
from cheban.playbook import changing, dry_run, effective, explaining, knobs, planner, reading
from cheban.playbook.commands import NeedsMore
from cheban.playbook.models import PlanRun, RuleSetting, Task
from cheban.playbook.rules import HANDBOOK
from conftest import SHANGHAI
from tests import given

RULE = "first_service_due"


def plan(cast, on=None):
    return planner.plan_day(on or real_clock.today(), store_ids=[cast.a.id]).made


def store_level(cast):
    return changing.level_of(str(cast.a.id), cast.actor(Role.STORE_MANAGER))


def change(cast, values, *, code=RULE, level=None, by=None, **more):
    return changing.change_rule(
        code,
        by=by or cast.actor(Role.STORE_MANAGER),
        level=level or store_level(cast),
        values=values,
        reason="试一个月",
        **more,
    )


def group_level(cast):
    return changing.Level(cast.a.group_id, None, (cast.a.id, cast.b.id))


def due_in(cast, days: int, number: int = 0):
    owner = given.customer(cast.a, f"客户{number}", phone=f"138{number:08d}")
    return given.vehicle(
        cast.a, owner, plate=f"沪A{number:05d}", purchased_on=given.days(-170), first_service_due_on=given.days(days)
    )


@pytest.mark.req("R035", "R208")
def test_a_store_that_asks_for_ten_days_is_told_ten_days_before_the_others_are_not(cast):
    due_in(cast, 10)
    assert plan(cast) == 0
    change(cast, {"days": 10})
    assert plan(cast) == 2  # a changed rule marks the store: the same day is planned again
    scope.set_stores([cast.b.id])
    other = given.customer(cast.b, phone="13900001111")
    given.vehicle(cast.b, other, purchased_on=given.days(-170), first_service_due_on=given.days(10))
    assert planner.plan_day(real_clock.today(), store_ids=[cast.b.id]).made == 0


@pytest.mark.req("R208")
def test_the_time_limit_and_the_way_up_are_the_stores_own(cast):
    due_in(cast, 5)
    change(cast, {"within.book_first_service": 4, "escalate.book_first_service.0": 8, "weight": 33})
    plan(cast)
    task = Task.objects.get(rule=RULE, role=Role.SERVICE_SPECIALIST)
    assert task.due_at == datetime(2026, 11, 23, 14, 0, tzinfo=SHANGHAI)  # 4 working hours from 9, lunch between
    assert task.escalate_at == datetime(2026, 11, 24, 9, 0, tzinfo=SHANGHAI)
    assert task.weight == 33


@pytest.mark.req("R208")
def test_stores_with_different_numbers_are_planned_by_one_statement(cast):
    scope.set_stores([cast.a.id, cast.b.id])
    for store, phone in ((cast.a, "13800000001"), (cast.b, "13800000002")):
        owner = given.customer(store, phone=phone)
        given.vehicle(store, owner, purchased_on=given.days(-170), first_service_due_on=given.days(12))
    change(cast, {"days": 14}, level=changing.Level(cast.b.group_id, cast.b.id, (cast.b.id,)), by=system_actor([1]))
    made = planner.plan_day(real_clock.today(), store_ids=[cast.a.id, cast.b.id]).made
    assert made == 2
    assert set(Task.objects.values_list("store_id", flat=True)) == {cast.b.id}


@pytest.mark.req("R208")
def test_switched_off_makes_nothing_more_and_leaves_open_what_is_open(cast):
    due_in(cast, 5, 1)
    assert plan(cast) == 2
    change(cast, {"on": 0})
    due_in(cast, 5, 2)
    assert plan(cast) == 0
    assert Task.objects.filter(state="open").count() == 2


@pytest.mark.req("R208")
def test_switched_off_with_its_open_tasks_and_back_with_one_click(cast, clock):
    due_in(cast, 5)
    plan(cast)
    assert change(cast, {"on": 0}, drops_open=True).dropped == 2
    assert not Task.objects.filter(state="open").exists()
    clock.set(clock.now + timedelta(minutes=1))
    changing.restore_rule(RULE, by=cast.actor(Role.STORE_MANAGER), level=store_level(cast))
    assert Task.objects.filter(state="open").count() == 2
    assert effective.of_store(cast.a.id)[RULE].is_on
    assert plan(cast) == 0


@pytest.mark.req("R208")
def test_the_store_wins_over_the_group_and_the_group_over_the_house(cast):
    scope.set_stores([cast.a.id, cast.b.id])
    by = cast.actor(Role.GROUP_ADMIN)
    change(cast, {"days": 9, "weight": 50}, level=group_level(cast), by=by)
    change(cast, {"days": 12, "weight": 50}, level=changing.level_of(str(cast.a.id), by), by=by)
    a, b = effective.of_store(cast.a.id)[RULE], effective.of_store(cast.b.id)[RULE]
    assert (a.values["days"], a.source["days"], a.values["weight"], a.source["weight"]) == (12, "store", 50, "group")
    assert (b.values["days"], b.source["days"], b.source["within.care_call"]) == (9, "group", "house")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@for_all(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(sorted(HANDBOOK.rules) or [RULE]), st.integers(0, 100)), max_size=6
    )
)
def test_what_the_planner_takes_is_what_the_page_shows(cast, choices):
    """Oracle: values laid over each other in Python, row by row."""
    RuleSetting.objects.all()  # append-only: each example writes into its own savepoint
    from django.db import transaction

    with transaction.atomic():
        newest: dict[tuple[bool, str], dict] = {}
        for is_group, code, weight in choices:
            values = {} if weight < 10 else {"weight": weight}
            RuleSetting.objects.create(
                group_id=cast.a.group_id,
                store_id=None if is_group else cast.a.id,
                rule=code,
                values=values,
                at=real_clock.now(),
            )
            newest[is_group, code] = values
        shown = {store: effective.of_store(store) for store in (cast.a.id, cast.b.id)}
        for rule, stores in effective.variants([cast.a.id, cast.b.id], HANDBOOK.rules.values()):
            house = HANDBOOK.rules[rule.code].weight
            for store in stores:
                of_group = newest.get((True, rule.code), {})
                own = newest.get((False, rule.code), {}) if store == cast.a.id else {}
                assert rule.weight == ({"weight": house} | of_group | own)["weight"]
                assert shown[store][rule.code].values["weight"] == rule.weight
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"days": 0}, knobs.OutOfBounds),
        ({"days": 15}, knobs.OutOfBounds),
        ({"days": "many"}, knobs.OutOfBounds),
        ({"nonsense": 1}, knobs.OutOfBounds),
        ({"within.book_first_service": 40, "escalate.book_first_service.0": 32}, knobs.OutOfBounds),
        ({"days": 7}, WrongState),
    ],
)
def test_numbers_outside_the_rules_own_bounds_are_refused(cast, values, error):
    with pytest.raises(error):
        change(cast, values)
    assert not RuleSetting.objects.exists()


def test_the_three_insurance_reminders_cannot_be_made_to_overlap():
    bounds = [
        next((k.least, k.most) for k in knobs.knobs(HANDBOOK.rules[f"insurance_renewal_{d}"]) if k.key == "days")
        for d in (7, 30, 60)
    ]
    assert bounds == [(1, 7), (8, 30), (31, 90)]


@pytest.mark.req("R019")
def test_a_change_says_who_when_from_what_to_what_and_why(cast):
    first = change(cast, {"days": 10})
    change(cast, {"days": 12}, seen=first.id)
    told = Event.objects.filter(name="rule.changed").order_by("-id").first()
    assert (told.facts["before"], told.facts["after"], told.facts["why"]) == ({"days": 10}, {"days": 12}, "试一个月")
    assert AuditEntry.objects.filter(action="rule.changed").count() == 2
    history = reading.one_rule(RULE, store_level(cast))["history"]
    assert [h["steps"][0]["new"] for h in history] == ["12 天", "10 天"]
    assert history[0]["who"] == cast.staff[Role.STORE_MANAGER].name


def test_history_cannot_be_rewritten(cast):
    from django.db import DatabaseError, transaction

    row = change(cast, {"days": 10})
    for write in (lambda: RuleSetting.objects.filter(id=row.id).update(reason="x"), row.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            write()


def test_of_two_managers_with_the_same_form_the_second_is_told(cast):
    change(cast, {"days": 10}, seen=0)
    with pytest.raises(WrongState):
        change(cast, {"days": 12}, seen=0)


def test_a_reason_is_asked_for(cast):
    with pytest.raises(NeedsMore):
        changing.change_rule(
            RULE, by=cast.actor(Role.STORE_MANAGER), level=store_level(cast), values={"days": 9}, reason=" "
        )


@pytest.mark.req("R019")
def test_a_store_manager_reaches_neither_the_group_nor_another_store(cast):
    manager = cast.actor(Role.STORE_MANAGER)
    with pytest.raises(NotPermitted):
        changing.level_of("group", manager)
    with pytest.raises(NotFound):
        changing.level_of(str(cast.b.id), manager)
    with pytest.raises(NotPermitted):
        change(cast, {"days": 9}, by=cast.actor(Role.SERVICE_ADVISOR))


def test_a_duty_given_to_another_role_is_not_made_twice(cast):
    car = given.vehicle(cast.a, given.customer(cast.a), inspection_due_on=given.days(10))
    assert plan(cast) == 1
    change(cast, {"role.remind_inspection": Role.CALLER}, code="inspection_due")
    assert plan(cast) == 0
    type(car).objects.filter(id=car.id).update(inspection_due_on=given.days(20))
    assert plan(cast) == 1
    assert Task.objects.filter(role=Role.CALLER).count() == 1


def _everything() -> dict:
    """Row counts and newest marks of all tables that the scope can see."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        found = {}
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT count(*), md5(coalesce(string_agg(t::text, '' ORDER BY t::text), '')) FROM \"{table}\" t"  # noqa: S608
            )
            found[table] = cursor.fetchone()
    return found


@pytest.mark.req("R035", "R208")
def test_a_dry_run_changes_not_one_row(cast):
    due_in(cast, 9)
    plan(cast)
    before = _everything()
    answer = dry_run.try_out(RULE, {"days": 14}, store_ids=[cast.a.id], today=real_clock.today())
    assert answer["next"]["draft"] == 2
    assert _everything() == before
    PlanRun.objects.all().update(made=1)  # and the transaction may write again


@pytest.mark.req("R035", "R085", "R086", "R087", "R088", "R147")
@pytest.mark.parametrize(
    ("code", "values"),
    [
        (RULE, {"days": 12}),
        ("maintenance_due", {"days": 3}),
        ("birthday", {}),
        ("festival_greeting", {}),
        ("no_visit_6m", {"months": 5}),
        ("insurance_renewal_30", {"days": 20}),
        ("inspection_due", {"on": 0}),
    ],
)
def test_what_the_dry_run_says_is_what_the_planner_then_makes(cast, clock, code, values):
    """Metamorphic: the days one after the other, with the numbers saved, make what was foretold."""
    clock.set(datetime(2026, 12, 7, 9, tzinfo=SHANGHAI))  # New Year's Day lies in the window
    for number in range(24):
        owner = given.customer(
            cast.a,
            f"客户{number}",
            phone=f"138{number:08d}",
            kind="person",
            tier="gold" if number % 3 else "ordinary",
            birthday=1207 + number % 11,
            last_visit_on=given.days(-number * 9),
        )
        given.vehicle(
            cast.a,
            owner,
            plate=f"沪A{number:05d}",
            purchased_on=given.days(-170 - number),
            first_service_due_on=given.days(number * 2 - 10),
            services_done=0 if number % 2 else 3,
            last_service_on=given.days(-190 - number),
            last_visit_on=given.days(-140 - number * 3),
            maintenance_due_on=given.days(number * 2 - 8),
            inspection_due_on=given.days(number * 2),
            insurance_until=given.days(number * 3),
        )
    today = real_clock.today()
    foretold = dry_run.try_out(code, values, store_ids=[cast.a.id], today=today)["next"]
    house = knobs.defaults(HANDBOOK.rules[code])
    if any(house[k] != v for k, v in values.items()):
        change(cast, values, code=code)
    made = {}
    for number in range(dry_run.DAYS):
        day = today + timedelta(days=number)
        clock.set(datetime.combine(day, datetime.min.time(), tzinfo=SHANGHAI) + timedelta(hours=9))
        plan(cast, day)
        for on in Task.objects.filter(rule=code, planned_on=day).values_list("planned_on", flat=True):
            made[on] = made.get(on, 0) + 1
    weeks = [sum(n for on, n in made.items() if w["begin"] <= on <= w["end"]) for w in foretold["weeks"]]
    assert [w["draft"] for w in foretold["weeks"]] == weeks
    assert foretold["draft"] == sum(made.values())
    if values.get("on") == 0:
        assert foretold["draft"] == 0 and foretold["now"] > 0
    else:
        assert foretold["draft"] > 0


def test_explain_uses_the_stores_numbers(cast):
    car = due_in(cast, 10)
    assert not explaining.explain(RULE, car.id, day=real_clock.today())[0].holds
    change(cast, {"days": 10})
    assert explaining.explain(RULE, car.id, day=real_clock.today())[0].holds
