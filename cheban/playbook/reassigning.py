"""Many contacts to other people at once: looked at before, spread evenly or to one, taken back exactly. Y09, R208."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound
from cheban.core.events import record
from cheban.lists import commands as lists
from cheban.lists import paging
from cheban.lists.models import BulkDeed
from cheban.lists.state import Asked
from cheban.org import presence
from cheban.org.access import Actor, command
from cheban.org.models import Staff, StaffRole
from cheban.playbook.commands import NeedsMore, tell_pages
from cheban.playbook.models import Task

MOST = 500
"""Contacts of one deed: more than that nobody looks through, and one transaction should not hold them."""
SAMPLE = 6


def matching(asked: Asked, *, today: date) -> list[UUID]:
    """Contacts that the team's list shows as asked, in its order; at most MOST."""
    from cheban.playbook.lists import SPEC

    ids = [row_id for _value, row_id in paging.all_ids(SPEC, asked, today=today)[:MOST]]
    contact_of = {str(i): contact for i, contact in Task.objects.filter(id__in=ids).values_list("id", "contact_id")}
    return [contact_of[i] for i in ids]


def filtered(*, at: datetime, person: int | None, only: str):
    """Open tasks as programs ask: of a person (0: of nobody), 'late', 'escalated' or 'unassigned'."""
    tasks = Task.objects.filter(state="open")
    if person is not None:
        tasks = tasks.filter(assignee_id=person or None)
    if only == "late":
        return tasks.filter(due_at__lt=at)
    if only == "escalated":
        return tasks.filter(escalation__gt=0)
    return tasks.filter(assignee_id=None) if only == "unassigned" else tasks


def spread(contacts: Sequence[tuple[UUID, set[int]]], load: dict[int, int]) -> dict[UUID, int]:
    """Each contact (with who may take it) to whoever has least by then; `load` is what each has open already.

    Nobody ends up with two more than another who could have taken them. Contacts that nobody may take are left out.
    """
    have, given = dict(load), {}
    for contact, able in contacts:
        people = [person for person in have if person in able]
        if people:
            given[contact] = min(people, key=lambda person: (have[person], person))
            have[given[contact]] += 1
    return given


@command("task.reassign")
def reassign(contact_ids: Sequence[UUID], *, by: Actor, to: Sequence[int]) -> tuple[int, BulkDeed | None]:
    """Hand contacts to colleagues of their store, spread evenly among `to`; (tasks moved, how to take it back).

    All or nothing. Raises NotFound when one of the contacts has nobody among `to` who works in its store, IsAway,
    NeedsMore for none or more than MOST.
    """
    if not contact_ids or not to:
        raise NeedsMore(_("请先勾选要改派的事，再选择同事。"))
    if len(contact_ids) > MOST:
        raise NeedsMore(_("一次最多改派 %(n)d 件，请分几次。") % {"n": MOST})
    now = clock.now()
    tasks = list(
        Task.objects.select_for_update()
        .filter(contact_id__in=contact_ids, state=Task.State.OPEN)
        .order_by("due_at", "contact_id", "id")
    )
    works: dict[int, set[int]] = defaultdict(set)
    for staff_id, store_id in StaffRole.objects.filter(staff_id__in=to, staff__is_active=True).values_list(
        "staff_id", "store_id"
    ):
        works[store_id].add(staff_id)
    folded: dict[UUID, list[Task]] = defaultdict(list)
    for task in tasks:
        folded[task.contact_id].append(task)
    load = {
        person: Task.objects.filter(assignee_id=person, state="open")
        .exclude(contact_id__in=contact_ids)
        .aggregate(n=Count("contact_id", distinct=True))["n"]
        for person in dict.fromkeys(to)
    }
    given = spread([(contact, works[several[0].store_id]) for contact, several in folded.items()], load)
    if not tasks or len(given) < len(folded):
        raise NotFound(_("这位同事不在这些事所属的门店，或事情已经完成。"))
    names = dict(Staff.objects.filter(id__in=set(given.values())).values_list("id", "name"))
    for person, name in names.items():
        presence.require_there(person, name, at=now)
    changes = [
        (t.store_id, t.id, [t.assignee_id, t.owner_id], [given[t.contact_id], None])
        for t in tasks
        if (t.assignee_id, t.owner_id) != (given[t.contact_id], None)
    ]
    _write([(task_id, *after) for _store, task_id, _before, after in changes])
    for contact, several in folded.items():
        first = several[0]
        record(
            "task.reassigned",
            store_id=first.store_id,
            at=now,
            actor_id=by.staff_id,
            customer_id=first.customer_id,
            vehicle_id=first.vehicle_id,
            to=given[contact],
            rules=sorted({t.rule for t in several}),
        )
    tell_pages(
        {t.store_id for t in tasks},
        set(given.values()) | {t.assignee_id for t in tasks},
        set(folded),
        {t.customer_id for t in tasks},
    )
    return len(tasks), lists.remember("team", "reassign", changes, by=by)


def _write(rows: Sequence[tuple[UUID, int | None, int | None]]) -> None:
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE playbook_task t SET assignee_id = m.assignee, owner_id = m.owner
               FROM unnest(%s::uuid[], %s::int[], %s::int[]) AS m(id, assignee, owner) WHERE t.id = m.id""",
            [list(column) for column in zip(*rows, strict=True)],
        )


@lists.restorer("team", "reassign")
@command("task.reassign")
def restore(rows: Sequence[tuple[UUID, Any, Any]], *, by: Actor) -> int:
    """Give open tasks back to whom they were with, where nobody changed that since; returns how many."""
    kept = {subject: (before, after) for subject, before, after in rows}
    found = list(Task.objects.select_for_update().filter(id__in=list(kept), state=Task.State.OPEN).order_by("id"))
    back = [t for t in found if [t.assignee_id, t.owner_id] == kept[t.id][1]]
    _write([(t.id, *kept[t.id][0]) for t in back])
    people = {t.assignee_id for t in back} | {kept[t.id][0][0] for t in back}
    tell_pages({t.store_id for t in back}, people, {t.contact_id for t in back}, {t.customer_id for t in back})
    for task in {t.contact_id: t for t in back}.values():
        record(
            "task.reassigned",
            store_id=task.store_id,
            actor_id=by.staff_id,
            customer_id=task.customer_id,
            vehicle_id=task.vehicle_id,
            to=kept[task.id][0][0],
            rules=sorted({t.rule for t in back if t.contact_id == task.contact_id}),
        )
    return len(back)
