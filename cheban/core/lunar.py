"""Lunar birthdays and festivals, from the kept package lunar-python.

Fallback rules (written, as some lunar days do not exist each year): the 30th of a month that has 29 days is kept
on the 29th; a birthday in a leap month is kept in the plain month of years without that leap month. So everybody
is greeted exactly once in each lunar year.
"""

from __future__ import annotations

from calendar import isleap
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache


@dataclass(frozen=True, slots=True, order=True)
class LunarDate:
    """A day of the lunar calendar without its year: month 1-12, day 1-30, whether in a leap month."""

    month: int
    day: int
    leap: bool = False

    def __post_init__(self) -> None:
        if not (1 <= self.month <= 12 and 1 <= self.day <= 30):
            raise ValueError(f"the lunar calendar has no month {self.month}, day {self.day}")


@dataclass(frozen=True, slots=True)
class Festival:
    """A festival on a day of the Gregorian calendar."""

    code: str
    name: str
    date: date


def to_lunar(day: date) -> tuple[int, LunarDate]:
    """(lunar year, lunar day) of a Gregorian day."""
    year = day.year if day >= _months(day.year)[1, False][0] else day.year - 1
    for (month, leap), (first, days) in _months(year).items():
        if 0 <= (day - first).days < days:
            return year, LunarDate(month, (day - first).days + 1, leap)
    raise ValueError(f"no lunar month holds {day}")  # the months of a lunar year leave no gap


@cache
def _months(year: int) -> dict[tuple[int, bool], tuple[date, int]]:
    """(month, leap) -> (first day, number of days) of a lunar year."""
    from lunar_python import LunarYear, Solar

    found = {}
    for month in LunarYear.fromYear(year).getMonths():
        if month.getYear() != year:
            continue
        first = Solar.fromJulianDay(month.getFirstJulianDay())
        found[abs(month.getMonth()), month.isLeap()] = (
            date(first.getYear(), first.getMonth(), first.getDay()),
            month.getDayCount(),
        )
    return found


def birthday_in(year: int, lunar: LunarDate) -> date:
    """The Gregorian day on which a lunar birthday is kept in the lunar year `year`.

    A lunar year is named after the Gregorian year in which it begins; its last weeks lie in the next one.
    """
    months = _months(year)
    first, days = months.get((lunar.month, lunar.leap)) or months[lunar.month, False]
    return first + timedelta(days=min(lunar.day, days) - 1)


def lunar_birthdays_on(day: date) -> list[LunarDate]:
    """All lunar birthdays that are kept on a Gregorian day (the converse of `birthday_in`)."""
    year, today = to_lunar(day)
    months = _months(year)
    _first, days = months[today.month, today.leap]
    wanted = [today.day] + ([30] if today.day == 29 and days == 29 else [])
    found = [LunarDate(today.month, d, today.leap) for d in wanted]
    if not today.leap and (today.month, True) not in months:
        found += [LunarDate(today.month, d, True) for d in wanted]
    return found


def solar_birthday_in(year: int, month: int, day: int) -> date:
    """The day a solar birthday is kept: 29 February on the 28th in common years. Raises ValueError for no day."""
    if (month, day) == (2, 29) and not isleap(year):
        return date(year, 2, 28)
    return date(year, month, day)


_LUNAR = (
    ("spring_festival", "春节", 1, 1),
    ("lantern", "元宵节", 1, 15),
    ("dragon_boat", "端午节", 5, 5),
    ("qixi", "七夕", 7, 7),
    ("mid_autumn", "中秋节", 8, 15),
    ("double_ninth", "重阳节", 9, 9),
)
_SOLAR = (("new_year", "元旦", 1, 1), ("labour_day", "劳动节", 5, 1), ("national_day", "国庆节", 10, 1))


@cache
def festivals(year: int) -> tuple[Festival, ...]:
    """The festivals of a Gregorian year, in order. 腊八 falls in January or, rarely, December: none, one or two."""
    found = [Festival(code, name, birthday_in(year, LunarDate(month, day))) for code, name, month, day in _LUNAR]
    found += [Festival(code, name, date(year, month, day)) for code, name, month, day in _SOLAR]
    laba = (birthday_in(lunar_year, LunarDate(12, 8)) for lunar_year in (year - 1, year))
    found += [Festival("laba", "腊八节", day) for day in laba if day.year == year]
    return tuple(sorted(found, key=lambda f: f.date))
