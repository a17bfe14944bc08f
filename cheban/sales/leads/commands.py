"""Every change of a lead: proposed, pushed or dismissed, answered, won, lost. R104-R109, R160."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, WrongState
from cheban.core.models import Event
from cheban.customers import queries as customers
from cheban.org.access import Actor, audit, command
from cheban.org.models import StaffRole
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.sales.errors import Invalid
from cheban.sales.leads import grading, holders, states, turns
from cheban.sales.leads.holders import Holder
from cheban.sales.leads.models import FOLLOWED, OPEN, Lead, LeadAnswer, LeadTurn, LeadWords
from cheban.sales.leads.telling import hours, tell

State = Lead.State
FURTHEST = timedelta(days=183)
TEXT = {"text": 500, "words": 300, "why": 300, "deal_what": 120, "wanted": 120}
MOST_FEN = 10**10
"""A hundred million yuan: more is a slip of the finger."""


def clean(name: str, text: str, asked: str = "") -> str:
    """One line without double blanks. Raises Invalid when it is empty and `asked` for, or too long."""
    cleaned = " ".join((text or "").split())
    if asked and not cleaned:
        raise Invalid(asked, **{name: asked})
    if len(cleaned) > TEXT[name]:
        raise Invalid(_("最多 %(n)d 个字。") % {"n": TEXT[name]}, **{name: _("太长了。")})
    return cleaned


def locked(lead: Lead, *, among: Sequence[str], says: str) -> Lead:
    """The lead's row, locked, if it is in one of these states. Raises WrongState with these words and who has it."""
    found = Lead.objects.select_for_update().get(id=lead.id)
    if found.state not in among:
        raise WrongState(says % {"state": found.get_state_display()})
    return found


def hear(
    *,
    store_id: int,
    customer_id: UUID,
    vehicle_id: UUID | None,
    kind: str,
    source: str,
    text: str,
    words: Sequence[str],
    at: datetime,
    passage_id: str | None = None,
    by_id: int | None = None,
    grade: str = "",
) -> Lead | None:
    """A wish was heard: a new proposal, or more words for the open lead of this kind. None when the passage is known.

    Part of commands and reactions: asks no permission. Safe to run twice and at once: the customer's leads of a kind
    are written one after the other.
    """
    key = f"{customer_id}:{kind}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"lead:{key}"])
    if passage_id and LeadWords.objects.filter(store_id=store_id, passage_id=passage_id).exists():
        return None
    lead = Lead.objects.filter(customer_id=customer_id, kind=kind, origin="service", state__in=OPEN).first()
    made = lead is None
    if lead is None:
        lead = Lead.objects.create(
            store_id=store_id,
            customer_id=customer_id,
            vehicle_id=vehicle_id,
            kind=kind,
            grade=grade or grading.suggested([text, *words]),
            open_key=key,
            finder_id=by_id,
            proposed_at=at,
        )
    LeadWords.objects.create(
        store_id=store_id,
        lead=lead,
        passage_id=passage_id,
        source=source,
        words=[word[:64] for word in words],
        text=text,
        at=at,
        by_id=by_id,
    )
    if made:
        tell(lead, "lead.proposed", by_id=by_id, at=at, kind=kind)
    else:
        tell(lead, "lead.heard_again", by_id=by_id, at=at, kind=kind)
    return lead


@command("lead.record")
def record_by_hand(
    *,
    by: Actor,
    customer_id: UUID,
    vehicle_id: UUID | None,
    kind: str,
    text: str,
    where: str,
    grade: str = "",
    wanted: str = "",
    holder_id: int | None = None,
) -> Lead:
    """Somebody wrote down what a customer wishes. Who may push pushes it at once, others leave it to be confirmed.

    `where` is a code of states.WHERE. An open lead of the same kind takes the words instead. Raises Invalid, NotFound.
    """
    customer = customers.customer(customer_id)
    if customer.erased_at:
        raise NotFound(_("这位客户的信息已经删除。"))
    if kind not in Lead.Kind.values:
        raise Invalid(_("请选择是增购、置换还是转介绍。"), kind=_("请选择。"))
    if where not in states.WHERE:
        raise Invalid(_("请选择在哪里听到的。"), where=_("请选择。"))
    if grade and grade not in Lead.Grade.values:
        raise Invalid(_("请选择 A 类或 B 类。"), grade=_("请选择。"))
    if vehicle_id is not None and customers.vehicle(vehicle_id).owner_id != customer.id:
        raise NotFound(_("这辆车不是这位客户的。"))
    said, wanted = clean("text", text, _("请写下客户是怎么说的。")), clean("wanted", wanted)
    lead = hear(
        store_id=customer.store_id,
        customer_id=customer.id,
        vehicle_id=vehicle_id,
        kind=kind,
        source=where,
        text=said,
        words=[],
        at=clock.now(),
        by_id=by.staff_id,
        grade=grade,
    )
    if wanted and not lead.wanted:
        lead.wanted = wanted
        lead.save(update_fields=["wanted"])
    if lead.state == State.PROPOSED and by.may("lead.push"):
        push(lead, by=by, grade=grade or lead.grade, holder_id=holder_id)
        lead.refresh_from_db()
    return lead


