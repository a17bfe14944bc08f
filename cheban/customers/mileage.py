"""Predicted odometer: how many kilometres a vehicle runs a day, with its uncertainty. R090.

Model. A vehicle has one daily rate. Its own estimate is the median of the slopes between its readings (Theil 1950,
Sen 1968), which one wrong reading does not move. Vehicles of its kind vary around `Prior.km_per_day` with standard
deviation `Prior.sd`; the own estimate is shrunk to that mean by the days it was observed, the prior counting as
90 days (normal mean with normal prior, Gelman et al., Bayesian Data Analysis, 2.5), which also gives its standard
deviation. Kilometres ahead vary by that uncertainty times the days, and by the irregularity of driving, which grows
with the square root of the days. Intervals are 80 % (z = 1.2816); tests/test_mileage.py holds the backtest.

IRREGULARITY (km per km of daily rate and square root of a day) is set so that the backtest's 80 % interval holds
about 80 % of the outcomes, 30 to 180 days ahead, for drivers whose months vary by 35 %. Readings that fall, or jump
by more than 1,500 km a day, are left out: the longest chain of readings that fit together stays.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, sqrt
from statistics import median
from typing import Literal

Z80 = 1.2816
PRIOR_DAYS = 90.0
IRREGULARITY = 1.2
MOST_KM_PER_DAY = 1500
FEWEST_DAYS = 14
NEWEST_READINGS = 12
FARTHEST_DAYS = 3650
SLOWEST_KM_PER_DAY = 0.5
"""A vehicle that stands still would reach its threshold never; this makes it the farthest day instead."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An odometer reading."""

    on: date
    km: int


@dataclass(frozen=True, slots=True)
class Prior:
    """What is assumed before the vehicle has told its own: km/day, standard deviation between vehicles, source."""

    km_per_day: float
    sd: float
    source: str = "default"


@dataclass(frozen=True, slots=True)
class Rate:
    """Daily kilometres with standard deviation; `basis` says whose: 'own', or the prior's source."""

    km_per_day: float
    sd: float
    basis: str  # own | model | use | default
    readings_used: int


@dataclass(frozen=True, slots=True)
class Due:
    """When maintenance is due, its 80 % interval, and by what."""

    on: date
    low_on: date
    high_on: date
    by: Literal["time", "mileage"]


def doubtful(readings: Sequence[Reading]) -> list[int]:
    """Indexes of the readings that do not fit: without them the odometer never goes backwards.

    The fewest possible; of two that contradict each other the later one, so one number too high does not cast
    doubt on all that follow.
    """
    order = sorted(range(len(readings)), key=lambda i: (readings[i].on, readings[i].km))
    fitting = _longest_chain([readings[i] for i in order], most_km_per_day=None)
    return sorted(set(range(len(readings))) - {order[i] for i in fitting})


def usable(readings: Sequence[Reading]) -> list[Reading]:
    """Readings in date order without those that fall or jump implausibly; the last of a day counts."""
    ordered = sorted(readings, key=lambda r: (r.on, r.km))
    kept = [ordered[i] for i in _longest_chain(ordered, most_km_per_day=MOST_KM_PER_DAY)]
    return [r for i, r in enumerate(kept) if i + 1 == len(kept) or kept[i + 1].on != r.on]


def _longest_chain(ordered: Sequence[Reading], *, most_km_per_day: int | None) -> list[int]:
    """Indexes of the longest chain in which each reading can follow the one before; the earliest of equals."""

    def follows(a: Reading, b: Reading) -> bool:
        km = b.km - a.km
        return km >= 0 and (most_km_per_day is None or km <= most_km_per_day * ((b.on - a.on).days or 1))

    if all(follows(a, b) for a, b in zip(ordered, ordered[1:], strict=False)):
        return list(range(len(ordered)))
    length, before = [1] * len(ordered), [-1] * len(ordered)
    for i, reading in enumerate(ordered):
        for j in range(i):
            if length[j] + 1 > length[i] and follows(ordered[j], reading):
                length[i], before[i] = length[j] + 1, j
    at, chain = max(range(len(ordered)), key=lambda i: (length[i], -i)), []
    while at >= 0:
        chain.append(at)
        at = before[at]
    return chain[::-1]


