"""Reads of the sales room. Query counts are tested."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from cheban.core.errors import NotFound
from cheban.core.models import Event
from cheban.customers.models import Customer, Vehicle
from cheban.lists import keyset
from cheban.org.access import Actor
from cheban.org.models import Staff, StaffRole
from cheban.org.roles import Role, permissions_of
from cheban.sales.deliveries import checklist
from cheban.sales.deliveries.commands import MAY
from cheban.sales.handover import fields
from cheban.sales.models import (
    FirstFeedback,
    HandoverRevision,
    HandoverSheet,
    PromiseProof,
    SalesPromise,
    VehicleDelivery,
)

SHEET_HOURS = timedelta(hours=24)
FEEDBACK_DAYS = timedelta(days=3)


def delivery(delivery_id: UUID) -> VehicleDelivery:
    """One delivery of the scope with its customer, vehicle and sheet. Raises NotFound."""
    found = (
        VehicleDelivery.objects.select_related("customer", "vehicle", "sheet", "feedback")
        .filter(id=delivery_id)
        .first()
    )
    if found is None:
        raise NotFound(_("没有这次交车，或不属于您的门店。"))
    return found


def sheet(delivery_id: UUID) -> HandoverSheet:
    """The sheet of a delivery. Raises NotFound."""
    return delivery(delivery_id).sheet


def revision(revision_id: UUID) -> HandoverRevision:
    """One revision of a sheet. Raises NotFound."""
    found = HandoverRevision.objects.select_related("sheet").filter(id=revision_id).first()
    if found is None:
        raise NotFound(_("没有这张交接表，或不属于您的门店。"))
    return found


def promise(promise_id: UUID) -> SalesPromise:
    """One promise. Raises NotFound."""
    found = SalesPromise.objects.select_related("customer", "vehicle").filter(id=promise_id).first()
    if found is None:
        raise NotFound(_("没有这项承诺，或不属于您的门店。"))
    return found


def feedback(feedback_id: UUID) -> FirstFeedback:
    """One first feedback. Raises NotFound."""
    found = FirstFeedback.objects.select_related("delivery").filter(id=feedback_id).first()
    if found is None:
        raise NotFound(_("没有这次反馈，或不属于您的门店。"))
    return found


def may_hear(actor: Actor, delivery_id: str) -> bool:
    """Whether an open page of this person may hear that this delivery changed (live topic)."""
    return actor.may("delivery.see") and VehicleDelivery.objects.filter(id=UUID(delivery_id)).exists()


def names(staff_ids: Iterable[int | None]) -> dict[int | None, str]:
    """Staff names by id. One query, none for nobody."""
    wanted = {i for i in staff_ids if i}
    return dict(Staff.objects.filter(id__in=wanted).values_list("id", "name")) if wanted else {}


def people_of_side(store_ids: Sequence[int], permission: str) -> list[tuple[int, str]]:
    """(id, name and role) of who may do one side's part in these stores. One query."""
    found: dict[int, str] = {}
    held = (
        StaffRole.objects.filter(store_id__in=store_ids, staff__is_active=True)
        .select_related("staff")
        .order_by("role", "staff__name")
    )
    order = [Role.SALES_CONSULTANT, Role.SERVICE_SPECIALIST, Role.SERVICE_ADVISOR]
    for one in sorted(held, key=lambda h: order.index(h.role) if h.role in order else len(order)):
        if permission in permissions_of({one.role}):
            found.setdefault(one.staff_id, f"{one.staff.name} · {Role(one.role).label}")
    return list(found.items())


