"""A vehicle's visits to its workshop: services by time or kilometres, repairs between, and who stays away.

94 of 100 come for the free first service, 63 of 100 of those for the second: the cliff that the handbook guards.
Later nine of ten come each time. Days are ordinals, kilometres what the odometer shows.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import exp

from cheban.customers.care import Interval
from cheban.site.demo.seasons import Seasons, day_of
from cheban.site.demo.works import Repair, repair

FIRST, SECOND, LATER = 0.94, 0.63, 0.91
"""Who comes for the first, the second, each later service."""
REPAIRS_A_YEAR, AFTER_LEAVING = 0.45, 0.05


@dataclass(slots=True)
class Visit:
    """One visit: its day, the odometer, which service it was (0: none), what was repaired."""

    on: int
    km: int
    service: int
    repairs: list[Repair]
    is_misread: bool = False


@dataclass(slots=True)
class Driven:
    """Where a vehicle stands when a part of its life begins: services so far, day and km of the last one."""

    services: int
    on: int
    km: float


def visits(
    rng: random.Random,
    seasons: Seasons,
    start: Driven,
    *,
    until: int,
    rate: float,
    interval: Interval,
    energy: str,
    comes_at_once: bool = False,
) -> list[Visit]:
    """The visits of one owner up to the day `until`, oldest first; `rate` is km a day."""
    services = _services(rng, seasons, start, until=until, rate=rate, interval=interval, comes_at_once=comes_at_once)
    left_on = services[-1] if services else start.on
    days: dict[int, int] = {day: start.services + number for number, day in enumerate(services, 1)}
    for begin, end, yearly in ((start.on, left_on, REPAIRS_A_YEAR), (left_on, until, AFTER_LEAVING)):
        expected = (end - begin) / 365 * yearly
        count = int(expected) + (rng.random() < expected % 1)
        for _ in range(count):
            day = seasons.visit(rng, begin + 7 + int(rng.random() * max(end - begin - 7, 1)))
            if day is not None and start.on < day < until:
                days.setdefault(day, 0)
    found, on, km = [], start.on, start.km
    for day in sorted(days):
        km += (day - on) * rate * exp(rng.gauss(0, 0.16))
        on = day
        is_with_repair = days[day] == 0 or (days[day] > 1 and rng.random() < 0.2)
        repairs = [repair(rng, km=int(km), month=day_of(day).month, energy=energy)] if is_with_repair else []
        found.append(Visit(day, int(km), days[day], repairs))
    return found


def _services(
    rng: random.Random,
    seasons: Seasons,
    start: Driven,
    *,
    until: int,
    rate: float,
    interval: Interval,
    comes_at_once: bool,
) -> list[int]:
    found: list[int] = []
    on, number = start.on, start.services
    while True:
        first = number == 0
        months, km = (interval.first_months, interval.first_km) if first else (interval.months, interval.km)
        due = on + int(min(months * 30.4, km / rate))
        if comes_at_once and not found:
            due = on + int(rng.random() * 90)
        if rng.random() >= (FIRST if first else SECOND if number == 1 else LATER):
            return found
        late = rng.gauss(3, 12) if rng.random() < 0.88 else rng.uniform(25, 120)
        day = seasons.visit(rng, max(int(due + late), on + 20))
        if day is None or day >= until:
            return found
        found.append(day)
        on, number = day, number + 1
