"""The daily run: what it makes, what it must never make twice, whom it leaves in peace. R035, R085-R090."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from cheban.core import clock as real_clock
from cheban.core.models import CalendarDay
from cheban.customers import commands as customers
from cheban.customers.models import Customer
from cheban.org import scope
from cheban.org.models import StaffRole, Store
from cheban.org.roles import Role
from cheban.playbook import explaining, pauses, planner
from cheban.playbook.models import Change, Task
from tests import given


def run(cast, on: date | None = None) -> planner.Plan:
    return planner.plan_day(on or real_clock.today(), store_ids=[cast.a.id])


def tasks(rule: str):
    return Task.objects.filter(rule=rule)


@pytest.mark.req("R035")
def test_seven_days_before_the_first_service_both_sides_owe_something(cast):
    customer = given.customer(cast.a)
    given.vehicle(cast.a, customer, purchased_on=given.days(-170), first_service_due_on=given.days(7))
    run(cast)
    assert set(tasks("first_service_due").values_list("role", "assignee_id")) == {
        (Role.SERVICE_SPECIALIST, cast.staff[Role.SERVICE_SPECIALIST].id),
        (Role.SALES_CONSULTANT, cast.staff[Role.SALES_CONSULTANT].id),
    }


@pytest.mark.req("R035")
def test_eight_days_before_nothing_is_owed_yet(cast):
    given.vehicle(cast.a, given.customer(cast.a), purchased_on=given.days(-170), first_service_due_on=given.days(8))
    run(cast)
    assert not tasks("first_service_due").exists()


@pytest.mark.req("R035")
def test_the_run_twice_makes_nothing_twice_even_after_the_forecast_moved(cast):
    vehicle = given.vehicle(
        cast.a, given.customer(cast.a), purchased_on=given.days(-170), first_service_due_on=given.days(5)
    )
    assert run(cast).made == 2
    assert run(cast).made == 0
    vehicle.first_service_due_on = given.days(3)
    vehicle.save()
    assert run(cast, given.days(1)).made == 0


@pytest.mark.req("R090")
def test_a_missed_week_is_caught_up(cast):
    given.vehicle(
        cast.a,
        given.customer(cast.a),
        services_done=3,
        last_service_on=given.days(-190),
        maintenance_due_on=given.days(-6),
    )
    assert run(cast).made == 1


@pytest.mark.req("R087")
@pytest.mark.parametrize(
    ("fields", "greeted"),
    [
        ({"birthday": 1123}, True),
        ({"birthday": 1124}, False),
        ({"lunar_birthday": 1015}, True),
        ({"lunar_birthday": 1016}, False),
        ({"birthday": 1123, "kind": "company"}, False),
        ({"birthday": 1123, "last_visit_on": date(2020, 1, 1)}, False),
    ],
)
def test_birthdays_by_the_solar_and_the_lunar_calendar(cast, fields, greeted):
    """23 November 2026 is the 15th of the tenth lunar month."""
    customer = given.customer(cast.a, **({"last_visit_on": given.days(-30)} | fields))
    run(cast)
    assert tasks("birthday").filter(customer_id=customer.id).exists() is greeted


@pytest.mark.req("R088")
def test_festival_greetings_go_to_gold_customers_on_the_lunar_day(cast):
    gold = given.customer(cast.a, "金卡", tier="gold")
    given.customer(cast.a, "普通", phone="13811112222")
    run(cast, date(2026, 9, 25))  # 中秋节
    assert list(tasks("festival_greeting").values_list("customer_id", flat=True)) == [gold.id]
    assert tasks("festival_greeting").get().facts["festival"] == "中秋节"


@pytest.mark.req("R086")
@pytest.mark.parametrize(
    ("days", "rule"),
    [
        (60, "insurance_renewal_60"),
        (31, "insurance_renewal_60"),
        (30, "insurance_renewal_30"),
        (8, "insurance_renewal_30"),
        (7, "insurance_renewal_7"),
        (0, "insurance_renewal_7"),
        (61, None),
        (-1, None),
    ],
)
def test_insurance_is_renewed_in_three_steps_one_at_a_time(cast, days, rule):
    given.vehicle(cast.a, given.customer(cast.a), insurance_until=given.days(days))
    run(cast)
    assert list(Task.objects.values_list("rule", flat=True)) == ([rule] if rule else [])


@pytest.mark.req("R147", "R067", "R101")
@pytest.mark.parametrize("months", [6, 9, 12])
def test_who_has_not_come_for_six_nine_twelve_months_is_asked_why(cast, months):
    day = planner.months_back(real_clock.today(), months)
    given.vehicle(cast.a, given.customer(cast.a), last_visit_on=day)
    run(cast)
    assert list(Task.objects.values_list("rule", flat=True)) == [f"no_visit_{months}m"]


@pytest.mark.req("R020")
def test_who_refused_is_not_contacted_and_is_counted(cast):
    customer = given.customer(cast.a)
    given.vehicle(
        cast.a, customer, insurance_until=given.days(20), inspection_due_on=given.days(10), inspection_kind="sticker"
    )
    customers.change_consent(
        customer,
        by=cast.actor(Role.SERVICE_ADVISOR),
        purpose="insurance",
        channel="any",
        is_given=False,
        proof="电话里说的",
    )
    plan = run(cast)
    assert list(Task.objects.values_list("rule", flat=True)) == ["inspection_due"]
    assert plan.held_back == {"refused": 1}


@pytest.mark.req("R020")
def test_a_customer_spoken_to_this_week_is_left_in_peace_unless_it_is_urgent(cast):
    customer = given.customer(cast.a, last_contact_at=real_clock.now() - timedelta(days=2))
    given.vehicle(
        cast.a, customer, inspection_due_on=given.days(10), inspection_kind="sticker", insurance_until=given.days(5)
    )
    plan = run(cast)
    assert list(Task.objects.values_list("rule", flat=True)) == ["insurance_renewal_7"]
    assert plan.held_back == {"too_soon": 1}


def test_several_reasons_of_one_customer_are_one_contact_of_one_person(cast):
    customer = given.customer(cast.a)
    given.vehicle(cast.a, customer, plate="沪A11111", insurance_until=given.days(5))
    given.vehicle(cast.a, customer, plate="沪A22222", inspection_due_on=given.days(10), inspection_kind="on_line")
    given.vehicle(
        cast.a,
        customer,
        plate="沪A33333",
        services_done=4,
        last_service_on=given.days(-180),
        maintenance_due_on=given.days(3),
    )
    run(cast)
    assert Task.objects.count() == 3
    assert Task.objects.values("contact_id", "assignee_id").distinct().count() == 1


def test_a_new_reason_joins_the_contact_that_is_open(cast):
    customer = given.customer(cast.a)
    vehicle = given.vehicle(cast.a, customer, insurance_until=given.days(20))
    run(cast)
    vehicle.inspection_due_on, vehicle.inspection_kind = given.days(20), "sticker"
    vehicle.save()
    run(cast, given.days(1))
    assert Task.objects.count() == 2
    assert Task.objects.values("contact_id").distinct().count() == 1


def test_the_vehicles_own_people_come_first_and_leavers_are_skipped(cast):
    second = given.staff(cast.a, Role.SERVICE_SPECIALIST, login="second")
    given.vehicle(cast.a, given.customer(cast.a), insurance_until=given.days(20), service_specialist_id=second.id)
    run(cast)
    assert Task.objects.get().assignee_id == second.id
    StaffRole.objects.filter(role=Role.SERVICE_SPECIALIST).delete()
    given.vehicle(
        cast.a, given.customer(cast.a, "李四", phone="13700000000"), plate="沪B1", insurance_until=given.days(20)
    )
    run(cast)
    assert Task.objects.exclude(assignee_id=second.id).get().assignee_id == cast.staff[Role.STORE_MANAGER].id


def test_nothing_starts_in_quiet_hours_or_is_due_outside_opening(cast, clock):
    given.vehicle(cast.a, given.customer(cast.a), insurance_until=given.days(20))
    clock.set(clock.now.replace(hour=22, minute=30))
    run(cast)
    task = Task.objects.get()
    local = task.starts_at.astimezone(clock.now.tzinfo)
    assert (local.date(), local.hour, local.minute) == (given.days(1), 8, 30)
    assert 8 <= task.due_at.astimezone(clock.now.tzinfo).hour <= 17


def test_a_long_holiday_reports_nobody_before_the_time_limit(cast):
    """Five working days over a closing of ten days end later than fourteen by the wall (R035, found by seed 7)."""
    for n in range(1, 11):
        CalendarDay.objects.create(store_id=cast.a.id, on=given.days(n), kind="holiday", name="盘点")
    given.vehicle(cast.a, given.customer(cast.a, "张伟"), warranty_until=given.days(40))
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])

    task = Task.objects.get(rule="warranty_expiry")
    assert task.due_at > task.starts_at + timedelta(days=14)
    assert task.escalate_at == task.due_at


def test_putting_off_over_a_holiday_reports_nobody_before_the_time_limit(cast):
    given.vehicle(cast.a, given.customer(cast.a, "张伟"), warranty_until=given.days(40))
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    task = Task.objects.get(rule="warranty_expiry")
    assert task.escalate_at > task.due_at
    for n in range(3, 17):
        CalendarDay.objects.create(store_id=cast.a.id, on=given.days(n), kind="holiday", name="盘点")

    now = real_clock.now()
    pauses.begin([task], reason="客户出差", at=now, until=now + timedelta(hours=1), by_id=None)

    assert task.due_at > task.starts_at + timedelta(days=14)
    assert task.escalate_at == task.due_at


def test_a_scrapped_vehicle_is_not_reminded(cast):
    given.vehicle(cast.a, given.customer(cast.a), insurance_until=given.days(20), is_active=False)
    assert run(cast).made == 0


def test_other_stores_are_out_of_reach(cast):
    given.vehicle(cast.a, given.customer(cast.a), insurance_until=given.days(20))
    scope.set_stores([cast.b.id])
    assert planner.plan_day(real_clock.today(), store_ids=[cast.b.id]).made == 0


def test_explain_says_which_condition_fails(cast):
    vehicle = given.vehicle(
        cast.a,
        given.customer(cast.a),
        services_done=1,
        purchased_on=given.days(-100),
        first_service_due_on=given.days(3),
    )
    findings = explaining.explain("first_service_due", vehicle.id, day=real_clock.today())
    assert [f.says for f in findings if not f.holds] == ["还没有做过首保"]


def test_two_planners_at_once_make_each_task_once(committed, clock):
    with transaction.atomic():
        cast = given.cast(scoped=False)
    with scope.use([cast.a.id]):
        for i in range(40):
            given.vehicle(
                cast.a,
                given.customer(cast.a, f"张{i}", phone=f"138000012{i:02d}"),
                plate=f"沪A000{i:02d}",
                insurance_until=given.days(20),
            )
    made, barrier = [], threading.Barrier(4)

    def plan() -> None:
        barrier.wait()
        with real_clock.frozen(clock.now), scope.use([cast.a.id]):
            made.append(planner.plan_day(given.days(0), store_ids=[cast.a.id]).made)
        connections.close_all()

    threads = [threading.Thread(target=plan) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(made) == [0, 0, 0, 40]
    with scope.use([cast.a.id]):
        assert Task.objects.count() == 40


def test_a_planner_killed_in_the_middle_leaves_nothing_and_loses_nothing(committed, clock):
    with transaction.atomic():
        cast = given.cast(scoped=False)
    with scope.use([cast.a.id]):
        given.vehicle(cast.a, given.customer(cast.a), insurance_until=given.days(20))
    with pytest.raises(Exception, match="terminat|closed|connection"), scope.use([cast.a.id]):
        planner.plan_day(given.days(0), store_ids=[cast.a.id])
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        with connections["owner"].cursor() as other:
            other.execute("SELECT count(*) FROM playbook_task")
            assert other.fetchone()[0] == 0
        connection.connection.close()
        Customer.objects.count()
        assert pid
    connections.close_all()
    with scope.use([cast.a.id]):
        assert Task.objects.count() == 0
        assert planner.plan_day(given.days(0), store_ids=[cast.a.id]).made == 1


@pytest.mark.req("R035")
def test_a_store_where_nothing_changed_is_passed_over_and_any_change_brings_it_back(committed, clock):
    with transaction.atomic():
        cast = given.cast(scoped=False)
    stores, today, tomorrow = [cast.a.id, cast.b.id], given.days(0), given.days(1)

    def plan(day: date = today) -> planner.Plan:
        with scope.use(stores), CaptureQueriesContext(connection) as asked:
            plan = planner.plan_day(day, store_ids=stores)
        ran.append(any("playbook_task" in query["sql"] for query in asked))
        return plan

    ran: list[bool] = []
    with scope.use([cast.a.id]):
        vehicle = given.vehicle(cast.a, given.customer(cast.a), insurance_until=given.days(20))
    assert (plan().made, plan().made, ran) == (1, 0, [True, False])

    with scope.use([cast.a.id]):
        vehicle.inspection_due_on, vehicle.inspection_kind = given.days(9), "sticker"
        vehicle.save()
    assert set(Change.objects.values_list("store_id", flat=True)) == {cast.a.id}
    assert plan(tomorrow).made == 1  # the changed vehicle; the mark is taken by another day's run ...
    assert plan().made == 0 and ran[-1]  # ... and yet today is planned again
    assert plan().made == 0 and not ran[-1]

    with scope.use([cast.a.id]):
        Task.objects.filter(rule="inspection_due").delete()
    assert plan().made == 1
    for change in (
        lambda: StaffRole.objects.filter(store=cast.a).first().delete(),
        lambda: Store.objects.filter(id=cast.a.id).update(contact_gap_days=9),
        lambda: CalendarDay.objects.create(store_id=cast.a.id, on=date(2031, 1, 4), kind="holiday", name="盘点"),
    ):
        with scope.use([cast.a.id]):
            change()
        plan()
        assert ran[-1]
    plan()
    assert not ran[-1]


def test_a_change_that_commits_while_a_plan_runs_is_not_lost(committed, clock):
    with transaction.atomic():
        cast = given.cast(scoped=False)
    with scope.use([cast.a.id]):
        vehicle = given.vehicle(cast.a, given.customer(cast.a))
    changed, planned = threading.Event(), threading.Event()

    def change() -> None:
        with real_clock.frozen(clock.now), scope.use([cast.a.id]):
            vehicle.insurance_until = given.days(20)
            vehicle.save()
            changed.set()
            planned.wait(20)
        connections.close_all()

    other = threading.Thread(target=change)
    other.start()
    assert changed.wait(20)
    with scope.use([cast.a.id]):
        assert planner.plan_day(given.days(0), store_ids=[cast.a.id]).made == 0  # not committed: not seen
    planned.set()
    other.join()
    with scope.use([cast.a.id]):
        assert planner.plan_day(given.days(0), store_ids=[cast.a.id]).made == 1


def test_months_back_keeps_to_the_month():
    assert planner.months_back(date(2026, 8, 31), 6) == date(2026, 2, 28)
    assert planner.months_back(date(2028, 8, 31), 6) == date(2028, 2, 29)
    assert planner.months_back(date(2026, 1, 15), 12) == date(2025, 1, 15)


def test_a_birthday_on_29_february_is_kept_on_the_28th(cast):
    given.customer(cast.a, birthday=229, last_visit_on=date(2027, 1, 1))
    with real_clock.frozen(datetime.fromisoformat("2027-02-28T09:00:00+08:00")):
        assert run(cast).made == 1


@pytest.mark.parametrize("hours", [-1, 1, -26, 26])
def test_a_clock_that_jumps_makes_nothing_twice(cast, clock, hours):
    given.vehicle(cast.a, given.customer(cast.a), insurance_until=given.days(20))
    assert run(cast).made == 1
    clock.set(clock.now + timedelta(hours=hours))
    assert run(cast).made == 0


def test_after_a_plan_that_made_many_the_database_knows_that_there_are_many(cast):
    """Without it the next plan on the same day joins as if there were a handful: minutes instead of seconds."""
    owner = given.customer(cast.a)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_vehicle SELECT (jsonb_populate_record(v, jsonb_build_object('id', uuidv7(),
                 'plate_number', '沪A' || i))).* FROM customers_vehicle v, generate_series(1, %s) i WHERE v.id = %s""",
            [planner.MANY // 2, given.vehicle(cast.a, owner, first_service_due_on=given.days(7)).id],
        )
    made = run(cast).made
    assert made >= planner.MANY
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'playbook_task'::regclass")
        assert cursor.fetchone()[0] == made
