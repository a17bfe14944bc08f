"""What was promised at the sale: made, kept, broken, disputed, clarified. R033-R034."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, WrongState
from cheban.core.models import Event
from cheban.customers import queries as customers
from cheban.org.access import Actor, audit, command
from cheban.org.models import StaffRole
from cheban.sales.errors import Invalid
from cheban.sales.models import SalesPromise
from cheban.sales.promises.proofs import attach
from cheban.sales.promises.telling import tell

State = SalesPromise.State
FURTHEST = timedelta(days=3 * 366)
TEXT = {"what": 200, "evidence": 300, "how": 300, "claimed": 300, "found": 300}


def _clean(name: str, text: str, asked: str) -> str:
    cleaned = " ".join((text or "").split())
    if not cleaned:
        raise Invalid(asked, **{name: asked})
    if len(cleaned) > TEXT[name]:
        raise Invalid(_("最多 %(n)d 个字。") % {"n": TEXT[name]}, **{name: _("太长了。")})
    return cleaned


@command("promise.make")
def make(
    *,
    by: Actor,
    customer_id: UUID,
    vehicle_id: UUID | None,
    kind: str,
    what: str,
    evidence: str,
    due_on: date | None,
    side: str,
    keeper_id: int,
    proofs: Sequence[UploadedFile] = (),
) -> SalesPromise:
    """Put a promise on record: with its proof, its day and the person who keeps it. Raises Invalid, NotFound.

    `evidence` says where it stands; `proofs` are photos or PDFs of it, kept with the promise or not at all.
    """
    customer = customers.customer(customer_id)
    if kind not in SalesPromise.Kind.values:
        raise Invalid(_("请选择是哪一类承诺。"), kind=_("请选择。"))
    if side not in SalesPromise.Side.values:
        raise Invalid(_("请选择由销售还是售后来兑现。"), side=_("请选择。"))
    today = clock.today()
    if due_on is None or not today <= due_on <= today + FURTHEST:
        raise Invalid(_("兑现日期要在今天之后、三年之内。"), due_on=_("请改日期。"))
    if vehicle_id is not None and customers.vehicle(vehicle_id).owner_id != customer.id:
        raise NotFound(_("这辆车不是这位客户的。"))
    _check_keeper(keeper_id, customer.store_id)
    made = SalesPromise.objects.create(
        store_id=customer.store_id,
        customer=customer,
        vehicle_id=vehicle_id,
        kind=kind,
        what=_clean("what", what, _("请写清楚承诺了什么。")),
        evidence=_clean("evidence", evidence, _("请写明依据：合同条款、聊天记录或收据。")),
        due_on=due_on,
        side=side,
        keeper_id=keeper_id,
        promised_by_id=by.staff_id,
        promised_at=clock.now(),
    )
    attach(made, proofs, by=by)
    tell(made, "promise.made", by=by, due_on=due_on.isoformat())
    return made


def _check_keeper(keeper_id: int, store_id: int) -> None:
    if not StaffRole.objects.filter(staff_id=keeper_id, store_id=store_id, staff__is_active=True).exists():
        raise NotFound(_("请选一位本店在岗的同事来兑现。"))


@command("promise.make")
def change(promise: SalesPromise, *, by: Actor, due_on: date | None, keeper_id: int) -> Event:
    """Another day or another keeper of an open promise; what was promised never changes. Raises Invalid, WrongState."""
    locked = _open(promise)
    if due_on is None or not clock.today() <= due_on <= clock.today() + FURTHEST:
        raise Invalid(_("兑现日期要在今天之后、三年之内。"), due_on=_("请改日期。"))
    _check_keeper(keeper_id, locked.store_id)
    audit(
        "promise.changed",
        by=by,
        subject=f"promise:{locked.id}",
        store_id=locked.store_id,
        due_on=locked.due_on.isoformat(),
        keeper_id=locked.keeper_id,
    )
    locked.due_on, locked.keeper_id = due_on, keeper_id
    locked.save(update_fields=["due_on", "keeper_id"])
    return tell(locked, "promise.changed", by=by, due_on=due_on.isoformat())


@command("promise.keep")
def keep(promise: SalesPromise, *, by: Actor, how: str) -> Event:
    """It was kept: how, by whom, when. Raises Invalid without a word how, WrongState."""
    return _settle(promise, State.KEPT, "promise.kept", by=by, how=how, asked=_("请写一句怎样兑现的。"))


@command("promise.keep")
def give_up(promise: SalesPromise, *, by: Actor, how: str) -> Event:
    """It cannot be kept: why, said to the customer. Raises Invalid without a reason, WrongState."""
    return _settle(
        promise, State.BROKEN, "promise.broken", by=by, how=how, asked=_("请写明为什么做不到、怎样和客户说的。")
    )


def _settle(promise: SalesPromise, state: str, name: str, *, by: Actor, how: str, asked: str) -> Event:
    locked = _open(promise)
    locked.state, locked.settled_at, locked.settled_by_id = state, clock.now(), by.staff_id
    locked.settled_how = _clean("how", how, asked)
    locked.save(update_fields=["state", "settled_at", "settled_by_id", "settled_how"])
    return tell(locked, name, by=by, how=locked.settled_how)


@command("promise.dispute")
def dispute(promise: SalesPromise, *, by: Actor, claimed: str) -> Event:
    """The customer remembers it differently: what they say stands beside what was recorded, until it is clarified.

    Raises Invalid, WrongState when a dispute is open already.
    """
    locked = SalesPromise.objects.select_for_update().get(id=promise.id)
    if locked.disputed_at and not locked.found_at:
        raise WrongState(_("这项承诺已经有争议，还没有澄清。"))
    locked.disputed_at, locked.disputed_by_id, locked.found, locked.found_at = clock.now(), by.staff_id, "", None
    locked.claimed = _clean("claimed", claimed, _("请写下客户是怎么说的。"))
    locked.save(update_fields=["disputed_at", "disputed_by_id", "claimed", "found", "found_at"])
    return tell(locked, "promise.disputed", by=by, claimed=locked.claimed)


@command("promise.make")
def clarify(promise: SalesPromise, *, by: Actor, found: str) -> Event:
    """How the dispute ended, after looking at the proof. Raises Invalid, WrongState without an open dispute."""
    locked = SalesPromise.objects.select_for_update().get(id=promise.id)
    if not locked.disputed_at or locked.found_at:
        raise WrongState(_("这项承诺没有待澄清的争议。"))
    locked.found, locked.found_at = _clean("found", found, _("请写明澄清的结果。")), clock.now()
    locked.save(update_fields=["found", "found_at"])
    return tell(locked, "promise.clarified", by=by, found=locked.found)


def _open(promise: SalesPromise) -> SalesPromise:
    locked = SalesPromise.objects.select_for_update().get(id=promise.id)
    if locked.state != State.OPEN:
        raise WrongState(_("这项承诺已经有了结果。"))
    return locked
