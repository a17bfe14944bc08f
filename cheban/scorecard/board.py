"""The collaboration health board: tiles, trend, stores, people, the way of leads; out of the kept sums. R161-R168.

Sums of finished weeks and the days of this one; at most six queries, whatever the number of stores. What is due later
today or this week stands in no figure yet: a thing counts from the day on which its time limit ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import clock
from cheban.org.access import Actor
from cheban.org.models import Staff, StaffRole, Store
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.scorecard.definitions import BY_CODE, LISTED, Definition, light, live, shown, values
from cheban.scorecard.models import ImprovementCase
from cheban.scorecard.targets import Goals
from cheban.scorecard.weeks import monday_of

TREND_WEEKS = 13
STORES_A_PAGE = 50
CHOICES = 60
"""Stores that a box offers; of more, the table of stores and the frame's own choice lead to each."""
PERIODS = {
    "1": gettext_lazy("本周"),
    "last": gettext_lazy("上周"),
    "4": gettext_lazy("近 4 周"),
    "13": gettext_lazy("近 13 周"),
}
DEFAULT_PERIOD = "4"
WORST = {"broken": 0, "close": 1, "": 2, "kept": 3}
STEPS = {"opened": "improvement_meet", "met": "improvement_plan", "planned": "improvement_check"}
"""State of a case -> the rule of what is owed next."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included; whole weeks but for this one."""

    code: str
    first: date
    last: date

    @property
    def newest_week(self) -> date:
        """The Monday whose target judges the whole."""
        return monday_of(self.last)


def period(code: str, today: date) -> Period:
    """The period of a code; an unknown one is the default."""
    code = code if code in PERIODS else DEFAULT_PERIOD
    monday = monday_of(today)
    if code == "last":
        return Period(code, monday - timedelta(weeks=1), monday - timedelta(days=1))
    return Period(code, monday - timedelta(weeks=int(code) - 1), today)


def may_hear(actor: Actor, store_id: str) -> bool:
    """Whether an open page of this person may hear that this store's figures moved (live topic)."""
    return int(store_id) in actor.stores


_SOURCE = """(
  SELECT store_id, metric, week, part, whole FROM scorecard_weektally
  WHERE store_id = ANY (%(stores)s) AND week >= %(first)s AND week <= %(last)s AND week < %(monday)s
  UNION ALL
  SELECT store_id, metric, %(monday)s::date, part, whole FROM scorecard_tally
  WHERE store_id = ANY (%(stores)s) AND metric = ANY (%(codes)s) AND person_id = 0
    AND day >= %(monday)s AND day <= %(last)s) w"""


def _sums(by: str, store_ids: list[int], first: date, last: date, today: date) -> list[tuple[Any, str, int, int]]:
    """(store or week, metric, part, whole) of the days from `first` (a Monday) to `last`. One query."""
    assert by in ("store_id", "week")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {by}, metric, sum(part)::bigint, sum(whole)::bigint FROM {_SOURCE} GROUP BY 1, 2",  # noqa: S608
            {
                "stores": store_ids,
                "first": first,
                "last": last,
                "monday": monday_of(today),
                "codes": list(BY_CODE),
            },
        )
        return cursor.fetchall()