def page(found: VehicleDelivery, actor: Actor) -> dict[str, Any]:
    """The delivery's page: both checklists, the sheet with its revisions, promises, first feedback. Four queries."""
    checks = {check.point: check for check in found.checks.all()}
    revisions = list(found.sheet.revisions.order_by("-number"))
    promises = list(SalesPromise.objects.filter(customer_id=found.customer_id).order_by("due_on", "id"))
    feedback = getattr(found, "feedback", None)
    who = names(
        [
            found.sales_consultant_id,
            found.service_specialist_id,
            *(c.by_id for c in checks.values()),
            *(i for r in revisions for i in (r.sent_by_id, r.answered_by_id)),
            *(p.keeper_id for p in promises),
            *([feedback.by_id, feedback.read_by_id] if feedback else []),
        ]
    )
    sides = []
    for side, permission in MAY.items():
        points = [
            {"code": p.code, "label": p.label, "check": checks.get(p.code), "by": _by(checks.get(p.code), who)}
            for p in checklist.of_side(side)
        ]
        staff_id = found.sales_consultant_id if side == SalesPromise.Side.SALES else found.service_specialist_id
        sides.append(
            {
                "side": side,
                "label": SalesPromise.Side(side).label,
                "name": who.get(staff_id, ""),
                "points": points,
                "done": sum(p["check"] is not None for p in points),
                "explained_at": max((p["check"].at for p in points if p["check"]), default=None),
                "can_tick": found.state == VehicleDelivery.State.PLANNED and actor.may(permission),
            }
        )
    state = found.sheet.state
    return {
        "delivery": found,
        "sides": sides,
        "done": len(checks),
        "points": len(checklist.POINTS),
        "sheet": found.sheet,
        "sheet_due_at": found.completed_at + SHEET_HOURS if found.completed_at else None,
        "revisions": [_revision(r, who) for r in revisions],
        "answers": _answers(found),
        "promises": [promise_row(p, who) for p in promises],
        "feedback": feedback,
        "feedback_by": who.get(feedback.by_id, "") if feedback else "",
        "feedback_read_by": who.get(feedback.read_by_id, "") if feedback else "",
        "feedback_due_at": found.completed_at + FEEDBACK_DAYS if found.completed_at else None,
        "who": {"sales": who.get(found.sales_consultant_id, ""), "service": who.get(found.service_specialist_id, "")},
        "can_plan": actor.may("delivery.plan"),
        "can_complete": actor.may("delivery.carry_out"),
        "can_write": actor.may("handover.write") and state in ("draft", "sent_back") and found.state != "cancelled",
        "can_confirm": actor.may("handover.confirm") and state == "sent" and revisions[0].sent_by_id != actor.staff_id,
        "can_feedback": actor.may("feedback.record") and feedback is None and found.state == "completed",
        "can_read_feedback": feedback is not None and feedback.read_at is None and actor.may("feedback.read"),
        "can_promise": actor.may("promise.make"),
    }


def _by(check: Any, who: dict[int | None, str]) -> str:
    return who.get(check.by_id, "") if check else ""


def _revision(found: HandoverRevision, who: dict[int | None, str]) -> dict[str, Any]:
    return {
        "id": found.id,
        "number": found.number,
        "sent_at": found.sent_at,
        "sent_by": who.get(found.sent_by_id, ""),
        "answered_at": found.answered_at,
        "answered_by": who.get(found.answered_by_id, ""),
        "wrong": [{"label": fields.BY_CODE[c].label, "why": why} for c, why in found.wrong.items()],
        "lines": [
            {
                "code": f.code,
                "label": f.label,
                "dimension": f.dimension,
                "words": found.content[f.code],
                "wrong": found.wrong.get(f.code, ""),
            }
            for f in fields.FIELDS
            if f.code in found.content
        ],
        "mark": bytes(found.digest).hex()[:12],
    }


def _answers(found: VehicleDelivery) -> list[dict[str, Any]]:
    """The sheet by dimension, as it stands now: label, words, value, what was wrong last time."""
    last = found.sheet.revisions.order_by("-number").first()
    wrong = last.wrong if last and found.sheet.state == HandoverSheet.State.SENT_BACK else {}
    said = found.sheet.said or ({} if found.sheet.version else fields.suggested(found.customer, found.vehicle))
    values = fields.of_files(found.customer, found.vehicle) | said
    return [
        {
            "code": code,
            "label": label,
            "fields": [
                {
                    "field": f,
                    "value": values.get(f.code, [] if f.kind == "choices" else ""),
                    "words": fields.words(f, values.get(f.code, "")),
                    "wrong": wrong.get(f.code, ""),
                }
                for f in fields.FIELDS
                if f.dimension == code
            ],
        }
        for code, label in fields.DIMENSIONS.items()
    ]


def promise_row(found: SalesPromise, who: dict[int | None, str]) -> dict[str, Any]:
    """One promise for a list: words and who keeps it."""
    return {
        "id": found.id,
        "what": found.what,
        "kind": found.get_kind_display(),
        "evidence": found.evidence,
        "due_on": found.due_on,
        "state": found.state,
        "state_label": found.get_state_display(),
        "keeper": who.get(found.keeper_id, ""),
        "side": found.get_side_display(),
        "is_disputed": found.disputed_at is not None and found.found_at is None,
        "claimed": found.claimed,
        "found": found.found,
        "how": found.settled_how,
        "settled_at": found.settled_at,
    }


def proof(proof_id: UUID, *, of: UUID | None = None) -> PromiseProof:
    """One file of a promise, or only of this one. Raises NotFound."""
    found = PromiseProof.objects.select_related("promise", "file").filter(id=proof_id).first()
    if found is None or of not in (None, found.promise_id):
        raise NotFound(_("没有这个文件，或不属于您的门店。"))
    return found


def proofs_of(found: SalesPromise) -> list[PromiseProof]:
    """Files of a promise, those taken out too, in the order in which they came. One query."""
    return list(found.proofs.select_related("file").order_by("added_at", "id"))


