"""Reads of the playbook for one person: my day, the badge, what is theirs to hear. Query counts are tested."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from cheban.core.calendars import missing_years_of
from cheban.org.access import Actor
from cheban.org.models import Store
from cheban.playbook import planner, words
from cheban.playbook.contacts import ContactRow, fold
from cheban.playbook.models import PlanRun, Task

ZONE = ZoneInfo("Asia/Shanghai")
MOST = 400
"""How many open tasks one page of my day reads; more than a person can do in weeks."""
NAMED_STORES = 2
"""How many stores a line names before it only counts them."""


@dataclass(slots=True)
class Group:
    """Contacts that fall together: now, today, later."""

    key: str
    label: str
    contacts: list[ContactRow] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many contacts."""
        return len(self.contacts)


def my_day(actor: Actor, *, at: datetime) -> dict[str, Any]:
    """The signed-in person's work list, grouped and ordered by urgency, then value. R035, R208."""
    end_of_day = _end_of_day(at)
    today = at.astimezone(ZONE).date()
    tasks = _waiting(actor, before=end_of_day + timedelta(days=1)).order_by("due_at")[:MOST]
    rows = sorted(
        fold(tasks, at=at),
        key=lambda r: (r.starts_at > at, not r.is_late, r.due_at.date(), -r.weight, -r.value_fen, str(r.id)),
    )
    groups = {
        key: Group(key, label)
        for key, label in (
            ("up", _("上报给您，请接手")),
            ("now", _("现在")),
            ("today", _("今天")),
            ("week", _("本周")),
            ("booked", _("约好再打、已推迟")),
            ("tomorrow", _("明天")),
        )
    }
    for row in rows:
        if row.assignee_id != actor.staff_id:
            groups["up"].contacts.append(row)
        elif row.starts_at >= end_of_day:
            groups["tomorrow"].contacts.append(row)
        elif row.starts_at > at:
            groups["booked"].contacts.append(row)
        elif row.is_late or row.due_at - at < timedelta(hours=2) or row.weight >= planner.URGENT:
            groups["now"].contacts.append(row)
        elif row.due_at < end_of_day:
            groups["today"].contacts.append(row)
        else:
            groups["week"].contacts.append(row)
    todays = [row for row in rows if row.starts_at < end_of_day]
    begin = end_of_day - timedelta(days=1)
    with connection.cursor() as cursor:  # written out: every open day asks it after each change
        cursor.execute(
            """SELECT count(DISTINCT contact_id) FROM playbook_task
               WHERE assignee_id = %s AND closed_at >= %s AND state <> 'open'""",
            [actor.staff_id, begin],
        )
        done = cursor.fetchone()[0]
    return {
        "groups": [g for g in groups.values() if g.contacts],
        "day": {
            "date_label": words.day_words(today, today=today),
            "open_count": len(todays),
            "done_count": done,
            "late_count": sum(r.is_late for r in rows),
            "sides": _sides(todays),
        },
    }


def _end_of_day(at: datetime) -> datetime:
    """The midnight that ends the day of a moment."""
    return datetime.combine(at.astimezone(ZONE).date() + timedelta(days=1), datetime.min.time(), tzinfo=ZONE)


def _waiting(actor: Actor, *, before: datetime) -> QuerySet[Task]:
    """Open tasks that somebody has to do, or that were reported up to them, and that may begin before a moment."""
    mine = Q(assignee_id=actor.staff_id) | Q(told_id=actor.staff_id)
    return Task.objects.filter(mine, state=Task.State.OPEN, starts_at__lt=before)


def calendar_gaps(actor: Actor, *, today: date) -> list[dict[str, Any]]:
    """Years (this one, from November the next too) whose holidays some stores do not know: every time limit there
    counts on usual weeks. One row a year, however many stores. Only for those who can enter them. Two queries when
    something may be missing. Reliability rows 74-78.
    """
    if not actor.may("calendar.edit"):
        return []
    gaps = missing_years_of(actor.stores, today=today)
    names = dict(Store.objects.filter(id__in=gaps).values_list("id", "name")) if gaps else {}
    by_year: dict[int, list[int]] = {}
    for store_id, years in gaps.items():
        for year in years:
            by_year.setdefault(year, []).append(store_id)
    return [
        {
            "year": year,
            "store_id": stores[0],
            "count": len(stores),
            "stores": _("、").join(names[s] for s in stores[:NAMED_STORES]),
        }
        for year, stores in sorted(by_year.items())
    ]


def _sides(rows: list[ContactRow]) -> list[tuple[str, int]]:
    """How many contacts are of the sales side and how many of the service side; empty when all are of one."""
    sales = sum(r.side == "sales" for r in rows)
    return [(_("销售"), sales), (_("售后"), len(rows) - sales)] if 0 < sales < len(rows) else []


def may_hear(actor: Actor, contact_id: str) -> bool:
    """Whether an open page of this person may hear that this contact changed (live topic)."""
    rows = Task.objects.filter(contact_id=UUID(contact_id))
    if not actor.may("task.see_team"):
        rows = rows.filter(Q(assignee_id=actor.staff_id) | Q(told_id=actor.staff_id))
    return rows.exists()


def open_count(actor: Actor, *, at: datetime) -> int:
    """How many contacts wait for this person today: the badge in the menu, the same figure as my day's title."""
    return _waiting(actor, before=_end_of_day(at)).aggregate(n=Count("contact_id", distinct=True))["n"]


def last_runs(store_ids: Iterable[int]) -> list[PlanRun]:
    """The newest daily run of each store."""
    return list(PlanRun.objects.filter(store_id__in=store_ids).order_by("store_id", "-on").distinct("store_id"))
