"""The collaboration health board: tiles, trend, stores, people, the way of leads; out of the kept sums. R161-R168.

Sums of finished weeks and the days of this one; at most nine queries, whatever the number of stores. What is due later
today or this week stands in no figure yet: a thing counts from the day on which its time limit ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import clock
from cheban.org.access import Actor
from cheban.org.models import Staff, StaffRole, Store
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.scorecard import figures, ranking
from cheban.scorecard.cells import cell, goal_words, number, sparkline
from cheban.scorecard.definitions import BY_CODE, LISTED, live
from cheban.scorecard.models import ImprovementCase
from cheban.scorecard.targets import Goals
from cheban.scorecard.weeks import monday_of

TREND_WEEKS = 13
CHOICES = 60
"""Stores that a box offers; of more, the table of stores and the frame's own choice lead to each."""
PERIODS = {
    "1": gettext_lazy("本周"),
    "last": gettext_lazy("上周"),
    "4": gettext_lazy("近 4 周"),
    "13": gettext_lazy("近 13 周"),
}
DEFAULT_PERIOD = "4"
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


def _people(store_id: int, first: date, last: date) -> list[tuple[int, str, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT person_id, metric, sum(part)::bigint, sum(whole)::bigint FROM scorecard_tally
               WHERE store_id = %s AND metric = ANY (%s) AND person_id > 0 AND day >= %s AND day <= %s GROUP BY 1, 2""",
            [store_id, [d.code for d in LISTED], first, last],
        )
        return cursor.fetchall()


def _streak(weeks: list[dict[str, Any]]) -> int:
    """How many of the newest finished weeks were red in a row."""
    count = 0
    for week in reversed(weeks[:-1]):
        if week["light"] != "broken":
            break
        count += 1
    return count


def board(
    actor: Actor, *, at: datetime, code: str = "", store: str = "", sort: str = "", words: str = "", page: int = 1
) -> dict[str, Any]:
    """The board of the chosen stores, or of one of them."""
    today = clock.day_of(at)
    when = period(code, today)
    places = [
        ranking.Place(*row)
        for row in Store.objects.filter(id__in=actor.stores).order_by("name").values_list("id", "name", "code", "city")
    ]
    names = {place.id: place.name for place in places}
    chosen = int(store) if store.isascii() and store.isdigit() and int(store) in names else None
    if len(names) == 1:
        chosen = next(iter(names))
    ids = [chosen] if chosen is not None else list(names)
    goals, alive = Goals(ids), {d.code for d in live()}
    monday = monday_of(today)
    begin = monday - timedelta(weeks=TREND_WEEKS - 1)
    sums = figures.sums(
        begin=begin,
        first=when.first,
        last=when.last,
        today=today,
        codes=list(BY_CODE),
        columns=[d.code for d in ranking.COLUMNS],
        store=chosen,
    )
    mondays = [begin + timedelta(weeks=index) for index in range(TREND_WEEKS)]
    totals = {d.code: _total(sums.by_week, d.code, when, mondays) for d in BY_CODE.values()}
    shown = {}
    for definition in LISTED:
        weeks = [
            {"week": week, "is_running": week == monday}
            | cell(*sums.by_week.get((week, definition.code), (0, 0)), definition, goals, chosen, week)
            for week in mondays
        ]
        shown[definition.code] = {
            "definition": definition,
            "title": _(definition.title),
            "formula": _(definition.formula),
            "weeks": weeks,
            "line": sparkline(weeks),
            "streak": _streak(weeks),
            "is_alive": definition.code in alive,
            **cell(*totals[definition.code], definition, goals, chosen, when.newest_week),
        }
    table = None
    if chosen is None:
        table = ranking.table(places, sums.by_store, goals, when.newest_week, sort=sort, words=words, page=page)
    heard = [row["id"] for row in table["rows"]] if table else ids
    return {
        "period": when,
        "periods": [(key, str(label)) for key, label in PERIODS.items()],
        "stores_of_scope": list(names.items()) if len(actor.stores) > 1 else [],
        "choices": list(names.items()) if 1 < len(names) <= CHOICES else [],
        "chosen": chosen,
        "chosen_name": names.get(chosen, ""),
        "week_number": today.isocalendar().week,
        "tiles": [f for f in shown.values() if f["definition"].is_tile],
        "others": [f for f in shown.values() if not f["definition"].is_tile and f["is_alive"]],
        "ranking": table,
        "people": _team(chosen, goals, when) if chosen is not None and actor.may("task.see_team") else None,
        "funnel": _funnel(totals) if "lead_answered" in alive else None,
        "cases": open_cases(ids, names=names),
        "topics": [f"board:{store_id}" for store_id in heard],
        "can_lead": actor.may("improvement.lead"),
        "can_change": actor.may("target.change"),
    }


def _total(
    by_week: dict[tuple[date, str], tuple[int, int]], code: str, when: Period, mondays: list[date]
) -> tuple[int, int]:
    """Part and whole of the weeks of a period."""
    held = [by_week.get((week, code), (0, 0)) for week in mondays if when.first <= week <= when.newest_week]
    return sum(part for part, _whole in held), sum(whole for _part, whole in held)


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


def _funnel(totals: dict[str, tuple[int, int]]) -> dict[str, Any] | None:
    """From pushed to won, of the leads pushed in the period. Bars as widths of 100."""
    (answered, pushed), (won, _all) = totals["lead_heard"], totals["lead_cohort"]
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
