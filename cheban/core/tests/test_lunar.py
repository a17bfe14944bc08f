"""Lunar birthdays, festivals and the holidays of the year."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cheban.core.chinese_days import year_days
from cheban.core.lunar import (
    LunarDate,
    birthday_in,
    festivals,
    lunar_birthdays_on,
    solar_birthday_in,
    to_lunar,
)

EVERY = [LunarDate(m, d, leap) for m in range(1, 13) for d in range(1, 31) for leap in (False, True)]
YEARS = range(2024, 2041)


@pytest.mark.req("R087")
@pytest.mark.parametrize(
    ("day", "year", "lunar"),
    [
        (date(2026, 2, 17), 2026, LunarDate(1, 1)),
        (date(2026, 2, 16), 2025, LunarDate(12, 29)),  # no 30th in this twelfth month
        (date(2025, 7, 25), 2025, LunarDate(6, 1, leap=True)),
        (date(2023, 3, 22), 2023, LunarDate(2, 1, leap=True)),
        (date(1990, 5, 24), 1990, LunarDate(5, 1)),
    ],
)
def test_a_day_has_its_lunar_date(day, year, lunar):
    assert to_lunar(day) == (year, lunar)


@pytest.mark.req("R087")
@pytest.mark.parametrize(
    ("year", "lunar", "day"),
    [
        (2026, LunarDate(8, 15), date(2026, 9, 25)),
        (2026, LunarDate(12, 8), date(2027, 1, 15)),
        (2025, LunarDate(12, 30), date(2026, 2, 16)),  # kept on the 29th, New Year's Eve
        (2029, LunarDate(12, 30), date(2030, 2, 2)),  # exists again
        (2025, LunarDate(6, 10, leap=True), date(2025, 8, 3)),
        (2026, LunarDate(6, 10, leap=True), date(2026, 7, 23)),  # no leap month: the plain one
    ],
)
def test_missing_lunar_days_are_kept_by_the_written_rule(year, lunar, day):
    assert birthday_in(year, lunar) == day


@pytest.mark.req("R087")
def test_everybody_is_greeted_exactly_once_in_each_lunar_year():
    greeted = Counter()
    day = birthday_in(YEARS[0], LunarDate(1, 1))
    while day < birthday_in(YEARS[-1] + 1, LunarDate(1, 1)):
        year, _lunar = to_lunar(day)
        for lunar in lunar_birthdays_on(day):
            greeted[year, lunar] += 1
            assert birthday_in(year, lunar) == day
        day += timedelta(days=1)
    assert greeted == Counter({(year, lunar): 1 for year in YEARS for lunar in EVERY})


@settings(deadline=None)
@given(st.integers(1950, 2099), st.sampled_from(EVERY))
def test_who_is_kept_on_a_day_is_found_by_that_day(year, lunar):
    assert lunar in lunar_birthdays_on(birthday_in(year, lunar))


@settings(deadline=None)
@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)))
def test_a_day_is_what_the_package_says_and_is_kept_on_itself(day):
    from lunar_python import Solar

    said = Solar.fromYmd(day.year, day.month, day.day).getLunar()
    year, lunar = to_lunar(day)
    assert (said.getYear(), said.getMonth(), said.getDay()) == (
        year,
        -lunar.month if lunar.leap else lunar.month,
        lunar.day,
    )
    assert birthday_in(year, lunar) == day


def test_days_that_no_calendar_has_are_refused():
    for month, day in ((0, 1), (13, 1), (1, 0), (1, 31)):
        with pytest.raises(ValueError, match="lunar"):
            LunarDate(month, day)
    with pytest.raises(ValueError, match="day"):
        solar_birthday_in(2026, 4, 31)


@pytest.mark.req("R087")
@settings(deadline=None)
@given(st.integers(1950, 2100))
def test_29_february_is_kept_on_the_28th_in_common_years(year):
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    assert solar_birthday_in(year, 2, 29) == date(year, 2, 29 if is_leap else 28)
    assert solar_birthday_in(year, 2, 28) == date(year, 2, 28)
    assert solar_birthday_in(year, 12, 31) == date(year, 12, 31)


@pytest.mark.req("R088")
def test_festivals_fall_on_their_right_days():
    found = {f.code: f.date for f in festivals(2026)}
    assert found == {
        "new_year": date(2026, 1, 1),
        "laba": date(2026, 1, 26),
        "spring_festival": date(2026, 2, 17),
        "lantern": date(2026, 3, 3),
        "labour_day": date(2026, 5, 1),
        "dragon_boat": date(2026, 6, 19),
        "qixi": date(2026, 8, 19),
        "mid_autumn": date(2026, 9, 25),
        "national_day": date(2026, 10, 1),
        "double_ninth": date(2026, 10, 18),
    }
    assert [f.date for y in (2024, 2025, 2027, 2028) for f in festivals(y) if f.code == "spring_festival"] == [
        date(2024, 2, 10),
        date(2025, 1, 29),
        date(2027, 2, 6),
        date(2028, 1, 26),
    ]
    assert all(f.date.year == y for y in range(1990, 2060) for f in festivals(y))


@pytest.mark.req("R168")
def test_holidays_and_make_up_workdays_come_with_chinese_names():
    days = year_days(2026)
    assert days[date(2026, 2, 17)] == ("holiday", "春节")
    assert days[date(2026, 2, 14)] == ("make_up_workday", "春节调休上班")
    assert days[date(2026, 10, 1)] == ("holiday", "国庆节")
    assert date(2026, 11, 21) not in days  # a usual Saturday is the store's own affair
    assert all(kind != "make_up_workday" or day.weekday() >= 5 for day, (kind, _name) in days.items())


@pytest.mark.req("R168")
def test_a_year_not_announced_yet_is_unknown_not_wrong():
    assert year_days(2090) is None
    assert year_days(2003) is None
