"""The town at the beginning: stores with people, customers with years behind them, told by the demo's generator.

The demo tells what happened before the first day (rows at COPY speed); from that day on everything goes through
commands and files. What really is (kilometres, habits) is read back once from what was told.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from cheban.core import calendars, privacy
from cheban.core.calendars import calendars_of
from cheban.customers import care
from cheban.org import commands as org
from cheban.org import scope
from cheban.org.access import actor_for
from cheban.org.models import DealerGroup, Staff, StaffRole, Store
from cheban.org.roles import Role
from cheban.site.demo import cars as makes
from cheban.site.demo import loading, staff
from cheban.site.demo.parts import Part
from cheban.site.demo.people import city
from cheban.site.demo.seasons import YEARS, Seasons
from cheban.site.simulation import behaviour
from cheban.site.simulation.dice import Dice
from cheban.site.simulation.world import ZONE, Car, Person, Place, Worker, World

CHUNK = 2_500


def build(*, seed: int, customers: int, stores: int, staff_kind: str, begin: date, end: date) -> World:
    """Make the stores and their past; returns the town on the morning of its first day. The clock stands there."""
    with transaction.atomic():
        made = make_stores(stores, years=range(begin.year - YEARS, end.year + 2))
    calendar_of = calendars_of((store.id, store.time_zone) for store in made)
    first = (Store.objects.count() - stores) * 100_000
    number = 0
    for index, store in enumerate(made):
        left = customers // stores + (index < customers % stores)
        seasons = Seasons(calendar_of[store.id], today=begin, city=store.city)
        while left > 0:
            part = Part(
                store_id=store.id,
                code=store.code,
                city=store.city,
                brand=store.brand,
                number=number,
                first=first,
                count=min(left, CHUNK),
                today=begin,
                seed=seed,
                history="full",
                seasons=seasons,
                staff=staff.people_of(store.id),
            )
            for chunk in loading.chunks([part], processes=0):
                with scope.use([store.id]):
                    loading.write(chunk)
            number, first, left = number + 1, first + part.count, left - part.count
    loading.refresh_statistics()
    dice = Dice(seed)
    places = [
        Place(store, calendar_of[store.id], city(store.city), _workers(store, dice, staff_kind)) for store in made
    ]
    world = World(seed=seed, begin=begin, end=end, places=places, staff=staff_kind)
    for place in places:
        with scope.use([place.store.id]):
            _read(world, place)
    return world


def make_stores(count: int, *, years: range) -> list[Store]:
    """`count` stores with codes that are free, their people and calendars."""
    if not Store.objects.exists():
        made = staff.make_stores(count)
    else:
        taken = {code.upper() for code in Store.objects.values_list("code", flat=True)}
        plan = [row for row in staff.plan_of(count + len(taken)) if row[0] not in taken][:count]
        group = DealerGroup.objects.order_by("id").values_list("name", flat=True)[0]
        made, password = [], make_password(staff.PASSWORD)
        for number, (code, name, where) in enumerate(plan):
            store = org.create_store(group=group, code=code, name=name, city=where, brand=makes.BRANDS[number % 3])
            made.append(store)
            for login, person, role in staff.team_of(code):
                StaffRole.objects.create(
                    staff=Staff.objects.create(login=login, name=person, password=password), store=store, role=role
                )
    for store in made:
        calendars.seed(store.id, years=years)
    return made


def _workers(store: Store, dice: Dice, kind: str) -> list[Worker]:
    found: dict[int, set[str]] = {}
    for staff_id, role in StaffRole.objects.filter(store=store).values_list("staff_id", "role"):
        found.setdefault(staff_id, set()).add(role)
    workers = []
    for person in Staff.objects.filter(id__in=found, is_active=True).order_by("id"):
        roles = frozenset(found[person.id])
        if roles & {Role.GROUP_ADMIN, Role.OPERATIONS, Role.AUDITOR}:
            continue  # they work for the group and call nobody
        temper = behaviour.TEMPERS[dice.weighed(behaviour.STAFFS[kind], "temper", person.login)]
        workers.append(Worker(person.id, person.login, store.id, roles, actor_for(person, chosen=store.id), temper))
    return workers


_PEOPLE = """SELECT DISTINCT ON (c.customer_no) c.id, c.name, c.customer_no, p.id, p.value_sealed
  FROM customers_customer c JOIN customers_contactpoint p ON p.customer_id = c.id AND p.is_primary
  WHERE c.store_id = %s ORDER BY c.customer_no"""

_CARS = """SELECT v.id, v.owner_id, v.vin, v.plate_number, v.series, v.brand, v.energy, v.km_per_day, v.odometer_km,
    v.odometer_on, v.services_done, v.last_service_on, v.last_service_km, v.purchased_on, v.insurance_until, v.is_active
  FROM customers_vehicle v WHERE v.store_id = %s AND v.owner_id IS NOT NULL ORDER BY v.vin"""


def _read(world: World, place: Place) -> None:
    """People and cars as the past left them. The true rate is about the one the readings tell."""
    store, dice = place.store, world.dice
    ranks = {s.name: s.rank for s in makes.SERIES}
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [store.id])
        for customer_id, name, number, point_id, sealed in cursor.fetchall():
            phone = privacy.unseal(sealed, bound_to=f"customers_contactpoint.value:{point_id}").removeprefix("+86")
            world.people[customer_id] = Person(number, store.id, name, phone, customer_id, number)
        cursor.execute(_CARS, [store.id])
        rows = cursor.fetchall()
    for (
        id_,
        owner,
        vin,
        plate,
        series,
        brand,
        energy,
        rate,
        km,
        on,
        done,
        last_on,
        last_km,
        bought,
        insured,
        lives,
    ) in rows:
        interval = care.interval_for({}, store_id=store.id, series=series, energy=energy)
        bought = bought or world.begin - timedelta(days=900)
        true_rate = max((rate or 35.0) * (0.85 + 0.3 * dice.roll("rate", vin)), 3.0)
        since = on or bought
        world.add_car(
            Car(
                vin=vin,
                plate=plate,
                owner=world.people[owner],
                series=series,
                brand=brand,
                energy=energy,
                rank=ranks.get(series, 1.0),
                rate=true_rate,
                km=float(km or (world.begin - bought).days * true_rate * 0.7),
                km_on=since if km else world.begin,
                services=done,
                interval=(interval.first_months, interval.first_km, interval.months, interval.km),
                last_service=(last_on, float(last_km or 0)) if last_on else (bought, 0.0),
                bought=bought,
                insured_until=insured,
                id=id_,
                is_gone=not lives,
            )
        )


def morning(day: date) -> datetime:
    """When a simulated day begins."""
    return datetime(day.year, day.month, day.day, 0, 5, tzinfo=ZONE)
