"""What the playbook holds about a person. See core.personal."""

from __future__ import annotations

from django.db.models import Case, F, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import clock
from cheban.core.personal import Holding, Person, Row, hold
from cheban.playbook.models import Task
from cheban.playbook.outcomes import OUTCOMES
from cheban.playbook.rules import HANDBOOK

ERASED = "erased"
"""Outcome of open tasks that ended because the person's data were erased."""


def _tasks(person: Person) -> list[Row]:
    found: list[Row] = []
    for task in Task.objects.filter(customer_id__in=person.ids).order_by("created_at", "id"):
        rule = HANDBOOK.rules.get(task.rule)
        outcome = OUTCOMES.get(task.outcome)
        row = {
            _("事由"): _(rule.title) if rule else task.rule,
            _("到期"): task.due_on,
            _("状态"): task.get_state_display(),
            _("结果"): str(outcome.label) if outcome else "",
            _("要做的事"): task.facts.get("what", ""),
            _("记录"): task.note,
            _("转交时的说明"): task.handed_note,
            _("结束"): task.closed_at,
        }
        found.append({label: value for label, value in row.items() if value not in ("", None)})
    return found


def _forget(person: Person) -> int:
    is_open = When(state=Task.State.OPEN, then=Value(Task.State.DROPPED))
    return Task.objects.filter(customer_id__in=person.ids).update(
        outcome=Case(When(state=Task.State.OPEN, then=Value(ERASED)), default=F("outcome")),
        closed_at=Case(When(state=Task.State.OPEN, then=Value(clock.now())), default=F("closed_at")),
        escalate_at=Case(When(state=Task.State.OPEN, then=Value(None)), default=F("escalate_at")),
        state=Case(is_open, default=F("state")),
        note="",
        handed_note="",
        facts={},
    )


def offer() -> None:
    """Register it (called when the app is ready)."""
    hold(
        Holding(
            "tasks",
            gettext_lazy("服务任务"),
            ("playbook_task", "playbook_taskpause"),
            _tasks,
            _forget,
            kept=gettext_lazy("何时做过什么，用于守诺统计，不含内容"),
            order=55,
        )
    )
