"""Annual inspection dates."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from time import process_time
from timeit import timeit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cheban.customers.inspection import next_inspection

BOUGHT = date(2016, 3, 10)


def dates(registered_on: date, *, many: int, **vehicle) -> list[tuple[int, int, str]]:
    """The first `many` inspections as (year, month, kind)."""
    found, after = [], registered_on
    for _ in range(many):
        inspection = next_inspection(registered_on, after=after, **vehicle)
        found.append((inspection.due_on.year, inspection.due_on.month, inspection.kind))
        after = inspection.due_on + timedelta(days=1)
    return found


@pytest.mark.req("R086")
def test_private_cars_fetch_stickers_are_inspected_in_years_6_and_10_and_yearly_after():
    assert dates(BOUGHT, many=8, use="family", seats=5) == [
        (2018, 3, "sticker"),
        (2020, 3, "sticker"),
        (2022, 3, "on_line"),
        (2024, 3, "sticker"),
        (2026, 3, "on_line"),
        (2027, 3, "on_line"),
        (2028, 3, "on_line"),
        (2029, 3, "on_line"),
    ]
    assert dates(BOUGHT, many=8, use="business", seats=9) == dates(BOUGHT, many=8, use="family", seats=5)


@pytest.mark.req("R086")
def test_ride_hailing_cars_are_inspected_yearly_and_after_5_years_twice_a_year():
    assert dates(BOUGHT, many=7, use="ride_hailing", seats=5) == [
        *((year, 3, "on_line") for year in range(2017, 2022)),
        (2021, 9, "on_line"),
        (2022, 3, "on_line"),
    ]


@pytest.mark.req("R086")
@pytest.mark.parametrize("vehicle", [{"use": "truck", "seats": 3}, {"use": "business", "seats": 12}])
def test_trucks_and_large_vehicles_are_inspected_yearly_and_after_10_years_twice_a_year(vehicle):
    assert dates(BOUGHT, many=12, **vehicle) == [
        *((year, 3, "on_line") for year in range(2017, 2027)),
        (2026, 9, "on_line"),
        (2027, 3, "on_line"),
    ]


def test_minivans_have_no_stickers():
    found = dates(BOUGHT, many=14, use="family", seats=7, minivan=True)
    assert found[:5] == [(y, 3, "on_line") for y in (2018, 2020, 2022, 2023, 2024)]
    assert found[12:] == [(2031, 9, "on_line"), (2032, 3, "on_line")]


def test_due_by_the_last_day_of_the_month_also_in_february():
    inspection = next_inspection(date(2022, 2, 3), use="family", seats=5, after=date(2024, 2, 1))
    assert inspection.due_on == date(2024, 2, 29)
    on_the_day = next_inspection(date(2022, 2, 3), use="family", seats=5, after=date(2024, 2, 29))
    assert on_the_day == inspection
    later = next_inspection(date(2022, 2, 3), use="family", seats=5, after=date(2024, 3, 1))
    assert (later.due_on, later.kind) == (date(2026, 2, 28), "sticker")


@pytest.mark.req("R086")
@settings(deadline=None)
@given(
    st.dates(date(1990, 1, 1), date(2030, 12, 31)),
    st.sampled_from(["family", "business", "ride_hailing", "truck"]),
    st.integers(1, 50),
    st.integers(0, 12_000),
)
def test_the_next_inspection_is_never_past_and_none_is_passed_over(registered_on, use, seats, days):
    after = registered_on + timedelta(days=days)
    found = next_inspection(registered_on, use=use, seats=seats, after=after)
    assert found.due_on >= after
    assert found.due_on.month in (registered_on.month, (registered_on.month + 5) % 12 + 1)
    assert found.due_on.day == monthrange(found.due_on.year, found.due_on.month)[1]
    for earlier in range(0, (found.due_on - after).days, 29):
        assert next_inspection(registered_on, use=use, seats=seats, after=after + timedelta(days=earlier)) == found


def test_one_date_takes_microseconds():
    """A million vehicles in seconds; 5 us is the aim, with room here for a busy machine."""
    took = timeit(
        lambda: next_inspection(BOUGHT, use="family", seats=5, after=date(2026, 11, 23)),
        number=20_000,
        timer=process_time,
    )
    assert took / 20_000 < 25e-6
