"""Every change of a handover sheet: fill in, send, confirm or send back line by line. R028-R029."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import WrongState
from cheban.core.events import record
from cheban.core.live import announce
from cheban.core.models import Event
from cheban.customers import commands as customers
from cheban.org.access import Actor, audit, command
from cheban.sales.errors import ChangedMeanwhile, Incomplete, Invalid, OwnSheet
from cheban.sales.handover import fields
from cheban.sales.models import HandoverRevision, HandoverSheet, VehicleDelivery

State = HandoverSheet.State


def digest(content: Mapping[str, str]) -> bytes:
    """SHA-256 over a revision's words: what both sides put their names to."""
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).digest()


@command("handover.write")
def fill_in(sheet: HandoverSheet, *, by: Actor, data: Mapping[str, Any], version: int) -> HandoverSheet:
    """Save what is known so far; nothing has to be complete. Raises Invalid naming wrong fields, ChangedMeanwhile,
    WrongState while service has it."""
    said, wrong = fields.read(data)
    if wrong:
        raise Invalid(_("有几处需要改正。"), **wrong)
    locked = HandoverSheet.objects.select_for_update().get(id=sheet.id)
    _require_open(locked)
    if locked.version != version:
        raise ChangedMeanwhile(_("这张表在您打开之后有人改过。请刷新，再填一次您的改动。"))
    locked.said, locked.version, locked.changed_at = said, version + 1, clock.now()
    locked.save(update_fields=["said", "version", "changed_at"])
    announce("delivery", locked.delivery_id)
    return locked


def _require_open(sheet: HandoverSheet) -> None:
    if sheet.state == State.SENT:
        raise WrongState(_("这张表已经发出，正等售后确认；退回之后才能再改。"))
    if sheet.state == State.CONFIRMED:
        raise WrongState(_("这张表已经双方确认，不能再改。"))


@command("handover.write")
def send(sheet: HandoverSheet, *, by: Actor) -> HandoverRevision:
    """Sign and send the sheet to service, as it is now. R028.

    Raises Incomplete naming the empty fields, WrongState when it waits or is confirmed, or the car is not delivered.
    """
    locked = HandoverSheet.objects.select_for_update().get(id=sheet.id)
    _require_open(locked)
    delivery = VehicleDelivery.objects.select_related("customer", "vehicle").get(id=locked.delivery_id)
    if delivery.state != VehicleDelivery.State.COMPLETED:
        raise WrongState(_("车还没有交付，交付之后才发出交接表。可以先填好。"))
    of_files = fields.of_files(delivery.customer, delivery.vehicle)
    missing = fields.missing(locked.said, of_files)
    if missing:
        raise Incomplete(
            _("还缺：%(what)s") % {"what": _("、").join(str(field.label) for field in missing)},
            missing=[field.code for field in missing],
        )
    values = of_files | locked.said
    content = {f.code: fields.words(f, values[f.code]) for f in fields.FIELDS if values.get(f.code)}
    now = clock.now()
    last = locked.revisions.order_by("-number").first()
    made = HandoverRevision.objects.create(
        store_id=locked.store_id,
        sheet=locked,
        number=last.number + 1 if last else 1,
        content=content,
        digest=digest(content),
        sent_at=now,
        sent_by_id=by.staff_id,
    )
    locked.state = State.SENT
    locked.save(update_fields=["state"])
    audit("handover.sent", by=by, subject=f"handover:{made.id}", store_id=made.store_id, digest=made.digest.hex())
    if last is not None:
        _tell(delivery, "handover.corrected", by=by, revision_id=str(last.id), sheet_id=str(locked.id))
    _tell(
        delivery,
        "handover.sent",
        by=by,
        sheet_id=str(locked.id),
        revision_id=str(made.id),
        fields_count=len(content),
        delivery_id=str(delivery.id),
    )
    return made


