"""The demo dealership must hold together: what it tells has to be possible."""

from __future__ import annotations

import random
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.db.models import Count, Q, Sum

from cheban.core import clock as house_clock
from cheban.core import privacy
from cheban.core.calendars import calendars_of
from cheban.core.models import Event, EventDelivery
from cheban.core.worktime import Calendar
from cheban.customers import care, vin
from cheban.customers.mileage import doubtful
from cheban.customers.models import Consent, ContactPoint, Customer, OdometerReading, Vehicle, VehicleOwnership
from cheban.customers.names import search_key
from cheban.customers.phone import parse_phone
from cheban.customers.plate import parse_plate
from cheban.org import scope
from cheban.org.models import Staff, Store
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.site import demo
from cheban.site.demo import cars, files, people, staff
from cheban.site.demo.history import Driven, visits
from cheban.site.demo.seasons import Seasons
from cheban.workshop.models import RepairOrder, RepairOrderLine

ZONE = ZoneInfo("Asia/Shanghai")
CUSTOMERS = 240


@pytest.fixture
def dealership(db, clock):
    """A small demo, seen from all its stores."""
    demo.load(customers=CUSTOMERS)
    scope.set_stores(Store.objects.values_list("id", flat=True))


def test_the_demo_holds_together(dealership):
    today = house_clock.today()

    # people
    assert Customer.objects.count() == CUSTOMERS + 3 * files.TWICE  # those that were opened twice
    for point in ContactPoint.objects.all()[:50]:
        number = privacy.unseal(point.value_sealed, bound_to=f"customers_contactpoint.value:{point.id}")
        assert parse_phone(number).e164 == number
        assert bytes(point.value_blind) == privacy.blind("phone", number)
    for customer in Customer.objects.filter(address_sealed__isnull=False)[:50]:
        assert search_key(customer.name).startswith(f"{customer.name_full_pinyin} {customer.name_initials}")
        assert privacy.unseal(customer.address_sealed, bound_to=f"customers_customer.address:{customer.id}").startswith(
            customer.region
        )
        assert customer.birthday is None or customer.lunar_birthday is None

    # every vehicle has one owner now, and the ownership says the same
    vehicles = {v.id: v for v in Vehicle.objects.all()}
    current = VehicleOwnership.objects.filter(until_on=None).values_list("vehicle_id", "customer_id")
    assert sorted(current) == sorted((v.id, v.owner_id) for v in vehicles.values())
    assert VehicleOwnership.objects.exclude(until_on=None).exists()
    assert len({v.vin for v in vehicles.values()}) == len(vehicles)
    for vehicle in vehicles.values():
        assert vin.parse_vin(vehicle.vin).check_digit_ok
        assert today.year - 12 < vehicle.purchased_on.year and vehicle.purchased_on < today
        if vehicle.plate_number:
            assert parse_plate(vehicle.plate_number).kind == vehicle.plate_kind

    # an odometer never falls, but for readings that are marked; and those marks are the right ones
    readings: dict = {}
    for reading in OdometerReading.objects.order_by("read_on", "km"):
        readings.setdefault(reading.vehicle_id, []).append(reading)
    for of_one in readings.values():
        sound = [r.km for r in of_one if not r.is_doubtful]
        assert sound == sorted(sound)
        assert not doubtful([care.Reading(r.read_on, r.km) for r in of_one if not r.is_doubtful])

    # nobody comes on a day the store is closed, nor tomorrow
    calendars = calendars_of(Store.objects.values_list("id", "time_zone"))
    for store_id, at in RepairOrder.objects.values_list("store_id", "in_at"):
        day = at.astimezone(ZONE).date()
        assert day < today and calendars[store_id].spans_of(day), day

    # sums
    totals = RepairOrder.objects.annotate(lines_fen=Sum("lines__total_fen")).values_list("total_fen", "lines_fen")
    assert all(total == lines for total, lines in totals)
    spent = dict(RepairOrder.objects.values_list("customer_id").annotate(Sum("total_fen")))
    assert all(spent.get(c.id, 0) == c.spent_fen for c in Customer.objects.all())
    assert RepairOrderLine.objects.filter(repair_order__is_maintenance=True).exists()

    # the columns that rules ask about are what the forecast itself would write
    asked = ("services_done", "last_service_on", "last_service_km", "last_visit_on", "odometer_km", "odometer_on")
    before = {v.id: [getattr(v, name) for name in asked] for v in vehicles.values()}
    care.refresh(list(vehicles), today=today)
    assert {v.id: [getattr(v, name) for name in asked] for v in Vehicle.objects.all()} == before
    for vehicle in Vehicle.objects.annotate(
        orders=Count("repairorder", filter=Q(repairorder__is_maintenance=True), distinct=True)
    ):
        assert vehicle.orders == vehicle.services_done

    # what happened is told once, with nothing owed
    told = dict(Event.objects.values_list("name").annotate(Count("id")))
    assert told["customer.recorded"] == CUSTOMERS + 3 * files.TWICE
    assert told["repair_order.imported"] == RepairOrder.objects.count()
    assert told["consent.refused"] == Consent.objects.filter(is_given=False).count()
    assert not EventDelivery.objects.exists()
    assert not Event.objects.filter(at__gt=house_clock.now()).exists()

    # the last weeks were lived
    tasks = Task.objects.all()
    assert tasks.count() == len(set(tasks.values_list("subject_id", "rule", "occasion_on", "role")))
    assert tasks.filter(state="open").exists() and tasks.filter(state="done").exists()
    assert not tasks.filter(assignee_id=None).exists()
    assert all(bool(t.closed_at) == (t.state != "open") for t in tasks)
    for customer in Customer.objects.exclude(refused_purposes=[]):
        if "all" in customer.refused_purposes:
            assert not tasks.filter(customer_id=customer.id, state="open").exists()


