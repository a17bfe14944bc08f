"""What a person does with a contact short of an outcome: take it, put it off, hand it on, send it back. R090, R208.

Each can be taken back by the same person for ten minutes, as long as nobody changed the contact since. No move starts
a clock again: only a pause with a reason from outside the house moves a time limit, by what was left of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.calendars import calendar_of
from cheban.core.errors import NotFound, NotPermitted, Refused, WrongState
from cheban.core.events import record
from cheban.core.models import Event
from cheban.core.worktime import due, elapsed
from cheban.org import presence
from cheban.org.access import Actor, command
from cheban.org.models import Staff, StaffRole, Store
from cheban.org.roles import permissions_of
from cheban.playbook import pauses, rows
from cheban.playbook.commands import AlreadyTold, NeedsMore, check_moment, open_tasks, pages_of
from cheban.playbook.models import Task, TaskPause
from cheban.playbook.outcomes import FREE_SNOOZES, SNOOZE_REASONS
from cheban.playbook.rules import HANDBOOK

MOMENTS = ("taken_at", "starts_at", "due_at", "escalate_at")
KEPT = (
    "assignee_id",
    "owner_id",
    "told_id",
    *MOMENTS,
    "snoozes",
    "snooze_reason",
    "handed_by_id",
    "handed_note",
    "handed_back",
)
"""What a move may change, and an undo gives back."""
UNDO = timedelta(minutes=10)
NEVER_WAITS = 95
"""Rules of at least this weight, and duties whose time limit runs by the wall clock (safety), are never put off."""
WAITS = ((80, 1), (50, 2), (0, 5))
"""(least weight, working days) for which a contact may be put off at once."""


class AlreadyTaken(WrongState):
    """A colleague was faster and is dealing with it."""


class CannotWait(Refused):
    """Too urgent to put off, or put off too far."""

    status = 422


class SentBackBefore(WrongState):
    """It was sent back once; the two have to talk, or the manager decides."""


def _as_is(task: Task) -> dict[str, Any]:
    return {
        name: value.astimezone(UTC).isoformat() if (value := getattr(task, name)) and name in MOMENTS else value
        for name in KEPT
    }


def _told(name: str, tasks: list[Task], before: dict[UUID, dict], *, by: Actor, at: datetime, **facts: Any) -> Event:
    """Save the tasks as they are now, tell the pages, record the one event with what it takes to undo it."""
    people = {b["assignee_id"] for b in before.values()} | {b["told_id"] for b in before.values()}
    rows.save(tasks, KEPT)
    people |= {person for task in tasks for person in (task.assignee_id, task.told_id)}
    first = tasks[0]
    return record(
        name,
        store_id=first.store_id,
        at=at,
        actor_id=by.staff_id,
        customer_id=first.customer_id,
        vehicle_id=first.vehicle_id,
        pages=pages_of({first.store_id}, people, {first.contact_id}, {first.customer_id}),
        rules=sorted({t.rule for t in tasks}),
        contact_id=str(first.contact_id),
        undo=[{"id": str(t.id), "before": before[t.id], "after": _as_is(t)} for t in tasks],
        **facts,
    )


@command("task.finish")
def take(contact_id: UUID, *, by: Actor) -> Event:
    """Say "I take it": the ladder stands still, and the contact is this person's. Of two at once one wins.

    For whoever was told, whose it is, and whoever may reassign. Raises AlreadyTaken naming the other, WrongState when
    nothing was reported, AlreadyTold, NotPermitted, NotFound.
    """
    now = clock.now()
    tasks = list(
        Task.objects.select_for_update().filter(contact_id=contact_id, state=Task.State.OPEN).order_by("-weight", "id")
    )
    if not tasks:
        if not Task.objects.filter(contact_id=contact_id).exists():
            raise NotFound(_("没有这件事，或不属于您的门店。"))
        raise AlreadyTold(_("这次联系已经登记过结果，不用再登记。"))
    reported = [t for t in tasks if t.escalation]
    if not reported:
        raise WrongState(_("这件事没有上报，不用接手。"))
    if all(t.taken_at for t in reported):
        raise AlreadyTaken(_("%(name)s已经在处理这件事。") % {"name": _name(reported[0].assignee_id)})
    if not (by.staff_id in {t.told_id for t in tasks} | {t.assignee_id for t in tasks} or by.may("task.reassign")):
        raise NotPermitted(_("这件事没有上报给您。请联系店长。"))
    before = {t.id: _as_is(t) for t in tasks}
    for task in tasks:
        task.assignee_id, task.owner_id, task.told_id = by.staff_id, None, None
        task.taken_at, task.escalate_at = now, None
    return _told("task.taken", tasks, before, by=by, at=now, level=max(t.escalation for t in tasks))


def may_wait(tasks: Iterable[Task]) -> bool:
    """Whether these tasks are of a kind that may be put off at all."""
    for task in tasks:
        rule = HANDBOOK.rules.get(task.rule)
        clocks = {o.within.clock for o in rule.owes if o.duty == task.duty} if rule else set()
        if task.weight >= NEVER_WAITS or "wall" in clocks:
            return False
    return True


@command("task.snooze")
def snooze(contact_id: UUID, *, by: Actor, until: datetime | None, reason: str) -> Event:
    """Put a contact off until a moment in working time, with a reason.

    Urgent contacts never wait, others one to five working days at most; after two times the manager decides, and so
    what was reported up. A reason from outside the house pauses the clock; one's own lack of time leaves the time
    limit where it is. Raises CannotWait, NeedsMore, QuietHours, NotPermitted, AlreadyTold, NotFound.
    """
    tasks, now = open_tasks(contact_id, by=by), clock.now()
    first = tasks[0]
    store = Store.objects.get(id=first.store_id)
    if reason not in SNOOZE_REASONS:
        raise NeedsMore(_("请选择推迟的原因。"))
    if not may_wait(tasks):
        raise CannotWait(_("这是紧急的事，不能推迟。请现在处理，或转给同事。"))
    count = max(t.snoozes for t in tasks) + 1
    if count > FREE_SNOOZES and not by.may("task.reassign"):
        raise NotPermitted(_("已经推迟过 %(n)d 次，再推迟要店长来做。") % {"n": count - 1})
    if any(t.told_id for t in tasks) and not by.may("task.reassign"):
        raise NotPermitted(_("这件事已经上报，推迟要店长来做。"))
    until = check_moment(until, store, now=now)
    calendar = calendar_of(store.id, tz=store.time_zone)
    if not elapsed(until, until + timedelta(minutes=1), calendar):
        raise CannotWait(_("请选营业时间内的时刻。"))
    heaviest = max(t.weight for t in tasks)
    days = next(days for least, days in WAITS if heaviest >= least)
    last = due(now, timedelta(hours=8 * days), calendar)
    why = SNOOZE_REASONS[reason]
    if not why.pauses:
        last = min(last, *(t.due_at for t in tasks))
    if until > last:
        raise CannotWait(
            _("最晚推迟到 %(when)s。") % {"when": last.astimezone(ZoneInfo(store.time_zone)).strftime("%m-%d %H:%M")}
        )
    before = {t.id: _as_is(t) for t in tasks}
    pauses.end(tasks, at=now)
    if why.pauses:
        pauses.begin(tasks, reason=reason, at=now, until=until, by_id=by.staff_id)
    for task in tasks:
        task.starts_at, task.snoozes, task.snooze_reason = max(until, task.starts_at), count, reason
    return _told("task.snoozed", tasks, before, by=by, at=now, when=until.isoformat(), why=reason, snoozes_count=count)


@command("task.hand_over")
def hand_over(contact_id: UUID, *, by: Actor, to: int | None, note: str) -> Event:
    """Give one contact to a colleague of the store who is there, and say why. The clock runs on.

    Raises NeedsMore without a note, NotFound, IsAway, NotPermitted, AlreadyTold.
    """
    tasks = open_tasks(contact_id, by=by)
    if to is None:
        raise NeedsMore(_("请选择同事。"))
    if not note.strip():
        raise NeedsMore(_("请写一句为什么转给同事，接手的人会看到。"))
    if to == tasks[0].assignee_id:
        raise NeedsMore(_("这件事已经由这位同事负责。"))
    store_id = tasks[0].store_id
    roles = set(
        StaffRole.objects.filter(staff_id=to, store_id=store_id, staff__is_active=True).values_list("role", flat=True)
    )
    if "task.finish" not in permissions_of(roles):
        raise NotFound(_("这位同事不在这家店，或不做联系客户的事。"))
    now = clock.now()
    presence.require_there(to, _name(to), at=now)
    again = tasks[0].handed_back and tasks[0].handed_by_id == to  # who sent it back once takes it now
    return _hand("task.handed_over", tasks, by=by, to=to, note=note, at=now, handed_back=again)


@command("task.hand_over")
def send_back(contact_id: UUID, *, by: Actor, note: str) -> Event:
    """The receiver gives it back to who handed it over, once, and says why.

    Raises SentBackBefore, WrongState when nobody handed it over, NeedsMore without a note, IsAway.
    """
    tasks, now = open_tasks(contact_id, by=by), clock.now()
    first = tasks[0]
    if first.handed_by_id is None or first.assignee_id != by.staff_id:
        raise WrongState(_("这件事不是同事转给您的。"))
    if first.handed_back:
        raise SentBackBefore(_("这件事已经退回过一次。请和同事商量，或请店长改派。"))
    if not note.strip():
        raise NeedsMore(_("请写一句为什么退回。"))
    to = first.handed_by_id
    if not StaffRole.objects.filter(staff_id=to, store_id=first.store_id, staff__is_active=True).exists():
        raise NotFound(_("转给您的同事已经不在这家店，请店长改派。"))
    presence.require_there(to, _name(to), at=now)
    return _hand("task.sent_back", tasks, by=by, to=to, note=note, at=now, handed_back=True)


def _hand(name: str, tasks: list[Task], *, by: Actor, to: int, note: str, at: datetime, handed_back: bool) -> Event:
    before = {t.id: _as_is(t) for t in tasks}
    for task in tasks:
        task.handed_by_id, task.handed_note = by.staff_id, note.strip()[:200]
        task.handed_back, task.assignee_id, task.owner_id = handed_back, to, None
    return _told(name, tasks, before, by=by, at=at, to=to, note=note.strip()[:200])


@command("task.finish")
def put_back(event: Event, *, by: Actor) -> Event:
    """Take a move back, within ten minutes and by the same person, if nobody changed the contact since.

    Raises WrongState.
    """
    now = clock.now()
    if event.actor_id != by.staff_id or now - event.at > UNDO:
        raise WrongState(_("只能撤回自己十分钟内做的事。"))
    saved = {row["id"]: row for row in event.facts["undo"]}
    tasks = list(Task.objects.select_for_update().filter(id__in=list(saved), state=Task.State.OPEN).order_by("id"))
    if len(tasks) < len(saved) or any(_as_is(t) != saved[str(t.id)]["after"] for t in tasks):
        raise WrongState(_("这件事之后又有人处理过，不能撤回。"))
    people: set[int | None] = set()
    for task in tasks:
        people |= {task.assignee_id, task.told_id}
        for name, value in saved[str(task.id)]["before"].items():
            setattr(task, name, datetime.fromisoformat(value) if name in MOMENTS and value else value)
        people |= {task.assignee_id, task.told_id}
    rows.save(tasks, KEPT)
    if event.name == "task.snoozed":
        TaskPause.objects.filter(task__in=tasks, starts_at=event.at).delete()
        pauses.resume([str(t.id) for t in tasks], since=event.at)
    return record(
        "task.put_back",
        store_id=event.store_id,
        at=now,
        actor_id=by.staff_id,
        customer_id=event.customer_id,
        vehicle_id=event.vehicle_id,
        pages=pages_of({event.store_id}, people, {tasks[0].contact_id}, {event.customer_id}),
        rules=event.facts["rules"],
        contact_id=event.facts["contact_id"],
        what=event.name,
    )


def move_event(event_id: int) -> Event:
    """The event of a move, to take it back. Raises NotFound."""
    names: Iterable[str] = ("task.taken", "task.snoozed", "task.handed_over", "task.sent_back")
    event = Event.objects.filter(id=event_id, name__in=list(names)).first()
    if event is None:
        raise NotFound(_("没有这次登记。"))
    return event


def _name(staff_id: int | None) -> str:
    return Staff.objects.filter(id=staff_id).values_list("name", flat=True).first() or _("同事")