@command("handover.write")
def fill_in_and_send(sheet: HandoverSheet, *, by: Actor, data: Mapping[str, Any], version: int) -> HandoverRevision:
    """Both at once: what is refused is not saved either, so the form keeps its version. Raises as both do."""
    return send(fill_in(sheet, by=by, data=data, version=version), by=by)


@command("handover.confirm")
def answer(revision: HandoverRevision, *, by: Actor, checks: Mapping[str, bool], remarks: Mapping[str, str]) -> Event:
    """Service confirms the sheet, or sends it back with each wrong field named. R029.

    `checks` says of every field whether it is right; a wrong one needs a word why. Whoever confirms puts their name to
    this very revision. Raises OwnSheet, Incomplete naming unchecked fields, Invalid, WrongState when it was answered.
    """
    locked = HandoverRevision.objects.select_for_update().select_related("sheet").get(id=revision.id)
    if locked.answered_at is not None:
        raise WrongState(_("这张表已经有人确认或退回了。"))
    if locked.sent_by_id == by.staff_id:
        raise OwnSheet(_("不能确认自己发出的交接表，请另一位同事来确认。"))
    unchecked = [code for code in locked.content if code not in checks]
    if unchecked:
        raise Incomplete(
            _("还没有逐项确认：%(what)s") % {"what": _("、").join(str(fields.BY_CODE[c].label) for c in unchecked)},
            missing=unchecked,
        )
    wrong = {c: " ".join(remarks.get(c, "").split())[:200] for c in locked.content if not checks[c]}
    if unsaid := [code for code, why in wrong.items() if not why]:
        raise Invalid(
            _("请写明哪里不对：%(what)s") % {"what": _("、").join(str(fields.BY_CODE[c].label) for c in unsaid)},
            **dict.fromkeys(unsaid, _("哪里不对？")),
        )
    now = clock.now()
    locked.answered_at, locked.answered_by_id, locked.wrong = now, by.staff_id, wrong
    locked.save(update_fields=["answered_at", "answered_by_id", "wrong"])
    HandoverSheet.objects.filter(id=locked.sheet_id).update(state=State.SENT_BACK if wrong else State.CONFIRMED)
    delivery = VehicleDelivery.objects.get(id=locked.sheet.delivery_id)
    name = "handover.sent_back" if wrong else "handover.confirmed"
    audit(name, by=by, subject=f"handover:{locked.id}", store_id=locked.store_id, digest=bytes(locked.digest).hex())
    same = {"sheet_id": str(locked.sheet_id), "revision_id": str(locked.id), "fields_count": len(locked.content)}
    if wrong:
        return _tell(delivery, name, by=by, fields=sorted(wrong), **same)
    _into_the_file(locked.sheet, delivery, by=by)
    ever_wrong = {code for r in locked.sheet.revisions.all() for code in r.wrong}
    return _tell(
        delivery,
        name,
        by=by,
        wrong_count=len(ever_wrong),
        author_id=locked.sent_by_id,
        hours_count=int((now - delivery.completed_at).total_seconds() // 3600),
        **same,
    )


def _into_the_file(sheet: HandoverSheet, delivery: VehicleDelivery, *, by: Actor) -> None:
    """What both confirmed about reaching the customer stands in their file from now on. R021."""
    said = sheet.said
    found = {"preferred_channel": said.get("channel", ""), "preferred_time": said.get("channel_time", "")}
    found = {name: value for name, value in found.items() if value}
    customer = delivery.customer
    if any(getattr(customer, name) != value for name, value in found.items()):
        customers.edit_customer(customer, by=by, **found)


def _tell(delivery: VehicleDelivery, name: str, *, by: Actor, **facts: Any) -> Event:
    announce("delivery", delivery.id)
    announce("customer", delivery.customer_id)
    return record(
        name,
        store_id=delivery.store_id,
        actor_id=by.staff_id,
        customer_id=delivery.customer_id,
        vehicle_id=delivery.vehicle_id,
        **facts,
    )
