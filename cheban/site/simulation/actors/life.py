"""What else happens in a customer's year: complaints, refusals, new plates, a move, a file made twice.

Everything is told at the desk and goes through the command that the desk's page calls.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import time

from cheban.core.errors import Refused
from cheban.customers import bulk, commands
from cheban.customers.models import ContactPoint, Customer, Vehicle
from cheban.site.demo import people as names
from cheban.site.simulation import behaviour, files
from cheban.site.simulation.world import Person, Worker, World, moment_of

ANGER = (
    "等了两个小时才接车，非常不满意。",
    "上次说好的洗车没有洗。",
    "修完还有异响，要求重新检查。",
    "报价和结算差了三百块，要说法。",
    "一直打电话推销，很烦。",
)
PRAISE = ("接待很热情，下次还找同一位顾问。", "主动帮忙检查了轮胎，客户很感谢。", "洗车很干净。")


def begin(world: World) -> None:
    """Each person's year is drawn at once; whoever comes later has theirs from then on."""
    for person in sorted(world.people.values(), key=lambda p: p.key):
        for what, do in DOES.items():
            for day in world.times_of(what, person.key, behaviour.YEARLY[what][0]):
                day = world.open_day(person.store_id, day)
                at = moment_of(world.dice.whole(9 * 3600, 16 * 3600 + 1800, what, person.key, day, "at"))
                world.plan(day, at, "life", f"{what} {person.key}", lambda p=person, w=what, d=do: _do(world, p, w, d))
    for place in world.places.values():
        often = world.owners()[place.store.id] * behaviour.WALK_INS_A_YEAR
        for day in world.times_of("walk-in", place.store.code, often):
            day = world.open_day(place.store.id, day)
            world.plan(day, time(10, 40), "life", f"walks in {place.store.code}", lambda p=place: _walk_in(world, p))


def _do(world: World, person: Person, what: str, do: Callable[[World, Person, Worker], None]) -> None:
    by = world.meets(person)
    if person.id is None or by is None or person.has_moved or not world.is_open(person.store_id, world.today):
        return
    with world.at(person.store_id):
        do(world, person, by)
    world.count[f"life: {what}"] += 1


def _file_of(person: Person) -> Customer:
    return Customer.objects.get(id=person.id)


def _complains(world: World, person: Person, by: Worker) -> None:
    commands.add_note(_file_of(person), by=by.actor, text="投诉：" + world.dice.pick(ANGER, person.key, world.today))


def _praises(world: World, person: Person, by: Worker) -> None:
    commands.add_note(_file_of(person), by=by.actor, text=world.dice.pick(PRAISE, person.key, world.today))


def _refuses(world: World, person: Person, by: Worker) -> None:
    purposes = (("insurance", 34), ("marketing", 30), ("care", 16), ("all", 14), ("service", 6))
    purpose = world.dice.weighed(purposes, "purpose", person.key, world.today)
    channel = "sms" if world.dice.happens(0.2, "channel", person.key, world.today) else "any"
    commands.change_consent(
        _file_of(person), by=by.actor, purpose=purpose, channel=channel, is_given=False, proof="到店当面说明"
    )


def _gives_again(world: World, person: Person, by: Worker) -> None:
    customer = _file_of(person)
    for purpose in customer.refused_purposes[:1]:
        commands.change_consent(
            customer, by=by.actor, purpose=purpose, channel="any", is_given=True, proof="到店当面同意"
        )


def _changes_plate(world: World, person: Person, by: Worker) -> None:
    for car in world.cars_of(person)[:1]:
        if car.id and car.plate:
            car.plate = car.plate[:-1] + str((ord(car.plate[-1]) + 3) % 10)
            world.places[person.store_id].customers.append(files.customer_row(car, person))


def _moves_away(world: World, person: Person, by: Worker) -> None:
    address = names.address(world.dice.stream("moves", person.key), names.CITIES[-1])
    commands.edit_customer(_file_of(person), by=by.actor, address=address, remarks="已搬到外地")
    person.has_moved = True
    for car in world.cars_of(person):
        car.coming_on = None


def _new_phone(world: World, person: Person, by: Worker) -> None:
    number = names.phone(95_000_000 + world.dice.whole(0, 900_000, "phone", person.key, world.today))
    commands.edit_customer(_file_of(person), by=by.actor, phone=number[3:])


def _typed_again(world: World, person: Person, by: Worker) -> None:
    """A second file for the same person: one sign of the name wrong, the number the same."""
    wrong = person.name[:-1] + world.dice.pick("伟玮炜维薇", "wrong sign", person.key)
    cars = world.cars_of(person)
    plate = cars[0].plate if cars and world.dice.happens(0.5, "with plate", person.key) else ""
    commands.create_customer(by=by.actor, store_id=person.store_id, name=wrong, phone=f" {person.phone} ", plate=plate)


def _reads_odometer(world: World, person: Person, by: Worker) -> None:
    for car in world.cars_of(person)[:1]:
        vehicle = Vehicle.objects.filter(id=car.id).first()
        if vehicle is None:
            return
        km = car.km_at(world.today)
        km = km // 10 if world.dice.happens(behaviour.MISREADS * 5, "misheard", car.vin, world.today) else km
        try:
            commands.read_odometer(vehicle, by=by.actor, km=km, on=world.today)
        except Refused:  # below an earlier one: half keep it as doubtful, half leave it
            if world.dice.happens(0.5, "is right", car.vin, world.today):
                commands.read_odometer(vehicle, by=by.actor, km=km, on=world.today, is_right=True)


def _is_looked_up(world: World, person: Person, by: Worker) -> None:
    if world.dice.happens(0.8, "which", person.key, world.today):
        point = ContactPoint.objects.filter(customer_id=person.id).order_by("id").first()
        if point is None:
            return
        commands.reveal("contact_point", point.id, by=by.actor, reason="回电客户")
    elif _file_of(person).address_sealed:
        commands.reveal("address", person.id, by=by.actor, reason="上门取车")
    else:
        return
    world.count["reveals"] += 1


def _gets_tag(world: World, person: Person, by: Worker) -> None:
    tag = world.dice.pick(("价格敏感", "注重时效", "转介绍", "自驾游"), "tag", person.key)
    bulk.do([person.id], by=by.actor, action="add_tag", value=tag)


def _walk_in(world: World, place) -> None:
    desk = place.of_role("service_advisor")
    if not desk:
        return
    rng = world.dice.stream("walks in", place.store.code, world.today)
    name, _sex = names.person(rng, born=1985)
    number = names.phone(97_000_000 + place.store.id * 10_000 + (world.today - world.begin).days)
    with world.at(place.store.id):
        commands.create_customer(by=desk[0].actor, store_id=place.store.id, name=name, phone=number[3:])
    world.count["walk-ins"] += 1


DOES: dict[str, Callable[[World, Person, Worker], None]] = {
    "complains": _complains,
    "praises": _praises,
    "refuses": _refuses,
    "gives_again": _gives_again,
    "changes_plate": _changes_plate,
    "moves_away": _moves_away,
    "new_phone": _new_phone,
    "typed_again": _typed_again,
    "reads_odometer": _reads_odometer,
    "is_looked_up": _is_looked_up,
    "gets_tag": _gets_tag,
}
"""What happens (rows of behaviour.YEARLY) and how it is done."""
