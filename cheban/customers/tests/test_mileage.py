"""Predicted odometer and maintenance due."""

from __future__ import annotations

import random
from datetime import date, timedelta
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cheban.customers.mileage import (
    Prior,
    Reading,
    add_months,
    doubtful,
    maintenance_due,
    predict_date,
    predict_km,
    rate,
    usable,
)

DAY0 = date(2025, 1, 1)
FAMILY = Prior(38.0, 18.0, "use")


def reading(day: int, km: int) -> Reading:
    return Reading(DAY0 + timedelta(days=day), km)


@st.composite
def histories(draw, *, least: int = 0):
    """Odometers as workshops write them: rising, with days between visits."""
    steps = draw(st.lists(st.tuples(st.integers(1, 300), st.integers(0, 400)), min_size=least, max_size=15))
    days = accumulate((gap for gap, _daily in steps), initial=0)
    kms = accumulate((gap * daily for gap, daily in steps), initial=draw(st.integers(0, 50_000)))
    return [reading(day, km) for day, km in zip(days, kms, strict=True)][1 if least == 0 else 0 :]


@pytest.mark.req("R090")
def test_a_steady_drivers_rate_is_mostly_his_own():
    found = rate([reading(d, 50 * d) for d in range(0, 720, 90)], FAMILY)
    assert found.basis == "own" and found.readings_used == 8
    assert 48 < found.km_per_day < 50
    assert found.sd < 8


@pytest.mark.parametrize("readings", [[], [reading(0, 500)], [reading(0, 500), reading(10, 9000)]])
def test_thin_data_fall_back_to_the_prior_and_say_so(readings):
    found = rate(readings, Prior(190.0, 60.0, "model"))
    assert (found.km_per_day, found.sd, found.basis) == (190.0, 60.0, "model")


def test_one_wrong_reading_does_not_move_the_rate():
    right = [reading(d, 40 * d) for d in range(0, 900, 90)]
    for wrong in (reading(450, 999_999), reading(450, 3), reading(455, 40 * 450 + 7000)):
        assert rate([*right, wrong], FAMILY).km_per_day == pytest.approx(rate(right, FAMILY).km_per_day, rel=0.05)


@pytest.mark.req("R090")
def test_readings_that_do_not_fit_are_doubtful():
    assert doubtful([]) == []
    assert doubtful([reading(0, 100), reading(30, 1500)]) == []
    assert doubtful([reading(0, 9000), reading(30, 1500)]) == [1]  # the later of two
    assert doubtful([reading(0, 100), reading(30, 99_999), reading(60, 2500), reading(90, 3500)]) == [1]
    assert doubtful([reading(60, 2500), reading(0, 100), reading(90, 200)]) == [2]  # indexes as given, any order
    assert usable([reading(0, 100), reading(0, 160), reading(1, 90_000)]) == [reading(0, 160)]


@settings(deadline=None)
@given(st.lists(st.builds(reading, st.integers(0, 900), st.integers(0, 100_000)), max_size=14))
def test_what_stays_never_goes_backwards_and_prediction_never_falls_below_the_last(readings):
    doubts = set(doubtful(readings))
    fitting = sorted((r for i, r in enumerate(readings) if i not in doubts), key=lambda r: (r.on, r.km))
    assert all(a.km <= b.km for a, b in zip(fitting, fitting[1:], strict=False))
    kept = usable(readings)
    middle, low, high = predict_km(readings, FAMILY, DAY0 + timedelta(days=1000))
    assert (kept[-1].km if kept else 0) <= low <= middle <= high


@settings(deadline=None)
@given(histories(least=1), st.integers(1, 300))
def test_uncertainty_grows_with_distance(readings, ahead):
    on = readings[-1].on + timedelta(days=ahead)
    _, near_low, near_high = predict_km(readings, FAMILY, on)
    _, far_low, far_high = predict_km(readings, FAMILY, on + timedelta(days=30))
    assert far_high - far_low >= near_high - near_low - 1  # rounding


@settings(deadline=None)
@given(histories(least=2))
def test_more_readings_never_make_the_rate_less_certain(readings):
    certain = [rate(readings[:n], FAMILY).sd for n in range(len(readings) + 1)]
    if len(readings) <= 12:  # older readings are left behind
        assert all(later <= earlier for earlier, later in zip(certain, certain[1:], strict=False))


@settings(deadline=None)
@given(st.integers(2, 11), st.integers(20, 120), st.integers(30, 300))
def test_more_readings_on_the_same_line_never_widen_the_interval(count, gap, ahead):
    line = [reading(gap * n, 38 * gap * n) for n in range(12)]
    on = line[-1].on + timedelta(days=ahead)
    _, low, high = predict_km(line[:count], FAMILY, on)
    _, low_more, high_more = predict_km(line[: count + 1], FAMILY, on)
    assert high_more - low_more <= high - low + 1  # rounding


