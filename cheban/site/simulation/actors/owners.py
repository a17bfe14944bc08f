"""People who own cars: they buy, drive, come to the workshop, sell the car on, renew the insurance.

What happens at the workshop is told by the old system's file that night, as orders of other systems come.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from cheban.customers.importing import pipeline
from cheban.customers.models import Vehicle
from cheban.site.demo import cars as makes
from cheban.site.demo import people as names
from cheban.site.demo import works
from cheban.site.simulation import behaviour, files
from cheban.site.simulation.actors import arrivals
from cheban.site.simulation.world import ZONE, Car, Person, Place, World, moment_of

FILE_AT = time(21, 40)
TAKES_BACK_AT = time(10, 20)


def begin(world: World) -> None:
    """Everybody forms an intention; sales and sales of used cars find their days; every night the file comes."""
    for car in world.cars.values():
        intend(world, car)
        _repairs(world, car)
        for day in world.times_of("sells_car", car.vin, behaviour.YEARLY["sells_car"][0]):
            world.plan(day, time(15, 20), "owners", f"sells {car.vin}", lambda c=car: sell_on(world, c))
    for place in world.places.values():
        _sales(world, place)
        for day in world.times_of("wrong file", place.store.code, behaviour.WRONG_FILE_A_YEAR):
            world.plan(day, time(11, 5), "owners", f"wrong {place.store.code}", lambda p=place: _wrong_file(world, p))
        for day in world.days():
            world.plan(day, FILE_AT, "owners", f"file {place.store.code}", lambda p=place: _night(world, p))


def intend(world: World, car: Car) -> None:
    """What the owner means to do about the next service: come by themselves on some day, or not."""
    dice, n = world.dice, car.services
    car.coming_on = None
    would = behaviour.SHOWS_UP.get(n, behaviour.SHOWS_UP_LATER)
    if dice.happens(would, "would come", car.vin, n) and dice.happens(
        behaviour.BY_THEMSELVES, "by themselves", car.vin, n
    ):
        due = car.due_on()
        late = dice.weighed(behaviour.LATE_DAYS, "late", car.vin, n) + dice.whole(-4, 4, "late days", car.vin, n)
        day = due + timedelta(days=late)
        if day <= world.today:  # should have come before the simulation began: some still do
            if not dice.happens(0.35, "comes late", car.vin, n):
                return
            day = world.today + timedelta(days=dice.whole(1, 60, "comes late on", car.vin, n))
        come(world, car, day, why="by themselves")


def would_come(world: World, car: Car) -> bool:
    """Whether the owner is of those who stay with the workshop for the next service."""
    return world.dice.happens(
        behaviour.SHOWS_UP.get(car.services, behaviour.SHOWS_UP_LATER), "would come", car.vin, car.services
    )


def come(world: World, car: Car, day: date, *, why: str, at: time | None = None) -> None:
    """The owner means to come that day; a later intention replaces an earlier one."""
    store = car.owner.store_id
    if at is None and world.busy(day, "visit") < 1 and world.dice.happens(0.5, "puts off", car.vin, day):
        day += timedelta(days=14)
    day = world.open_day(store, day)
    car.coming_on = day
    seconds = world.dice.whole(8 * 3600 + 2000, 16 * 3600, "comes at", car.vin, day)
    number = car.services
    world.plan(
        day, at or moment_of(seconds), "owners", f"comes {car.vin}", lambda: _comes(world, car, day, number, why)
    )


def _comes(world: World, car: Car, day: date, number: int, why: str) -> None:
    if car.is_gone or car.coming_on != day or car.services != number:
        return
    world.count[f"visits {why}"] += 1
    visit(world, car, is_service=True)
    intend(world, car)


def _repairs(world: World, car: Car) -> None:
    for day in world.times_of("repair", car.vin, behaviour.REPAIRS_A_YEAR):
        world.plan(
            world.open_day(car.owner.store_id, day),
            moment_of(world.dice.whole(8 * 3600 + 2000, 16 * 3600, "repair at", car.vin, day)),
            "owners",
            f"repair {car.vin}",
            lambda: None if car.is_gone else visit(world, car, is_service=False),
        )


def visit(world: World, car: Car, *, is_service: bool) -> None:
    """A visit to the workshop: lines for tonight's file."""
    dice, day, place = world.dice, world.today, world.places[car.owner.store_id]
    km = car.km_at(day)
    car.km, car.km_on = km, day
    arrivals.arrive(world, place, car)
    shown = km
    if dice.happens(behaviour.MISREADS, "misread", car.vin, day):
        shown = km * 10 if dice.happens(0.33, "a digit more", car.vin, day) and km < 150_000 else km // 10
        world.count["odometers misread"] += 1
    items: list[works.Item] = []
    concern, kind, pays = "到期保养", "定期保养", "客户付费"
    if is_service:
        car.services += 1
        car.last_service = (day, km)
        items += works.service(car.services, energy=car.energy)
    else:
        found = works.repair(dice.stream("repair", car.vin, day), km=km, month=day.month, energy=car.energy)
        items += found.items
        concern, kind, pays = found.concern, found.kind, found.pays
    car.visits += 1
    advisor, technician = place.of_role("service_advisor"), place.of_role("technician")
    told = world.now
    row = {
        "order_no": f"{place.store.code}-S{day:%y%m%d}{car.vin[-6:]}{'M' if is_service else 'R'}",
        "name": car.owner.name,
        "phone": car.owner.phone,
        "plate": car.plate,
        "vin": car.vin,
        "in_at": files.written(told),
        "out_at": files.written(min(told + timedelta(minutes=50 + 40 * len(items)), _evening(day))),
        "km": str(shown),
        "advisor": dice.pick(advisor, "advisor", car.vin, day).actor.name if advisor else "",
        "technician": dice.pick(technician, "technician", car.vin, day).actor.name if technician else "",
        "kind": kind,
        "pays": pays,
        "concern": concern,
    }
    for item in items:
        labour = round(item.labour * car.rank / 10) * 10
        material = round(item.material * car.rank) * item.quantity
        place.orders.append(
            row
            | {
                "item_code": item.code,
                "item": item.name,
                "quantity": str(item.quantity),
                "labour": str(labour),
                "material": str(material),
                "total": str(labour + material),
            }
        )
    world.count["visits"] += 1
    world.count["earned, yuan"] += sum(
        round(i.labour * car.rank / 10) * 10 + round(i.material * car.rank) * i.quantity for i in items
    )


