"""Turns: a lead is given to one person, and goes on when they do not answer, leave, or a manager gives it away. R109.

When a turn has lapsed is the rule's to say (handbook `leads`): the ladder's step of the overdue duty is what is heard
here, so a store that changes the rule's hours changes this too.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, WrongState
from cheban.core.events import reaction
from cheban.core.models import Event
from cheban.org.access import Actor, audit, command
from cheban.org.models import StaffRole
from cheban.org.presence import presence_of
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.playbook.rules import HANDBOOK
from cheban.sales.leads import holders
from cheban.sales.leads.holders import Holder
from cheban.sales.leads.models import FOLLOWED, Lead, LeadTurn
from cheban.sales.leads.telling import tell

Ended = LeadTurn.Ended


def running(lead: Lead) -> LeadTurn | None:
    """The turn in which an answer is owed, if one is."""
    return lead.turns.filter(ended_at__isnull=True).first()


def begin(lead: Lead, holder: Holder, *, at: datetime) -> LeadTurn:
    """The next turn, with this person; the lead's holder is set on the row and saved by the caller."""
    last = lead.turns.order_by("-number").first()
    lead.holder_id, lead.holder_role = holder.staff_id, holder.role
    return LeadTurn.objects.create(
        store_id=lead.store_id,
        lead=lead,
        number=last.number + 1 if last else 1,
        holder_id=holder.staff_id,
        role=holder.role,
        began_at=at,
    )


def end(lead: Lead, how: str, *, at: datetime, by_id: int | None = None) -> LeadTurn | None:
    """End the running turn, if there is one; what was owed in it is owed no more."""
    turn = running(lead)
    if turn is not None:
        turn.ended_at, turn.ended_how = at, how
        turn.save(update_fields=["ended_at", "ended_how"])
        if how != Ended.ANSWERED:
            tell(lead, "lead.turn_ended", by_id=by_id, at=at, turn_id=str(turn.id), state=how)
    return turn


def pass_on(lead: Lead, holder: Holder, how: str, *, at: datetime, by_id: int | None = None) -> Event:
    """Take the locked lead from whoever holds it and give it to somebody else, whose clock begins now."""
    before = lead.holder_id
    end(lead, how, at=at, by_id=by_id)
    turn = begin(lead, holder, at=at)
    lead.next_contact_on = None
    lead.save(update_fields=["holder_id", "holder_role", "next_contact_on"])
    return tell(
        lead,
        "lead.passed_on",
        by_id=by_id,
        at=at,
        turn_id=str(turn.id),
        to=holder.staff_id,
        state=how,
        **{"from": before},
    )


def lapse(turn_id: UUID, *, at: datetime) -> bool:
    """The answer did not come in time: on to the next, once for each turn. Safe to run twice and at once.

    When all had it and the manager has it too, it stays there: the manager's own duty goes up the ladder.
    """
    known = LeadTurn.objects.filter(id=turn_id).values_list("lead_id", flat=True).first()
    lead = Lead.objects.select_for_update().filter(id=known).first()
    turn = running(lead) if lead else None
    if turn is None or turn.id != turn_id:
        return False
    holder = holders.following(lead, at=at)
    if holder is None:
        return False
    pass_on(lead, holder, Ended.LAPSED, at=at)
    return True


def _is_of_a_turn(event: Event) -> bool:
    rules = (HANDBOOK.rules.get(code) for code in event.facts.get("rules", ()))
    return any(rule is not None and rule.subject == "lead_turn" for rule in rules)


@reaction("task.escalated", only_if=_is_of_a_turn)
def pass_on_lapsed(event: Event) -> None:
    """The duty of a turn was reported upwards after its time: the lead does not wait for the manager to act."""
    task = Task.objects.filter(id=event.facts["task_id"]).first()
    if task is not None and task.due_at <= event.at:
        lapse(task.subject_id, at=clock.now())


def pass_on_of_leavers(*, store_ids: list[int], at: datetime) -> int:
    """Leads of people who no longer work in the store go to a colleague; returns how many. Needs the stores' scope.

    Safe to run twice and by two workers at once.
    """
    here = StaffRole.objects.filter(
        staff_id=OuterRef("holder_id"), store_id=OuterRef("store_id"), staff__is_active=True
    )
    if not Lead.objects.filter(~Exists(here), state__in=FOLLOWED).exists():  # most minutes nobody has left
        return 0
    there = presence_of(store_ids, at=at)
    moved = 0
    for lead in Lead.objects.filter(state__in=FOLLOWED).select_for_update(skip_locked=True).order_by("id"):
        if there.works_in(lead.holder_id, lead.store_id) or _is_above(lead, there):
            continue
        holder = holders.after_leaving(lead, there)
        if holder is not None:
            pass_on(lead, holder, Ended.LEFT, at=at)
            moved += 1
    return moved


def _is_above(lead: Lead, there: object) -> bool:
    return lead.holder_id in there.admins.get(lead.store_id, ())  # type: ignore[attr-defined]


@command("lead.assign")
def give(lead: Lead, *, by: Actor, holder_id: int, why: str) -> Event:
    """The manager gives an open lead to a consultant of the store; the 24 hours begin anew.

    Raises NotFound for somebody else, WrongState when it is not followed up or is theirs already.
    """
    locked = Lead.objects.select_for_update().get(id=lead.id)
    if locked.state not in FOLLOWED:
        raise WrongState(_("只有推送之后、还没有结果的线索可以改派。"))
    if locked.holder_id == holder_id:
        raise WrongState(_("这条线索本来就在这位同事手里。"))
    held = StaffRole.objects.filter(
        staff_id=holder_id, store_id=locked.store_id, role=Role.SALES_CONSULTANT, staff__is_active=True
    )
    if not held.exists():
        raise NotFound(_("请选一位本店在岗的销售顾问。"))
    audit("lead.given", by=by, subject=f"lead:{locked.id}", store_id=locked.store_id, reason=why, was=locked.holder_id)
    return pass_on(locked, Holder(holder_id, Role.SALES_CONSULTANT), Ended.GIVEN, at=clock.now(), by_id=by.staff_id)
