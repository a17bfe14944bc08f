"""What a simulation left behind, told in a way that two tellings can be compared: rows without the database's ids."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.db import connection

from cheban.org import scope

_PEOPLE = "(SELECT p.login FROM org_staff p WHERE p.id = {})"
_EVENTS = f"""SELECT s.code, e.name, e.at, {_PEOPLE.format("e.actor_id")}, e.customer_id, e.vehicle_id,
    (e.facts - 'undo' - 'to' - 'import_id' - 'proof' - 'task_id' - 'from'
      - 'staff_id')::text
  FROM core_event e JOIN org_store s ON s.id = e.store_id WHERE e.store_id = ANY (%s)
  ORDER BY e.at, s.code, e.name, e.customer_id, e.vehicle_id, 7"""  # noqa: S608 - SQL of ours
_TASKS = f"""SELECT s.code, t.rule, t.role, {_PEOPLE.format("t.assignee_id")}, t.customer_id, t.vehicle_id,
    t.occasion_on, t.due_on, t.starts_at, t.due_at, t.state, t.outcome, t.attempts, t.escalation, t.escalate_at,
    t.planned_on, t.closed_at, {_PEOPLE.format("t.closed_by_id")},
    {_PEOPLE.format("t.owner_id")}
  FROM playbook_task t JOIN org_store s ON s.id = t.store_id WHERE t.store_id = ANY (%s)
  ORDER BY t.planned_on, s.code, t.rule, t.customer_id, t.subject_id, t.role, t.occasion_on"""  # noqa: S608
_ORDERS = """SELECT s.code, o.order_no, o.customer_id, o.vehicle_id, o.in_at, o.odometer_km, o.total_fen
  FROM workshop_repairorder o JOIN org_store s ON s.id = o.store_id WHERE o.store_id = ANY (%s) ORDER BY 1, 2"""
_BY_RULE = """SELECT rule, count(*) AS made, count(*) FILTER (WHERE state = 'done' AND closed_at <= due_at) AS kept,
    count(*) FILTER (WHERE state = 'done' AND closed_at > due_at) AS late, count(*) FILTER (WHERE state = 'open') AS open,
    count(*) FILTER (WHERE outcome = 'refused') AS refused
  FROM playbook_task WHERE store_id = ANY (%s) GROUP BY rule ORDER BY rule"""


def digest(stores: list[int]) -> str:
    """A hash over all events, tasks and orders of these stores; equal histories have equal ones."""
    whole = sha256()
    with scope.use(stores), connection.cursor() as cursor:
        for sql in (_EVENTS, _TASKS, _ORDERS):
            cursor.execute(sql, [stores])
            for row in cursor.fetchall():
                whole.update(repr(tuple(map(str, row))).encode())
    return whole.hexdigest()


def by_rule(stores: list[int]) -> list[dict[str, Any]]:
    """Tasks by rule: made, kept in time, late, still open, refused."""
    with scope.use(stores), connection.cursor() as cursor:
        cursor.execute(_BY_RULE, [stores])
        names = [c.name for c in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
