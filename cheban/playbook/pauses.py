"""Pauses of a task's clock: intervals with a reason; what is left of the time is left after them. Reliability 5.2."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cheban.core.calendars import calendar_of
from cheban.core.worktime import Calendar, due, elapsed
from cheban.org.models import Store
from cheban.playbook import effective
from cheban.playbook.models import Task, TaskPause
from cheban.playbook.rules import Owes


def later(task: Task, moment: datetime, *, start: datetime, end: datetime, calendar: Calendar | None) -> datetime:
    """A moment of the task's clock after it stood still from `start` to `end`: as much running time is left after the
    pause as was before it. One that lies behind `start` stays: what is late stays late."""
    begin = max(start, task.starts_at)
    left = elapsed(begin, moment, calendar)
    return due(max(end, begin), left, calendar) if left and moment > begin else moment


def begin(tasks: Iterable[Task], *, reason: str, at: datetime, until: datetime, by_id: int | None) -> None:
    """Stop the clocks of these tasks until a moment: their time limits and ladders move, in memory; rows are written."""
    several = list(tasks)
    for task in several:
        owed = _owed(task)
        for name, calendar in _clocks(task, owed).items():
            if (moment := getattr(task, name)) is not None:
                setattr(task, name, later(task, moment, start=at, end=until, calendar=calendar))
        _keep_order(task, owed)
    TaskPause.objects.bulk_create(
        TaskPause(store_id=t.store_id, task=t, starts_at=at, ends_at=until, reason=reason, by_id=by_id) for t in several
    )


def end(tasks: Iterable[Task], *, at: datetime) -> None:
    """Somebody dealt with it sooner: pauses that still run end now, and the clocks run on from here. Writes rows."""
    several = {t.id: t for t in tasks if t.snoozes}  # only what was put off has pauses
    if not several:
        return
    for pause in TaskPause.objects.filter(task_id__in=several, ends_at__gt=at):
        task = several[pause.task_id]
        owed = _owed(task)
        for name, calendar in _clocks(task, owed).items():
            moment = getattr(task, name)
            if moment is not None and moment > pause.ends_at:
                setattr(task, name, due(at, elapsed(pause.ends_at, moment, calendar), calendar))
        _keep_order(task, owed)
        task.save(update_fields=["due_at", "escalate_at"])
        if pause.starts_at < at:
            pause.planned_end_at, pause.ends_at = pause.planned_end_at or pause.ends_at, at
            pause.save(update_fields=["ends_at", "planned_end_at"])
        else:
            pause.delete()


def resume(task_ids: Iterable[str], *, since: datetime) -> None:
    """The outcome that ended a pause was taken back: the pause runs on to its planned end."""
    for pause in TaskPause.objects.filter(task_id__in=list(task_ids), ends_at=since, planned_end_at__isnull=False):
        pause.ends_at, pause.planned_end_at = pause.planned_end_at, None
        pause.save(update_fields=["ends_at", "planned_end_at"])


def _owed(task: Task) -> Owes | None:
    """What the task's rule says in its store; None when the rule is gone."""
    rule = effective.rules_of([task.store_id]).get((task.store_id, task.rule))
    return next((o for o in rule.owes if o.duty == task.duty), None) if rule else None


def _keep_order(task: Task, owed: Owes | None) -> None:
    """The two clocks stood still differently long: still nobody is told of what is not late."""
    if owed and task.escalate_at is not None:
        task.escalate_at = owed.goes_up(task.escalate_at, task.due_at)


def _clocks(task: Task, owed: Owes | None) -> dict[str, Calendar | None]:
    """The calendar that each of the task's clocks runs on; None: wall time."""
    store = Store.objects.get(id=task.store_id)
    calendar = calendar_of(store.id, tz=store.time_zone)
    step = owed.escalate[min(task.escalation, len(owed.escalate) - 1)][0] if owed and owed.escalate else None
    return {
        "due_at": None if owed and owed.within.clock == "wall" else calendar,
        "escalate_at": None if step and step.clock == "wall" else calendar,
    }