def _people(store_id: int, first: date, last: date) -> list[tuple[int, str, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT person_id, metric, sum(part)::bigint, sum(whole)::bigint FROM scorecard_tally
               WHERE store_id = %s AND metric = ANY (%s) AND person_id > 0 AND day >= %s AND day <= %s GROUP BY 1, 2""",
            [store_id, [d.code for d in LISTED], first, last],
        )
        return cursor.fetchall()


def number(value: Decimal | None, definition: Definition) -> str:
    """How a figure reads: 98.6%, 91.4, 26.5 小时; — without one."""
    cut = shown(value, definition)
    if cut is None:
        return "—"
    text = f"{cut:.1f}"
    if definition.unit == "percent":
        return f"{text}%"
    return _("%(n)s 小时") % {"n": text} if definition.unit == "hours" else text


def goal_words(value: Decimal, definition: Definition) -> str:
    """目标 ≥ 98%"""
    sign = "≥" if definition.better == "more" else "≤"
    text = f"{value:.1f}".removesuffix(".0")
    unit = {"percent": "%", "hours": _(" 小时")}.get(definition.unit, "")
    return f"{sign} {text}{unit}"


def cell(
    part: int, whole: int, definition: Definition, goals: Goals, store_id: int | None, on: date, *, words: bool = True
) -> dict[str, Any]:
    """One figure with its light, for a tile or a table; without `words` where hundreds are only to be sorted."""
    value, goal = values(part, whole, definition.unit), goals.of(definition.code, store_id, on)
    return {
        "code": definition.code,
        "value": value,
        "shown": number(value, definition) if words else "",
        "part": part,
        "whole": whole,
        "goal": goal_words(goal.value, definition) if words else "",
        "target": goal.value,
        "light": light(value, whole, definition=definition, target=goal.value, least=goal.least),
        "is_few": 0 < whole < goal.least,
        "least": goal.least,
    }


WIDTH, HEIGHT, PAD = 254, 52, 6


def sparkline(weeks: list[dict[str, Any]]) -> dict[str, Any]:
    """Points of a drawn line and of its target's, in a box of WIDTH x HEIGHT; gaps where nothing was counted."""
    numbers = [w["value"] for w in weeks if w["value"] is not None]
    if not numbers:
        return {}
    low, high = min(*numbers, *(w["target"] for w in weeks)), max(*numbers, *(w["target"] for w in weeks))
    span = float(high - low) or 1.0

    def at(index: int, value: Decimal) -> tuple[float, float]:
        x = PAD + index * (WIDTH - 2 * PAD) / max(len(weeks) - 1, 1)
        return round(x, 1), round(HEIGHT - PAD - float(value - low) / span * (HEIGHT - 2 * PAD), 1)

    lines: list[list[tuple[float, float]]] = [[]]
    for index, week in enumerate(weeks):
        if week["value"] is None:
            lines.append([])
        else:
            lines[-1].append(at(index, week["value"]))
    goals: list[tuple[float, float]] = []
    for index, week in enumerate(weeks):  # a target steps, it does not slope
        x, y = at(index, week["target"])
        if goals and goals[-1][1] != y:
            goals.append((x, goals[-1][1]))
        goals.append((x, y))

    def text(points: Iterable[tuple[float, float]]) -> str:
        return " ".join(f"{x},{y}" for x, y in points)

    drawn = [line for line in lines if line]
    return {
        "lines": [text(line) for line in drawn if len(line) > 1],
        "dots": [{"x": line[0][0], "y": line[0][1]} for line in drawn if len(line) == 1],
        "end": {"x": drawn[-1][-1][0], "y": drawn[-1][-1][1]},
        "goal": text(goals),
        "width": WIDTH,
        "height": HEIGHT,
    }


def _streak(weeks: list[dict[str, Any]]) -> int:
    """How many of the newest finished weeks were red in a row."""
    count = 0
    for week in reversed(weeks[:-1]):
        if week["light"] != "broken":
            break
        count += 1
    return count


def board(
    actor: Actor, *, at: datetime, code: str = "", store: str = "", sort: str = "", page: int = 1
) -> dict[str, Any]:
    """The board of the chosen stores, or of one of them."""
    today = clock.day_of(at)
    when = period(code, today)
    stores = dict(Store.objects.filter(id__in=actor.stores).order_by("name").values_list("id", "name"))
    chosen = int(store) if store.isascii() and store.isdigit() and int(store) in stores else None
    if len(stores) == 1:
        chosen = next(iter(stores))
    ids = [chosen] if chosen is not None else list(stores)
    goals, alive = Goals(ids), {d.code for d in live()}
    monday = monday_of(today)
    begin = monday - timedelta(weeks=TREND_WEEKS - 1)
    by_week = {(week, metric): (p, w) for week, metric, p, w in _sums("week", ids, begin, today, today)}
    by_store: dict[int, dict[str, tuple[int, int]]] = {}
    for store_id, metric, part, whole in _sums("store_id", ids, when.first, when.last, today):
        by_store.setdefault(store_id, {})[metric] = (part, whole)
    figures = {}
    for definition in LISTED:
        weeks = []
        for index in range(TREND_WEEKS):
            week = begin + timedelta(weeks=index)
            weeks.append(
                {"week": week, "is_running": week == monday}
                | cell(*by_week.get((week, definition.code), (0, 0)), definition, goals, chosen, week)
            )
        of_period = [w for w in weeks if when.first <= w["week"] <= when.newest_week]
        part, whole = sum(w["part"] for w in of_period), sum(w["whole"] for w in of_period)
        figures[definition.code] = {
            "definition": definition,
            "title": _(definition.title),
            "formula": _(definition.formula),
            "weeks": weeks,
            "line": sparkline(weeks),
            "streak": _streak(weeks),
            "is_alive": definition.code in alive,
            **cell(part, whole, definition, goals, chosen, when.newest_week),
        }
    listed = [f for f in figures.values() if not f["definition"].is_tile and f["is_alive"]]
    return {
        "period": when,
        "periods": [(key, str(words)) for key, words in PERIODS.items()],
        "stores_of_scope": list(stores.items()) if len(actor.stores) > 1 else [],
        "choices": list(stores.items()) if 1 < len(stores) <= CHOICES else [],
        "chosen": chosen,
        "chosen_name": stores.get(chosen, ""),
        "week_number": today.isocalendar().week,
        "tiles": [f for f in figures.values() if f["definition"].is_tile],
        "others": listed,
        "ranking": None if chosen is not None else _ranking(by_store, stores, goals, when, sort=sort, page=page),
        "people": _team(chosen, goals, when) if chosen is not None and actor.may("task.see_team") else None,
        "funnel": _funnel(by_store, when) if "lead_answered" in alive else None,
        "cases": open_cases(ids, names=stores),
        "topics": [f"board:{store_id}" for store_id in ids[:50]],
        "can_lead": actor.may("improvement.lead"),
        "can_change": actor.may("target.change"),
    }


def _ranking(
    by_store: dict[int, dict[str, tuple[int, int]]],
    names: dict[int, str],
    goals: Goals,
    when: Period,
    *,
    sort: str,
    page: int,
) -> dict[str, Any]:
    """Stores, those with red figures first (or by one figure, the worst first); a page of them."""
    columns = [d for d in LISTED if d.is_tile] + [BY_CODE["kept_word"]]
    rows = []
    for store_id, name in names.items():
        held = by_store.get(store_id, {})
        cells = [cell(*held.get(d.code, (0, 0)), d, goals, store_id, when.newest_week, words=False) for d in columns]
        worst = min((c["light"] for c in cells), key=WORST.__getitem__)
        rows.append(
            {
                "id": store_id,
                "name": name,
                "cells": cells,
                "light": worst if worst else ("kept" if any(c["light"] == "kept" for c in cells) else ""),
                "red": sum(c["light"] == "broken" for c in cells),
                "amber": sum(c["light"] == "close" for c in cells),
            }
        )
    index = next((i for i, d in enumerate(columns) if d.code == sort), None)
    if index is None:
        rows.sort(key=lambda r: (-r["red"], -r["amber"], r["light"] == "", r["name"]))
    else:
        rows.sort(key=lambda r: (r["cells"][index]["value"] is None, r["cells"][index]["value"] or 0, r["name"]))
    pages = max(-(-len(rows) // STORES_A_PAGE), 1)
    page = min(max(page, 1), pages)
    shown_rows = rows[(page - 1) * STORES_A_PAGE : page * STORES_A_PAGE]
    for row in shown_rows:
        for each in row["cells"]:
            each["shown"] = number(each["value"], BY_CODE[each["code"]])
    return {
        "columns": [{"code": d.code, "title": _(d.short), "is_sorted": d.code == sort} for d in columns],
        "rows": shown_rows,
        "count": len(rows),
        "red": sum(r["light"] == "broken" for r in rows),
        "page": page,
        "pages": pages,
        "sort": sort if index is not None else "",
    }


def _team(store_id: int, goals: Goals, when: Period) -> dict[str, Any]:
    """People of a store by side of the house, each side with its sum. Three queries."""
    sums: dict[int, dict[str, tuple[int, int]]] = {}
    for person, metric, part, whole in _people(store_id, when.first, when.last):
        sums.setdefault(person, {})[metric] = (part, whole)
    names = dict(Staff.objects.filter(id__in=sums).values_list("id", "name"))
    roles: dict[int, list[str]] = {}
    for person, role in StaffRole.objects.filter(store_id=store_id, staff_id__in=sums).values_list("staff_id", "role"):
        roles.setdefault(person, []).append(role)
    order = list(Role.values)
    columns = [d for d in LISTED if any(d.code in held for held in sums.values())]

    def line(held: dict[str, tuple[int, int]]) -> list[dict[str, Any]]:
        return [cell(*held.get(d.code, (0, 0)), d, goals, store_id, when.newest_week) for d in columns]

    teams = []
    for code, title in (("sales", _("销售团队")), ("service", _("售后团队"))):
        members = [p for p in sums if (Role.SALES_CONSULTANT in roles.get(p, [])) is (code == "sales")]
        if not members:
            continue
        together: dict[str, tuple[int, int]] = {}
        for person in members:
            for metric, (part, whole) in sums[person].items():
                had = together.get(metric, (0, 0))
                together[metric] = (had[0] + part, had[1] + whole)
        teams.append(
            {
                "title": title,
                "cells": line(together),
                "people": sorted(
                    (
                        {
                            "id": person,
                            "name": names.get(person, "—"),
                            "role": Role(min(held, key=order.index)).label
                            if (held := roles.get(person))
                            else _("已离店"),
                            "cells": line(sums[person]),
                        }
                        for person in members
                    ),
                    key=lambda r: (-sum(c["light"] == "broken" for c in r["cells"]), r["name"]),
                ),
            }
        )
    return {"columns": [{"code": d.code, "title": _(d.short)} for d in columns], "teams": teams}


def _funnel(by_store: dict[int, dict[str, tuple[int, int]]], when: Period) -> dict[str, Any] | None:
    """From pushed to won, of the leads pushed in the period. Bars as widths of 100."""

    def total(metric: str, index: int) -> int:
        return sum(held.get(metric, (0, 0))[index] for held in by_store.values())

    pushed, answered = total("lead_heard", 1), total("lead_heard", 0)
    won = total("lead_cohort", 0)
    if not pushed:
        return None
    steps = [
        (_("推给销售"), pushed, "lead_heard", ""),
        (_("按时跟进"), answered, "lead_heard", ""),
        (_("没跟进或超时"), pushed - answered, "lead_heard", "1"),
        (_("已成交"), won, "lead_cohort", ""),
    ]
    return {
        "steps": [
            {
                "label": label,
                "count": count,
                "metric": metric,
                "bad": bad,
                "width": round(100 * count / pushed, 1),
                "percent": round(100 * count / pushed),
            }
            for label, count, metric, bad in steps
        ]
    }


def open_cases(store_ids: list[int], *, names: dict[int, str], most: int = 6) -> list[dict[str, Any]]:
    """Open improvement cases with what is owed next and by when; the most urgent first. Two queries."""
    found = list(
        ImprovementCase.objects.filter(store_id__in=store_ids).exclude(state="closed").order_by("-opened_at")[:200]
    )
    owed = {
        (str(subject), rule): due
        for subject, rule, due in Task.objects.filter(
            subject_id__in=[c.id for c in found], rule__in=list(STEPS.values()), state="open"
        ).values_list("subject_id", "rule", "due_at")
    }
    rows = [
        {
            "case": case,
            "title": _(BY_CODE[case.metric].title),
            "store": names.get(case.store_id, ""),
            "before": number(case.value_before, BY_CODE[case.metric]),
            "goal": goal_words(case.target, BY_CODE[case.metric]),
            "due_at": owed.get((str(case.id), STEPS[case.state])),
        }
        for case in found
    ]
    rows.sort(key=lambda r: (r["due_at"] is None, r["due_at"] or r["case"].opened_at))
    return rows[:most]


def mine(actor: Actor, *, at: datetime, code: str = "") -> dict[str, Any]:
    """A person's own figures with their formulas: whoever is measured sees how. R182. Three queries."""
    when = period(code, clock.day_of(at))
    goals = Goals(actor.stores)
    sums: dict[str, tuple[int, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT metric, sum(part)::bigint, sum(whole)::bigint FROM scorecard_tally
               WHERE store_id = ANY (%s) AND metric = ANY (%s) AND person_id = %s AND day >= %s AND day <= %s GROUP BY 1""",
            [list(actor.stores), [d.code for d in LISTED], actor.staff_id, when.first, when.last],
        )
        for metric, part, whole in cursor.fetchall():
            sums[metric] = (part, whole)
    store_id = actor.stores[0] if len(actor.stores) == 1 else None
    return {
        "period": when,
        "periods": [(key, str(words)) for key, words in PERIODS.items()],
        "rows": [
            {"title": _(d.title), "formula": _(d.formula), "definition": d}
            | cell(*sums[d.code], d, goals, store_id, when.newest_week)
            for d in LISTED
            if d.code in sums
        ],
    }
