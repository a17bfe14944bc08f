"""The store's people go on holiday, on trips and to training: entered by themselves, some with a deputy, some cancelled.

Entered absences move work (`cover`); who falls ill tells nobody (`staff`).
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from cheban.core import clock
from cheban.org import absences
from cheban.org.absences import Leave
from cheban.org.commands import Invalid
from cheban.playbook import cover
from cheban.site.simulation import behaviour
from cheban.site.simulation.actors.staff import CALLING
from cheban.site.simulation.world import ZONE, Place, Worker, World

ENTERS_AT, CANCELS_AT = time(8, 10), time(8, 5)
MINUTE = timedelta(minutes=1)


def begin(world: World) -> None:
    """Each caller's absences are drawn for the whole time; they enter each some days before."""
    for place in world.places.values():
        for worker in place.workers:
            for kind, (yearly, shortest, longest, _why) in behaviour.ABSENCES.items():
                if not worker.roles & CALLING:
                    continue
                for day in world.times_of(f"away {kind}", worker.login, yearly):
                    about = ("away", kind, worker.login, day)
                    days = world.dice.whole(shortest, longest, "days", *about)
                    known = day - timedelta(days=world.dice.whole(0, behaviour.KNOWN_DAYS_AHEAD, "known", *about))
                    known = min(world.open_day(place.store.id, max(known, world.begin + timedelta(days=1))), day)
                    world.plan(
                        known,
                        ENTERS_AT,
                        "absences",
                        " ".join(map(str, about)),
                        lambda p=place, w=worker, k=kind, d=day, n=days: _enter(world, p, w, k, d, n),
                    )


def _enter(world: World, place: Place, worker: Worker, kind: str, day, days: int) -> None:
    if worker.has_left:
        return
    dice, about = world.dice, (kind, worker.login, day)
    starts = datetime.combine(day, time(), tzinfo=ZONE)
    ends = starts + timedelta(days=days)
    able = [w for w in place.workers if w is not worker and not w.has_left and w.roles & worker.roles & CALLING]
    named = able and dice.happens(behaviour.NAMES_A_DEPUTY, "names a deputy", *about)
    deputies = {"": dice.pick(able, "deputy", *about).staff_id} if named else {}
    with world.at(place.store.id):
        try:
            made = absences.enter(Leave(worker.staff_id, kind, starts, ends, deputies), by=worker.actor)
        except Invalid:  # away already in these days
            return
    world.count[f"absences: {kind}"] += 1
    worker.away[made.id] = (starts, ends)
    for change in (starts, ends):
        _cover_at(world, change + MINUTE)
    if dice.happens(behaviour.CANCELS_AN_ABSENCE, "cancels", *about):
        back = day + timedelta(days=dice.whole(-1, days - 1, "cancels on", *about))
        if back > world.today:
            world.plan(back, CANCELS_AT, "absences", f"cancels {about}", lambda: _cancel(world, place, worker, made.id))


def _cancel(world: World, place: Place, worker: Worker, absence_id: int) -> None:
    if not worker.has_left:
        with world.at(place.store.id):
            absences.cancel(absence_id, by=worker.actor)
        del worker.away[absence_id]
        world.count["absences cancelled"] += 1


def _cover_at(world: World, at: datetime) -> None:
    """The house looks every minute; here in the minute after somebody goes or comes back."""
    if at > world.now:
        world.plan(at.date(), at.time(), "house", "covers", lambda: _cover(world))


def _cover(world: World) -> None:
    with world.at():
        world.count["contacts covered or brought home"] += cover.cover_absences(at=clock.now(), store_ids=world.stores)