def rate(readings: Sequence[Reading], prior: Prior) -> Rate:
    """The vehicle's daily kilometres from its newest readings; the prior's if it was observed under 14 days."""
    return _rate(usable(readings), prior)


def _rate(kept: Sequence[Reading], prior: Prior) -> Rate:
    kept = kept[-NEWEST_READINGS:]
    days = (kept[-1].on - kept[0].on).days if kept else 0
    if days < FEWEST_DAYS:
        return Rate(prior.km_per_day, prior.sd, prior.source, len(kept))
    points = [(r.on.toordinal(), r.km) for r in kept]
    slopes = [
        (b_km - a_km) / (b_on - a_on)
        for i, (a_on, a_km) in enumerate(points)
        for b_on, b_km in points[i + 1 :]
        if b_on - a_on >= 7  # two readings of one visit say nothing about a week
    ]
    weight = days / (days + PRIOR_DAYS)
    blended = weight * median(slopes) + (1 - weight) * prior.km_per_day
    return Rate(blended, prior.sd * sqrt(1 - weight), "own", len(kept))


def _spread(found: Rate, days: float) -> float:
    """Half the width of the 80 % interval, in km, `days` ahead."""
    return Z80 * sqrt((found.sd * days) ** 2 + (found.km_per_day * IRREGULARITY) ** 2 * days)


def predict_km(readings: Sequence[Reading], prior: Prior, on: date) -> tuple[int, int, int]:
    """(expected, low, high) odometer on a day, 80 % interval; never below the last reading.

    Without any usable reading there is nothing to start from: the count begins at 0 on that day.
    """
    kept = usable(readings)
    last = kept[-1] if kept else Reading(on, 0)
    found, days = _rate(kept, prior), max((on - last.on).days, 0)
    middle, spread = last.km + found.km_per_day * days, _spread(found, days)
    return round(middle), round(max(middle - spread, last.km)), round(middle + spread)


def _days_to(km: float, found: Rate) -> tuple[float, float, float]:
    """Days until `km` more are run: (expected, early, late)."""
    if km <= 0:
        return 0.0, 0.0, 0.0
    daily = max(found.km_per_day, SLOWEST_KM_PER_DAY)
    middle = km / daily
    spread = _spread(found, min(middle, FARTHEST_DAYS)) / daily
    return middle, max(middle - spread, 0.0), middle + spread


def _later(start: date, days: float) -> date:
    return start + timedelta(days=ceil(min(days, FARTHEST_DAYS)))


def predict_date(readings: Sequence[Reading], prior: Prior, km: int, after: date) -> tuple[date, date, date]:
    """(expected, early, late) day on which the odometer reaches `km`; not before `after`."""
    kept = usable(readings)
    start, now_km = (kept[-1].on, kept[-1].km) if kept else (after, 0)
    middle, early, late = (max(_later(start, d), after) for d in _days_to(km - now_km, _rate(kept, prior)))
    return middle, early, late


def add_months(day: date, months: int) -> date:
    """The same day `months` later; the last day of the month where it does not exist (31 August + 6 -> 28 February)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def maintenance_due(
    *,
    last_service_on: date,
    last_service_km: int,
    interval_km: int,
    interval_months: int,
    readings: Sequence[Reading],
    prior: Prior,
    after: date | None = None,
) -> Due:
    """When maintenance is due: by time or by predicted mileage, whichever is first. R085, R090.

    A day that has passed stays past, so that it shows as overdue, unless `after` forbids it.
    """
    by_time = add_months(last_service_on, interval_months)
    kept = usable(readings)
    start, km = last_service_on, last_service_km
    if kept and kept[-1].on >= last_service_on and kept[-1].km >= last_service_km:
        start, km = kept[-1].on, kept[-1].km
    days = _days_to(last_service_km + interval_km - km, _rate(kept, prior))
    expected, low, high = (_later(start, d) for d in days)
    if expected < by_time:
        on, low_on, high_on, by = expected, low, min(high, by_time), "mileage"
    else:
        on, low_on, high_on, by = by_time, min(low, by_time), by_time, "time"
    if after is not None:
        on, low_on, high_on = max(on, after), max(low_on, after), max(high_on, after)
    return Due(on, low_on, high_on, by)
