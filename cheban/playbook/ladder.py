"""The way up: step by step to the next person until somebody presses "I take it". Reliability 5.2, R090.

A rule's `escalate` names the steps, counted from the start of its clock: at 5 minutes the second of the role, at 10
the manager. Whoever left or is away is passed over, and so are those who have it already; with nobody left of the
role it goes to the store manager, operations, the group's admin. Each step is one event.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from cheban.core import facts
from cheban.core.calendars import calendars_of
from cheban.core.events import record
from cheban.core.live import announce_all
from cheban.core.worktime import Calendar, due
from cheban.org.models import Store
from cheban.org.presence import Presence, presence_of
from cheban.org.roles import Role
from cheban.playbook import effective, rows
from cheban.playbook.models import Task
from cheban.playbook.rules import HANDBOOK, Budget

OWNERS = (Role.SALES_CONSULTANT, Role.SERVICE_SPECIALIST, Role.SERVICE_ADVISOR)
"""The roles of `Subject.staff`, in its order."""
NOBODYS = ("NULL::int", "NULL::int", "NULL::int")
BETWEEN = timedelta(minutes=1)
"""After a standstill the next step, if it is over too, comes this much later: whoever is named may still answer."""

Steps = tuple[tuple[Budget, Role], ...]


def escalate_overdue(*, at: datetime, limit: int = 500) -> int:
    """Take each task past its ladder step one step up; returns how many. Needs scope. Safe to run twice, and by two
    workers at once: a task has one `escalate_at`, and the row is locked while it moves."""
    with transaction.atomic():
        tasks = list(
            Task.objects.select_for_update(skip_locked=True)
            .filter(state=Task.State.OPEN, escalate_at__lte=at)
            .order_by("escalate_at", "rule", "subject_id", "role")[:limit]
        )
        if not tasks:
            return 0
        stores = {s.id: s for s in Store.objects.filter(id__in={t.store_id for t in tasks})}
        calendars = calendars_of((s.id, s.time_zone) for s in stores.values())
        there = presence_of(stores, at=at)
        rules = effective.rules_of(stores)
        told: set[int | None] = set()
        for task in tasks:
            rule = rules.get((task.store_id, task.rule))
            steps = next((o.escalate for o in rule.owes if o.duty == task.duty), ()) if rule else ()
            role = steps[task.escalation][1] if task.escalation < len(steps) else Role.STORE_MANAGER
            told |= {task.told_id, task.assignee_id}
            task.told_id = whom(task, role, there, own=own_people(task).get(role))
            told.add(task.told_id)
            task.escalate_at = following(task, steps, at=at, calendar=calendars[task.store_id])
            task.escalation += 1
            record(
                "task.escalated",
                store_id=task.store_id,
                at=at,
                customer_id=task.customer_id,
                vehicle_id=task.vehicle_id,
                rules=[task.rule],
                level=task.escalation,
                to=task.told_id,
                role=role,
                task_id=str(task.id),
                contact_id=str(task.contact_id),
            )
        rows.save(tasks, ("escalation", "escalate_at", "told_id"))
        changed: list[tuple[str, Any]] = [("store", store_id) for store_id in stores]
        changed += [("day", person) for person in told - {None}]
        changed += [("contact", contact_id) for contact_id in {t.contact_id for t in tasks}]
        changed += [("customer", customer_id) for customer_id in {t.customer_id for t in tasks} - {None}]
        announce_all(changed)
    return len(tasks)


def own_people(task: Task) -> dict[str, int | None]:
    """The subject's own sales consultant, service specialist and service advisor, by role. One query; none for subjects
    that belong to nobody."""
    rule = HANDBOOK.rules.get(task.rule)
    subject = facts.subject(rule.subject) if rule else None
    if subject is None or subject.staff == NOBODYS:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(subject.staff)} FROM {subject.source} WHERE {subject.id} = %s",  # noqa: S608 - ours
            [task.subject_id],
        )
        found = cursor.fetchone()
    return dict(zip(OWNERS, found, strict=True)) if found else {}


def whom(task: Task, role: str, there: Presence, *, own: int | None = None) -> int | None:
    """Who is told at a step that names this role; never who has the task or was told last. None: nobody at all.

    `own` is the subject's own person of the role: the first of those who are there.
    """
    asked = frozenset({task.assignee_id, task.told_id} - {None})
    people = there.present(task.store_id, role)
    if own in people:
        people = [own, *(person for person in people if person != own)]
    if role == Role.GROUP_ADMIN:
        people += [a for a in there.admins.get(task.store_id, ()) if a not in there.away and a not in people]
    fresh = [person for person in people if person not in asked]
    if fresh:
        return fresh[0]
    above = there.above(task.store_id, but=asked, group=True)
    return above if above is not None else there.above(task.store_id, group=True)


@dataclass(frozen=True, slots=True)
class Ahead:
    """A step of the ladder that is still to come: when, which role, whom it would tell as things stand."""

    at: datetime
    role: str
    person_id: int | None


def ahead(task: Task, *, at: datetime) -> list[Ahead]:
    """Who is next, and after them, while nobody deals with the task: for pages. Six queries; none at the top."""
    if task.state != Task.State.OPEN or task.escalate_at is None or task.taken_at is not None:
        return []
    rule = effective.rules_of([task.store_id]).get((task.store_id, task.rule))
    steps = next((o.escalate for o in rule.owes if o.duty == task.duty), ()) if rule else ()
    store = Store.objects.get(id=task.store_id)
    calendar = calendars_of([(store.id, store.time_zone)])[store.id]
    there, own = presence_of([store.id], at=at), own_people(task)
    climbing, found = copy(task), []
    while climbing.escalate_at is not None and climbing.escalation < len(steps):
        role = steps[climbing.escalation][1]
        climbing.told_id = whom(climbing, role, there, own=own.get(role))
        found.append(Ahead(climbing.escalate_at, role, climbing.told_id))
        climbing.escalate_at = following(climbing, steps, at=climbing.escalate_at, calendar=calendar)
        climbing.escalation += 1
    return found


def following(task: Task, steps: Steps, *, at: datetime, calendar: Calendar) -> datetime | None:
    """When the step after the task's present one is due; None when there is none.

    It lies as far behind this step's own moment as their budgets differ: whatever moved this one moves the next.
    """
    if task.escalation + 1 >= len(steps):
        return None
    (now, _role), (then, _next) = steps[task.escalation], steps[task.escalation + 1]
    start, budget = task.starts_at, then.amount
    if now.clock == then.clock:
        start, budget = task.escalate_at, max(then.amount - now.amount, timedelta())
    moment = start + budget if then.clock == "wall" else due(start, budget, calendar)
    return max(moment, at + BETWEEN)
