"""Metric definitions and their computation: are we keeping our word. From tasks and events only. R181-R182."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from cheban.core import facts
from cheban.org.access import Actor
from cheban.org.models import Store
from cheban.playbook.rules import HANDBOOK


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure: its code, name, formula in words, target in percent."""

    code: str
    title: str
    formula: str
    target: int


KEPT = Metric(
    "kept_word",
    gettext_noop("按时完成率"),
    gettext_noop("期间内到期的任务中，在时限前登记了结果的比例；仍未登记且已过时限的算未完成，取消的不计。"),
    95,
)
REACHED = Metric(
    "reached",
    gettext_noop("触达率"),
    gettext_noop("期间内结束的任务中，客户接到了联系的比例（三次未接通结束的算未触达）。"),
    80,
)
BOOKED = Metric(
    "booked", gettext_noop("预约转化率"), gettext_noop("期间内结束的任务中，以“已预约”或“已办妥”结束的比例。"), 40
)


def percent(part: int, whole: int) -> float | None:
    """A share in percent with one digit; None when there is nothing to measure."""
    return round(100 * part / whole, 1) if whole else None


def light(value: float | None, target: int) -> str:
    """'kept' at or above target, 'close' within five points below, 'broken' under that, '' without data."""
    if value is None:
        return ""
    return "kept" if value >= target else "close" if value >= target - 5 else "broken"


_KEPT = "state = 'done' AND closed_at <= due_at"
_SQL = f"""
SELECT {{by}}, date_trunc('week', due_at AT TIME ZONE 'Asia/Shanghai')::date AS week,
  count(*) FILTER (WHERE state <> 'dropped' AND (closed_at IS NOT NULL OR due_at < %(at)s)),
  count(*) FILTER (WHERE {_KEPT}),
  count(*) FILTER (WHERE state = 'done'),
  count(*) FILTER (WHERE state = 'done' AND outcome <> 'unreached'),
  count(*) FILTER (WHERE state = 'done' AND outcome IN ('booked', 'settled'))
FROM playbook_task WHERE due_at >= %(from)s AND due_at < %(to)s GROUP BY 1, 2
"""  # noqa: S608 - SQL of ours


def offer() -> None:
    """Let rules watch the word kept, week by week (called when the app is ready)."""
    facts.register_measure(
        facts.Measure(
            code=KEPT.code,
            label=KEPT.title,
            target=KEPT.target,
            sql=f"""SELECT store_id, count(*) AS n, 100.0 * count(*) FILTER (WHERE {_KEPT}) / count(*) AS percent
                FROM playbook_task WHERE due_at >= %(start)s AND due_at < %(end)s AND state <> 'dropped'
                GROUP BY store_id""",  # noqa: S608 - SQL of ours
        )
    )


def kept_page(actor: Actor, *, at: datetime, weeks: int = 8) -> dict[str, Any]:
    """The figures of the last weeks: whole scope, per store, per rule; trend by week. Two grouped queries."""
    zone = ZoneInfo("Asia/Shanghai")
    today = at.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    first = monday - timedelta(weeks=weeks - 1)
    span = {
        "at": at,
        "from": datetime.combine(first, datetime.min.time(), tzinfo=zone),
        "to": datetime.combine(today + timedelta(days=1), datetime.min.time(), tzinfo=zone),
    }
    by_store, by_rule = _grouped("store_id", span), _grouped("rule", span)
    names = dict(Store.objects.filter(id__in=actor.stores).values_list("id", "name"))
    total = _add(row for row in by_store)
    trend = []
    for number in range(weeks):
        week = first + timedelta(weeks=number)
        trend.append({"week": week, **_figures(_add(r for r in by_store if r["week"] == week))})
    return {
        "from_on": first,
        "to_on": today,
        "metrics": (KEPT, REACHED, BOOKED),
        "total": _figures(total),
        "trend": trend,
        "tiles": [
            {
                "metric": m,
                "title": _(m.title),
                "formula": _(m.formula),
                "target": m.target,
                "value": _figures(total)[m.code],
                "light": light(_figures(total)[m.code], m.target),
                "trend": [t[m.code] for t in trend],
            }
            for m in (KEPT, REACHED, BOOKED)
        ],
        "stores": sorted(
            (
                {"name": names.get(key, key), **_figures(_add(r for r in by_store if r["key"] == key))}
                for key in {r["key"] for r in by_store}
            ),
            key=lambda r: r["kept_word"] or 0,
        ),
        "rules": sorted(
            (
                {
                    "name": _(HANDBOOK.rules[key].title) if key in HANDBOOK.rules else key,
                    "code": key,
                    **_figures(_add(r for r in by_rule if r["key"] == key)),
                }
                for key in {r["key"] for r in by_rule}
            ),
            key=lambda r: -r["due"],
        ),
    }


def _grouped(column: str, span: dict[str, Any]) -> list[dict[str, Any]]:
    assert column in ("store_id", "rule")
    with connection.cursor() as cursor:
        cursor.execute(_SQL.format(by=column), span)
        return [
            dict(zip(("key", "week", "due", "kept", "done", "reached", "booked"), row, strict=True))
            for row in cursor.fetchall()
        ]


def _add(rows) -> dict[str, int]:
    total = {"due": 0, "kept": 0, "done": 0, "reached": 0, "booked": 0}
    for row in rows:
        for key in total:
            total[key] += row[key]
    return total


def _figures(sums: dict[str, int]) -> dict[str, Any]:
    return {
        "due": sums["due"],
        "kept_word": percent(sums["kept"], sums["due"]),
        "done": sums["done"],
        "reached": percent(sums["reached"], sums["done"]),
        "booked": percent(sums["booked"], sums["done"]),
        "late": sums["due"] - sums["kept"],
    }


def week_of(day: date) -> tuple[int, int]:
    """ISO year and week: the one definition of 'two weeks in a row'."""
    year, week, _day = day.isocalendar()
    return year, week
