"""Why a task exists or does not: every condition of a rule for one subject, in words. R208."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from cheban.core import facts
from cheban.core.errors import NotFound
from cheban.org.models import Store
from cheban.org.roles import Role
from cheban.playbook import effective, planner
from cheban.playbook.models import Task
from cheban.playbook.rules import HANDBOOK, ByHand


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of an explanation: holds or not, what was asked, what was found."""

    holds: bool
    says: str
    found: str = ""


def subject_of(rule_code: str, *, vehicle_id: UUID, customer_id: UUID | None, store_id: int) -> UUID | None:
    """Whom a rule is about, of a vehicle, its owner and their store."""
    rule = HANDBOOK.rules.get(rule_code)
    if rule is not None and rule.subject == "store":
        return UUID(hashlib.md5(f"store:{store_id}".encode(), usedforsecurity=False).hexdigest())
    return customer_id if rule is not None and rule.subject == "customer" else vehicle_id


def explain(rule_code: str, subject_id: UUID, *, day: date) -> list[Finding]:
    """Why a task exists or not: every condition of the rule for one subject. Raises NotFound."""
    rule = HANDBOOK.rules.get(rule_code)
    if rule is None:
        raise NotFound(_("没有规则 %(code)s。现有：%(all)s") % {"code": rule_code, "all": _("、").join(HANDBOOK.rules)})
    subject = facts.subject(rule.subject)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {subject.store}, {subject.customer}, {subject.refusals}, {subject.last_contact} "  # noqa: S608
            f"FROM {subject.source} WHERE {subject.id} = %s",
            [subject_id],
        )
        row = cursor.fetchone()
        if row is None:
            raise NotFound(_("没有找到这辆车或客户，或车辆还没有车主。"))
        store = Store.objects.get(id=row[0])
        findings = []
        held = effective.of_store(row[0])[rule_code]
        rule = held.rule
        if not held.is_on:
            findings.append(Finding(False, _("规则在本店开启"), _("停用")))
        wanted = planner.clauses(rule, day)
        if wanted is None:
            by_hand = isinstance(rule.when, ByHand)
            return [*findings, Finding(by_hand, rule.when.read(), "" if by_hand else _("今天不是这些节日"))]
        named = [None if not hasattr(rule.when, "fact") else rule.when.fact, None, *(i.fact for i in rule.only_if)]
        for clause, path in zip(wanted, named, strict=True):
            shown = f", ({facts.fact(path).sql})::text" if path else ", ''"
            cursor.execute(
                f"SELECT coalesce(({clause.sql}), false){shown} FROM {subject.source} "  # noqa: S608
                f"WHERE {subject.id} = %(subject)s",
                clause.params | {"subject": subject_id, "day": day},
            )
            holds, found = cursor.fetchone()
            findings.append(Finding(holds, clause.says, found or (_("未登记") if path else "")))
        refused = {rule.purpose, "all"} & set(row[2] or [])
        findings.append(
            Finding(not refused, _("客户没有拒绝这类联系（%(p)s）") % {"p": rule.purpose}, _("、").join(refused))
        )
        gap = (
            row[3] is not None
            and rule.keeps_gap
            and rule.weight < planner.URGENT
            and row[3] > planner.gap_begins(day, store)
        )
        findings.append(
            Finding(
                not gap,
                _("距上次联系超过 %(d)d 天，或这条规则不等待") % {"d": store.contact_gap_days},
                row[3].date().isoformat() if row[3] else "",
            )
        )
        for task in Task.objects.filter(subject_id=subject_id, rule=rule.code).order_by("-occasion_on")[:4]:
            findings.append(
                Finding(
                    True,
                    _("已有任务：%(day)s 计划，%(state)s")
                    % {"day": task.planned_on.isoformat(), "state": task.get_state_display()},
                    f"{Role(task.role).label} · {task.due_at.date().isoformat()}",
                )
            )
    return findings
