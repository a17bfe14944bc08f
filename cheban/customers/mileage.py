"""Predicted odometer: how many kilometres a vehicle runs a day, with its uncertainty.

Model: constant daily rate; the vehicle's own rate is the median of its pairwise slopes (Theil 1950, Sen 1968), which
one wrong reading does not move; it is shrunk towards a prior (its model's and use's rate) in proportion to how many
days it has been observed (conjugate normal mean, prior worth 90 days of observation). The spread of a prediction
grows with the time since the last reading: rate uncertainty x days, plus day-to-day noise x sqrt(days).
Intervals are 80 % (z = 1.2816). Readings that fall or jump by more than 1,500 km a day are ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, sqrt
from statistics import median

Z80 = 1.2816
PRIOR_DAYS = 90.0
MOST_KM_PER_DAY = 1500.0
FARTHEST_DAYS = 3650


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
    """Daily kilometres with standard deviation; `basis` says whose: own, model, use, default."""

    km_per_day: float
    sd: float
    basis: str
    readings_used: int


@dataclass(frozen=True, slots=True)
class Due:
    """When maintenance is due, 80 % interval, and by what: 'time' or 'mileage'."""

    on: date
    low_on: date
    high_on: date
    by: str


def doubtful(readings: Sequence[Reading]) -> list[int]:
    """Indexes (in date order) of readings below an earlier one."""
    order = sorted(range(len(readings)), key=lambda i: (readings[i].on, readings[i].km))
    highest, found = -1, []
    for i in order:
        if readings[i].km < highest:
            found.append(i)
        highest = max(highest, readings[i].km)
    return found


def usable(readings: Sequence[Reading]) -> list[Reading]:
    """Readings in date order without those that fall or jump implausibly; the last of a day counts."""
    kept: list[Reading] = []
    for reading in sorted(readings, key=lambda r: (r.on, r.km)):
        if kept and reading.on == kept[-1].on:
            if reading.km >= kept[-1].km:
                kept[-1] = reading
            continue
        if kept and not 0 <= reading.km - kept[-1].km <= MOST_KM_PER_DAY * (reading.on - kept[-1].on).days:
            continue
        kept.append(reading)
    return kept


def rate(readings: Sequence[Reading], prior: Prior) -> Rate:
    """The vehicle's daily kilometres, shrunk to the prior when it was observed briefly."""
    kept = usable(readings)[-12:] if len(readings) > 1 else list(readings)
    days = (kept[-1].on - kept[0].on).days if len(kept) > 1 else 0
    if days < 14:
        return Rate(prior.km_per_day, prior.sd, prior.source, len(kept))
    slopes = [
        (b.km - a.km) / (b.on - a.on).days for i, a in enumerate(kept) for b in kept[i + 1 :] if (b.on - a.on).days >= 7
    ]
    own = median(slopes) if slopes else (kept[-1].km - kept[0].km) / days
    weight = days / (days + PRIOR_DAYS)
    blended = weight * own + (1 - weight) * prior.km_per_day
    return Rate(blended, prior.sd * sqrt(PRIOR_DAYS / (days + PRIOR_DAYS)), "own", len(kept))


def predict_km(readings: Sequence[Reading], prior: Prior, on: date) -> tuple[int, int, int]:
    """(expected, low, high) odometer on a day, 80 % interval; never below the last reading."""
    kept = usable(readings)
    last = kept[-1] if kept else Reading(on, 0)
    found, days = rate(readings, prior), max((on - last.on).days, 0)
    spread = Z80 * sqrt((found.sd * days) ** 2 + (found.km_per_day * 0.8) ** 2 * days)
    middle = last.km + found.km_per_day * days
    return round(middle), round(max(middle - spread, last.km)), round(middle + spread)


def _days_to(km: float, found: Rate) -> tuple[float, float, float]:
    """Days until `km` more are run: (expected, early, late)."""
    if km <= 0:
        return 0.0, 0.0, 0.0
    middle = km / max(found.km_per_day, 0.5)
    spread = Z80 * sqrt((found.sd * middle) ** 2 + (found.km_per_day * 0.8) ** 2 * middle)
    return middle, max(km - spread, 0) / max(found.km_per_day, 0.5), (km + spread) / max(found.km_per_day, 0.5)


def predict_date(readings: Sequence[Reading], prior: Prior, km: int, after: date) -> tuple[date, date, date]:
    """(expected, early, late) day on which the odometer reaches `km`; not before `after`."""
    kept = usable(readings)
    start, now_km = (kept[-1].on, kept[-1].km) if kept else (after, 0)
    days = _days_to(km - now_km, rate(readings, prior))
    middle, early, late = (max(start + timedelta(days=min(ceil(d), FARTHEST_DAYS)), after) for d in days)
    return middle, early, late


def add_months(day: date, months: int) -> date:
    """The same day `months` later; the last day of the month where it does not exist."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def maintenance_due(
    *,
    last_service_on: date,
    last_service_km: int,
    interval_km: int,
    interval_months: int,
    readings: Sequence[Reading],
    prior: Prior,
) -> Due:
    """When maintenance is due: by time or by predicted mileage, whichever is first."""
    by_time = add_months(last_service_on, interval_months)
    found = rate(readings, prior)
    kept = usable(readings) if len(readings) > 1 else list(readings)
    start, km = (
        (kept[-1].on, kept[-1].km) if kept and kept[-1].on >= last_service_on else (last_service_on, last_service_km)
    )
    middle, early, late = _days_to(last_service_km + interval_km - km, found)
    expected, low, high = (start + timedelta(days=min(ceil(d), FARTHEST_DAYS)) for d in (middle, early, late))
    if expected < by_time:
        return Due(expected, min(low, expected), min(high, by_time), "mileage")
    return Due(by_time, min(low, by_time), by_time, "time")
