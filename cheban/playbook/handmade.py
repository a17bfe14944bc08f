"""Tasks that people write down for a colleague or themselves, alone or together. R090, R208.

A form carries a key of its own: sent twice, or by two tabs at once, it makes its tasks once. Several people get one
part each of the same occasion; it is done when all parts are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.translation import gettext as _

from cheban.core import clock, facts
from cheban.core.calendars import calendar_of
from cheban.core.errors import NotFound
from cheban.core.events import record
from cheban.core.worktime import Calendar, due, elapsed
from cheban.org import presence
from cheban.org.access import Actor, command
from cheban.org.models import Staff, StaffRole, Store
from cheban.org.roles import Role, permissions_of
from cheban.playbook import effective
from cheban.playbook.commands import NeedsMore, tell_pages
from cheban.playbook.models import Task
from cheban.playbook.rules import HANDBOOK, Budget, ByHand, Owes, Rule

FURTHEST = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the form asks for. `due_at` None: the template's own time limit; a safety template always takes its own."""

    key: UUID
    template: str
    to: Sequence[int]
    what: str
    due_at: datetime | None = None
    customer_id: UUID | None = None
    vehicle_id: UUID | None = None
    store_id: int | None = None


def templates() -> list[Rule]:
    """Templates of the handbook, as the form offers them."""
    return [rule for rule in HANDBOOK.rules.values() if isinstance(rule.when, ByHand)]


def own_time(rule: Rule) -> bool:
    """Whether the template's time limit cannot be chosen: it runs by the wall clock, for safety."""
    return rule.owes[0].within.clock == "wall"


def about(customer_id: UUID | None, vehicle_id: UUID | None) -> tuple[int | None, UUID | None]:
    """(store, customer) of a customer or vehicle of the scope. Raises NotFound; a vehicle must be the customer's."""
    name, subject_id = ("vehicle", vehicle_id) if vehicle_id else ("customer", customer_id)
    if subject_id is None:
        return None, None
    subject = facts.subject(name)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {subject.store}, {subject.customer} FROM {subject.source} WHERE {subject.id} = %s",  # noqa: S608 - SQL of ours
            [subject_id],
        )
        row = cursor.fetchone()
    if row is None or (customer_id and row[1] != customer_id):
        raise NotFound(_("没有找到这辆车或客户，或车辆还没有车主。"))
    return row[0], row[1]


@command("task.create")
def create(wanted: Wanted, *, by: Actor) -> list[Task]:
    """Make one task for each person; the same ones again when the form's key was used before.

    A customer's refusal of all contact does not forbid it: a person decided, and the card says so. Raises NeedsMore,
    NotFound, IsAway.
    """
    rule = HANDBOOK.rules.get(wanted.template)
    if rule is None or not isinstance(rule.when, ByHand):
        raise NeedsMore(_("请选择是什么事。"))
    what = " ".join(wanted.what.split())[:200]
    if not what:
        raise NeedsMore(_("请写清楚要做什么。"))
    people = list(dict.fromkeys(wanted.to))
    if not people:
        raise NeedsMore(_("请选择由谁来做。"))
    now = clock.now()
    store_id, customer_id = about(wanted.customer_id, wanted.vehicle_id)
    store_id = store_id or wanted.store_id or by.stores[0]
    store = Store.objects.filter(id=store_id, id__in=by.stores).first()
    if store is None:
        raise NotFound(_("没有这个门店，或不属于您。"))
    with connection.cursor() as cursor:  # the same form from two tabs: the second waits, then finds the first one's
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"playbook.create:{wanted.key}"])
    made = list(Task.objects.filter(subject_id=wanted.key).order_by("role"))
    if made:
        return made
    roles = _roles(people, store.id)
    for person in people:
        presence.require_there(person, _name(person), at=now)
    rule = effective.rules_of([store.id])[store.id, rule.code]
    owed = rule.owes[0]
    calendar = calendar_of(store.id, tz=store.time_zone)
    due_at = _after(now, owed.within, calendar)
    if wanted.due_at is not None and not own_time(rule):
        if not now < wanted.due_at <= now + FURTHEST:
            raise NeedsMore(_("时限要在现在之后、半年之内。"))
        due_at = wanted.due_at
    today = now.astimezone(ZoneInfo(store.time_zone)).date()
    Task.objects.bulk_create(
        Task(
            id=uuid5(wanted.key, f"task:{person}"),
            store_id=store.id,
            rule=rule.code,
            duty=owed.duty,
            role=role,
            assignee_id=person,
            customer_id=customer_id,
            vehicle_id=wanted.vehicle_id,
            subject_id=wanted.key,
            occasion_on=today,
            contact_id=uuid5(wanted.key, f"contact:{person}"),
            due_on=due_at.astimezone(ZoneInfo(store.time_zone)).date(),
            facts={"what": what, "by": by.name},
            weight=rule.weight,
            starts_at=now,
            due_at=due_at,
            escalate_at=_up(now, due_at, owed, calendar),
            planned_on=today,
        )
        for person, role in roles.items()
    )
    made = list(Task.objects.filter(subject_id=wanted.key).order_by("role"))
    record(
        "task.created",
        store_id=store.id,
        at=now,
        actor_id=by.staff_id,
        customer_id=customer_id,
        vehicle_id=wanted.vehicle_id,
        rules=[rule.code],
        to_ids=people,
        when=due_at.isoformat(),
        contact_id=str(made[0].contact_id),
    )
    tell_pages({store.id}, people, {t.contact_id for t in made}, {customer_id})
    return made


def _roles(people: list[int], store_id: int) -> dict[int, str]:
    """Person -> the role they do it in; no role twice, so that each part of an occasion is somebody's own."""
    held: dict[int, list[str]] = {}
    for staff_id, role in (
        StaffRole.objects.filter(staff_id__in=people, store_id=store_id, staff__is_active=True)
        .order_by("role")
        .values_list("staff_id", "role")
    ):
        if "task.finish" in permissions_of({role}):
            held.setdefault(staff_id, []).append(role)
    found: dict[int, str] = {}
    for person in sorted(people, key=lambda p: len(held.get(p, ()))):
        if person not in held:
            raise NotFound(_("这位同事不在这家店，或不做联系客户的事。"))
        free = [role for role in held[person] if role not in found.values()]
        if not free:
            label = Role(held[person][0]).label
            raise NeedsMore(_("一起办的事，每个角色选一位：%(role)s选了两位。") % {"role": label})
        found[person] = free[0]
    return {person: found[person] for person in people}


def _after(start: datetime, budget: Budget, calendar: Calendar) -> datetime:
    return start + budget.amount if budget.clock == "wall" else due(start, budget.amount, calendar)


def _up(start: datetime, due_at: datetime, owed: Owes, calendar: Calendar) -> datetime | None:
    """When it goes up: as long after its own time limit as the template's first step lies behind the template's."""
    if not owed.escalate:
        return None
    step = owed.escalate[0][0]
    usual = _after(start, owed.within, calendar)
    up = _after(start, step, calendar)
    if step.clock == "wall":
        return owed.goes_up(due_at + (up - usual), due_at)
    return due(due_at, elapsed(usual, up, calendar), calendar)


def _name(staff_id: int) -> str:
    return Staff.objects.filter(id=staff_id).values_list("name", flat=True).first() or _("同事")
