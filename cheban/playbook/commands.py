"""Everything that changes a task: outcome, undo, hand over, escalate. R035, R090, R208."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.calendars import calendar_of
from cheban.core.errors import NotFound, NotPermitted, Refused, WrongState
from cheban.core.events import record
from cheban.core.live import announce_all
from cheban.core.models import Event
from cheban.core.worktime import due
from cheban.org.access import Actor, command
from cheban.org.models import Store
from cheban.playbook import pauses, rows
from cheban.playbook.models import Task
from cheban.playbook.outcomes import MOST_ATTEMPTS, OUTCOMES, REFUSE_REASONS, WEATHER
from cheban.playbook.planner import opening
from cheban.playbook.rules import HANDBOOK


class NeedsMore(Refused):
    """The outcome needs a time or a reason that was not given."""

    status = 422


class QuietHours(Refused):
    """The chosen moment lies in the store's quiet hours or in the past."""

    status = 422


class DoneElsewhere(WrongState):
    """A duty is done where its subject is: telling an outcome would only say so."""


class AlreadyTold(WrongState):
    """Nothing is open in this contact: somebody recorded its outcome already."""


def open_tasks(contact_id: UUID, *, by: Actor) -> list[Task]:
    """The open tasks of a contact, locked, the heaviest first. Raises AlreadyTold, NotPermitted, NotFound."""
    tasks = rows.locked(contact_id)
    if not tasks:
        if not Task.objects.filter(contact_id=contact_id).exists():
            raise NotFound(_("没有这件事，或不属于您的门店。"))
        raise AlreadyTold(_("这次联系已经登记过结果，不用再登记。"))
    mine = by.staff_id is None or any(t.assignee_id in (by.staff_id, None) for t in tasks)
    if not mine and not by.may("task.reassign"):
        raise NotPermitted(_("这件事由同事负责。请让店长改派给您后再登记。"))
    return tasks


def check_moment(when: datetime | None, store: Store, *, now: datetime) -> datetime:
    """A moment when the store may call. Raises NeedsMore, QuietHours."""
    if when is None:
        raise NeedsMore(_("请选择时间。"))
    if when <= now:
        raise QuietHours(_("选择的时间已经过去，请选今后的时间。"))
    if when > now + timedelta(days=180):
        raise QuietHours(_("选择的时间超过半年，请选近一些的时间。"))
    local = when.astimezone(ZoneInfo(store.time_zone)).time()
    if local >= store.quiet_from or local < store.quiet_until:
        raise QuietHours(
            _("%(from)s 到次日 %(until)s 是免打扰时间，请换一个时间。")
            % {"from": store.quiet_from.strftime("%H:%M"), "until": store.quiet_until.strftime("%H:%M")}
        )
    return when


@command("task.finish")
def record_outcome(
    contact_id: UUID, *, by: Actor, outcome: str, when: datetime | None = None, reason: str = "", note: str = ""
) -> Event:
    """Tell what came of a contact. Closing outcomes close all its tasks, and the joined tasks of colleagues.

    Raises NeedsMore (a time or reason is missing), QuietHours, DoneElsewhere, AlreadyTold, NotPermitted, NotFound.
    """
    tasks, now = open_tasks(contact_id, by=by), clock.now()
    if any(HANDBOOK.rules[t.rule].is_duty for t in tasks if t.rule in HANDBOOK.rules):
        raise DoneElsewhere(_("这件事在它自己的页面上办，办好就自动完成。"))
    if outcome not in OUTCOMES:
        raise NeedsMore(_("没有这种结果，请从列出的结果里选。"))
    kind = OUTCOMES[outcome]
    first = tasks[0]
    store = Store.objects.get(id=first.store_id) if kind.needs == "time" or not kind.closes else None
    if kind.needs == "time":
        when = check_moment(when, store, now=now)
    if kind.needs == "reason" and reason not in REFUSE_REASONS:
        raise NeedsMore(_("请选择拒绝的原因。"))
    undo = [_as_it_was(t) for t in tasks]
    pauses.end(tasks, at=now)
    rules = sorted({t.rule for t in tasks})
    facts: dict = {"rules": rules, "note": note[:500], "undo": undo, "contact_id": str(contact_id)}
    if kind.closes:
        joined = _joined(tasks)
        undo += [_as_it_was(t) for t in joined]
        _close([*tasks, *joined], outcome, now=now, by=by, note=note)
    else:
        _try_again(tasks, outcome, when, store, now=now, by=by)
    if kind.event == "contact.refused":
        refuses = REFUSE_REASONS[reason].refuses
        purposes = {
            "all": ["all"],
            "purpose": sorted({HANDBOOK.rules[r].purpose for r in rules if r in HANDBOOK.rules}),
            "": [],
        }[refuses]
        facts |= {"reason": reason, "purposes": purposes}
    elif kind.event == "contact.missed":
        facts |= {"attempts": first.attempts}  # counted by now
    else:
        facts |= {"outcome": outcome, "when": when.isoformat() if when else ""}
    return record(
        kind.event,
        store_id=first.store_id,
        at=now,
        actor_id=by.staff_id,
        customer_id=first.customer_id,
        vehicle_id=first.vehicle_id,
        pages=pages_of({first.store_id}, {t.assignee_id for t in tasks}, {contact_id}, {first.customer_id}),
        **facts,
    )