@command("lead.push")
def push(lead: Lead, *, by: Actor, grade: str, holder_id: int | None = None) -> Event:
    """Confirm a proposal as A or B and give it to a consultant: theirs, or the one named. R107-R108.

    Raises Invalid, NotFound for a consultant of elsewhere, WrongState when somebody was first: of two who press at
    once one pushes, the other reads who has it.
    """
    if grade not in Lead.Grade.values:
        raise Invalid(_("请选择 A 类或 B 类。"), grade=_("请选择。"))
    mine = locked(lead, among=[State.PROPOSED], says=_("这条线索已经有人处理过了，现在是“%(state)s”。"))
    at = clock.now()
    mine.pushed_by_id, mine.finder_id = by.staff_id, mine.finder_id or by.staff_id
    mine.grade = grade
    return hand_over(mine, at=at, by_id=by.staff_id, holder_id=holder_id)


def hand_over(mine: Lead, *, at: datetime, by_id: int | None, holder_id: int | None = None) -> Event:
    """Give the locked lead its first consultant; from now the answer is owed. Raises NotFound."""
    if holder_id is not None:
        held = StaffRole.objects.filter(
            staff_id=holder_id, store_id=mine.store_id, role=Role.SALES_CONSULTANT, staff__is_active=True
        )
        if not held.exists():
            raise NotFound(_("请选一位本店在岗的销售顾问。"))
        holder: Holder | None = Holder(holder_id, Role.SALES_CONSULTANT)
    else:
        holder = holders.first(mine, at=at)
    if holder is None:
        raise NotFound(_("门店没有在岗的销售顾问，也没有店长，没有人可以接这条线索。"))
    turn = turns.begin(mine, holder, at=at)
    mine.state, mine.pushed_at = State.PUSHED, at
    mine.save(update_fields=["state", "grade", "finder_id", "pushed_at", "pushed_by_id", "holder_id", "holder_role"])
    return tell(
        mine,
        "lead.pushed",
        by_id=by_id,
        at=at,
        kind=mine.kind,
        grade=mine.grade,
        to=holder.staff_id,
        turn_id=str(turn.id),
        source=mine.origin,
    )


@command("lead.push")
def dismiss(lead: Lead, *, by: Actor, reason: str, why: str = "") -> Event:
    """The proposal is no lead: a code of states.NO_LEAD. Raises Invalid, WrongState."""
    if reason not in states.NO_LEAD:
        raise Invalid(_("请选择为什么不是线索。"), reason=_("请选择。"))
    mine = locked(lead, among=[State.PROPOSED], says=_("这条线索已经有人处理过了，现在是“%(state)s”。"))
    _close(mine, State.DISMISSED, at=clock.now(), by_id=by.staff_id, reason_code=reason, why=clean("why", why))
    return tell(mine, "lead.dismissed", by_id=by.staff_id, reason_code=reason, kind=mine.kind)


def _followed(lead: Lead) -> Lead:
    return locked(lead, among=FOLLOWED, says=_("这条线索现在是“%(state)s”，不能登记跟进。"))


@command("lead.answer")
def answer(
    lead: Lead,
    *,
    by: Actor,
    words: str,
    stage: str,
    next_contact_on: date | None,
    appraised_fen: int | None = None,
) -> Event:
    """Report back: what the customer said, how far it is, when they speak next. R109.

    Whoever may answer may do so for an absent colleague. An appraised car needs its value in fen. Raises Invalid,
    WrongState.
    """
    mine = _followed(lead)
    if stage not in dict(states.stages_after(mine)):
        raise Invalid(_("请选择谈到哪一步了。"), stage=_("请选择。"))
    said, today = clean("words", words, _("请写一句客户怎么说、谈得怎样。")), clock.today()
    if next_contact_on is None or not today < next_contact_on <= today + FURTHEST:
        raise Invalid(_("下次联系最早是明天，最晚半年之内。"), next_contact_on=_("请改日期。"))
    if stage == State.APPRAISED and appraised_fen is None and mine.appraised_fen is None:
        raise Invalid(_("旧车评估之后，请填估价。"), appraised=_("请填写。"))
    if appraised_fen is not None:
        mine.appraised_fen = _amount("appraised", appraised_fen)
    was, mine.state, mine.next_contact_on = mine.state, stage, next_contact_on
    mine.save(update_fields=["state", "next_contact_on", "appraised_fen"])
    return _answered(mine, by, was=was, words=said, next_contact_on=next_contact_on)


def _amount(name: str, fen: int) -> int:
    if not 0 < fen <= MOST_FEN:
        raise Invalid(_("金额要大于 0，不超过 1 亿元。"), **{name: _("请改金额。")})
    return fen