def proof_row(found: PromiseProof, who: dict[int | None, str], actor: Actor) -> dict[str, Any]:
    """One file for its promise's page."""
    return {
        "id": found.id,
        "is_photo": found.file is not None and found.file.kind == "photo",
        "kind": found.file.get_kind_display() if found.file else "",
        "bytes": found.file.bytes if found.file else 0,
        "added_by": who.get(found.added_by_id, ""),
        "added_at": found.added_at,
        "removed_at": found.removed_at,
        "removed_by": who.get(found.removed_by_id, ""),
        "removed_why": found.removed_why,
        "can_remove": found.removed_at is None
        and actor.may("promise.prove")
        and (found.added_by_id == actor.staff_id or actor.may("promise.make")),
    }


def promises_of(customer_id: UUID) -> list[dict[str, Any]]:
    """Open and disputed promises to a customer, for the banner of their page (slot customer.promises). Two queries."""
    found = list(
        SalesPromise.objects.filter(customer_id=customer_id)
        .exclude(state__in=["kept", "broken"], disputed_at__isnull=True)
        .order_by("due_on", "id")
    )
    found = [p for p in found if p.state == SalesPromise.State.OPEN or (p.disputed_at and not p.found_at)]
    who = names(p.keeper_id for p in found)
    return [promise_row(p, who) | {"url": reverse("sales:promise", args=[p.id])} for p in found]


def sales_of(customer_id: UUID) -> list[dict[str, Any]]:
    """Deliveries to a customer with the state of their sheet, for their page (slot customer.sales). One query."""
    return [
        {
            "url": reverse("sales:delivery", args=[d.id]),
            "vehicle_id": d.vehicle_id,
            "at": d.completed_at or d.scheduled_at,
            "state": d.state,
            "state_label": d.get_state_display(),
            "sheet": d.sheet.state,
            "sheet_label": d.sheet.get_state_display(),
        }
        for d in VehicleDelivery.objects.filter(customer_id=customer_id)
        .exclude(state="cancelled")
        .select_related("sheet")
        .order_by("-scheduled_at")
    ]


def choose(customer_id: UUID | None, vehicle_id: UUID | None) -> tuple[Customer | None, list[Vehicle]]:
    """For planning a delivery: the customer and their cars, the newest first."""
    if vehicle_id is not None:
        vehicle = Vehicle.objects.select_related("owner").filter(id=vehicle_id).first()
        return (vehicle.owner, [vehicle]) if vehicle and vehicle.owner else (None, [])
    customer = Customer.objects.filter(id=customer_id).first() if customer_id else None
    return customer, list(Vehicle.objects.filter(owner=customer).order_by("-created_at")) if customer else []


def is_late(found: VehicleDelivery, *, at: datetime) -> bool:
    """Whether the sheet of a delivered car was due before `at` and has not been sent."""
    return bool(
        found.completed_at and found.sheet.state == HandoverSheet.State.DRAFT and found.completed_at + SHEET_HOURS < at
    )


def words_of(event: Event) -> str:
    """What a buyer asked and wished in the first days (core.said). One query."""
    first = FirstFeedback.objects.filter(id=event.facts["feedback_id"]).first()
    return "。".join(words for words in (first.questions, first.needs) if words) if first else ""


def deliveries(
    *,
    state: str = "",
    customer_id: UUID | None = None,
    vehicle_id: UUID | None = None,
    after: str = "",
    limit: int = 50,
) -> dict[str, Any]:
    """One keyset page of deliveries with their sheets, the latest appointment first. One query."""
    rows = VehicleDelivery.objects.select_related("sheet")
    asked = {"state": state, "customer_id": customer_id, "vehicle_id": vehicle_id}
    return keyset.newest(rows.filter(**{k: v for k, v in asked.items() if v}), "scheduled_at", after=after, limit=limit)


def promises(
    *,
    state: str = "",
    customer_id: UUID | None = None,
    keeper_id: int | None = None,
    is_disputed: bool | None = None,
    after: str = "",
    limit: int = 50,
) -> dict[str, Any]:
    """One keyset page of promises with how many files prove each, the newest first. One query."""
    rows = counted(SalesPromise.objects.all())
    asked = {"state": state, "customer_id": customer_id, "keeper_id": keeper_id}
    if is_disputed is not None:
        disputed = Q(disputed_at__isnull=False, found_at__isnull=True)
        rows = rows.filter(disputed if is_disputed else ~disputed)
    return keyset.newest(rows.filter(**{k: v for k, v in asked.items() if v}), "promised_at", after=after, limit=limit)


def counted(rows: QuerySet) -> QuerySet:
    """Promises with `proofs_count`, the files that prove them now."""
    return rows.annotate(proofs_count=Count("proofs", filter=Q(proofs__removed_at__isnull=True)))


def promise_whole(promise_id: UUID) -> SalesPromise:
    """One promise with `proofs_count`. Raises NotFound."""
    return counted(SalesPromise.objects.filter(id=promise(promise_id).id)).get()