@settings(deadline=None)
@given(histories(least=2), st.integers(2, 4))
def test_twice_the_kilometres_is_twice_the_rate(readings, times):
    scaled = [Reading(r.on, r.km * times) for r in readings]
    if len(usable(scaled)) != len(usable(readings)):
        return  # beyond 1,500 km a day nothing scales
    bigger = Prior(FAMILY.km_per_day * times, FAMILY.sd * times, "use")
    assert rate(scaled, bigger).km_per_day == pytest.approx(rate(readings, FAMILY).km_per_day * times)


@settings(deadline=None)
@given(histories(), st.integers(0, 300_000), st.integers(0, 2000))
def test_the_predicted_day_is_ordered_and_never_before_after(readings, km, day):
    after = DAY0 + timedelta(days=day)
    on, low_on, high_on = predict_date(readings, FAMILY, km, after)
    assert after <= low_on <= on <= high_on


@settings(deadline=None)
@given(histories(least=2), st.integers(1, 30_000))
def test_day_and_kilometres_predicted_agree(readings, more):
    last = usable(readings)[-1]
    on, _low, _high = predict_date(readings, FAMILY, last.km + more, last.on)
    if (on - last.on).days < 3650:
        assert predict_km(readings, FAMILY, on)[0] >= last.km + more - 1
        assert predict_km(readings, FAMILY, on - timedelta(days=1))[0] <= last.km + more


@pytest.mark.req("R085", "R090")
def test_maintenance_is_due_by_time_or_mileage_whichever_is_first():
    service = {"last_service_on": date(2026, 1, 10), "last_service_km": 20_000, "interval_months": 6, "prior": FAMILY}
    much = [Reading(date(2025, 1, 10), 0), Reading(date(2026, 1, 10), 20_000), Reading(date(2026, 4, 10), 26_000)]
    found = maintenance_due(**service, interval_km=7500, readings=much)
    assert found.by == "mileage"
    assert date(2026, 4, 20) < found.on < date(2026, 5, 20)
    assert found.low_on <= found.on <= found.high_on <= date(2026, 7, 10)
    little = maintenance_due(**service, interval_km=50_000, readings=much)
    assert (little.by, little.on, little.high_on) == ("time", date(2026, 7, 10), date(2026, 7, 10))
    unknown = maintenance_due(**service, interval_km=7500, readings=[])
    assert unknown.by == "time" and unknown.low_on < unknown.on


def test_an_overdue_service_stays_overdue_unless_after_forbids_it():
    facts = {
        "last_service_on": date(2024, 1, 10),
        "last_service_km": 20_000,
        "interval_km": 7500,
        "interval_months": 6,
        "readings": [Reading(date(2024, 5, 1), 29_000)],
        "prior": FAMILY,
    }
    assert maintenance_due(**facts).on == date(2024, 5, 1)  # read beyond the threshold already
    later = maintenance_due(**facts, after=date(2026, 11, 23))
    assert later.on == later.low_on == later.high_on == date(2026, 11, 23)


@settings(deadline=None)
@given(histories(), st.integers(0, 900), st.integers(0, 60_000), st.integers(1000, 30_000), st.integers(1, 24))
def test_maintenance_is_never_later_than_by_time(readings, day, km, interval_km, months):
    start = DAY0 + timedelta(days=day)
    found = maintenance_due(
        last_service_on=start, last_service_km=km, interval_km=interval_km, interval_months=months,
        readings=readings, prior=FAMILY,
    )  # fmt: skip
    assert start <= found.low_on <= found.on <= found.high_on <= add_months(start, months)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 1, 15), 12, date(2027, 1, 15)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
    ],
)
def test_months_later_at_the_end_of_a_month(day, months, later):
    assert add_months(day, months) == later


def drive(dice: random.Random) -> list[int]:
    """Three years of odometer by day: a lasting rate that drifts, months that vary by 35 %, uneven days."""
    daily = max(dice.gammavariate((FAMILY.km_per_day / FAMILY.sd) ** 2, FAMILY.sd**2 / FAMILY.km_per_day), 2)
    driven = []
    for _month in range(36):
        daily *= dice.lognormvariate(0, 0.05)
        this_month = daily * dice.gammavariate(1 / 0.35**2, 0.35**2)
        driven += [this_month * dice.gammavariate(1.5, 1 / 1.5) for _ in range(30)]
    return [round(km) for km in accumulate(driven)]


@pytest.mark.req("R090")
def test_the_80_percent_interval_holds_70_to_90_percent_of_the_outcomes():
    dice = random.Random(20261123)
    hits: dict[str, list[bool]] = {}
    for _vehicle in range(600):
        odometer = drive(dice)
        until, day, visits = dice.randrange(60, 800), 0, []
        while (day := day + dice.randrange(60, 240)) <= until:
            visits.append(day)
        visits = visits or [until]
        readings = [reading(d, odometer[d]) for d in visits]
        for ahead in (30, 90, 180):
            on = visits[-1] + ahead
            _middle, low, high = predict_km(readings, FAMILY, DAY0 + timedelta(days=on))
            held = low <= odometer[on] <= high
            hits.setdefault(f"{ahead} days ahead", []).append(held)
            hits.setdefault(f"{min(len(visits), 4)} readings", []).append(held)
    covered = {case: sum(held) / len(held) for case, held in hits.items()}
    assert all(0.7 <= share <= 0.9 for share in covered.values()), covered
