"""The weekly joint meeting of the two heads: what it looks at, and its minutes. R112, R171."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound
from cheban.core.events import record
from cheban.core.live import announce
from cheban.org.access import Actor, command
from cheban.scorecard.errors import Invalid
from cheban.scorecard.improvement.cases import clean
from cheban.scorecard.models import Decision, WeeklyMeeting
from cheban.scorecard.weeks import monday_of


def meeting(meeting_id: UUID) -> WeeklyMeeting:
    """One meeting of the scope. Raises NotFound."""
    found = WeeklyMeeting.objects.filter(id=meeting_id).first()
    if found is None:
        raise NotFound(_("没有这次例会，或不属于您的门店。"))
    return found


def of_week(store_id: int, week: date) -> WeeklyMeeting | None:
    """The meeting held in a week."""
    return WeeklyMeeting.objects.filter(store_id=store_id, week=week).first()


@command("improvement.lead")
def hold(*, by: Actor, store_id: int, week: date, attended: str) -> WeeklyMeeting:
    """The meeting of this week takes place; who is there may be corrected. Raises Invalid, NotFound."""
    if store_id not in by.stores:
        raise NotFound(_("没有这个门店，或不属于您。"))
    if week != monday_of(week) or week > clock.today():
        raise Invalid(_("例会要在本周或以前的一周。"), week=_("请改日期。"))
    text = clean(attended, name="attended", asked=_("请写明到会的人：销售负责人、售后负责人……"), most=300)
    made, is_new = WeeklyMeeting.objects.get_or_create(
        store_id=store_id,
        week=week,
        defaults={"attended": text, "held_at": clock.now(), "held_by_id": by.staff_id},
    )
    if not is_new:
        WeeklyMeeting.objects.filter(id=made.id).update(attended=text)
        made.attended = text
    else:
        record("meeting.held", store_id=store_id, actor_id=by.staff_id, meeting_id=str(made.id), week=week.isoformat())
    announce("board", store_id)
    return made


@command("improvement.lead")
def decide(found: WeeklyMeeting, *, by: Actor, text: str) -> Decision:
    """A decision for the minutes. Raises Invalid."""
    made = Decision.objects.create(
        store_id=found.store_id,
        meeting=found,
        text=clean(text, name="text", asked=_("请写明决定了什么。"), most=500),
        by_id=by.staff_id,
        at=clock.now(),
    )
    announce("board", found.store_id)
    return made