def _evening(day: date) -> datetime:
    return datetime.combine(day, time(19), tzinfo=ZONE)


def _sales(world: World, place: Place) -> None:
    """The days on which new cars are sold."""
    dice, store = world.dice, place.store
    length = (world.end - world.begin).days or 1
    many = round(world.owners()[store.id] * behaviour.SALES_A_YEAR * length / 365)
    for number in range(many):
        day = world.begin + timedelta(days=dice.whole(0, length, "sale", store.code, number))
        if world.busy(day, "sale") < 1 and not dice.happens(world.busy(day, "sale"), "lull", store.code, number):
            continue
        world.plan(
            world.open_day(store.id, day),
            time(14, 0),
            "owners",
            f"sale {store.code} {number}",
            lambda n=number: _sell(world, place, n),
        )


def _sell(world: World, place: Place, number: int) -> None:
    """A new car to a new customer; the house hears of it tonight."""
    store, day = place.store, world.today
    rng = world.dice.stream("sold", store.code, number)
    series = makes.choose(rng, brand=store.brand, year=day.year)
    unique = 3_000_000 + store.id * 40_000 + number
    name, _sex = names.person(rng, born=min(max(int(rng.gauss(1988, 9)), 1958), 2005))
    person = Person(
        f"{store.code} buyer {number}",
        store.id,
        name,
        names.phone(60_000_000 + unique)[3:],
        customer_no=f"{store.code}S{number:06d}",
    )
    rate = max(rng.gauss(*makes.USES["family"]), 8.0)
    interval = (12, 10_000, 12, 15_000) if series.energy == "electric" else (6, 5_000, 6, 7_500)
    car = Car(
        vin=makes.vin(rng, series.wmi, day.year, unique),
        plate=makes.plate(rng, place.city.plates, unique, series=series)[0],
        owner=person,
        series=series.name,
        brand=series.brand,
        energy=series.energy,
        rank=series.rank,
        rate=rate,
        km=12,
        km_on=day,
        services=0,
        interval=interval,
        last_service=(day, 0),
        bought=day,
        insured_until=day + timedelta(days=365),
    )
    sellers = place.of_role("sales_consultant")
    seller = world.dice.pick(sellers, "seller", store.code, number).actor.name if sellers else ""
    world.add_car(car)
    place.awaited.append(car)
    place.customers.append(files.customer_row(car, person, seller=seller))
    world.count["cars sold"] += 1
    intend(world, car)
    _repairs(world, car)


