"""Every change to customers, vehicles and consent made by hand. Imports have their own (`importing`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from cheban.core import clock, live, privacy
from cheban.core.errors import BadValue, NotFound, Refused
from cheban.core.events import record
from cheban.core.ids import new_id
from cheban.core.models import Event
from cheban.customers import care, quality
from cheban.customers.duplicates import finding
from cheban.customers.fields import definitions, writing
from cheban.customers.models import (
    Consent,
    ContactPoint,
    Customer,
    OdometerReading,
    SealedValue,
    Vehicle,
    VehicleOwnership,
)
from cheban.customers.names import clean_name, search_key
from cheban.customers.phone import parse_phone
from cheban.customers.plate import parse_plate
from cheban.customers.vin import parse_vin
from cheban.org.access import Actor, audit, command

EDITABLE = (
    "name",
    "kind",
    "gender",
    "birth_on",
    "lunar_birthday",
    "occupation",
    "preferred_channel",
    "preferred_time",
    "family",
    "habits",
    "special_requests",
    "remarks",
    "tags",
    "tier",
    "source",
)
CARE_OF_FILE = ("keeper_id", "review_on")
"""Who looks after a file, and when they look it through again: changed, not entered with a new file. R009."""


class Invalid(Refused):
    """Fields that cannot be so: `facts` maps field -> sentence."""

    status = 422


class OdometerBackwards(Refused):
    """The reading is below an earlier one; say that it is right to keep it as doubtful."""

    status = 409


def name_columns(name: str) -> dict[str, str]:
    """The search columns of a name: pinyin, initials, other readings."""
    tokens = search_key(name).split(" ")
    return {
        "name_full_pinyin": tokens[0][:200],
        "name_initials": (tokens[1] if len(tokens) > 1 else "")[:64],
        "name_other_pinyin": " ".join(tokens[2:])[:400],
    }


def birthday_of(birth_on: date | None) -> int | None:
    """month * 100 + day, what the birthday rule looks for."""
    return birth_on.month * 100 + birth_on.day if birth_on else None


@command("customer.create")
def create_customer(
    *,
    by: Actor,
    store_id: int,
    name: str,
    phone: str,
    plate: str = "",
    vin: str = "",
    custom: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Customer:
    """A new file from a first visit: name and phone, and the vehicle if known. R007.

    `custom`: values of custom fields by code, as `fields.values.check` takes them. Raises Invalid naming each wrong field. A phone that is known already is not an error: the caller shows it.
    """
    wrong: dict[str, str] = {}

    def read(field: str, reader, text: str):
        try:
            return reader(text)
        except BadValue as error:
            wrong[field] = f"{error.problem} {error.expected}".strip()
            return None

    clean = read("name", clean_name, name)
    number = read("phone", parse_phone, phone)
    parsed_plate = read("plate", parse_plate, plate) if plate.strip() else None
    parsed_vin = read("vin", parse_vin, vin) if vin.strip() else None
    if store_id not in by.stores:
        raise NotFound(_("请选择您所在的门店。"))
    if fields.get("birth_on") and fields["birth_on"] > clock.today():
        wrong["birth_on"] = _("生日在将来。请检查年份。")
    own = writing.read({}, custom or {}, definitions.for_store(store_id, "customer") if custom else [])
    if wrong := wrong | own.wrong:
        raise Invalid(_("有几处需要改正。"), **wrong)
    customer = Customer.objects.create(
        store_id=store_id,
        extra=own.extra,
        name=clean,
        **name_columns(clean),
        birthday=None if fields.get("lunar_birthday") else birthday_of(fields.get("birth_on")),
        **{k: v for k, v in fields.items() if k in EDITABLE and v},
    )
    add_phone_row(customer, number.e164, kind="landline" if number.kind == "landline" else "mobile", primary=True)
    writing.seal(own, store_id=store_id, customer_id=customer.id)
    if parsed_plate or parsed_vin:
        _vehicle_of(customer, plate=parsed_plate, vin=parsed_vin, by_id=by.staff_id)
    record(
        "customer.recorded", store_id=store_id, actor_id=by.staff_id, customer_id=customer.id, source=customer.source
    )
    finding.find(customer_ids=[customer.id])
    return customer


def _vehicle_of(customer: Customer, *, plate, vin, by_id: int | None) -> Vehicle:
    """The vehicle of a new file; one that is known already changes hands."""
    existing = Vehicle.objects.filter(vin=vin.value).first() if vin else None
    if existing is None:
        existing = Vehicle(
            store_id=customer.store_id,
            vin=vin.value if vin else "",
            vin_is_doubtful=bool(vin and not vin.check_digit_ok),
        )
    else:
        VehicleOwnership.objects.filter(vehicle=existing, until_on=None).update(
            until_on=Greatest(clock.today(), F("since_on"))
        )
    changes_hands = existing.owner_id is not None
    existing.owner, existing.is_active = customer, True  # with its new owner it is in use again
    if plate:
        existing.plate_number, existing.plate_kind = plate.number, plate.kind
    existing.save()
    VehicleOwnership.objects.create(
        store_id=customer.store_id, vehicle=existing, customer=customer, since_on=clock.today()
    )
    if changes_hands:
        record(
            "vehicle.changed_hands",
            store_id=customer.store_id,
            actor_id=by_id,
            customer_id=customer.id,
            vehicle_id=existing.id,
            label=f"{existing.brand} {existing.series}".strip(),
            plate=existing.plate_number,
        )
    return existing


def add_phone_row(customer: Customer, e164: str, *, kind: str, primary: bool) -> ContactPoint:
    """A sealed contact point with its blind indexes; the same number twice is one row."""
    blind = privacy.blind("phone", e164)
    known = ContactPoint.objects.filter(customer=customer, value_blind=blind).first()
    if known:
        return known
    point_id = new_id()
    return ContactPoint.objects.create(
        id=point_id,
        store_id=customer.store_id,
        customer=customer,
        kind=kind,
        is_primary=primary,
        value_blind=blind,
        tail_bucket=privacy.tail_bucket(customer.store_id, e164[-4:]),
        value_sealed=privacy.seal(e164, bound_to=f"customers_contactpoint.value:{point_id}"),
    )


@command("customer.edit")
def edit_customer(
    customer: Customer, *, by: Actor, custom: Mapping[str, Any] | None = None, **fields: Any
) -> Event | None:
    """Change fields of a file; one event names them (never their values). Raises Invalid. R010.

    `custom`: values of custom fields by code, as `fields.values.check` takes them; those left out stay.
    """
    if customer.erased_at:
        raise Refused(_("这位客户的个人信息已按请求删除，档案不能再填写。再来店时请新建档案。"))
    unknown = set(fields) - set(EDITABLE) - set(CARE_OF_FILE) - {"address", "id_number", "phone"}
    if unknown:
        raise Invalid(_("这些字段不能在这里修改：%(fields)s") % {"fields": "、".join(sorted(unknown))})
    wrong: dict[str, str] = {}
    changed = []
    if "name" in fields:
        try:
            fields["name"] = clean_name(fields["name"])
        except BadValue as error:
            wrong["name"] = str(error.problem)
    if fields.get("birth_on") and fields["birth_on"] > clock.today():
        wrong["birth_on"] = _("生日在将来。请检查年份。")
    if fields.get("keeper_id") and str(fields["keeper_id"]) not in dict(quality.keepers([customer.store_id])):
        wrong["keeper_id"] = _("请选择在这家门店工作的负责人。")
    if fields.get("review_on") and fields["review_on"] < clock.today():
        wrong["review_on"] = _("核查日期已经过去，请选今天或以后。")
    if phone := fields.pop("phone", ""):
        try:
            number = parse_phone(phone)
            add_phone_row(
                customer,
                number.e164,
                kind="landline" if number.kind == "landline" else "mobile",
                primary=not customer.contact_points.filter(is_primary=True).exists(),
            )
            changed.append("phone")
        except BadValue as error:
            wrong["phone"] = f"{error.problem} {error.expected}".strip()
    own = writing.Change(customer.extra)
    if custom:
        known = definitions.for_store(customer.store_id, "customer")
        own = writing.read(customer.extra, custom, known, customer_id=customer.id)
    if wrong := wrong | own.wrong:
        raise Invalid(_("有几处需要改正。"), **wrong)
    for secret in ("address", "id_number"):
        if secret in fields:
            text = (fields.pop(secret) or "").strip()
            sealed = privacy.seal(text, bound_to=f"customers_customer.{secret}:{customer.id}") if text else None
            setattr(customer, f"{secret}_sealed", sealed)
            if secret == "id_number":
                customer.id_number_blind = privacy.blind("id_number", text.upper()) if text else None
            changed.append(secret)
    for field, value in fields.items():
        if getattr(customer, field) != value:
            setattr(customer, field, value)
            changed.append(field)
    customer.extra = own.extra
    writing.seal(own, store_id=customer.store_id, customer_id=customer.id)
    changed += own.changed
    if not changed:
        return None
    for column, value in name_columns(customer.name).items():
        setattr(customer, column, value)
    customer.birthday = None if customer.lunar_birthday else birthday_of(customer.birth_on)
    customer.changed_at = clock.now()
    customer.save()
    finding.find(customer_ids=[customer.id])
    live.announce("customer", customer.id)
    return record(
        "customer.changed",
        store_id=customer.store_id,
        actor_id=by.staff_id,
        customer_id=customer.id,
        fields=sorted(changed),
    )


@command("note.add")
def add_note(customer: Customer, *, by: Actor, text: str) -> Event:
    """A note in the customer's timeline. Raises Invalid when empty or over 1,000 characters."""
    text = text.strip()
    if not text or len(text) > 1000:
        raise Invalid(_("备注要有内容，并且不超过 1000 字。"), text=_("现在是 %(n)d 字。") % {"n": len(text)})
    live.announce("customer", customer.id)
    return record(
        "customer.note_added", store_id=customer.store_id, actor_id=by.staff_id, customer_id=customer.id, text=text
    )


