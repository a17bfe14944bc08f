"""An improvement case from its red weeks to its effect: meeting, plan, check, closed or continued. R169-R170.

Deadlines stand in `handbook/improvement.py`; here only what happens.
"""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, WrongState
from cheban.core.events import record
from cheban.core.live import announce
from cheban.core.models import Event
from cheban.org.access import Actor, command
from cheban.scorecard import figures
from cheban.scorecard.definitions import BY_CODE, shown
from cheban.scorecard.errors import Invalid
from cheban.scorecard.models import Action, ImprovementCase
from cheban.scorecard.targets import Goals
from cheban.scorecard.weeks import monday_of

State = ImprovementCase.State
CHECK_WEEKS = 4
"""Full weeks before the check whose figure is the one 'after'."""


def clean(text: str, *, name: str, asked: str, most: int) -> str:
    """A text of people, on one line, or Invalid naming the field."""
    cleaned = " ".join((text or "").split())
    if not cleaned:
        raise Invalid(asked, **{name: asked})
    if len(cleaned) > most:
        raise Invalid(_("最多 %(n)d 个字。") % {"n": most}, **{name: _("太长了。")})
    return cleaned


def month_later(day: date) -> date:
    """The same day of the next month, or its last day."""
    year, month = day.year + day.month // 12, day.month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last))


def case(case_id: UUID) -> ImprovementCase:
    """One case of the scope. Raises NotFound."""
    found = ImprovementCase.objects.filter(id=case_id).first()
    if found is None:
        raise NotFound(_("没有这次改进，或不属于您的门店。"))
    return found


def _locked(found: ImprovementCase, *states: str, refusal: str) -> ImprovementCase:
    locked = ImprovementCase.objects.select_for_update().get(id=found.id)
    if locked.state not in states:
        raise WrongState(refusal)
    return locked


def _tell(found: ImprovementCase, name: str, *, by: Actor, **facts: object) -> Event:
    announce("board", found.store_id)
    return record(
        name,
        store_id=found.store_id,
        actor_id=by.staff_id,
        improvement_id=str(found.id),
        metric=found.metric,
        **facts,
    )


def _hours(found: ImprovementCase) -> int:
    return int((clock.now() - found.opened_at).total_seconds() // 3600)


@command("improvement.lead")
def meet(found: ImprovementCase, *, by: Actor, attended: str, cause: str) -> Event:
    """The cross-department meeting was held: who was there, what the cause is. Raises Invalid, WrongState."""
    locked = _locked(found, State.OPENED, refusal=_("这次改进已经开过会。"))
    locked.attended = clean(attended, name="attended", asked=_("请写明哪些部门、哪些人到会。"), most=300)
    locked.cause = clean(cause, name="cause", asked=_("请写明会上找到的原因。"), most=1000)
    locked.state, locked.met_at, locked.met_by_id = State.MET, clock.now(), by.staff_id
    locked.save(update_fields=["attended", "cause", "state", "met_at", "met_by_id"])
    return _tell(locked, "improvement.met", by=by, hours_count=_hours(locked))


@command("improvement.lead")
def plan(found: ImprovementCase, *, by: Actor, text: str) -> Event:
    """The plan stands, with at least one action of somebody by a day; checked a month after the case was opened.

    Raises Invalid, WrongState before the meeting or after a plan.
    """
    locked = _locked(found, State.MET, refusal=_("先登记会议，再提交方案；已经有方案的不用再提交。"))
    locked.plan = clean(text, name="text", asked=_("请写明方案：改什么，怎样改。"), most=1000)
    actions = Action.objects.filter(case=locked).exclude(state="dropped").count()
    if not actions:
        raise Invalid(_("方案里至少要有一个行动项：谁、做什么、几时完成。"), what=_("请先加一个行动项。"))
    locked.state, locked.planned_at, locked.planned_by_id = State.PLANNED, clock.now(), by.staff_id
    locked.check_on = max(month_later(clock.day_of(locked.opened_at)), clock.today() + timedelta(days=7))
    locked.save(update_fields=["plan", "state", "planned_at", "planned_by_id", "check_on"])
    return _tell(locked, "improvement.planned", by=by, hours_count=_hours(locked), actions_count=actions)


@command("improvement.lead")
def check(found: ImprovementCase, *, by: Actor, text: str, goes_on: bool) -> Event:
    """Did it help: the figure of the last full weeks against the target and against before. R169.

    `goes_on`: the case stays open and is checked again a month later. Raises Invalid, WrongState.
    """
    locked = _locked(found, State.PLANNED, refusal=_("还没有方案，或已经关闭。"))
    locked.found = clean(text, name="text", asked=_("请写明看到的效果。"), most=1000)
    definition = BY_CODE[locked.metric]
    last = monday_of(clock.today())
    part, whole = figures.of_weeks(
        locked.metric, locked.store_id, from_on=last - timedelta(weeks=CHECK_WEEKS), until=last
    )
    value = figures.values(part, whole, definition.unit)
    goal = Goals([locked.store_id]).of(locked.metric, locked.store_id, last - timedelta(days=1))
    locked.value_after = shown(value, definition)
    reached = value is not None and (value >= goal.value if definition.better == "more" else value <= goal.value)
    locked.is_effective, locked.checked_at, locked.checked_by_id = reached, clock.now(), by.staff_id
    if goes_on:
        locked.check_on = month_later(clock.today())
    else:
        locked.state, locked.closed_at = State.CLOSED, clock.now()
    locked.save(
        update_fields=[
            *("found", "value_after", "is_effective", "checked_at", "checked_by_id", "check_on", "state", "closed_at")
        ]
    )
    event = _tell(locked, "improvement.checked", by=by, kept=reached, percent=str(locked.value_after or ""))
    if not goes_on:
        _tell(locked, "improvement.closed", by=by)
    return event