def _answered(mine: Lead, by: Actor, *, was: str, words: str, next_contact_on: date | None = None) -> Event:
    """Keep the answer, end the turn if one was running, tell what moved."""
    at = clock.now()
    turn = turns.end(mine, LeadTurn.Ended.ANSWERED, at=at, by_id=by.staff_id)
    LeadAnswer.objects.create(
        store_id=mine.store_id,
        lead=mine,
        turn=turn,
        stage=mine.state,
        words=words,
        next_contact_on=next_contact_on,
        at=at,
        by_id=by.staff_id,
    )
    if turn is None:
        event = tell(mine, "lead.followed_up", by_id=by.staff_id, at=at, stage=mine.state)
    else:
        due = Task.objects.filter(subject_id=turn.id).order_by("due_at").values_list("due_at", flat=True).first()
        event = tell(
            mine,
            "lead.answered",
            by_id=by.staff_id,
            at=at,
            turn_id=str(turn.id),
            hours_count=hours(turn.began_at, at),
            kept=due is None or at <= due,
        )
    if mine.state != was and mine.state in FOLLOWED:
        tell(mine, "lead.advanced", by_id=by.staff_id, at=at, stage=mine.state)
    return event


@command("lead.answer")
def win(lead: Lead, *, by: Actor, deal_fen: int, deal_what: str, service_share_percent: int | None = None) -> Event:
    """A car was sold: for how much, which, and how the reward is split between service and sales. R160, R163.

    Without a share the table's holds (states.SHARE). Raises Invalid, WrongState.
    """
    mine = _followed(lead)
    share = states.share_of(mine) if service_share_percent is None else service_share_percent
    if not 0 <= share <= 100:
        raise Invalid(_("售后的一份在 0 到 100 之间，两份合起来是 100。"), service_share_percent=_("请改比例。"))
    what = clean("deal_what", deal_what, _("请写成交的车型。"))
    was, at, holder_id = mine.state, clock.now(), mine.holder_id
    _close(
        mine,
        State.WON,
        at=at,
        by_id=by.staff_id,
        deal_fen=_amount("deal", deal_fen),
        deal_what=what,
        service_share_percent=share,
        sales_share_percent=100 - share,
    )
    _answered(mine, by, was=was, words=what)
    audit(
        "lead.won",
        by=by,
        subject=f"lead:{mine.id}",
        store_id=mine.store_id,
        amount_fen=mine.deal_fen,
        service_share_percent=share,
    )
    return tell(
        mine,
        "lead.won",
        by_id=by.staff_id,
        at=at,
        kind=mine.kind,
        amount_fen=mine.deal_fen,
        hours_count=hours(mine.pushed_at, at),
        owner_id=holder_id,
        service_staff_id=mine.finder_id,
        service_share_percent=share,
        source=mine.origin,
    )


@command("lead.answer")
def lose(lead: Lead, *, by: Actor, reason: str, why: str = "") -> Event:
    """It came to nothing: a code of states.LOST, with words if there is more to say. Raises Invalid, WrongState."""
    if reason not in states.LOST:
        raise Invalid(_("请选择为什么没有成交。"), reason=_("请选择。"))
    mine = _followed(lead)
    was, at, said, holder_id = mine.state, clock.now(), clean("why", why), mine.holder_id
    _close(mine, State.LOST, at=at, by_id=by.staff_id, reason_code=reason, why=said)
    _answered(mine, by, was=was, words=said or str(states.LOST[reason]))
    return tell(
        mine,
        "lead.lost",
        by_id=by.staff_id,
        at=at,
        kind=mine.kind,
        reason_code=reason,
        hours_count=hours(mine.pushed_at, at),
        owner_id=holder_id,
        source=mine.origin,
    )


def forget(mine: Lead) -> Event:
    """The person asked to be forgotten: nobody follows the locked lead up any more. Part of the erasure's command."""
    at, was_followed, holder_id = clock.now(), mine.state in FOLLOWED, mine.holder_id
    turns.end(mine, LeadTurn.Ended.CLOSED, at=at)
    _close(mine, State.LOST if was_followed else State.DISMISSED, at=at, by_id=None, reason_code="refused")
    if not was_followed:
        return tell(mine, "lead.dismissed", by_id=None, at=at, reason_code="refused", kind=mine.kind)
    tell(mine, "lead.followed_up", by_id=None, at=at, stage=mine.state)
    return tell(
        mine,
        "lead.lost",
        by_id=None,
        at=at,
        kind=mine.kind,
        reason_code="refused",
        hours_count=hours(mine.pushed_at, at),
        owner_id=holder_id,
        source=mine.origin,
    )


def _close(lead: Lead, state: str, *, at: datetime, by_id: int | None, **columns: object) -> None:
    """The lead has ended; the same customer's next wish of this kind is a new one."""
    values = {"state": state, "closed_at": at, "closed_by_id": by_id, "open_key": None, "next_contact_on": None}
    for name, value in (values | columns).items():
        setattr(lead, name, value)
    lead.save(update_fields=[*values, *columns])