@command("customer.reveal")
def reveal(what: str, row_id: UUID, *, by: Actor, reason: str) -> str:
    """The full value behind a mask: one click, one audit row. R019.

    `what`: contact_point or custom (a sealed value) with that row's id; id_number or address with the customer's.
    """
    if what == "contact_point":
        point = ContactPoint.objects.filter(id=row_id).first()
        if point is None:
            raise NotFound(_("没有这个联系方式，或不属于您的门店。"))
        audit(
            "pii.revealed",
            by=by,
            subject=f"customer:{point.customer_id}",
            store_id=point.store_id,
            reason=reason,
            field=point.kind,
        )
        value = privacy.unseal(point.value_sealed, bound_to=f"customers_contactpoint.value:{point.id}")
        return value.removeprefix("+86") if point.kind in ("mobile", "landline") else value
    if what == "custom":
        kept = SealedValue.objects.filter(id=row_id).select_related("field").first()
        if kept is None:
            raise NotFound(_("这一项没有登记。"))
        subject, field = f"customer:{kept.customer_id}", f"custom.{kept.field.code}"
        audit("pii.revealed", by=by, subject=subject, store_id=kept.store_id, reason=reason, field=field)
        return definitions.opened(kept)
    customer = Customer.objects.filter(id=row_id).first()
    if customer is None or what not in ("id_number", "address"):
        raise NotFound(_("没有这位客户，或不属于您的门店。"))
    sealed = getattr(customer, f"{what}_sealed")
    if not sealed:
        raise NotFound(_("这一项没有登记。"))
    audit(
        "pii.revealed", by=by, subject=f"customer:{customer.id}", store_id=customer.store_id, reason=reason, field=what
    )
    return privacy.unseal(sealed, bound_to=f"customers_customer.{what}:{customer.id}")