@pytest.mark.parametrize("moment", ["now", "night", "spring"])
def test_everybody_who_calls_customers_finds_work(db, clock, moment):
    if moment == "night":
        clock.set(clock.now.replace(hour=2))
    elif moment == "spring":
        clock.set(clock.now.replace(month=5, day=4, hour=16))  # a holiday
    demo.load(customers=1700, stores=1)  # as many as each store of the usual demo
    scope.set_stores(Store.objects.values_list("id", flat=True))
    for role in (
        Role.SERVICE_ADVISOR,
        Role.SERVICE_SPECIALIST,
        Role.SALES_CONSULTANT,
        Role.CALLER,
        Role.STORE_MANAGER,
    ):
        for person in Staff.objects.filter(roles__role=role):
            contacts = Task.objects.filter(assignee_id=person.id, state="open").values("contact_id").distinct().count()
            assert 2 <= contacts <= 30, (person.login, contacts)
    late = Task.objects.filter(state="open", due_at__lt=house_clock.now())
    assert (moment != "now" or late.exists()) and late.count() < Task.objects.filter(state="open").count()


def test_the_same_seed_on_the_same_day_makes_the_same_dealership(db, clock):
    def facts() -> list:
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT c.name, c.customer_no, c.birth_on, c.spent_fen, v.vin, v.plate_number, v.odometer_km,
                     v.maintenance_due_on FROM customers_customer c
                   LEFT JOIN customers_vehicle v ON v.owner_id = c.id ORDER BY c.id, v.id"""
            )
            rows = cursor.fetchall()
            cursor.execute(
                """SELECT t.rule, t.occasion_on, t.state, t.outcome, t.note, s.login, t.due_at FROM playbook_task t
                   JOIN customers_vehicle v ON v.id = t.vehicle_id JOIN org_staff s ON s.id = t.assignee_id
                   ORDER BY v.vin, t.rule, t.occasion_on, t.role, t.due_at"""
            )
            return rows + cursor.fetchall()

    seen = []
    for seed in (7, 7, 8):
        point = transaction.savepoint()
        demo.load(customers=150, stores=2, seed=seed)
        scope.set_stores(Store.objects.values_list("id", flat=True))
        seen.append(facts())
        transaction.savepoint_rollback(point)

    assert seen[0] == seen[1]
    assert seen[0] != seen[2]


def test_a_demo_goes_only_into_an_empty_database(db, clock):
    assert demo.logins() == []
    assert demo.is_empty()
    demo.load(customers=20, stores=1, plan=False, history="none")
    assert not demo.load_if_empty()
    scope.set_stores(Store.objects.values_list("id", flat=True))
    assert Customer.objects.count() == 20
    assert not RepairOrder.objects.exists()
    shown = demo.logins()
    assert {"manager.pd1", "advisor1.pd1", "specialist1.pd1", "sales1.pd1", "caller1.pd1", "admin", "auditor"} <= {
        row["login"] for row in shown
    }
    for row in shown[:2]:
        person = Staff.objects.get(login=row["login"])
        assert person.check_password(row["password"]) and person.name == row["name"]


def test_a_light_history_keeps_the_last_visit_of_each_vehicle(db, clock):
    demo.load(customers=60, stores=1, plan=False, history="light")
    scope.set_stores(Store.objects.values_list("id", flat=True))
    visits = dict(RepairOrder.objects.values_list("vehicle_id").annotate(Count("id")))
    assert set(visits.values()) == {1}
    last = {v: at.astimezone(ZONE).date() for v, at in RepairOrder.objects.values_list("vehicle_id", "in_at")}
    assert last == dict(Vehicle.objects.exclude(last_visit_on=None).values_list("id", "last_visit_on"))


def test_identities_are_unique_and_of_the_right_form():
    rng = random.Random(1)
    numbers = [*range(3000), *range(1_000_000, 1_003_000)]
    vins = [cars.vin(rng, "LSV", 2024, n) for n in numbers]
    assert len({v[9:] for v in vins[:3000]}) == 3000 and len(set(vins)) == len(vins)
    assert all(vin.parse_vin(v).check_digit_ok and 2024 in vin.model_years(v) for v in vins)
    assert len({people.phone(n) for n in range(20_000)}) == 20_000
    for series in cars.SERIES:
        plates = {cars.plate(rng, "苏E", n, series=series) for n in range(2000)}
        assert len(plates) == 2000
        assert {parse_plate(number).kind for number, _kind in plates} == {kind for _number, kind in plates}
        assert {kind for _number, kind in plates} == {"nev_small" if series.is_nev else "blue"}


def test_phones_lie_in_segments_that_nobody_was_given():
    assert {people.phone(n)[3:6] for n in range(100)} <= {"154", "160", "161", "163", "164", "168", "169"}


def test_names_go_with_the_year_of_birth():
    rng = random.Random(3)
    old = "".join(people.person(rng, born=1960)[0] for _ in range(300))
    young = "".join(people.person(rng, born=2004)[0] for _ in range(300))
    assert "梓" not in old and "梓" in young
    assert "桂" in old and "桂" not in young


def test_every_store_has_all_working_roles_and_nobody_shares_a_login():
    teams = [staff.team_of(code) for code, _name, _city in staff.plan_of(60)]
    assert len({login for team in teams for login, _n, _r in team}) == sum(map(len, teams))
    assert all({r for _l, _n, r in team} >= {Role.STORE_MANAGER, Role.SERVICE_ADVISOR, Role.CASHIER} for team in teams)
    assert len({code for code, _name, _city in staff.plan_of(60)}) == 60


def test_most_come_for_the_first_service_and_a_third_stays_away_from_the_second():
    open_days = Calendar("Asia/Shanghai", {weekday: [(time(9), time(17))] for weekday in range(6)})
    today = date(2026, 11, 23)
    seasons, rng = Seasons(open_days, today=today), random.Random(5)
    bought = (today - timedelta(days=4 * 365)).toordinal()
    counts = []
    for _ in range(3000):
        came = visits(
            rng,
            seasons,
            Driven(0, bought, 0.0),
            until=seasons.end,
            rate=38.0,
            interval=care.Interval(),
            energy="fuel",
        )
        assert all(a.on < b.on and a.km <= b.km for a, b in zip(came, came[1:], strict=False))
        counts.append(max((v.service for v in came), default=0))
    first, second = sum(c >= 1 for c in counts), sum(c >= 2 for c in counts)
    assert 0.92 < first / len(counts) < 0.96
    assert 0.60 < second / first < 0.66
