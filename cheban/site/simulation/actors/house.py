"""The house's own timers: plan the day, cover absences, pass leads of leavers on, climb the ladder, deliver what events still owe."""

from __future__ import annotations

from datetime import date, time, timedelta

from cheban.core import clock
from cheban.customers import care
from cheban.org import dispatch
from cheban.playbook import cover, ladder, planner
from cheban.sales.leads import turns
from cheban.site.simulation.world import World

REFRESHES_AT = time(2, 17)
PLANS_AT = time(0, 33)
CLIMBS_AT = (time(9, 30), time(13, 30), time(17, 30))
PLANS_AGAIN = 0.1
"""On some days the noon run is lived too; on the others it would pass the stores over anyway."""


def begin(world: World) -> None:
    """Every day, open or not: the timers do not ask."""
    _next(world, world.begin)


def _next(world: World, day: date) -> None:
    world.plan(day, PLANS_AT, "house", "plan", lambda: _plan(world))
    for at in CLIMBS_AT:
        world.plan(day, at, "house", "climb", lambda: _climb(world))
    world.plan(day, REFRESHES_AT, "house", "refresh", lambda: _refresh(world))
    if world.dice.happens(PLANS_AGAIN, "house", "plans again", day):
        world.plan(day, time(12, 3), "house", "plan again", lambda: _plan(world))


def _refresh(world: World) -> None:
    with world.at():
        care.refresh_passed(today=world.today)


def _plan(world: World) -> None:
    with world.at():
        made = planner.plan_day(world.today, store_ids=world.stores, at=clock.now())
    world.count["tasks planned"] += made.made
    if world.now.time() == PLANS_AT:
        _next(world, world.today + timedelta(days=1))


def _climb(world: World) -> None:
    with world.at():
        cover.cover_absences(at=clock.now(), store_ids=world.stores)
        turns.pass_on_of_leavers(store_ids=world.stores, at=clock.now())
        while True:
            moved = ladder.escalate_overdue(at=clock.now(), limit=500)
            world.count["tasks escalated"] += moved
            if moved < 500:
                break
    while dispatch.run_pending(limit=200) == 200:
        pass
