"""Who comes to the workshop is noted at the desk, and their consultant greets them: soon, late or not at all. R032."""

from __future__ import annotations

from datetime import timedelta

from cheban.core.errors import Refused
from cheban.site.simulation import behaviour
from cheban.site.simulation.world import Car, Place, World
from cheban.workshop.arrivals import commands
from cheban.workshop.models import Arrival

HEARD = (
    "没有",
    "没有",
    "没有",
    "空调有点响",
    "老二出生了，想看看七座的车",
    "同事想买车，问有没有优惠",
    "车机更新以后挺好用",
)


def arrive(world: World, place: Place, car: Car) -> None:
    """The desk notes a car that the house knows; the consultant has fifteen minutes."""
    dice, day = world.dice, world.today
    if car.id is None or car.owner.id is None or not dice.happens(behaviour.ARRIVALS_NOTED, "noted", car.vin, day):
        return
    desk = [w for w in place.of_role("service_advisor") if not w.is_away(world.now)]
    if not desk:
        return
    with world.at(place.store.id):
        try:
            made, is_new = commands.note(car.id, by=dice.pick(desk, "notes", car.vin, day).actor)
        except Refused:
            return  # the house thinks that the car is somebody else's
    if not is_new:
        return
    world.count["arrivals noted"] += 1
    sales = [w for w in place.of_role("sales_consultant") if not w.is_away(world.now)]
    if not sales:
        return
    by = dice.pick(sales, "greets", car.vin, day)
    late = dice.happens(by.temper.forgets, "greets late", car.vin, day)
    minutes = (
        dice.whole(20, 90, "greets after", car.vin, day) if late else dice.whole(2, 14, "greets after", car.vin, day)
    )
    at = world.now + timedelta(minutes=minutes)
    if at.date() == day:
        world.plan(day, at.time(), "arrivals", f"greets {made.id}", lambda: _greet(world, place, made.id, by))


def _greet(world: World, place: Place, arrival_id, by) -> None:
    with world.at(place.store.id):
        found = Arrival.objects.filter(id=arrival_id, greeted_at__isnull=True).first()
        if found is not None:
            commands.greet(found, by=by.actor, heard=world.dice.pick(HEARD, "heard", found.vehicle_id, world.today))
            world.count["customers greeted"] += 1
