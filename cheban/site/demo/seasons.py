"""When things happen at a store: on open days only, more on Saturdays, before Spring Festival and in autumn.

Sales peak before Spring Festival and from September to December; the workshop is full before the long holidays.
In early 2020, and around Shanghai in spring 2022, hardly anybody came.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from datetime import date, timedelta
from itertools import accumulate

from cheban.core.lunar import festivals
from cheban.core.worktime import Calendar

YEARS = 7
_SALES = (1.05, 0.8, 0.9, 0.85, 0.9, 0.95, 0.8, 0.85, 1.25, 1.2, 1.25, 1.45)
_SERVICE = (1.15, 0.85, 1.0, 1.05, 1.0, 1.05, 1.1, 1.05, 1.1, 0.95, 1.0, 1.05)
_WEEKDAY = (1.0, 0.85, 0.85, 0.9, 1.05, 1.6, 1.5)


class Seasons:
    """The days of a store's history: which are open, how busy each is. Days are ordinals (date.toordinal())."""

    def __init__(self, calendar: Calendar, *, today: date, city: str = "") -> None:
        begin = date(today.year - YEARS, today.month, min(today.day, 28))
        self.first, self.end = begin.toordinal(), today.toordinal()
        springs = [
            f.date for year in range(begin.year, today.year + 2) for f in festivals(year) if f.code == "spring_festival"
        ]
        self.open: list[int] = []
        sales: list[float] = []
        self._busy: list[float] = []
        for ordinal in range(self.first, self.end):
            day = date.fromordinal(ordinal)
            if not calendar.spans_of(day):
                continue
            self.open.append(ordinal)
            sale, service = _factors(day, springs, city)
            grown = 0.55 + 1.05 * (ordinal - self.first) / (self.end - self.first)
            sales.append(sale * grown)
            self._busy.append(service)
        self._sales = list(accumulate(sales))

    def sale(self, rng: random.Random, *, before: int) -> int:
        """A day on which a vehicle was sold, at least `before` days ago."""
        last = bisect_right(self.open, self.end - before) - 1
        return self.open[bisect_left(self._sales, rng.random() * self._sales[last])]

    def visit(self, rng: random.Random, wanted: int) -> int | None:
        """The open day on which somebody comes who would like to on `wanted`; None when it still lies ahead."""
        at = bisect_left(self.open, wanted)
        last = len(self.open) - 1
        # Two looks at the calendar of the next days; the busier day is busier because more people choose it.
        a, b = at + int(rng.random() * 6), at + int(rng.random() * 6)
        if a > last:
            return None  # not come yet
        b = min(b, last)
        total = self._busy[a] + self._busy[b]
        return self.open[a if rng.random() * total < self._busy[a] else b]


def _factors(day: date, springs: list[date], city: str) -> tuple[float, float]:
    """(sales, service) of a day, 1.0 being usual."""
    sale, service = _SALES[day.month - 1], _SERVICE[day.month - 1] * _WEEKDAY[day.weekday()]
    for spring in springs:
        ahead = (spring - day).days
        if 0 <= ahead <= 38:
            sale *= 1.75
            service *= 1.35
        elif -16 <= ahead < 0:
            sale *= 0.4
            service *= 0.6
    for first, last, places in (
        (date(2020, 1, 26), date(2020, 3, 8), ""),
        (date(2022, 3, 28), date(2022, 5, 31), "上海"),
    ):
        if first <= day <= last and (not places or places == city):
            sale, service = sale * 0.12, service * 0.1
    sale *= 1.0 + 0.5 * (day.weekday() >= 5)
    return sale, service


def day_of(ordinal: int) -> date:
    """The date of an ordinal."""
    return date.fromordinal(ordinal)


def anniversary(start: date, *, today: date) -> date:
    """The next yearly return of a day, after today."""
    for year in (today.year, today.year + 1):
        found = date(year, start.month, min(start.day, 28 if start.month == 2 else 30))
        if found > today:
            return found
    return found + timedelta(days=365)
