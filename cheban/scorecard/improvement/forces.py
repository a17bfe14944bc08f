"""Task forces: a few people, one goal, a solution and its first check within three days. R172."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, NotPermitted, WrongState
from cheban.core.events import record
from cheban.core.live import announce
from cheban.core.models import Event
from cheban.org.access import Actor, command
from cheban.scorecard.definitions import BY_CODE
from cheban.scorecard.errors import Invalid
from cheban.scorecard.improvement.actions import check_person
from cheban.scorecard.improvement.cases import clean
from cheban.scorecard.models import ImprovementCase, TaskForce

DAYS = timedelta(days=3)
"""As the rule `taskforce_solve` owes it; shown on pages and judged in the event."""


def force(force_id: UUID) -> TaskForce:
    """One task force of the scope. Raises NotFound."""
    found = TaskForce.objects.select_related("case").filter(id=force_id).first()
    if found is None:
        raise NotFound(_("没有这个攻坚小组，或不属于您的门店。"))
    return found


@command("improvement.lead")
def open_force(
    *,
    by: Actor,
    store_id: int,
    metric: str,
    goal: str,
    lead_id: int,
    member_ids: Sequence[int],
    case: ImprovementCase | None = None,
) -> TaskForce:
    """People are named and the three days begin. Raises Invalid naming the field, NotFound."""
    if store_id not in by.stores:
        raise NotFound(_("没有这个门店，或不属于您。"))
    if metric not in BY_CODE:
        raise Invalid(_("请选择针对哪项指标。"), metric=_("请选择。"))
    text = clean(goal, name="goal", asked=_("请写明攻坚的目标。"), most=300)
    check_person(lead_id, store_id, name="lead_id")
    members = sorted({*member_ids} - {lead_id})
    if not members:
        raise Invalid(_("小组至少要有组长和一名组员。"), member_ids=_("请选择组员。"))
    for member in members:
        check_person(member, store_id, name="member_ids")
    made = TaskForce.objects.create(
        store_id=store_id,
        case=case,
        metric=metric,
        goal=text,
        lead_id=lead_id,
        member_ids=members,
        opened_at=clock.now(),
        opened_by_id=by.staff_id,
    )
    announce("board", store_id)
    record(
        "taskforce.opened",
        store_id=store_id,
        actor_id=by.staff_id,
        taskforce_id=str(made.id),
        metric=metric,
        lead_id=lead_id,
        members_count=len(members) + 1,
    )
    return made


@command("action.do")
def solve(found: TaskForce, *, by: Actor, solution: str, first_check: str) -> Event:
    """The solution, and what its first check showed; by its people or who leads improvements.

    Raises Invalid, NotPermitted, WrongState.
    """
    locked = TaskForce.objects.select_for_update().get(id=found.id)
    if locked.solved_at is not None:
        raise WrongState(_("这个小组已经提交了方案。"))
    if by.staff_id not in {locked.lead_id, *locked.member_ids} and not by.may("improvement.lead"):
        raise NotPermitted(_("由小组成员或店长提交方案。"))
    locked.solution = clean(solution, name="solution", asked=_("请写明方案。"), most=1000)
    locked.first_check = clean(first_check, name="first_check", asked=_("请写明首次检查的结果。"), most=500)
    locked.solved_at, locked.solved_by_id = clock.now(), by.staff_id
    locked.save(update_fields=["solution", "first_check", "solved_at", "solved_by_id"])
    announce("board", locked.store_id)
    return record(
        "taskforce.solved",
        store_id=locked.store_id,
        actor_id=by.staff_id,
        taskforce_id=str(locked.id),
        metric=locked.metric,
        kept=locked.solved_at <= locked.opened_at + DAYS,
    )
