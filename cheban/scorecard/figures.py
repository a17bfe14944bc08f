"""Figures out of the sums: of the board, of weeks, of a person's month. For rooms above: incentives, reports. R161, R181.

The sums of the whole scope are read without naming its stores: row-level security leaves exactly these, by its index.
Naming hundreds of stores once more would make the planner expect next to nothing and read them one way too many.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Sum

from cheban.scorecard.definitions import BY_CODE, values
from cheban.scorecard.models import Tally, WeekTally

__all__ = ["Figure", "Sums", "of_weeks", "person_figure", "store_figure", "sums", "values"]

Pair = tuple[int, int]
"""Part and whole."""


@dataclass(slots=True)
class Sums:
    """What the board is made of: by (Monday, figure) of all its stores, and of its period by (store, figure)."""

    by_week: dict[tuple[date, str], Pair]
    by_store: dict[tuple[int, str], Pair]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with what it is made of: `value` is exact, in the definition's unit; None without anything to measure."""

    metric: str
    part: int
    whole: int

    @property
    def value(self) -> Decimal | None:
        """Exact; show it with `definitions.shown`."""
        return values(self.part, self.whole, BY_CODE[self.metric].unit)


_WEEKS = """SELECT {by}, metric, sum(part)::bigint, sum(whole)::bigint FROM scorecard_weektally
  WHERE week >= %(since)s AND week < %(until)s {only} GROUP BY 1, 2"""
_RUNNING = """SELECT store_id, metric, sum(part)::bigint, sum(whole)::bigint FROM scorecard_tally
  WHERE person_id = 0 AND day >= %(monday)s AND day <= %(today)s AND metric = ANY (%(codes)s) {only}
  GROUP BY GROUPING SETS ((metric), (store_id, metric)) HAVING store_id IS NULL OR metric = ANY (%(columns)s)"""


def sums(
    *, begin: date, first: date, last: date, today: date, codes: list[str], columns: list[str], store: int | None = None
) -> Sums:
    """Weeks from the Monday `begin` to today, and the stores' sums of `columns` from the Monday `first` to `last`.

    Of the scope, or of one `store` of it (then without `by_store`). Finished weeks come from their own sums, the
    running one from its days up to today: what is due later this week stands in no figure yet. Two or three queries.
    """
    monday = today - timedelta(days=today.weekday())
    only = "AND store_id = %(store)s" if store is not None else ""
    said = {"store": store, "monday": monday, "today": today, "codes": codes, "columns": columns}
    found = Sums({}, {})
    with connection.cursor() as cursor:
        cursor.execute(_WEEKS.format(by="week", only=only), {**said, "since": begin, "until": monday})
        found.by_week = {(week, metric): (part, whole) for week, metric, part, whole in cursor.fetchall()}
        cursor.execute(_RUNNING.format(only=only), said)
        running = cursor.fetchall()
        finished = []
        if store is None and first < monday:
            until = min(monday, last + timedelta(days=1))
            sql = _WEEKS.format(by="store_id", only="AND metric = ANY (%(columns)s)")
            cursor.execute(sql, {**said, "since": first, "until": until})
            finished = cursor.fetchall()
    for each, metric, part, whole in finished:
        found.by_store[each, metric] = (part, whole)
    for each, metric, part, whole in running:
        if each is None:
            found.by_week[monday, metric] = (part, whole)
        elif store is None and last >= monday:
            had = found.by_store.get((each, metric), (0, 0))
            found.by_store[each, metric] = (had[0] + part, had[1] + whole)
    return found


def of_weeks(metric: str, store_id: int, *, from_on: date, until: date) -> tuple[int, int]:
    """Part and whole of the weeks whose Mondays lie in [from_on, until). One query."""
    found = WeekTally.objects.filter(store_id=store_id, metric=metric, week__gte=from_on, week__lt=until).aggregate(
        part=Sum("part"), whole=Sum("whole")
    )
    return found["part"] or 0, found["whole"] or 0


def _of_month(metric: str, month: date, **where: object) -> Figure:
    first = month.replace(day=1)
    until = (first + timedelta(days=32)).replace(day=1)
    found = Tally.objects.filter(metric=metric, day__gte=first, day__lt=until, **where).aggregate(
        part=Sum("part"), whole=Sum("whole")
    )
    return Figure(metric, found["part"] or 0, found["whole"] or 0)


def person_figure(staff_id: int, metric: str, month: date, *, store_id: int | None = None) -> Figure:
    """What a person's own counted things of a calendar month come to (any day of it), in the stores of the scope or in
    one. Raises KeyError for an unknown figure. One query."""
    where: dict[str, object] = {"person_id": staff_id}
    if store_id is not None:
        where["store_id"] = store_id
    return _of_month(BY_CODE[metric].code, month, **where)


def store_figure(store_id: int, metric: str, month: date) -> Figure:
    """A store's figure of a calendar month. One query."""
    return _of_month(BY_CODE[metric].code, month, store_id=store_id, person_id=0)