def sell_on(world: World, car: Car) -> None:
    """The owner sells the car. Half of the new owners come to the same workshop and are told by its file."""
    if car.is_gone or car.id is None:
        return
    dice, store_id, day = world.dice, car.owner.store_id, world.today
    world.count["cars sold on"] += 1
    if not dice.happens(behaviour.USED_CAR_STAYS, "stays", car.vin, day):
        car.is_gone = True
        return
    place = world.places[store_id]
    rng = dice.stream("sold on", car.vin, day)
    name, _sex = names.person(rng, born=1990)
    unique = 70_000_000 + int(car.vin[-6:]) + store_id * 1_000_000
    car.owner = Person(f"{car.vin} owner since {day}", store_id, name, names.phone(unique)[3:])
    world.of_person.setdefault(car.owner.key, []).append(car)
    place.awaited.append(car)
    place.customers.append(files.customer_row(car, car.owner))
    intend(world, car)


def _night(world: World, place: Place) -> None:
    """Tonight's files: new and changed customers first, then orders; now and then the last days once more."""
    store, day = place.store, world.today
    if place.customers:
        files.bring_in(store.id, "customers", place.customers, on=day)
        place.customers = []
    orders, place.orders = place.orders, []
    again = [rows for _on, rows in place.told[-3:]]
    if orders:
        place.told = [*place.told[-2:], (day, orders)]
    if again and world.dice.happens(behaviour.FILE_COMES_AGAIN, "file again", store.code, day):
        orders = [line for rows in again for line in rows] + orders
        world.count["files sent again"] += 1
    if orders:
        files.bring_in(store.id, "repair_orders", orders, on=day)
    if place.awaited:
        _learn(world, place)


def _learn(world: World, place: Place) -> None:
    """Which ids the house gave to the cars it has just heard of."""
    by_vin = {car.vin: car for car in place.awaited}
    with world.at(place.store.id):
        found = Vehicle.objects.filter(vin__in=by_vin).values_list("vin", "id", "owner_id")
        for vin, vehicle_id, owner_id in found.order_by("vin"):
            car = by_vin[vin]
            car.id = vehicle_id
            world.by_id[vehicle_id] = car
            if owner_id and car.owner.id is None:
                car.owner.id = owner_id
                world.people[owner_id] = car.owner
    place.awaited = []


def renew(world: World, car: Car) -> None:
    """The insurance is renewed; tonight's file tells until when."""
    if car.insured_until and car.id:
        car.insured_until = _year_after(max(car.insured_until, world.today))
        world.places[car.owner.store_id].customers.append(files.customer_row(car, car.owner))
        world.count["policies renewed"] += 1


def _year_after(day: date) -> date:
    return date(day.year + 1, day.month, min(day.day, 28 if day.month == 2 else 31))


def _wrong_file(world: World, place: Place) -> None:
    """Somebody brings in the file of another store, and takes it back within days."""
    rng = world.dice.stream("wrong file", place.store.code, world.today)
    some = sorted((c for c in world.cars.values() if c.owner.store_id == place.store.id), key=lambda c: c.vin)
    rows = []
    for number in range(8):
        car = rng.choice(some)
        name, _sex = names.person(rng, born=1980)
        stranger = Person("", place.store.id, name, names.phone(90_000_000 + rng.randrange(1_000_000))[3:])
        row = files.customer_row(car, stranger)
        if number % 2:  # a stranger with a stranger's car
            row |= {"vin": makes.vin(rng, "LSV", 2019, 32_000_000 + rng.randrange(900_000)), "plate": ""}
        rows.append(row)
    batch = files.bring_in(place.store.id, "customers", rows, on=world.today)
    world.count["files taken back"] += 1
    day = world.open_day(place.store.id, world.today + timedelta(days=1 + rng.randrange(3)))
    world.plan(
        min(day, world.end),
        TAKES_BACK_AT if day <= world.end else time(11, 30),
        "owners",
        f"takes back {batch}",
        lambda: pipeline.undo(batch, store_id=place.store.id),
    )
