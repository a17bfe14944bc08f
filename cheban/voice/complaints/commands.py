"""Every change of a complaint up to its solution: file, match, answer, find. R113-R116, R120-R123.

What comes after is in `solving`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from cheban.core import clock, privacy, slots
from cheban.core.errors import NotFound, NotPermitted, WrongState
from cheban.core.ids import new_id
from cheban.core.models import Event
from cheban.customers import queries as customers
from cheban.customers.models import Vehicle
from cheban.org.access import Actor, audit, command
from cheban.voice.complaints import alarms, opening, tables
from cheban.voice.complaints.errors import Invalid
from cheban.voice.hearing import reading
from cheban.voice.models import Complaint, Finding, Solution

ANSWER_WITHIN = timedelta(hours=24)
TEXT = {"answer": 500, "why": 200, "text": 1000}
CLAIM = "voice_complaint.claim"


def clean(name: str, text: str, asked: str, *, most: int = 0) -> str:
    """A filled-in text in one line. Raises Invalid naming the field."""
    cleaned, most = " ".join((text or "").replace("\x00", "").split()), most or TEXT[name]
    if not cleaned:
        raise Invalid(asked, **{name: asked})
    if len(cleaned) > most:
        raise Invalid(_("最多 %(n)d 个字。") % {"n": most}, **{name: _("太长了。")})
    return cleaned


def move(complaint: Complaint, deed: str, **columns: object) -> None:
    """One conditional UPDATE along `tables.MOVES`: of several at once one wins. Raises WrongState."""
    step = tables.MOVES[deed]
    changed = Complaint.objects.filter(id=complaint.id, state__in=step.sources).update(state=step.to, **columns)
    if not changed:
        raise WrongState(_("这件投诉已经不在这一步了。请刷新页面看现在的情况。"))
    complaint.state = step.to
    for name, value in columns.items():
        setattr(complaint, name, value)


@command("complaint.file")
def file(
    *,
    by: Actor,
    customer_id: UUID,
    vehicle_id: UUID | None,
    channel: str,
    kind: str,
    text: str,
    amount_fen: int | None = None,
) -> Complaint:
    """Put a complaint on record in the customer's own words. Words of danger raise a red alert with it.

    Raises Invalid, NotFound.
    """
    customer = customers.customer(customer_id)
    vehicle = customers.vehicle(vehicle_id) if vehicle_id else None
    if vehicle is not None and vehicle.owner_id != customer.id:
        raise NotFound(_("这辆车不是这位客户的。"))
    return _file(
        store_id=customer.store_id,
        customer_id=customer.id,
        vehicle=vehicle,
        channel=channel,
        kind=kind,
        text=text,
        amount_fen=amount_fen,
        by_id=by.staff_id,
    )


def _file(
    *,
    store_id: int,
    customer_id: UUID | None,
    vehicle: Vehicle | None,
    channel: str,
    kind: str,
    text: str,
    amount_fen: int | None = None,
    by_id: int | None = None,
    claim: dict[str, str] | None = None,
) -> Complaint:
    if kind not in dict(tables.KINDS):
        raise Invalid(_("请选择是哪一类投诉。"), kind=_("请选择。"))
    if channel not in dict(tables.CHANNELS):
        raise Invalid(_("请选择投诉从哪里来。"), channel=_("请选择。"))
    if not text.strip():
        raise Invalid(_("请照客户的原话写下来。"), text=_("客户怎么说的？"))
    if amount_fen is not None and not 0 <= amount_fen <= 10_000_000_000:
        raise Invalid(_("金额不对。"), amount=_("请填写元，最多两位小数。"))
    at, got = clock.now(), reading.read(text)
    alarms.lock(store_id, customer_id)
    id = new_id()
    sealed = privacy.seal(json.dumps(claim, ensure_ascii=False), bound_to=f"{CLAIM}:{id}") if claim else None
    made = opening.begin(
        id=id,
        store_id=store_id,
        customer_id=customer_id,
        vehicle=vehicle,
        channel=channel,
        kind=kind,
        text=got.text,
        reasons=opening.reasons_for(
            customer_id=customer_id, kind=kind, has_safety_words=got.found.red_alert, amount_fen=amount_fen, at=at
        ),
        words=got.words,
        amount_fen=amount_fen,
        at=at,
        by_id=by_id,
        claim_sealed=sealed,
    )
    passage = reading.keep(made.filed, text, read_as=got)
    if passage is not None and passage.kinds:
        alarms.sound(passage, complaint=made)
    return made


def file_by_owner(
    *,
    store_id: int,
    customer_id: UUID | None,
    vehicle: Vehicle | None,
    kind: str,
    text: str,
    claim: dict[str, str] | None,
) -> Complaint:
    """An owner complains on their own page: known by the link, or by what they claim. Runs in the store's scope, for
    nobody of the house. Raises Invalid."""
    return _file(
        store_id=store_id,
        customer_id=customer_id,
        vehicle=vehicle,
        channel="web",
        kind=kind,
        text=text,
        claim=claim,
    )


def claim_of(complaint: Complaint) -> dict[str, str]:
    """What a claimant gave: name, phone, plate; empty when nobody claimed, or it was taken out."""
    if not complaint.claim_sealed:
        return {}
    return json.loads(privacy.unseal(bytes(complaint.claim_sealed), bound_to=f"{CLAIM}:{complaint.id}"))


@command("customer.reveal")
def reveal_claim(complaint: Complaint, *, by: Actor) -> str:
    """The whole phone number that a claimant gave, to call them: one click, one audit row. R019."""
    found = claim_of(complaint).get("phone", "")
    if found:
        audit("claim.revealed", by=by, subject=f"complaint:{complaint.id}", store_id=complaint.store_id)
    return found


@command("complaint.answer")
def match(complaint: Complaint, *, by: Actor, customer_id: UUID, vehicle_id: UUID | None) -> Event:
    """A claimed complaint is this customer's. Its clocks go on from the filing. Raises NotFound, WrongState."""
    customer = customers.customer(customer_id)
    vehicle = customers.vehicle(vehicle_id) if vehicle_id else None
    if vehicle is not None and vehicle.owner_id != customer.id:
        raise NotFound(_("这辆车不是这位客户的。"))
    at = clock.now()
    alarms.lock(complaint.store_id, customer.id)
    reasons = opening.reasons_for(
        customer_id=customer.id,
        kind=complaint.kind,
        has_safety_words="safety_words" in complaint.reasons,
        amount_fen=complaint.amount_fen,
        at=at,
    )
    team = opening.team_of(complaint.store_id, vehicle=vehicle, key=customer.id, at=at)
    move(
        complaint,
        "match",
        customer_id=customer.id,
        vehicle_id=vehicle.id if vehicle else None,
        reasons=reasons,
        level=tables.level_of(reasons),
        speaker_id=team.sales,
        executor_id=team.service,
    )
    complaint = Complaint.objects.select_related("vehicle").get(id=complaint.id)
    audit("complaint.matched", by=by, subject=f"complaint:{complaint.id}", store_id=complaint.store_id)
    alarms.follow(complaint)
    opening.deal_cards(complaint, at=complaint.filed_at)
    return opening.tell(complaint, "complaint.matched", by_id=by.staff_id)


