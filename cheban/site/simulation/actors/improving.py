"""Figures are judged each Monday; whoever manages the store leads what red weeks open, late when they forget. R161-R172."""

from __future__ import annotations

from datetime import date, time, timedelta

from cheban.core import clock
from cheban.core.errors import Refused
from cheban.scorecard import tally, weeks
from cheban.scorecard.improvement import actions, cases, meetings
from cheban.scorecard.models import Action, ImprovementCase
from cheban.site.simulation.world import Place, Worker, World

JUDGES_AT = time(0, 20)
LOOKS_AT = time(10, 5)
MEETS_AT = time(16, 0)
DEEDS = ("每天下午看一遍没打完的", "周末排一名值班", "交车清单加一句问话", "三次没打通的改约晚上")


def begin(world: World) -> None:
    """Every Monday the house judges the week; every open morning the manager looks at cases and actions."""
    for day in world.days():
        if day.weekday() == 0:
            world.plan(day, JUDGES_AT, "improving", "judges", lambda: _judge(world))
        for place in world.places.values():
            if world.is_open(place.store.id, day):
                world.plan(day, LOOKS_AT, "improving", place.store.code, lambda p=place: _look(world, p))
                if day.weekday() == 2:
                    world.plan(day, MEETS_AT, "improving", f"meets {place.store.code}", lambda p=place: _meet(world, p))


def _judge(world: World) -> None:
    with world.at():
        tally.count_tasks(world.stores, weeks=8)
        world.count["improvements opened"] += weeks.judge(world.stores, at=clock.now())


def _manager(world: World, place: Place) -> Worker | None:
    for role in ("operations", "store_manager"):
        for worker in place.of_role(role):
            if not worker.is_away(world.now) and worker.actor.may("improvement.lead"):
                return worker
    return None


def _owner(world: World, place: Place, *about: object) -> Worker | None:
    found = [w for role in ("service_advisor", "sales_consultant") for w in place.of_role(role)]
    return world.dice.pick(sorted(found, key=lambda w: w.login), "acts", *about) if found else None


def _look(world: World, place: Place) -> None:
    """One step for each case a day, unless it is forgotten that day; actions are done near their day."""
    manager = _manager(world, place)
    if manager is None:
        return
    with world.at(place.store.id):
        for case in ImprovementCase.objects.exclude(state="closed").order_by("opened_at", "metric"):
            about = (case.metric, case.week, world.today)
            if not world.dice.happens(manager.temper.forgets, "forgets a case", *about):
                _step(world, place, manager, case)
        for action in Action.objects.filter(state="open", due_on__lte=world.today).order_by("agreed_at", "what"):
            owner = next((w for w in place.workers if w.staff_id == action.owner_id and not w.has_left), None)
            by = owner if owner and not owner.is_away(world.now) else manager
            if not world.dice.happens(by.temper.forgets, "forgets an action", action.what, world.today):
                actions.finish(action, by=by.actor, result="照做了")
                world.count["actions done"] += 1


def _step(world: World, place: Place, manager: Worker, case: ImprovementCase) -> None:
    if case.state == "opened":
        cases.meet(case, by=manager.actor, attended="店长、销售、售后", cause="看过没做到的记录")
        world.count["improvement meetings"] += 1
    elif case.state == "met":
        _agree(world, place, manager, case, case.metric, case.week)
        try:
            cases.plan(case, by=manager.actor, text="按会上商定的做")
        except Refused:
            return  # nobody could be given an action
        world.count["improvement plans"] += 1
    elif case.check_on is not None and case.check_on <= world.today:
        goes_on = world.dice.happens(0.4, "goes on", case.metric, case.week, case.check_on)
        cases.check(case, by=manager.actor, text="看过四周的数", goes_on=goes_on)
        world.count["improvements checked"] += 1


def _agree(world: World, place: Place, manager: Worker, origin: actions.Origin, *about: object) -> None:
    owner = _owner(world, place, *about)
    if owner is not None:
        due = world.today + timedelta(days=world.dice.whole(2, 9, "due", *about))
        what = world.dice.pick(DEEDS, "deed", *about)
        actions.agree(origin, by=manager.actor, what=what, owner_id=owner.staff_id, due_on=due)
        world.count["actions agreed"] += 1


def _meet(world: World, place: Place) -> None:
    """The weekly meeting: a decision and an action, when somebody leads it."""
    manager = _manager(world, place)
    if manager is None or world.dice.happens(manager.temper.forgets, "no meeting", place.store.code, world.today):
        return
    week: date = world.today - timedelta(days=world.today.weekday())
    with world.at(place.store.id):
        held = meetings.hold(by=manager.actor, store_id=place.store.id, week=week, attended="销售与售后负责人")
        meetings.decide(held, by=manager.actor, text="先问感受，再报价")
        _agree(world, place, manager, held, "weekly", place.store.code, week)
        world.count["weekly meetings"] += 1
