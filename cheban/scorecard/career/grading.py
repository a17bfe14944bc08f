"""Giving somebody a grade: by the rule, or with a reason that everybody sees. R179, R182, R183."""

from __future__ import annotations

from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, WrongState
from cheban.messaging.commands import notify
from cheban.org.access import Actor, audit, command
from cheban.scorecard.career.ladder import TITLES
from cheban.scorecard.career.models import CareerStep
from cheban.scorecard.career.standing import Standing, standings
from cheban.scorecard.errors import Invalid


def standing_of(store_id: int, person_id: int, actor: Actor, *, today: date) -> Standing:
    """Somebody of a store in the actor's scope. Raises NotFound."""
    found = standings(store_id, today=today, person_id=person_id) if store_id in actor.stores else []
    if not found:
        raise NotFound(_("没有这位同事，或不在您的门店。"))
    return found[0]


@command("staff.manage")
def give(store_id: int, person_id: int, *, by: Actor, grade: int, seen: int, reason: str) -> CareerStep:
    """Give a grade; `seen` is how many steps the page showed, so that two who decide at once do not both succeed.

    By the rule when it is the next grade and everything it asks is there; anything else (a first grading, a leap, a step
    back) needs a reason and is marked so. Raises NotFound, WrongState, Invalid naming the field.
    """
    if person_id == by.staff_id:
        raise WrongState(_("自己的职级由别人评定。"))
    today = clock.today()
    found = standing_of(store_id, person_id, by, today=today)
    if grade not in TITLES:
        raise Invalid(_("请选择职级。"), grade=_("请选择。"))
    if len(found.steps) != seen:
        raise WrongState(_("这位同事的职级刚刚有人改过，请看过再定。"))
    if grade == found.grade and found.steps:
        raise Invalid(_("已经是这个职级。"), grade=_("请选另一个。"))
    by_rule = grade == found.grade + 1 and found.is_ready
    why = " ".join((reason or "").split())
    if len(why) > 200:
        raise Invalid(_("原因最多 200 个字。"), reason=_("太长了。"))
    if not by_rule and len(why) < 2:
        missing = _("；").join(c.words for c in found.missing) if grade == found.grade + 1 else ""
        said = (
            _("还差：%(what)s。不按条件评定要写原因，同事会看到。") % {"what": missing}
            if missing
            else _("不按条件评定要写原因，同事会看到。")
        )
        raise Invalid(said, reason=_("请写一句原因。"))
    try:
        with transaction.atomic():
            made = CareerStep.objects.create(
                store_id=store_id,
                person_id=person_id,
                number=seen + 1,
                grade=grade,
                since=today,
                by_rule=by_rule,
                reason=why,
                by_id=by.staff_id,
                at=clock.now(),
            )
    except IntegrityError:
        raise WrongState(_("这位同事的职级刚刚有人改过，请看过再定。")) from None
    audit(
        "career.graded",
        by=by,
        subject=f"staff:{person_id}",
        store_id=store_id,
        was=found.grade,
        grade=grade,
        by_rule=by_rule,
        reason=why,
    )
    notify(
        [person_id],
        key=f"career:{store_id}:{person_id}:{made.number}",
        kind="career.graded",
        store_id=store_id,
        grade=grade,
    )
    return made
