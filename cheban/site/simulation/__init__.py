"""A year in minutes: a town of invented people drives the house's own commands with a moved clock. R204.

The same seed on the same days tells the same history, and after any seed every invariant holds: the living demo and
the strongest test are one program. `behaviour` is the table of probabilities, `actors` who lives there,
`invariants` what must hold. docs/simulate.md says how to read and extend it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import transaction

from cheban.core import clock, ids
from cheban.org import dispatch
from cheban.site.simulation import invariants, pace, town
from cheban.site.simulation.actors import all_actors
from cheban.site.simulation.dice import Dice
from cheban.site.simulation.world import ZONE, World

Progress = Callable[[int, int], None]


class InvariantBroken(AssertionError):
    """Something that must hold does not: which, on which day of which seed, with examples."""

    def __init__(self, *, seed: int, day: date, name: str, found: list[str]) -> None:
        self.seed, self.day, self.name, self.found = seed, day, name, found
        super().__init__(f"seed {seed}, {day.isoformat()}: {name}: {'; '.join(found[:5])} ({len(found)})")


@dataclass(slots=True)
class Told:
    """What came of a simulation."""

    world: World
    seconds: float
    checks: int = 0
    timings: dict[str, float] = field(default_factory=dict)


def simulate(
    *,
    days: int = 365,
    seed: int = 7,
    customers: int = 2_500,
    stores: int = 1,
    staff: str = "mixed",
    check: bool = True,
    until: datetime | None = None,
    progress: Progress | None = None,
) -> Told:
    """Live `days` days up to `until` (default: now) and check what must hold each month and at the end.

    Commits as it goes, as life does; needs the database to itself. Raises InvariantBroken.
    """
    end = (until or clock.now()).astimezone(ZONE)
    began = time.perf_counter()
    begin = end.date() - timedelta(days=days)
    if transaction.get_connection().in_atomic_block:
        raise RuntimeError("a simulation commits as it goes; it cannot live inside a transaction")
    with ExitStack() as stack:
        stack.enter_context(pace.hurried())
        stack.enter_context(ids.drawn_from(Dice(seed).stream("ids").randbytes))
        with clock.frozen(town.morning(begin)):
            world = town.build(
                seed=seed, customers=customers, stores=stores, staff_kind=staff, begin=begin, end=end.date()
            )
            for start in all_actors().values():
                start(world)
        told = Told(world, 0.0)
        for number, day in enumerate(world.days()):
            world.live(day, until=end)
            is_last = day == world.end
            if check and (is_last or (day + timedelta(days=1)).day == 1):
                with clock.frozen(end if is_last else datetime.combine(day, datetime.max.time(), tzinfo=ZONE)):
                    told.checks += check_all(world)
            if progress:
                progress(number + 1, days + 1)
    told.seconds = time.perf_counter() - began
    return told


def check_all(world: World) -> int:
    """Check every invariant now; returns how many. Raises InvariantBroken for the first that does not hold."""
    while dispatch.run_pending(limit=200) == 200:
        pass
    told = invariants.broken(world)
    for name, found in told.items():
        if found:
            raise InvariantBroken(seed=int(world.dice.seed), day=world.today, name=name, found=found)
    return len(told)
