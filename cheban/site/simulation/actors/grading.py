"""At each month's beginning whoever manages the store looks who may rise, and grades them. R179, R183."""

from __future__ import annotations

from datetime import time

from cheban.scorecard.career import grading, standing
from cheban.site.simulation.world import Place, World

LOOKS_AT = time(16, 20)


def begin(world: World) -> None:
    """On the first open day of each month."""
    for place in world.places.values():
        seen = set()
        for day in world.days():
            if (month := (day.year, day.month)) not in seen and world.is_open(place.store.id, day):
                seen.add(month)
                world.plan(day, LOOKS_AT, "grading", place.store.code, lambda p=place: _grade(world, p))


def _grade(world: World, place: Place) -> None:
    manager = next((w for w in place.of_role("store_manager") if not w.is_away(world.now)), None)
    if manager is None or world.dice.happens(manager.temper.forgets, "leaves grades", manager.login, world.today):
        return
    with world.at(place.store.id):
        for one in standing.standings(place.store.id, today=world.today):
            if one.is_ready and one.person_id != manager.staff_id:
                grading.give(
                    place.store.id,
                    one.person_id,
                    by=manager.actor,
                    grade=one.grade + 1,
                    seen=len(one.steps),
                    reason="",
                )
                world.count["grades given"] += 1
