"""People take their training and renew it; whoever manages the store looks each month who may rise. R178, R179, R183."""

from __future__ import annotations

from datetime import time, timedelta

from cheban.org.training import commands, queries
from cheban.org.training.models import TrainingInvitation
from cheban.scorecard.career import grading, standing
from cheban.site.simulation.world import Place, Worker, World

PLANS_AT, LEARNS_AT, LOOKS_AT = time(9, 50), time(12, 20), time(16, 20)
VALID_MONTHS = 6
TEXT = "# 保密\n\n客户的电话、住址、车牌只用在手上的事情上，不截图、不外发，离开座位先锁屏。出了问题马上告诉店长。"


def begin(world: World) -> None:
    """A confidentiality training on each store's first open day; Mondays to take it; a look on each month's first."""
    for place in world.places.values():
        open_days = [day for day in world.days() if world.is_open(place.store.id, day)]
        for day in open_days[:1]:
            world.plan(day, PLANS_AT, "learning", place.store.code, lambda p=place: _plan(world, p))
        for day in open_days[1:]:
            if day.weekday() == 0:
                world.plan(day, LEARNS_AT, "learning", place.store.code, lambda p=place: _learn(world, p))
        for day in {(day.year, day.month): day for day in reversed(open_days)}.values():
            world.plan(day, LOOKS_AT, "grading", place.store.code, lambda p=place: _grade(world, p))


def _manager(world: World, place: Place) -> Worker | None:
    return next((w for w in place.of_role("store_manager") if not w.is_away(world.now)), None)


def _plan(world: World, place: Place) -> None:
    manager = next(iter(place.of_role("store_manager")), None)
    if manager is not None:
        with world.at(place.store.id):
            plan = commands.Plan(
                "confidentiality", "客户信息保密", TEXT, store_id=place.store.id, held_on=world.today,
                valid_months=VALID_MONTHS, due_days=14,
            )  # fmt: skip
            commands.add(plan, by=manager.actor)


def _learn(world: World, place: Place) -> None:
    """Whoever has to and does not put it off reads the page and confirms it."""
    with world.at(place.store.id):
        soon = world.today + timedelta(days=commands.RENEW_DAYS)
        owed = dict(
            TrainingInvitation.objects.filter(
                training__only_store=place.store, training__ended_at__isnull=True, lapses_on__lte=soon
            ).values_list("staff_id", "training_id")
        )
        for worker in place.workers:
            if worker.staff_id not in owed or worker.has_left or worker.is_away(world.now):
                continue
            if world.dice.happens(max(worker.temper.forgets, 0.2), "puts off a training", worker.login, world.today):
                continue
            page = queries.reading(owed[worker.staff_id], worker.actor, today=world.today)
            commands.confirm(owed[worker.staff_id], by=worker.actor, sha256=page["material"].sha256)
            world.count["trainings taken"] += 1


def _grade(world: World, place: Place) -> None:
    manager = _manager(world, place)
    if manager is None or world.dice.happens(manager.temper.forgets, "leaves grades", manager.login, world.today):
        return
    with world.at(place.store.id):
        for one in standing.standings(place.store.id, today=world.today):
            if one.is_ready and one.person_id != manager.staff_id:
                grading.give(
                    one.store_id, one.person_id, by=manager.actor, grade=one.grade + 1, seen=len(one.steps), reason=""
                )
                world.count["grades given"] += 1
