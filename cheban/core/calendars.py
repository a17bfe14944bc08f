"""A store's own opening hours and exceptions, from its tables, as the calendar that clocks run on.

Weekly spans say when the store is open; `CalendarDay` rows say which dates differ. Holidays and make-up
workdays are seeded from a library for the years it knows; for a year that it does not know, weekdays count
and an alarm is raised (`missing_years`). Reliability rows 74-78.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time, timedelta

from django.db import connection

from cheban.core.chinese_days import year_days
from cheban.core.models import CalendarDay, OpeningSpan
from cheban.core.once import once
from cheban.core.worktime import Calendar

USUAL_WEEK = tuple((day, spans) for day in range(6) for spans in ((time(8, 30), time(12)), (time(13), time(17, 30))))
"""Monday to Saturday, with lunch; what a new store starts with."""


def calendar_of(store_id: int, *, tz: str, since: date | None = None) -> Calendar:
    """The store's calendar, with one query. `since`: clocks that begin before it are not asked of this calendar."""
    return calendars_of([(store_id, tz)], since=since)[store_id]


def calendars_of(stores: Iterable[tuple[int, str]], *, since: date | None = None) -> dict[int, Calendar]:
    """Calendars of several stores (id, time zone), with one query. `since` as in `calendar_of`."""
    return _read(tuple(stores), since)


@once
def _read(stores: tuple[tuple[int, str], ...], since: date | None) -> dict[int, Calendar]:
    zones = dict(stores)
    week: dict[int, dict[int, list[tuple[time, time]]]] = {i: {} for i in zones}
    days: dict[int, dict[date, str]] = {i: {} for i in zones}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT store_id, weekday, opens, closes, NULL, NULL FROM core_openingspan WHERE store_id = ANY (%(s)s)
               UNION ALL SELECT store_id, NULL, NULL, NULL, "on", kind FROM core_calendarday
                 WHERE store_id = ANY (%(s)s) AND "on" >= %(since)s
               ORDER BY 3""",
            {"s": list(zones), "since": since - timedelta(days=2) if since else date.min},  # spans run past midnight
        )
        for store, weekday, opens, closes, on, kind in cursor.fetchall():
            if on is None:
                week[store].setdefault(weekday, []).append((opens, closes))
            else:
                days[store][on] = kind
    return {
        store: Calendar(tz=tz, week={d: tuple(spans) for d, spans in week[store].items()}, days=days[store])
        for store, tz in zones.items()
    }


def seed(store_id: int, *, years: Iterable[int]) -> list[int]:
    """Give a store the usual week (if it has none) and the known holidays; returns the years not known."""
    if not OpeningSpan.objects.filter(store_id=store_id).exists():
        OpeningSpan.objects.bulk_create(
            OpeningSpan(store_id=store_id, weekday=day, opens=opens, closes=closes)
            for day, (opens, closes) in USUAL_WEEK
        )
    unknown = []
    for year in years:
        known = year_days(year)
        if known is None:
            unknown.append(year)
            continue
        CalendarDay.objects.bulk_create(
            (CalendarDay(store_id=store_id, on=on, kind=kind, name=name) for on, (kind, name) in known.items()),
            ignore_conflicts=True,
        )
    return unknown


def missing_years(store_id: int, *, today: date) -> list[int]:
    """Years whose holidays the store does not have yet: this one, and from 1 November the next."""
    return missing_years_of([store_id], today=today).get(store_id, [])


def missing_years_of(store_ids: Iterable[int], *, today: date) -> dict[int, list[int]]:
    """`missing_years` of several stores; those that lack nothing are left out. One query."""
    stores = list(store_ids)
    wanted = [today.year] + ([today.year + 1] if today.month >= 11 else [])
    have: dict[int, set[int]] = {store_id: set() for store_id in stores}
    for store_id, year in (
        CalendarDay.objects.filter(store_id__in=stores, on__year__gte=wanted[0], on__year__lte=wanted[-1])
        .values_list("store_id", "on__year")
        .distinct()
    ):
        have[store_id].add(year)
    gaps = {store_id: [year for year in wanted if year not in years] for store_id, years in have.items()}
    return {store_id: years for store_id, years in gaps.items() if years}
