"""Leads that the sales CRM or another program brings, and ours as they go out. Y02, ADF 1.0."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cheban.core import clock, privacy
from cheban.core.errors import BadValue, WrongState
from cheban.customers import commands as customer_files
from cheban.customers import queries as customers
from cheban.customers.models import ContactPoint, Vehicle
from cheban.customers.phone import parse_phone
from cheban.org.access import Actor, command
from cheban.org.models import Store
from cheban.sales.errors import Invalid
from cheban.sales.leads import adf, commands
from cheban.sales.leads.adf import AdfVehicle, AdfWrong, Prospect
from cheban.sales.leads.models import Lead, LeadWords
from cheban.sales.leads.telling import tell

_NORTH_AMERICAN = re.compile(r"[2-9][0-9]{2}[2-9][0-9]{6}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OURS = "cheban"


@command("lead.record")
def take_in(
    *,
    by: Actor,
    store_id: int,
    kind: str,
    text: str,
    source_system: str,
    external_id: str = "",
    wanted: str = "",
    grade: str = "a",
    customer_id: UUID | None = None,
    name: str = "",
    phone: str = "",
    vehicle_id: UUID | None = None,
    asked_at: datetime | None = None,
) -> tuple[Lead, bool]:
    """A lead of another system, given to a consultant at once; (lead, whether it is new).

    Known again by `source_system` and `external_id`. The customer is the one named, or whoever has the phone, or a new
    file (which needs the permission to make one). Leads like it stay beside it until somebody joins them. Raises Invalid.
    """
    if external_id:
        known = Lead.objects.filter(store_id=store_id, source_system=source_system, external_id=external_id).first()
        if known is not None:
            return known, False
    if kind not in Lead.Kind.values:
        raise Invalid(_("请选择是增购、置换还是转介绍。"), kind=_("请选择。"))
    said = commands.clean("text", text, _("请写下客户是怎么说的。"))
    customer_id = customer_id or _customer(by, store_id, name, phone)
    customer = customers.customer(customer_id)
    if customer.store_id != store_id:
        raise customer_files.NotFound(_("没有这位客户，或不属于您的门店。"))
    if vehicle_id is not None and customers.vehicle(vehicle_id).owner_id != customer.id:
        raise customer_files.NotFound(_("这辆车不是这位客户的。"))
    at = clock.now()
    try:
        with transaction.atomic():
            lead = Lead.objects.create(
                store_id=store_id,
                customer=customer,
                vehicle_id=vehicle_id or (customers.only_car(customer.id) if kind == Lead.Kind.TRADE_IN else None),
                kind=kind,
                grade=grade,
                origin=Lead.Origin.CRM,
                wanted=commands.clean("wanted", wanted),
                proposed_at=at,
                pushed_by_id=by.staff_id,
                source_system=source_system,
                external_id=external_id,
            )
    except IntegrityError:
        raise WrongState(_("这条线索正在由另一个请求送入。")) from None
    LeadWords.objects.create(
        store_id=store_id, lead=lead, source="crm", text=said, at=min(asked_at or at, at), by_id=by.staff_id
    )
    tell(lead, "lead.proposed", by_id=by.staff_id, at=at, kind=kind)
    commands.hand_over(lead, at=at, by_id=by.staff_id)
    return lead, True


def _customer(by: Actor, store_id: int, name: str, phone: str) -> UUID:
    """Whoever has this phone in the store, else a new file. Raises Invalid."""
    try:
        number = parse_phone(phone)
    except BadValue as error:
        raise Invalid(_("请检查电话。"), phone=f"{error.problem} {error.expected}".strip()) from None
    blind = privacy.blind("phone", number.e164)
    known = ContactPoint.objects.filter(store_id=store_id, value_blind=blind).order_by(
        "-is_primary", "created_at", "id"
    )
    found = known.values_list("customer_id", flat=True).first()
    if found is not None:
        return found
    made = customer_files.create_customer(by=by, store_id=store_id, name=name, phone=phone, source="research")
    return made.id


def take_in_adf(data: bytes, *, by: Actor, store_id: int) -> list[Lead]:
    """Every prospect of an ADF file as a lead; all or none. Raises AdfWrong naming line and reason."""
    found = []
    with transaction.atomic():
        for prospect in adf.parse(data):
            if (ours := _ours(prospect, store_id)) is not None:
                found.append(ours)
                continue
            try:
                lead, _is_new = take_in(by=by, store_id=store_id, **_fields(prospect, store_id))
            except (Invalid, customer_files.Invalid) as refusal:
                wrong = {f"line {prospect.line} {field}": str(what) for field, what in refusal.facts.items()}
                raise AdfWrong(
                    _("第 %(n)s 行：%(what)s")
                    % {"n": prospect.line, "what": next(iter(wrong.values()), refusal.message)},
                    **(wrong or {f"line {prospect.line}": refusal.message}),
                ) from None
            found.append(lead)
    return found


def _ours(prospect: Prospect, store_id: int) -> Lead | None:
    """The lead that went out from here and came back."""
    ids = [id_ for source, id_ in prospect.ids if source == OURS and _UUID.fullmatch(id_)]
    return Lead.objects.filter(store_id=store_id, id__in=ids).first() if ids else None


def _fields(prospect: Prospect, store_id: int) -> dict:
    """What `take_in` asks, of a prospect: somebody who gives a car away trades it in."""
    away = next((car for car in prospect.vehicles if car.interest in ("sell", "trade-in")), None)
    wanted = next((car for car in prospect.vehicles if car is not away), None)
    said = [prospect.comments, *(car.comments for car in prospect.vehicles)]
    asked = _("询问 %(what)s") % {"what": (wanted or prospect.vehicles[0]).label}
    source, external_id = prospect.ids[0] if prospect.ids else ("", "")
    vehicle_id = None
    if away is not None and away.vin:
        own = Vehicle.objects.filter(store_id=store_id, vin=away.vin.upper())
        digits = _phone(prospect.phone)
        own = own.filter(owner__contact_points__value_blind=privacy.blind("phone", digits)) if digits else own.none()
        vehicle_id = own.values_list("id", flat=True).first()
    return {
        "kind": Lead.Kind.TRADE_IN if away else Lead.Kind.ADDITIONAL_PURCHASE,
        "text": "；".join(part for part in said if part)[:500] or asked[:500],
        "wanted": wanted.label[:120] if wanted else "",
        "name": prospect.name,
        "phone": _phone(prospect.phone) or prospect.phone,
        "vehicle_id": vehicle_id,
        "source_system": (source or prospect.provider or "adf")[:20],
        "external_id": external_id[:64],
        "asked_at": prospect.requested_at,
    }


def _phone(text: str) -> str:
    """The number in one writing; '' when it is none. ADF is a North American format: ten digits are read as +1."""
    try:
        return parse_phone(text).e164
    except BadValue:
        digits = re.sub(r"[^0-9]", "", text)
        return "+1" + digits if _NORTH_AMERICAN.fullmatch(digits) else ""


def as_adf(lead: Lead, *, by: Actor, reason: str) -> bytes:
    """The lead as an ADF file, with the customer's full phone; that it was looked at stands in the audit trail."""
    point = customers.phones([lead.customer_id]).get(lead.customer_id, [])
    own = next((p for p in point if p["kind"] in ("mobile", "landline")), None)
    phone = customer_files.reveal("contact_point", own["id"], by=by, reason=reason) if own else ""
    phone = "+86" + phone if phone and not phone.startswith("+") else phone
    words = list(lead.heard.order_by("at", "id").values_list("text", flat=True))
    car = lead.vehicle
    wanted = AdfVehicle(model=lead.wanted) if lead.wanted else None
    away = None
    if car is not None:
        begun = car.registered_on or car.purchased_on
        away = AdfVehicle(
            interest="trade-in" if lead.kind == Lead.Kind.TRADE_IN else "buy",
            status="used" if lead.kind == Lead.Kind.TRADE_IN else "new",
            year=str(begun.year) if begun and lead.kind == Lead.Kind.TRADE_IN else "",
            make=car.brand,
            model=car.series or car.model,
            vin=car.vin if lead.kind == Lead.Kind.TRADE_IN else "",
            odometer_km=car.odometer_km if lead.kind == Lead.Kind.TRADE_IN else None,
        )
    cars = [c for c in (wanted, away if lead.kind == Lead.Kind.TRADE_IN or wanted is None else None) if c]
    store = Store.objects.get(id=lead.store_id)
    ids = [(OURS, str(lead.id))]
    if lead.external_id:
        ids.append((lead.source_system, lead.external_id))
    made = Prospect(
        requested_at=lead.proposed_at,
        vehicles=tuple(cars) or (AdfVehicle(model=_("未定")),),
        name=lead.customer.name,
        phone=phone,
        comments="；".join(words)[:500],
        vendor=store.name,
        provider="Cheban",
        ids=tuple(ids),
    )
    return adf.render([replace(made, requested_at=made.requested_at.astimezone(adf.ZONE))])
