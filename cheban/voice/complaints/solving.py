"""The joint solution: proposed, approved where money asks for it, carried out, confirmed or objected to, checked after
30 days. R117-R121, R124."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotPermitted, WrongState
from cheban.core.models import Event
from cheban.org.access import Actor, audit, command
from cheban.org.models import StaffRole
from cheban.org.roles import Role
from cheban.voice.complaints import alarms, limits, opening, tables
from cheban.voice.complaints.commands import clean, move
from cheban.voice.complaints.errors import BeyondLimit, FindingsMissing, Invalid
from cheban.voice.models import Complaint, Finding, Solution

SOLVE_WITHIN = timedelta(hours=24)
MOST = {"measure": 500, "improvement": 300, "how": 300, "said": 500, "why": 200, "note": 300}


def _works_here(staff_id: int, store_id: int, *roles: str) -> bool:
    held = StaffRole.objects.filter(staff_id=staff_id, store_id=store_id, staff__is_active=True)
    return (held.filter(role__in=roles) if roles else held).exists()


def _locked(solution: Solution) -> tuple[Solution, Complaint]:
    complaint = Complaint.objects.select_for_update().get(id=solution.complaint_id)
    return Solution.objects.select_for_update().get(id=solution.id), complaint


@command("solution.propose")
def propose(
    solution: Solution,
    *,
    by: Actor,
    cause: str,
    measure: str,
    improvement: str = "",
    compensation_fen: int = 0,
    speaker_id: int,
    executor_id: int,
) -> Event:
    """What will be done, what it costs, who speaks and who carries it out. Agreed at once within the proposer's limit,
    else it waits for the next role's approval.

    Raises FindingsMissing naming the sides, Invalid, BeyondLimit, WrongState.
    """
    locked, complaint = _locked(solution)
    missing = Finding.objects.filter(complaint=complaint, recorded_at__isnull=True).values_list("side", flat=True)
    if missing:
        names = _("、").join(str(Finding.Side(side).label) for side in sorted(missing))
        raise FindingsMissing(
            _("还有没查完的：%(what)s。三方都查完才能定方案。") % {"what": names}, missing=list(missing)
        )
    if complaint.state != Complaint.State.EXAMINED or locked.agreed_at or locked.needs_role:
        raise WrongState(
            _("请先答复客户一次，再定方案。")
            if complaint.state == Complaint.State.FILED
            else _("这一轮方案已经提出。请刷新页面看现在的情况。")
        )
    if cause not in dict(tables.CAUSES):
        raise Invalid(_("请选择根本原因。"), cause=_("请选择。"))
    if compensation_fen < 0:
        raise Invalid(_("补偿金额不对。"), compensation=_("请填写元，最多两位小数。"))
    granted = limits.of_store(complaint.store_id)
    role = limits.approver(compensation_fen, granted)
    if role is None:
        raise BeyondLimit(_("补偿超过集团能批的上限。"), compensation=_("请改小。"))
    for name, staff_id in (("speaker_id", speaker_id), ("executor_id", executor_id)):
        if not _works_here(staff_id, complaint.store_id):
            raise Invalid(_("请选一位本店在岗的同事。"), **{name: _("请选择。")})
    locked.cause, locked.compensation_fen = cause, compensation_fen
    locked.measure = clean("measure", measure, _("请写明怎样解决。"), most=MOST["measure"])
    locked.improvement = " ".join(improvement.split())[: MOST["improvement"]]
    locked.speaker_id, locked.executor_id = speaker_id, executor_id
    locked.proposed_at, locked.proposed_by_id = clock.now(), by.staff_id
    locked.refused_why = ""
    own = limits.most(by.roles.get(complaint.store_id, frozenset()), granted)
    if compensation_fen <= own:
        return _agree(locked, complaint, by=by, limit=own)
    locked.needs_role = role
    locked.save()
    return opening.tell(
        complaint,
        "solution.proposed",
        by_id=by.staff_id,
        solution_id=str(locked.id),
        role=role,
        compensation_fen=compensation_fen,
    )


def _agree(solution: Solution, complaint: Complaint, *, by: Actor, limit: int) -> Event:
    at = clock.now()
    solution.agreed_at, solution.approved_by_id, solution.approved_limit_fen = at, by.staff_id, limit
    solution.needs_role = ""
    solution.save()
    move(
        complaint,
        "agree",
        cause=solution.cause,
        speaker_id=solution.speaker_id,
        executor_id=solution.executor_id,
    )
    audit(
        "solution.agreed",
        by=by,
        subject=f"complaint:{complaint.id}",
        store_id=complaint.store_id,
        compensation_fen=solution.compensation_fen,
    )
    return opening.tell(
        complaint,
        "solution.agreed",
        at=at,
        by_id=by.staff_id,
        solution_id=str(solution.id),
        hours_count=int((at - solution.asked_at).total_seconds() // 3600),
        kept=at - solution.asked_at <= SOLVE_WITHIN,
        compensation_fen=solution.compensation_fen,
    )


@command("solution.approve")
def approve(solution: Solution, *, by: Actor) -> Event:
    """The compensation is granted. Raises NotPermitted beyond one's limit, WrongState."""
    locked, complaint = _locked(solution)
    if not locked.needs_role:
        raise WrongState(_("这个方案不等批准。"))
    granted = limits.of_store(complaint.store_id)
    own = limits.most(by.roles.get(complaint.store_id, frozenset()), granted)
    if locked.compensation_fen > own:
        role = limits.approver(locked.compensation_fen, granted) or Role.GROUP_ADMIN
        raise NotPermitted(_("补偿超出您能批的额度，要由%(role)s批准。") % {"role": Role(role).label})
    return _agree(locked, complaint, by=by, limit=own)