@command("complaint.answer")
def dismiss(complaint: Complaint, *, by: Actor, why: str) -> Event:
    """A claim that belongs to nobody here: why, in words. Raises Invalid, WrongState."""
    why = clean("why", why, _("请写明为什么不受理。"))
    move(complaint, "dismiss", dismissed_why=why)
    alarms.end(complaint)
    audit("complaint.dismissed", by=by, subject=f"complaint:{complaint.id}", store_id=complaint.store_id, reason=why)
    return opening.tell(complaint, "complaint.dismissed", by_id=by.staff_id, why=why)


@command("complaint.answer")
def answer(complaint: Complaint, *, by: Actor, text: str) -> Event:
    """The customer was spoken to for the first time: what was said. Within 24 hours is kept. R126, R168.

    Raises Invalid, WrongState.
    """
    text = clean("answer", text, _("请写一句怎样答复客户的。"))
    at = clock.now()
    move(complaint, "answer", answered_at=at, answered_by_id=by.staff_id, answer=text)
    told = opening.tell(
        complaint,
        "complaint.answered",
        at=at,
        by_id=by.staff_id,
        hours_count=int((at - complaint.filed_at).total_seconds() // 3600),
        kept=at - complaint.filed_at <= ANSWER_WITHIN,
    )
    _examined(complaint)
    return told


def _examined(complaint: Complaint) -> None:
    """Answered, and all three have looked: the solution can be agreed."""
    locked = Complaint.objects.select_for_update().get(id=complaint.id)
    waits = Finding.objects.filter(complaint=complaint, recorded_at__isnull=True).exists()
    if locked.state == Complaint.State.ANSWERED and not waits:
        move(complaint, "examine")


@command("complaint.find")
def find(finding: Finding, *, by: Actor, text: str, is_ours: bool | None, promises: Iterable[str] = ()) -> Event:
    """One side's card: what it found, and whether the fault is its own. Each side writes its own. R114-R116.

    Raises NotPermitted for another side's card, Invalid, WrongState.
    """
    side = tables.SIDE[finding.side]
    if not by.may(f"finding.{side.code}"):
        raise NotPermitted(_("这张卡由%(side)s填写。") % {"side": Finding.Side(side.code).label})
    text = clean("text", text, _("请写明查到了什么。"))
    if is_ours is None:
        raise Invalid(_("请选择结论。"), is_ours=_("请选择。"))
    complaint = Complaint.objects.select_for_update().get(id=finding.complaint_id)
    known = {str(p["id"]) for p in slots.ask("customer.promises", complaint.customer_id, default=[])}
    chosen = [UUID(p) for p in promises if p in known] if side.code == "sales" else []
    at = clock.now()
    changed = Finding.objects.filter(id=finding.id, recorded_at__isnull=True).update(
        text=text, is_ours=is_ours, promises=chosen, recorded_at=at, recorded_by_id=by.staff_id
    )
    if not changed:
        raise WrongState(_("这张卡已经填过了。"))
    told = opening.tell(
        complaint,
        "finding.recorded",
        at=at,
        by_id=by.staff_id,
        finding_id=str(finding.id),
        kind=side.code,
        is_ours_percent=100 if is_ours else 0,
    )
    _examined(complaint)
    return told


def solution_of(complaint: Complaint) -> Solution | None:
    """The running round of a complaint's solution."""
    return Solution.objects.filter(complaint=complaint, objected_at__isnull=True).first()