@command("consent.change")
def change_consent(customer: Customer, *, by: Actor, purpose: str, channel: str, is_given: bool, proof: str) -> Event:
    """Keep an answer about contact, with its proof; the newest counts and is obeyed from the next run on. PIPL art. 15."""
    if purpose not in Consent.Purpose.values or not proof.strip():
        raise Invalid(_("请选择用途，并写明客户怎样表示的。"))
    return write_consent(
        customer, purpose=purpose, channel=channel or "any", is_given=is_given, proof=proof.strip(), by_id=by.staff_id
    )


def write_consent(
    customer: Customer, *, purpose: str, channel: str, is_given: bool, proof: str, by_id: int | None
) -> Event:
    """The row, the customer's list of refused purposes, the event."""
    Consent.objects.create(
        store_id=customer.store_id,
        customer=customer,
        purpose=purpose,
        channel=channel,
        is_given=is_given,
        proof=proof[:200],
        by_id=by_id,
        at=clock.now(),
    )
    refused = set(customer.refused_purposes)
    if channel == "any":
        refused = refused - {purpose} if is_given else refused | {purpose}
        if is_given and purpose == "all":
            refused = set()
    Customer.objects.filter(id=customer.id).update(refused_purposes=sorted(refused), changed_at=clock.now())
    customer.refused_purposes = sorted(refused)
    return record(
        "consent.given" if is_given else "consent.refused",
        store_id=customer.store_id,
        actor_id=by_id,
        customer_id=customer.id,
        purpose=purpose,
        channel=channel,
        proof=proof[:200],
    )


@command("customer.edit")
def read_odometer(vehicle: Vehicle, *, by: Actor, km: int, on: date, is_right: bool = False) -> OdometerReading:
    """Keep an odometer reading and bring the forecast up to date. Raises Invalid, OdometerBackwards."""
    if not 0 <= km <= 2_000_000 or on > clock.today():
        raise Invalid(_("里程应在 0 到 200 万公里之间，日期不能在将来。"))
    highest = (
        OdometerReading.objects.filter(vehicle=vehicle, read_on__lte=on, is_doubtful=False).order_by("-km").first()
    )
    backwards = highest is not None and km < highest.km
    if backwards and not is_right:
        raise OdometerBackwards(
            _("%(on)s 已经是 %(km)s 公里，比这次高。若换过仪表或上次录错，请确认后保存。")
            % {"on": highest.read_on.isoformat(), "km": f"{highest.km:,}"}
        )
    try:
        reading = OdometerReading.objects.create(
            store_id=vehicle.store_id, vehicle=vehicle, read_on=on, km=km, source="staff", is_doubtful=backwards
        )
    except IntegrityError:
        raise Invalid(_("这一天的这个里程已经登记过。")) from None
    care.refresh([vehicle.id], today=clock.today())
    return reading
