"""The store's people work through their day: they call, put off, forget, take back, fall ill, leave.

Each contact is told by the person responsible through the command that their page calls.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.db import connection

from cheban.core.errors import Refused
from cheban.org import commands as org
from cheban.org.access import actor_for
from cheban.org.models import Staff
from cheban.playbook import commands, reassigning
from cheban.playbook.rules import HANDBOOK
from cheban.site.demo import people as names
from cheban.site.demo.staff import PASSWORD
from cheban.site.simulation import behaviour
from cheban.site.simulation.actors import owners
from cheban.site.simulation.world import ZONE, Car, Place, Worker, World, moment_of

BEGINS, ENDS = 8 * 3600 + 3000, 17 * 3600 + 900
CALLING = {"service_advisor", "service_specialist", "sales_consultant", "caller", "store_manager"}
GREETINGS = {
    "birthday",
    "festival_greeting",
    "weather_tips",
    "new_owner",
    "training_lapsed",
    "low_score",
}
MAKES_LISTS_AT = time(8, 40)


def begin(world: World) -> None:
    """Every open day has its lists; some people leave in the course of the year."""
    for place in world.places.values():
        for day in world.days():
            if world.is_open(place.store.id, day):
                world.plan(day, MAKES_LISTS_AT, "staff", place.store.code, lambda p=place: _morning(world, p))
        for worker in list(place.workers):
            if worker.roles & (CALLING - {"store_manager"}):
                for day in world.times_of("leaves", worker.login, behaviour.LEAVES_A_YEAR[world.staff])[:1]:
                    day = world.open_day(place.store.id, day)
                    world.plan(day, time(17, 20), "staff", f"leaves {worker.login}", _leaving(world, place, worker))


def _leaving(world: World, place: Place, worker: Worker) -> Any:
    return lambda: _leave(world, place, worker)


def _morning(world: World, place: Place) -> None:
    """Everybody who is there looks at their list and begins at the top."""
    day, dice = world.today, world.dice
    lists: dict[int, list[dict[str, Any]]] = {}
    with world.at(place.store.id), connection.cursor() as cursor:
        duties = [rule.code for rule in HANDBOOK.rules.values() if rule.is_duty]  # done on their own pages: dealings
        cursor.execute(_LISTS, {"until": datetime.combine(day, time(17), tzinfo=ZONE), "duties": duties})
        names_of = [c.name for c in cursor.description]
        for row in cursor.fetchall():
            found = dict(zip(names_of, row, strict=True))
            lists.setdefault(found["assignee_id"], []).append(found)
    for worker in place.workers:
        todo = lists.get(worker.staff_id, [])
        if (
            worker.has_left
            or worker.is_away(world.now)
            or not todo
            or dice.happens(behaviour.SICK_A_DAY, "sick", worker.login, day)
        ):
            world.count["days of illness"] += bool(todo) and not worker.has_left and not worker.is_away(world.now)
            continue
        todo = [c for c in todo if not dice.happens(worker.temper.forgets, "forgets", c["contact_id"], day)]
        some = todo[: worker.temper.capacity]
        begins = 8 * 3600 + 3000
        for number, contact in enumerate(some):
            seconds = begins + int(
                (ENDS - begins) * (number + dice.roll("when", contact["contact_id"], day)) / len(some)
            )
            starts = contact["starts_at"].astimezone(ZONE)
            at = moment_of(seconds)
            if starts.date() == day and starts.time() > at:
                at = starts.time()
            world.plan(
                day,
                at,
                "staff",
                contact["contact_id"],
                lambda w=worker, c=contact: _call(world, place, w, c),
                shares=place.store.id,
            )


_LISTS = """SELECT contact_id, assignee_id, customer_id, array_agg(rule ORDER BY weight DESC, rule) AS rules,
    (array_agg(vehicle_id ORDER BY weight DESC, rule, subject_id))[1] AS vehicle_id, max(attempts) AS attempts,
    min(starts_at) AS starts_at
  FROM playbook_task WHERE state = 'open' AND starts_at <= %(until)s AND assignee_id IS NOT NULL
    AND rule <> ALL (%(duties)s)
  GROUP BY contact_id, assignee_id, customer_id
  ORDER BY min(due_at), max(weight) DESC, contact_id"""


def _call(world: World, place: Place, worker: Worker, contact: dict[str, Any]) -> None:
    """One contact: what comes of it, and what the customer does afterwards."""
    if worker.has_left:
        return
    dice, about = world.dice, (contact["contact_id"], world.today)
    told = _outcome(world, place, worker, contact)
    with world.at(place.store.id):
        try:
            event = commands.record_outcome(contact["contact_id"], by=worker.actor, **told)
        except commands.AlreadyTold:
            return  # a colleague's outcome closed it
        world.count[f"contacts {told['outcome']}"] += 1
    if told["outcome"] == "refused":
        world.commit()  # what a refusal causes ends work of colleagues, before their next call
    if dice.happens(worker.temper.takes_back, "takes back", *about):
        world.now += timedelta(minutes=3)
        seconds = (world.now.hour * 60 + world.now.minute) * 60 + world.now.second
        world.plan(
            world.today,
            moment_of(seconds),
            "staff",
            f"takes back {contact['contact_id']}",
            lambda: _take_back(world, place, worker, contact, event),
        )
        return
    _follows(world, contact, told)


def _take_back(world: World, place: Place, worker: Worker, contact: dict[str, Any], event: Any) -> None:
    """The wrong line was pressed: back, and the right one."""
    with world.at(place.store.id):
        try:
            commands.undo_outcome(event, by=worker.actor)
        except Refused:
            return  # a refusal of all contact stays
        world.count["contacts taken back"] += 1
    with world.at(place.store.id):
        try:
            commands.record_outcome(contact["contact_id"], by=worker.actor, outcome="no_answer")
        except commands.AlreadyTold:
            return
        world.count["contacts no_answer"] += 1


def _car_of(world: World, contact: dict[str, Any]) -> Car | None:
    if contact["vehicle_id"]:
        return world.by_id.get(contact["vehicle_id"])
    person = world.people.get(contact["customer_id"])
    cars = world.cars_of(person) if person else []
    return cars[0] if cars else None


def _outcome(world: World, place: Place, worker: Worker, contact: dict[str, Any]) -> dict[str, Any]:
    """What the person will tell: outcome, and the time or reason it needs."""
    dice, about, rules = world.dice, (contact["contact_id"], world.today), set(contact["rules"])
    if rules <= GREETINGS and not dice.happens(0.1, "not at home", *about):
        return {"outcome": "settled", "note": "已完成"}
    if dice.happens(worker.temper.pretends, "pretends", *about):
        return {"outcome": "no_answer"}
    if not dice.happens(behaviour.ANSWERS - 0.1 * contact["attempts"], "answers", *about):
        return {"outcome": "no_answer"}
    car = _car_of(world, contact)
    if car is not None and (car.is_gone or car.owner.id not in (None, contact["customer_id"])):
        return {"outcome": "refused", "reason": "sold"}
    means_to = car is not None and not car.owner.has_moved and owners.would_come(world, car)
    if not means_to and dice.happens(max(worker.temper.skill, 0), "is won", *about):
        means_to = True
    table = behaviour.WANTS if means_to else behaviour.WANTS_NOT
    if contact["rules"][0].startswith("insurance"):
        table = behaviour.RENEWS
    outcome = dice.weighed(table, "outcome", *about)
    told: dict[str, Any] = {"outcome": outcome}
    if outcome in ("booked", "call_back"):
        later = world.today + timedelta(days=dice.whole(1, 3 if outcome == "call_back" else 12, "later", *about))
        hour = dice.pick((9, 10, 10, 11, 13, 14, 15, 16), "hour", *about)
        told["when"] = datetime.combine(world.open_day(place.store.id, later), time(hour, 30), tzinfo=ZONE)
    elif outcome == "refused":
        told["reason"] = dice.weighed(behaviour.REASONS, "reason", *about)
        if told["reason"] == "far" and car is not None:
            told["note"] = "搬家了"
    return told


def _follows(world: World, contact: dict[str, Any], told: dict[str, Any]) -> None:
    """What the customer does after the call."""
    car, dice, about = _car_of(world, contact), world.dice, (contact["contact_id"], world.today)
    if car is None or car.is_gone:
        return
    first = contact["rules"][0]
    if first.startswith("insurance"):
        if told["outcome"] == "settled":
            owners.renew(world, car)
    elif told["outcome"] == "booked":
        is_won = not owners.would_come(world, car)
        if dice.happens(behaviour.KEEPS_APPOINTMENT, "keeps", *about):
            owners.come(
                world, car, told["when"].date(), why="won back" if is_won else "by appointment", at=told["when"].time()
            )
        elif dice.happens(0.6, "comes later", *about):
            owners.come(world, car, told["when"].date() + timedelta(days=7), why="late for the appointment")
    elif told.get("reason") == "sold":
        owners.sell_on(world, car)


def _leave(world: World, place: Place, worker: Worker) -> None:
    """Somebody leaves: the manager stops the login, takes on a successor, hands the open contacts over."""
    managers = place.of_role("store_manager")
    if not managers or worker.has_left or worker is managers[0]:
        return
    manager, role = managers[0], sorted(worker.roles & CALLING)[0]
    rng = world.dice.stream("successor", worker.login)
    name, _sex = names.person(rng, born=1994)
    login = f"{worker.login.split('.')[0]}-{world.today:%m%d}.{place.store.code.lower()}"
    with world.at(place.store.id):
        org.set_active(Staff.objects.get(id=worker.staff_id), by=manager.actor, is_active=False)
        roles = [(place.store.id, held) for held in sorted(worker.roles)]
        made = org.add_staff(by=manager.actor, login=login, name=name, password=PASSWORD, roles=roles)
        worker.has_left = True
        kinds, weights = zip(*behaviour.STAFFS[world.staff], strict=True)
        temper = world.dice.weighed(zip(kinds, weights, strict=True), "temper", login)
        place.workers.append(
            Worker(made.id, login, place.store.id, worker.roles, actor_for(made), behaviour.TEMPERS[temper])
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT contact_id FROM playbook_task WHERE state = 'open' AND assignee_id = %s ORDER BY 1",
                [worker.staff_id],
            )
            contacts = [row[0] for row in cursor.fetchall()]
        if contacts:
            for start in range(0, len(contacts), reassigning.MOST):
                some = contacts[start : start + reassigning.MOST]
                reassigning.reassign(some, by=manager.actor, to=[made.id])
    world.count[f"left: {role}"] += 1
    world.count["staff who left"] += 1
    world.count["contacts handed over"] += len(contacts)
