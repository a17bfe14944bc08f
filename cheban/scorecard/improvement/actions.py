"""Actions: who does what by when, agreed in a meeting, a case or a task force; carried on until done. R170-R172."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, NotPermitted, WrongState
from cheban.core.events import record
from cheban.core.live import announce
from cheban.core.models import Event
from cheban.org.access import Actor, command
from cheban.org.models import StaffRole
from cheban.scorecard.errors import Invalid
from cheban.scorecard.improvement.cases import clean
from cheban.scorecard.models import Action, ImprovementCase, TaskForce, WeeklyMeeting

FURTHEST = timedelta(days=366)
Origin = ImprovementCase | TaskForce | WeeklyMeeting


def action(action_id: UUID) -> Action:
    """One action of the scope. Raises NotFound."""
    found = Action.objects.filter(id=action_id).first()
    if found is None:
        raise NotFound(_("没有这个行动项，或不属于您的门店。"))
    return found


def check_person(staff_id: int, store_id: int, *, name: str = "owner_id") -> None:
    """Raises Invalid unless this person works in the store."""
    if not StaffRole.objects.filter(staff_id=staff_id, store_id=store_id, staff__is_active=True).exists():
        raise Invalid(_("请选一位本店在岗的同事。"), **{name: _("请选择。")})


def _check_day(due_on: date | None) -> None:
    if due_on is None or not clock.today() <= due_on <= clock.today() + FURTHEST:
        raise Invalid(_("完成日期要在今天或以后、一年之内。"), due_on=_("请改日期。"))


@command("improvement.lead")
def agree(origin: Origin, *, by: Actor, what: str, owner_id: int, due_on: date | None) -> Action:
    """Somebody does something by a day. Raises Invalid naming the field, WrongState when its case is closed."""
    if isinstance(origin, ImprovementCase) and origin.state == ImprovementCase.State.CLOSED:
        raise WrongState(_("这次改进已经关闭。"))
    text = clean(what, name="what", asked=_("请写明要做什么。"), most=300)
    _check_day(due_on)
    check_person(owner_id, origin.store_id)
    made = Action.objects.create(
        store_id=origin.store_id,
        case=origin if isinstance(origin, ImprovementCase) else None,
        force=origin if isinstance(origin, TaskForce) else None,
        meeting=origin if isinstance(origin, WeeklyMeeting) else None,
        what=text,
        owner_id=owner_id,
        due_on=due_on,
        agreed_at=clock.now(),
        agreed_by_id=by.staff_id,
    )
    _tell(made, "action.agreed", by=by, due_on=due_on.isoformat())
    return made


@command("improvement.lead")
def change(found: Action, *, by: Actor, owner_id: int, due_on: date | None) -> Event:
    """Another day or another person. Raises Invalid, WrongState."""
    locked = _open(found)
    _check_day(due_on)
    check_person(owner_id, locked.store_id)
    locked.owner_id, locked.due_on = owner_id, due_on
    locked.save(update_fields=["owner_id", "due_on"])
    return _tell(locked, "action.changed", by=by, due_on=due_on.isoformat())


@command("action.do")
def finish(found: Action, *, by: Actor, result: str) -> Event:
    """It is done, in a sentence; by its owner or by who leads improvements. Raises Invalid, NotPermitted, WrongState."""
    locked = _open(found)
    if locked.owner_id != by.staff_id and not by.may("improvement.lead"):
        raise NotPermitted(_("这是别人的行动项，由负责人或店长登记完成。"))
    locked.result = clean(result, name="result", asked=_("请写一句做成了什么。"), most=300)
    locked.state = Action.State.DONE
    locked.settled_at, locked.settled_by_id = clock.now(), by.staff_id
    locked.save(update_fields=["result", "state", "settled_at", "settled_by_id"])
    return _tell(locked, "action.done", by=by, kept=clock.today() <= locked.due_on)


@command("improvement.lead")
def drop(found: Action, *, by: Actor, result: str) -> Event:
    """It is not done after all, and why. Raises Invalid, WrongState."""
    locked = _open(found)
    locked.result = clean(result, name="result", asked=_("请写明为什么不做了。"), most=300)
    locked.state = Action.State.DROPPED
    locked.settled_at, locked.settled_by_id = clock.now(), by.staff_id
    locked.save(update_fields=["result", "state", "settled_at", "settled_by_id"])
    return _tell(locked, "action.dropped", by=by)


def _open(found: Action) -> Action:
    locked = Action.objects.select_for_update().get(id=found.id)
    if locked.state != Action.State.OPEN:
        raise WrongState(_("这个行动项已经有了结果。"))
    return locked


def _tell(found: Action, name: str, *, by: Actor, **facts: object) -> Event:
    announce("board", found.store_id)
    return record(
        name,
        store_id=found.store_id,
        actor_id=by.staff_id,
        action_id=str(found.id),
        owner_id=found.owner_id,
        **facts,
    )