@command("solution.approve")
def refuse(solution: Solution, *, by: Actor, why: str) -> Event:
    """Not like this: the proposal goes back with a word why. Raises Invalid, WrongState."""
    why = clean("why", why, _("请写明为什么不批。"), most=MOST["why"])
    locked, complaint = _locked(solution)
    if not locked.needs_role:
        raise WrongState(_("这个方案不等批准。"))
    locked.needs_role, locked.refused_why = "", why
    locked.save(update_fields=["needs_role", "refused_why"])
    return opening.tell(complaint, "solution.refused", by_id=by.staff_id, solution_id=str(locked.id), why=why)


@command("solution.carry_out")
def carry_out(solution: Solution, *, by: Actor, how: str) -> Event:
    """It was done: how. From here the customer answers. Raises Invalid, WrongState."""
    how = clean("how", how, _("请写明做了什么。"), most=MOST["how"])
    locked, complaint = _locked(solution)
    if not locked.agreed_at or locked.carried_out_at:
        raise WrongState(_("方案还没有定下，或已经执行。"))
    at = clock.now()
    locked.carried_out_at, locked.carried_out_by_id, locked.carried_out_how = at, by.staff_id, how
    locked.save(update_fields=["carried_out_at", "carried_out_by_id", "carried_out_how"])
    move(complaint, "carry_out")
    return opening.tell(complaint, "complaint.carried_out", at=at, by_id=by.staff_id, solution_id=str(locked.id))


@command("complaint.confirm")
def confirm(solution: Solution, *, by: Actor, said: str = "") -> Event:
    """The customer says that it is solved: on their page, or to a colleague who writes it down. The complaint ends.

    Raises Invalid when a colleague writes nothing, WrongState.
    """
    said = said if by.staff_id is None else clean("said", said, _("请写下客户怎么说的。"), most=MOST["said"])
    locked, complaint = _locked(solution)
    _require_waiting(locked)
    now = clock.now()
    locked.confirmed_at, locked.said, locked.said_to_id = now, " ".join(said.split())[: MOST["said"]], by.staff_id
    locked.save(update_fields=["confirmed_at", "said", "said_to_id"])
    move(complaint, "close", closed_at=now, check_on=clock.today() + timedelta(days=tables.CHECK_DAYS))
    alarms.end(complaint)
    opening.tell(complaint, "complaint.confirmed", at=now, by_id=by.staff_id, solution_id=str(locked.id))
    return opening.tell(
        complaint,
        "complaint.closed",
        at=now,
        by_id=by.staff_id,
        cause_code=complaint.cause,
        hours_count=int((now - complaint.filed_at).total_seconds() // 3600),
    )


def _require_waiting(solution: Solution) -> None:
    if not solution.carried_out_at or solution.confirmed_at or solution.objected_at:
        raise WrongState(_("现在没有等客户确认的方案。"))


@command("complaint.confirm")
def object_to(solution: Solution, *, by: Actor, said: str) -> Event:
    """The customer is not content: back to the solution, with 24 hours anew. Raises Invalid, WrongState."""
    said = clean("said", said, _("请写下哪里还没有解决。"), most=MOST["said"])
    locked, complaint = _locked(solution)
    _require_waiting(locked)
    now = clock.now()
    locked.objected_at, locked.said, locked.said_to_id = now, said, by.staff_id
    locked.save(update_fields=["objected_at", "said", "said_to_id"])
    move(complaint, "object")
    told = opening.tell(complaint, "complaint.reopened", at=now, by_id=by.staff_id, solution_id=str(locked.id))
    opening.ask_solution(complaint, at=now, number=locked.round + 1)
    return told


@command("complaint.check")
def check(complaint: Complaint, *, by: Actor, has_recurred: bool | None, note: str) -> Event:
    """Thirty days later: did it stay away? Raises Invalid, WrongState."""
    if has_recurred is None:
        raise Invalid(_("请选择：没有再发生，还是又发生了。"), has_recurred=_("请选择。"))
    note = clean("note", note, _("请写一句怎样复查的。"), most=MOST["note"])
    at = clock.now()
    changed = Complaint.objects.filter(id=complaint.id, state="closed", checked_at__isnull=True).update(
        checked_at=at, checked_by_id=by.staff_id, has_recurred=has_recurred, check_note=note
    )
    if not changed:
        raise WrongState(_("这件投诉还没有结案，或已经复查过。"))
    return opening.tell(complaint, "complaint.checked", at=at, by_id=by.staff_id, kept=not has_recurred)
