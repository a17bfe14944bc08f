"""Statements follow what happens; whoever manages the store approves last month's in its first days. R183."""

from __future__ import annotations

from datetime import time

from cheban.scorecard.incentives import statements
from cheban.scorecard.incentives.months import first_of
from cheban.scorecard.models import Statement
from cheban.site.simulation.world import Place, Worker, World

RECKONS_AT, APPROVES_AT = time(7, 30), time(10, 40)


def begin(world: World) -> None:
    """Every morning drafts are worked out; on open days managers look at what is left of earlier months."""
    for day in world.days():
        world.plan(day, RECKONS_AT, "paying", "reckons", lambda: _reckon(world))
        for place in world.places.values():
            if world.is_open(place.store.id, day):
                world.plan(day, APPROVES_AT, "paying", place.store.code, lambda p=place: _approve(world, p))


def _reckon(world: World) -> None:
    with world.at():
        statements.refresh(world.stores, today=world.today)


def _approve(world: World, place: Place) -> None:
    """The manager approves all but their own, operations what is left; on some days nobody comes to it."""
    for role in ("store_manager", "operations"):
        for worker in place.of_role(role):
            if not worker.is_away(world.now) and worker.actor.may("incentive.approve"):
                _approve_as(world, place, worker)


def _approve_as(world: World, place: Place, worker: Worker) -> None:
    if world.dice.happens(max(worker.temper.forgets, 0.3), "leaves statements", worker.login, world.today):
        return
    with world.at(place.store.id):
        rows = list(
            Statement.objects.filter(store=place.store, state="draft", month__lt=first_of(world.today))
            .exclude(person_id=worker.staff_id)
            .order_by("month", "person_id")
        )
        for row in rows:
            if row.pay_fen is None and world.dice.happens(0.4, "enters a base", row.person_id, row.month):
                base = world.dice.whole(4_000, 12_000, "base", row.person_id, row.month)
                statements.set_base(row, by=worker.actor, yuan=str(base))
        look = statements.look(rows, by=worker.actor)
        chosen = [row for row, _draft in look.rows]
        if chosen:
            seen = statements.look(chosen, by=worker.actor).seen
            world.count["statements approved"] += statements.approve(chosen, by=worker.actor, seen=seen)