def _as_it_was(task: Task) -> dict:
    """What an undo gives back to a task."""
    return {
        "id": str(task.id),
        "starts_at": task.starts_at.isoformat(),
        "due_at": task.due_at.isoformat(),
        "attempts": task.attempts,
        "outcome": task.outcome,
        "escalate_at": task.escalate_at.isoformat() if task.escalate_at else None,
        "told": task.told_id,
    }


def _joined(tasks: list[Task]) -> list[Task]:
    """Open tasks of other people for the same occasion of a joined rule: two tasks, one outcome. R035."""
    found: list[Task] = []
    for task in tasks:
        rule = HANDBOOK.rules.get(task.rule)
        if rule and rule.joined:
            found += (
                Task.objects.select_for_update()
                .filter(subject_id=task.subject_id, rule=task.rule, occasion_on=task.occasion_on, state=Task.State.OPEN)
                .exclude(contact_id=task.contact_id)
            )
    return found


def _close(tasks: list[Task], outcome: str, *, now: datetime, by: Actor, note: str) -> None:
    if not tasks:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE playbook_task SET state = 'done', outcome = %s, closed_at = %s, closed_by_id = %s, note = %s,
                 escalate_at = NULL, told_id = NULL WHERE id = ANY (%s) AND state = 'open'""",
            [outcome, now, by.staff_id, note[:500], [t.id for t in tasks]],
        )


def _try_again(
    tasks: list[Task], outcome: str, when: datetime | None, store: Store, *, now: datetime, by: Actor
) -> None:
    calendar = calendar_of(store.id, tz=store.time_zone, since=now.date()) if outcome != "call_back" else None
    done = [t for t in tasks if outcome == "reached" and "reached" in HANDBOOK.rules[t.rule].done_when]
    _close(done, outcome, now=now, by=by, note="")
    again = [t for t in tasks if t not in done]
    given_up: list[Task] = []
    for task in again:
        task.outcome = outcome
        if outcome == "no_answer":
            task.attempts += 1
            if task.attempts >= MOST_ATTEMPTS:
                given_up.append(task)
                continue
            task.starts_at = opening(due(now, timedelta(hours=2), calendar), now.date(), store, calendar)
        elif outcome == "call_back":
            task.starts_at = when
        else:
            task.starts_at = due(now, timedelta(hours=8), calendar)
        later = max(task.due_at, task.starts_at + timedelta(hours=1))
        if task.escalate_at is not None:  # whoever has answered is not reported for the old time limit
            task.escalate_at += later - task.due_at
        task.due_at = later
    rows.save(again, ("outcome", "attempts", "starts_at", "due_at", "escalate_at"))
    _close(given_up, "unreached", now=now, by=by, note="")


@command("task.finish")
def undo_outcome(event: Event, *, by: Actor) -> None:
    """Take back an outcome just told, within ten minutes and by the same person. A refusal of contact stays and is said
    so; a car that was said to be sold is in use again, and what was owed about it is owed again (reactions)."""
    if event.actor_id != by.staff_id or clock.now() - event.at > timedelta(minutes=10):
        raise WrongState(_("只能撤回自己十分钟内登记的结果。"))
    if event.facts.get("purposes"):
        raise WrongState(_("客户的拒绝已经登记，不能撤回。若登记错了，请在客户页重新登记同意。"))
    if _told_since(event):
        raise WrongState(_("这次联系之后又登记了结果，请先撤回最后一次。"))
    for saved in event.facts.get("undo", []):
        Task.objects.filter(id=saved["id"]).exclude(state=Task.State.DROPPED).update(
            state=Task.State.OPEN,
            outcome=saved.get("outcome", ""),
            escalate_at=saved.get("escalate_at"),
            told_id=saved.get("told"),
            closed_at=None,
            closed_by_id=None,
            note="",
            starts_at=saved["starts_at"],
            due_at=saved["due_at"],
            attempts=saved["attempts"],
        )
    pauses.resume([saved["id"] for saved in event.facts.get("undo", [])], since=event.at)
    contact_id = event.facts["contact_id"]
    people = set(Task.objects.filter(contact_id=contact_id).values_list("assignee_id", flat=True))
    record(
        "contact.taken_back",
        store_id=event.store_id,
        actor_id=by.staff_id,
        customer_id=event.customer_id,
        vehicle_id=event.vehicle_id,
        pages=pages_of({event.store_id}, people, {contact_id}, {event.customer_id}),
        rules=event.facts["rules"],
        contact_id=event.facts["contact_id"],
        event_id=event.id,
    )


def _told_since(event: Event) -> bool:
    """Whether something came of the same contact, or was taken back, after this event."""
    names = ["contact.reached", "contact.missed", "contact.refused", "contact.taken_back"]
    later = Event.objects.filter(name__in=names, at__gte=event.at, id__gt=event.id, customer_id=event.customer_id)
    return later.filter(facts__contact_id=event.facts["contact_id"]).exists()


@command("playbook.run")
def warn_of_weather(kind: str, *, by: Actor) -> list[Event]:
    """Tell that sudden weather comes to the chosen stores; the handbook says who warns the customers. R089.

    Raises NeedsMore for a kind that is not in WEATHER.
    """
    if kind not in WEATHER:
        raise NeedsMore(_("请选择是什么天气。"))
    return [record("weather.warned", store_id=store, actor_id=by.staff_id, kind=kind) for store in by.stores]


def pass_on_of_leavers(*, at: datetime) -> int:
    """Give open tasks of people who left the house, or their store, to a colleague of the same role, else to the store
    manager, else to nobody (the board shows those); returns how many moved. Needs scope; safe to run twice.

    A contact moves as a whole, and always to the same colleague however often this runs. R090, R208.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """WITH works AS MATERIALIZED (
                 SELECT r.store_id, r.role, array_agg(r.staff_id ORDER BY r.staff_id) AS people
                 FROM org_staffrole r JOIN org_staff s ON s.id = r.staff_id AND s.is_active GROUP BY 1, 2
               ), left_behind AS MATERIALIZED (
                 SELECT t.id, t.store_id, t.contact_id, t.role, t.weight FROM playbook_task t
                 WHERE t.state = 'open' AND t.assignee_id IS NOT NULL AND NOT EXISTS (
                   SELECT 1 FROM works w WHERE w.store_id = t.store_id AND t.assignee_id = ANY (w.people))
                 FOR UPDATE OF t SKIP LOCKED
               ), chosen AS (
                 SELECT DISTINCT ON (b.contact_id) b.contact_id,
                   (coalesce(w.people, m.people))[1 + (hashtext(b.contact_id::text) & 2147483647)
                     % nullif(cardinality(coalesce(w.people, m.people)), 0)] AS person
                 FROM left_behind b LEFT JOIN works w ON w.store_id = b.store_id AND w.role = b.role
                   LEFT JOIN works m ON m.store_id = b.store_id AND m.role = 'store_manager'
                 ORDER BY b.contact_id, b.weight DESC, b.id
               )
               UPDATE playbook_task t SET assignee_id = c.person FROM left_behind b JOIN chosen c USING (contact_id)
               WHERE t.id = b.id
               RETURNING t.store_id, t.contact_id, t.customer_id, t.vehicle_id, t.rule, t.assignee_id"""
        )
        moved = cursor.fetchall()
        contacts: dict[UUID, list[tuple]] = {}
        for row in moved:
            contacts.setdefault(row[1], []).append(row)
        for rows in contacts.values():
            store_id, _contact, customer_id, vehicle_id, _rule, to = rows[0]
            record(
                "task.reassigned",
                store_id=store_id,
                at=at,
                customer_id=customer_id,
                vehicle_id=vehicle_id,
                to=to,
                rules=sorted({row[4] for row in rows}),
            )
        tell_pages({row[0] for row in moved}, {row[5] for row in moved}, contacts, {row[2] for row in moved})
    return len(moved)


def pages_of(
    stores: Iterable[int], people: Iterable[int | None], contacts: Iterable[UUID], customers: Iterable[UUID | None]
) -> list[tuple[str, Any]]:
    """Open pages that must hear which boards, days, contacts and customers changed."""
    changed: list[tuple[str, Any]] = [("store", store_id) for store_id in stores]
    changed += [("day", person) for person in people if person is not None]
    changed += [("contact", contact_id) for contact_id in contacts]
    changed += [("customer", customer_id) for customer_id in customers if customer_id is not None]
    return changed


def tell_pages(
    stores: Iterable[int], people: Iterable[int | None], contacts: Iterable[UUID], customers: Iterable[UUID | None]
) -> None:
    """Tell open pages which boards, days, contacts and customers changed."""
    announce_all(pages_of(stores, people, contacts, customers))
