"""What a rule with other numbers would have made in the last 30 days, and will make in the next 30: writes nothing.

The planner's own candidates, asked for every day of the window in one statement, each occasion counted on the first day
on which it would have become a task. Looking back, the facts are today's: who came meanwhile is not counted
as due any more, so the past reads a little low; both the present and the draft are counted in the same way, and what
they differ by is what the change does. R035, R085-R090.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from cheban.core import privacy, slots
from cheban.org.models import Store
from cheban.org.roles import Role
from cheban.playbook import effective, planner
from cheban.playbook.rules import HANDBOOK, Rule

DAYS = 30
SAMPLE = 40
"""How many of the tasks are listed by customer and vehicle."""

LOOK = """
WITH candidate (on_day, {columns}) AS (
  {candidates}
), owed AS (
  SELECT n.on_day, n.store_id, n.customer_id, n.vehicle_id, n.subject_id, n.occasion_on, n.due_on, o.role
  FROM candidate n JOIN jsonb_to_recordset(%(owes)s::jsonb) AS o(variant text, on_day date, store_id int, role text,
    no_contact_since timestamptz) ON o.on_day = n.on_day AND o.store_id = n.store_id AND o.variant = n.variant
  WHERE NOT n.refused AND NOT coalesce(n.keeps_gap AND n.weight < %(urgent)s AND n.last_contact_at > o.no_contact_since
    AND n.last_contact_at < n.on_day + 1, false)
), first AS MATERIALIZED (
  SELECT DISTINCT ON (subject_id, occasion_on, role) * FROM owed ORDER BY subject_id, occasion_on, role, on_day
)
SELECT 'count', on_day, role, count(*), NULL::uuid, NULL::uuid, NULL::date FROM first WHERE on_day >= %(begin)s
  GROUP BY on_day, role
UNION ALL
(SELECT 'sample', on_day, role, 1, customer_id, vehicle_id, due_on FROM first WHERE on_day >= %(begin)s
  ORDER BY on_day, subject_id, role LIMIT %(most)s)
"""


@dataclass(slots=True)
class Counted:
    """Tasks of one window: by day and role, and some of them."""

    by_day: Counter[date] = field(default_factory=Counter)
    by_role: Counter[str] = field(default_factory=Counter)
    sample: list[dict[str, Any]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many tasks."""
        return sum(self.by_day.values())


def counted(rule_of: list[tuple[Rule, list[int]]], begin: date, end: date, *, is_past: bool, most: int) -> Counted:
    """Tasks that these rules (one rule in its variants, with their stores) make from `begin` to before `end`.

    In the past, what would have been made before the window does not count: the day before it is asked as well.
    """
    first = begin - timedelta(days=1) if is_past else begin
    days = [first + timedelta(days=n) for n in range((end - first).days)]
    params: dict[str, Any] = {"urgent": planner.URGENT, "begin": begin, "most": most}
    parts, owes = [], []
    for rule, store_ids in rule_of:
        stores = list(Store.objects.filter(id__in=store_ids))
        for number, day in enumerate(days):
            asked = replace(rule, variant=f"{rule.variant}_d{number}")
            sql = planner.candidate_sql(asked, day, params, store_ids, looking_back=is_past)
            if sql is None:
                continue
            params[f"{asked.key}_day"] = day
            of_day = sql.replace("%(day)s", f"%({asked.key}_day)s")
            parts.append(f"SELECT %({asked.key}_day)s::date, '{rule.variant}'::text, c.* FROM ({of_day}) c")  # noqa: S608
            owes += [
                {
                    "variant": rule.variant,
                    "on_day": day.isoformat(),
                    "store_id": store.id,
                    "role": owed.role,
                    "no_contact_since": planner.gap_begins(day, store).isoformat(),
                }
                for store in stores
                for owed in rule.owes
            ]
    found = Counted()
    if not parts:
        return found
    params["owes"] = json.dumps(owes)
    columns = (
        "variant, rule, weight, keeps_gap, store_id, customer_id, vehicle_id, subject_id, occasion_on, due_on, facts, "
        "value_fen, last_contact_at, sales_consultant_id, service_specialist_id, service_advisor_id, refused"
    )
    with connection.cursor() as cursor:
        cursor.execute(LOOK.format(columns=columns, candidates="\n  UNION ALL\n  ".join(parts)), params)
        for what, day, role, n, customer_id, vehicle_id, due_on in cursor.fetchall():
            if what == "count":
                found.by_day[day] += n
                found.by_role[role] += n
            else:
                found.sample.append(
                    {"on": day, "role": role, "customer_id": customer_id, "vehicle_id": vehicle_id, "due_on": due_on}
                )
    return found


def try_out(code: str, values: Mapping[str, Any], *, store_ids: list[int], today: date) -> dict[str, Any]:
    """The draft beside what holds now, for the last and the next 30 days. Not one row is written: the transaction's
    inner part is read-only for PostgreSQL itself, and is rolled back."""
    rules = [HANDBOOK.rules[code]]
    windows = {
        "past": (today - timedelta(days=DAYS), today, True),
        "next": (today, today + timedelta(days=DAYS), False),
    }
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
        now = effective.variants(store_ids, rules)
        draft = effective.variants(store_ids, rules, draft=(code, values))
        answer = {
            name: _compared(
                counted(now, begin, end, is_past=is_past, most=0),
                counted(draft, begin, end, is_past=is_past, most=SAMPLE),
                begin,
                end,
            )
            for name, (begin, end, is_past) in windows.items()
        }
        for window in answer.values():
            _name(window["sample"])
        transaction.set_rollback(True)
    return answer


def _compared(now: Counted, draft: Counted, begin: date, end: date) -> dict[str, Any]:
    weeks = []
    monday = begin
    while monday < end:
        following = min(monday + timedelta(days=7), end)
        inside = [monday + timedelta(days=n) for n in range((following - monday).days)]
        weeks.append(
            {
                "begin": monday,
                "end": following - timedelta(days=1),
                "now": sum(now.by_day[d] for d in inside),
                "draft": sum(draft.by_day[d] for d in inside),
            }
        )
        monday = following
    most = max((max(w["now"], w["draft"]) for w in weeks), default=0)
    return {
        "now": now.total,
        "draft": draft.total,
        "difference": draft.total - now.total,
        "fewer": now.total - draft.total,
        "weeks": weeks,
        "most": most,
        "roles": [
            {"label": str(Role(role).label), "now": now.by_role[role], "draft": draft.by_role[role]}
            for role in dict.fromkeys([*now.by_role, *draft.by_role])
        ],
        "sample": draft.sample,
    }


def _name(sample: list[dict[str, Any]]) -> None:
    """Put the masked name and plate beside each row (two queries for all)."""
    people: list[UUID] = [r["customer_id"] for r in sample if r["customer_id"]]
    cars: list[UUID] = [r["vehicle_id"] for r in sample if r["vehicle_id"]]
    cards = slots.ask("contact.cards", people, cars, default={})
    for row in sample:
        card = cards.get(row["customer_id"], {})
        vehicle = card.get("vehicles", {}).get(row["vehicle_id"])
        row["name"] = privacy.mask_name(card.get("name", ""))
        row["plate"] = privacy.mask_plate(vehicle["plate"]) if vehicle else ""
        row["role_label"] = str(Role(row["role"]).label)
