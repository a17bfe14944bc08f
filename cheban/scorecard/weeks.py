"""Judging finished weeks, once; two red weeks in a row open an improvement case. R170.

A week is Monday to Sunday, whatever the year: the last days of December and the first of January are one week.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Q

from cheban.core import clock
from cheban.core.events import record
from cheban.core.live import announce
from cheban.scorecard.definitions import BY_CODE, LISTED, light, shown, values
from cheban.scorecard.models import ImprovementCase, WeekLight, WeekTally
from cheban.scorecard.targets import Goals

LATE = 8
"""Weeks back that are judged if a standstill left them out."""


def monday_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def judge(store_ids: list[int], *, at: datetime) -> int:
    """Judge all finished weeks that were not yet, oldest first; returns how many cases were opened. Needs scope; safe
    to repeat and to run twice at once."""
    last = monday_of(clock.day_of(at)) - timedelta(weeks=1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('scorecard.judge'))")
    begun = dict(_first_weeks(store_ids))
    if not begun:
        return 0
    known = set(
        WeekLight.objects.filter(store_id__in=store_ids, week__gt=last - timedelta(weeks=LATE)).values_list(
            "store_id", "metric", "week"
        )
    )
    goals, opened = Goals(store_ids), 0
    for number in reversed(range(LATE)):
        week = last - timedelta(weeks=number)
        sums = {
            (s, m): (part, whole)
            for s, m, part, whole in WeekTally.objects.filter(store_id__in=store_ids, week=week).values_list(
                "store_id", "metric", "part", "whole"
            )
        }
        made = []
        for store_id, first in begun.items():
            if week < first:
                continue
            for definition in LISTED:
                if (store_id, definition.code, week) in known:
                    continue
                part, whole = sums.get((store_id, definition.code), (0, 0))
                if not whole:
                    continue
                goal = goals.of(definition.code, store_id, week)
                value = values(part, whole, definition.unit)
                made.append(
                    WeekLight(
                        store_id=store_id,
                        metric=definition.code,
                        week=week,
                        part=part,
                        whole=whole,
                        target=goal.value,
                        light=light(value, whole, definition=definition, target=goal.value, least=goal.least),
                        judged_at=at,
                    )
                )
        WeekLight.objects.bulk_create(made, ignore_conflicts=True, batch_size=1000)
        opened += _open_cases([row for row in made if row.light == "broken"], at=at)
    return opened


def _first_weeks(store_ids: list[int]) -> Iterable[tuple[int, date]]:
    """Stores in which something was ever counted, with the Monday of the first week of it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT s.id, (SELECT w.week FROM scorecard_weektally w WHERE w.store_id = s.id ORDER BY w.week LIMIT 1)
               FROM org_store s WHERE s.id = ANY (%s)""",
            [store_ids],
        )
        return [(store_id, week) for store_id, week in cursor.fetchall() if week is not None]


def _open_cases(red: list[WeekLight], *, at: datetime) -> int:
    """A case for each of these red weeks whose week before was red too, unless one is open or has both weeks behind it."""
    red = [row for row in red if BY_CODE[row.metric].opens_case]
    if not red:
        return 0
    week = red[0].week
    before = {
        (row.store_id, row.metric): row
        for row in WeekLight.objects.filter(
            store_id__in={r.store_id for r in red}, week=week - timedelta(weeks=1), light="broken"
        )
    }
    # A case that is open goes on; one closed after the first of both weeks began had its answer to that week already.
    held = set(
        ImprovementCase.objects.filter(store_id__in={r.store_id for r in red})
        .filter(~Q(state="closed") | Q(closed_at__date__gte=week - timedelta(weeks=1)) | Q(week__gte=week))
        .values_list("store_id", "metric")
    )
    opened = 0
    for row in red:
        first = before.get((row.store_id, row.metric))
        if first is None or (row.store_id, row.metric) in held:
            continue
        opened += _open(first, row, at=at)
    return opened


def _open(first: WeekLight, second: WeekLight, *, at: datetime) -> bool:
    definition = BY_CODE[second.metric]
    value = values(first.part + second.part, first.whole + second.whole, definition.unit)
    case, is_new = ImprovementCase.objects.get_or_create(
        store_id=second.store_id,
        metric=second.metric,
        week=second.week,
        defaults={"value_before": shown(value, definition) or Decimal(0), "target": second.target, "opened_at": at},
    )
    if is_new:
        record(
            "improvement.opened",
            store_id=case.store_id,
            at=at,
            improvement_id=str(case.id),
            metric=case.metric,
            week=case.week.isoformat(),
            percent=str(case.value_before),
        )
        announce("board", case.store_id)
    return is_new
