"""Public holidays and make-up workdays of China, from the kept package, for the years it knows."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache


@cache
def year_days(year: int) -> dict[date, tuple[str, str]] | None:
    """day -> ('holiday' | 'make_up_workday', Chinese name) of one year; None when the package does not know it.

    The notice of the State Council for a year appears in the November before; callers must work without it, by
    weekdays, and raise an alarm. Days off that fall on a weekend within a holiday are holidays too, as many stores
    open on other weekends.
    """
    from chinese_calendar import get_holiday_detail, is_workday
    from chinese_calendar.constants import Holiday

    chinese = {h.value: h.chinese for h in Holiday}
    found: dict[date, tuple[str, str]] = {}
    day = date(year, 1, 1)
    try:
        while day.year == year:
            off, name = get_holiday_detail(day)
            if off and name:
                found[day] = ("holiday", chinese.get(name, str(name)))
            elif day.weekday() >= 5 and is_workday(day):
                found[day] = ("make_up_workday", f"{chinese.get(name, '')}调休上班")
            day += timedelta(days=1)
    except NotImplementedError:
        return None
    return found


def is_workday(day: date) -> bool:
    """Whether offices work that day: weekdays but public holidays, and make-up workdays. By weekday alone for a year
    that is not known yet."""
    kind, _name = (year_days(day.year) or {}).get(day, ("", ""))
    return kind == "make_up_workday" or (day.weekday() < 5 and kind != "holiday")


def workdays_after(day: date, count: int) -> date:
    """The day on which the `count`-th workday after `day` falls: what laws mean by 'within so many working days'."""
    while count:
        day += timedelta(days=1)
        count -= is_workday(day)
    return day
