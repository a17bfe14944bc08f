"""Work of people who are away: to their deputy while it is due then, and back when they are back. R090, R208.

Runs with every plan, every minute and whenever an absence is entered or cancelled; safe to run twice. A contact moves
as a whole. `owner_id` remembers whose it is, so that it comes home; the clock is never touched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Q

from cheban.core.events import record
from cheban.core.live import announce_all
from cheban.org.presence import Presence, presence_of
from cheban.playbook.models import Task


def cover_absences(*, at: datetime, store_ids: Iterable[int]) -> int:
    """Bring home what belongs to people who are back, then give what is due in an absence to whoever stands in.

    Returns how many contacts moved. Needs the scope of these stores.
    """
    stores = list(store_ids)
    if not _anything_to_do(at):
        return 0
    with transaction.atomic():
        presence = presence_of(stores, at=at)
        moved = _come_home(presence, at=at)
        if presence.away:
            moved += _stand_in(presence, at=at)
    return moved


def _anything_to_do(at: datetime) -> bool:
    """Whether somebody away holds work that may have to move, or lent work may come home: most minutes neither."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH gone AS MATERIALIZED (SELECT staff_id, ends_at FROM org_absence
                 WHERE cancelled_at IS NULL AND starts_at <= %(at)s AND ends_at > %(at)s)
               SELECT EXISTS (SELECT 1 FROM gone g JOIN playbook_task t ON t.assignee_id = g.staff_id
                   AND t.state = 'open' AND (t.owner_id IS NOT NULL OR t.due_at < g.ends_at))
                 OR EXISTS (SELECT 1 FROM playbook_task t WHERE t.state = 'open' AND t.owner_id IS NOT NULL
                   AND (t.owner_id NOT IN (SELECT staff_id FROM gone) OR NOT EXISTS (
                     SELECT 1 FROM org_staffrole r JOIN org_staff p ON p.id = r.staff_id AND p.is_active
                     WHERE r.staff_id = t.owner_id AND r.store_id = t.store_id)))""",
            {"at": at},
        )
        return cursor.fetchone()[0]


def _contacts(tasks: Iterable[Task]) -> list[list[Task]]:
    found: dict[UUID, list[Task]] = defaultdict(list)
    for task in tasks:
        found[task.contact_id].append(task)
    for several in found.values():
        several.sort(key=lambda t: (-t.weight, t.rule, str(t.subject_id), str(t.id)))
    return list(found.values())


def _come_home(presence: Presence, *, at: datetime) -> int:
    waiting = list(
        Task.objects.select_for_update(skip_locked=True)
        .filter(state=Task.State.OPEN, owner_id__isnull=False)
        .order_by("contact_id", "id")
    )
    moves = []
    for several in _contacts(waiting):
        owner, store_id = several[0].owner_id, several[0].store_id
        if presence.is_there(owner, store_id):
            moves.append((several, owner, None))
        elif not presence.works_in(owner, store_id):  # left meanwhile: whoever stood in keeps it
            moves.append((several, several[0].assignee_id, None))
    return _move(moves, "task.came_back", at=at)


def _stand_in(presence: Presence, *, at: datetime) -> int:
    waiting = list(
        Task.objects.select_for_update(skip_locked=True)
        .filter(state=Task.State.OPEN, assignee_id__in=presence.away)
        .order_by("contact_id", "id")
    )
    moves = []
    for several in _contacts(waiting):
        first = several[0]
        away = presence.away[first.assignee_id]
        if min(t.due_at for t in several) >= away.ends_at and first.owner_id is None:
            continue  # due after they are back: it waits for them
        to = presence.stand_in(first.assignee_id, first.role, first.store_id, key=first.contact_id)
        if to is not None and to != first.assignee_id:
            owner = first.owner_id or first.assignee_id
            moves.append((several, to, owner if owner != to else None))
    return _move(moves, "task.covered", at=at)


def _move(moves: list[tuple[list[Task], int | None, int | None]], event: str, *, at: datetime) -> int:
    """One UPDATE for all; one event per contact that changes hands."""
    if not moves:
        return 0
    rows = [(task.id, to, owner) for several, to, owner in moves for task in several]
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE playbook_task t SET assignee_id = m.assignee, owner_id = m.owner
               FROM unnest(%s::uuid[], %s::int[], %s::int[]) AS m(id, assignee, owner)
               WHERE t.id = m.id AND t.state = 'open'""",
            [list(column) for column in zip(*rows, strict=True)],
        )
    count = 0
    changed: set[tuple[str, Any]] = {("store", several[0].store_id) for several, _to, _owner in moves}
    for several, to, _owner in moves:
        first = several[0]
        if to == first.assignee_id:
            continue
        count += 1
        record(
            event,
            store_id=first.store_id,
            at=at,
            customer_id=first.customer_id,
            vehicle_id=first.vehicle_id,
            rules=sorted({t.rule for t in several}),
            contact_id=str(first.contact_id),
            to=to,
            **{"from": first.assignee_id},
        )
        changed |= {("contact", first.contact_id), ("customer", first.customer_id)}
        changed |= {("day", person) for person in (to, first.assignee_id)}
    announce_all((topic, id) for topic, id in changed if id is not None)
    return count


def contacts_in(absences: list[tuple[int, Any]]) -> dict[tuple[int, Any], int]:
    """(person, until) -> open contacts of theirs that are due before then, whoever has them now. One query."""
    if not absences:
        return {}
    names = {f"n{i}": pair for i, pair in enumerate(absences)}
    found = Task.objects.filter(
        Q(assignee_id__in=[p for p, _u in absences]) | Q(owner_id__in=[p for p, _u in absences]), state="open"
    ).aggregate(
        **{
            name: Count(
                "contact_id",
                distinct=True,
                filter=Q(due_at__lt=until) & (Q(owner_id=person) | Q(assignee_id=person, owner_id=None)),
            )
            for name, (person, until) in names.items()
        }
    )
    return {pair: found[name] for name, pair in names.items()}
