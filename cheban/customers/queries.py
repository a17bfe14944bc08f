"""Reads of the customers room: the 360 page, cards for work lists, the list, the timeline."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.cache import caches
from django.db import connection
from django.db.models import Q
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import events, privacy
from cheban.core.errors import NotFound
from cheban.core.models import Event
from cheban.core.money import format_fen
from cheban.core.slots import ask
from cheban.customers.duplicates.queries import absorbed_ids, merges_of, root_of
from cheban.customers.fields import definitions
from cheban.customers.models import (
    Consent,
    ContactPoint,
    Customer,
    ImportBatch,
    OdometerReading,
    Vehicle,
    VehicleOwnership,
)
from cheban.customers.plate import display_plate
from cheban.org.access import Actor
from cheban.org.models import Staff

SEALED = {"id_number": "customers_customer.id_number", "address": "customers_customer.address"}


def living(customer_id: UUID) -> Customer:
    """One customer of the scope, not one that was merged into another. Raises NotFound."""
    try:
        return Customer.objects.select_related("referrer").get(id=customer_id)
    except Customer.DoesNotExist:
        raise NotFound(_("没有这位客户，或不属于您的门店。")) from None


def customer(customer_id: UUID) -> Customer:
    """One customer of the scope; for a file that was merged, the one that holds it now. Raises NotFound."""
    try:
        return living(customer_id)
    except NotFound:
        root = root_of(customer_id)
        if root == customer_id:
            raise
        return living(root)


def may_hear(actor: Actor, customer_id: str) -> bool:
    """Whether an open page of this person may hear that this customer changed (live topic)."""
    return actor.may("customer.see") and Customer.objects.filter(id=UUID(customer_id)).exists()


def may_hear_of_import(actor: Actor, batch_id: str) -> bool:
    """Whether an open page of this person may hear that this import went on (live topic)."""
    return actor.may("import.see") and ImportBatch.objects.filter(id=UUID(batch_id)).exists()


def vehicle(vehicle_id: UUID) -> Vehicle:
    """One vehicle of the scope. Raises NotFound."""
    try:
        return Vehicle.objects.get(id=vehicle_id)
    except Vehicle.DoesNotExist:
        raise NotFound(_("没有这辆车，或不属于您的门店。")) from None


def vehicle_by_text(text: str) -> Vehicle:
    """A vehicle by id, VIN or plate, for the command line. Raises NotFound."""
    text = text.strip().upper()
    query = Q(vin=text) | Q(plate_number=text.replace("·", "").replace(" ", ""))
    with contextlib.suppress(ValueError):
        query |= Q(id=UUID(text))
    found = Vehicle.objects.filter(query).order_by("-changed_at").first()
    if found is None:
        raise NotFound(_("没有车架号、车牌或编号为 %(text)s 的车辆。") % {"text": text})
    return found


_MASKS = {"mobile": privacy.mask_phone, "landline": privacy.mask_phone, "email": privacy.mask_email}


def masked(kind: str, value: str) -> str:
    """A contact point as screens and files show it."""
    mask = _MASKS.get(kind)
    return mask(value) if mask else f"{value[:2]}***"


def phones(customer_ids: Iterable[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Masked contact points by customer, the primary first. One query."""
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for point in ContactPoint.objects.filter(customer_id__in=list(customer_ids)).order_by(
        "-is_primary", "created_at", "id"
    ):
        value = privacy.unseal(point.value_sealed, bound_to=f"customers_contactpoint.value:{point.id}")
        found[point.customer_id].append(
            {
                "id": point.id,
                "kind": point.kind,
                "label": ContactPoint.Kind(point.kind).label,
                "masked": masked(point.kind, value),
                "is_primary": point.is_primary,
            }
        )
    return found


def cards(customer_ids: list[UUID], vehicle_ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Name and vehicles of many customers, for work lists (slot contact.cards). Two queries, none for nobody.

    `vehicle_ids` are those the asker will look up; a card has all that its customer owns. Written out, and a car's
    words made when somebody reads them: every open day asks this after each change.
    """
    if not customer_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, name FROM customers_customer WHERE id = ANY (%s::uuid[])", [customer_ids])
        result: dict[UUID, dict[str, Any]] = {
            customer_id: {"name": name, "vehicles": {}} for customer_id, name in cursor.fetchall()
        }
        cursor.execute(
            """SELECT id, owner_id, plate_number, plate_kind, vin, brand, series, model, purchased_on, use
               FROM customers_vehicle WHERE owner_id = ANY (%s::uuid[]) ORDER BY last_visit_on DESC""",
            [list(result)],
        )
        for vehicle_id, owner_id, plate, plate_kind, vin, *named in cursor.fetchall():
            result[owner_id]["vehicles"][vehicle_id] = {
                "plate": display_plate(plate) if plate else vin[-8:],
                "plate_kind": plate_kind,
                "label": _label(*named),
            }
    return result


def vehicle_label(v: Vehicle) -> str:
    """'大众 速腾 · 2021 款 · 家庭': what people call this car."""
    return label_of(v.brand, v.series, v.model, v.purchased_on, v.use)


def label_of(brand: str, series: str, model: str, purchased_on: date | None, use: str) -> str:
    """`vehicle_label` of a car's columns."""
    year = _("%(year)d 年购") % {"year": purchased_on.year} if purchased_on else ""
    name = " ".join(part for part in (brand, series) if part) or model or _("车型未登记")
    return " · ".join(part for part in (name, year, str(_USES.get(use, use))) if part)


_label = lazy(label_of, str)
_USES = dict(Vehicle.Use.choices)


def contact_detail(customer_id: UUID, vehicle_ids: list[UUID], actor: Actor) -> dict[str, Any]:
    """Beside the telephone: who, which car, what happened (slot contact.detail)."""
    who = customer(customer_id)
    cars = list(Vehicle.objects.filter(owner_id=customer_id).order_by("-last_visit_on"))
    main = next((c for c in cars if c.id in vehicle_ids), cars[0] if cars else None)
    reach = phones([customer_id]).get(customer_id, [])
    phone = next((p for p in reach if p["kind"] in ("mobile", "landline")), None)
    return {
        "customer": {
            "id": who.id,
            "name": who.name,
            "gender": who.gender,
            "kind": who.kind,
            "tier": who.tier,
            "tier_label": who.get_tier_display(),
            "tags": who.tags,
            "phone_masked": phone["masked"] if phone else "",
            "phone_id": phone["id"] if phone else None,
            "preferred_channel_label": who.get_preferred_channel_display() if who.preferred_channel else "",
            "preferred_time": who.preferred_time,
            "do_not_disturb": "all" in who.refused_purposes,
        },
        "vehicle": {
            "id": main.id,
            "plate": display_plate(main.plate_number) if main.plate_number else "",
            "plate_kind": main.plate_kind,
            "label": vehicle_label(main),
        }
        if main
        else None,
        "plates": {c.id: display_plate(c.plate_number) for c in cars if c.plate_number},
        "timeline": timeline(customer_id, most=7)["items"],
        "tags": [*who.tags, *([who.get_preferred_channel_display() + _("优先")] if who.preferred_channel else [])],
        "said": [text for text in (who.special_requests, who.habits, who.remarks) if text],
    }


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One line of what happened."""

    id: int
    name: str
    group: str
    title: str
    subtitle: str
    at: datetime
    event: Event


GROUPS = {
    "repair_order": "service",
    "alert": "service",
    "complaint": "service",
    "finding": "service",
    "solution": "service",
    "contact": "contact",
    "lead": "contact",
    "task": "contact",
    "conversation": "contact",
    "survey": "contact",
    "customer": "file",
    "vehicle": "file",
    "consent": "file",
    "import": "file",
}


def timeline(
    customer_id: UUID, *, most: int = 40, before: str = "", group: str = "", is_merged: bool = True
) -> dict[str, Any]:
    """What happened to a customer, newest first, by keyset: {items, before}; also to the files merged into theirs.

    Two queries and one for names; one less where the asker knows that no file was merged into theirs.
    """
    rows = Event.objects.filter(customer_id__in=[customer_id, *(absorbed_ids(customer_id) if is_merged else ())])
    if group:
        names = [n for n in events.all_declared() if GROUPS.get(n.split(".")[0]) == group]
        rows = rows.filter(name__in=names)
    if before:
        moment, _sep, last = before.rpartition("~")
        rows = rows.filter(Q(at__lt=moment) | Q(at=moment, id__lt=int(last)))
    found = list(rows.order_by("-at", "-id")[: most + 1])
    staff = dict(
        Staff.objects.filter(
            id__in={e.actor_id for e in found if e.actor_id}
            | {to for e in found if isinstance(to := e.facts.get("to"), int)}
        ).values_list("id", "name")
    )
    own = definitions.labels({f for e in found if e.name == "customer.changed" for f in e.facts.get("fields", [])})
    items = [
        TimelineItem(
            e.id,
            e.name,
            GROUPS.get(e.name.split(".")[0], "file"),
            str(events.declared(e.name).title) if e.name in events.all_declared() else e.name,
            _subtitle(e, staff, own),
            e.at,
            e,
        )
        for e in found[:most]
    ]
    return {
        "items": items,
        "before": f"{found[most - 1].at.isoformat()}~{found[most - 1].id}" if len(found) > most else "",
    }


def _subtitle(event: Event, staff: dict[int, str], own: dict[str, str]) -> str:
    facts, who = event.facts, staff.get(event.actor_id, "")
    if event.name == "repair_order.imported":
        km = f"{facts['odometer_km']:,} {_('公里')}" if facts.get("odometer_km") else ""
        money = format_fen(facts.get("total_fen", 0))
        return " · ".join(p for p in (facts.get("items", ""), km, money, facts.get("order_no", "")) if p)
    parts = [facts.get("label", ""), display_plate(facts["plate"]) if facts.get("plate") else "", facts.get("text", "")]
    noun = event.name.split(".")[0]
    parts.append(ask(f"timeline.{noun}", event.name, facts, default=""))
    if facts.get("to") in staff:
        parts.append(_("交给 %(name)s") % {"name": staff[facts["to"]]})
    if noun in ("contact", "task"):
        parts.append(facts.get("note", ""))
    if event.name.startswith("consent."):
        parts += [str(dict(Consent.Purpose.choices).get(facts.get("purpose"), "")), facts.get("proof", "")]
    if event.name == "customer.changed":
        parts.append(_("、").join(str(own.get(f) or FIELD_LABELS.get(f, f)) for f in facts.get("fields", [])))
    if event.name == "customer.recorded":
        parts.append(str(dict(Customer.Source.choices).get(facts.get("source"), "")))
    return " · ".join(str(p) for p in [*parts, who] if p)


def only_car(customer_id: UUID | None) -> UUID | None:
    """The id of a customer's car when they have exactly one; None when they have several or none: what they say is then
    about no car in particular."""
    if customer_id is None:
        return None
    cars = list(Vehicle.objects.filter(owner_id=customer_id, is_active=True).values_list("id", flat=True)[:2])
    return cars[0] if len(cars) == 1 else None


def page_360(who: Customer, *, is_merged: bool = True, has_former: bool = True) -> dict[str, Any]:
    """The customer page: vehicles with what is due, ways to reach them, consent, merges, vehicles they had. Six queries;
    those about merges and former vehicles are spared where the asker knows that there are none."""
    customer_id = who.id
    cars = list(Vehicle.objects.filter(owner_id=customer_id).order_by("-is_active", "-last_visit_on"))
    former: list[VehicleOwnership] = []
    if has_former:
        former += VehicleOwnership.objects.filter(customer_id=customer_id, until_on__isnull=False).select_related(
            "vehicle"
        )
    readings: dict[UUID, list[OdometerReading]] = defaultdict(list)
    for reading in OdometerReading.objects.filter(vehicle_id__in=[c.id for c in cars]).order_by("read_on", "km"):
        readings[reading.vehicle_id].append(reading)
    consents: dict[tuple[str, str], Consent] = {}
    for consent in Consent.objects.filter(customer_id=customer_id).order_by("at"):
        consents[consent.purpose, consent.channel] = consent
    return {
        "customer": who,
        "vehicles": cars,
        "former": former,
        "readings": readings,
        "reach": phones([customer_id]).get(customer_id, []),
        "consents": list(consents.values()),
        "merges": merges_of(customer_id) if is_merged else [],
    }


NEW_CAR = timedelta(days=30)


def to_deliver(cars: Iterable[Vehicle], *, today: date) -> set[UUID]:
    """Cars that may still be handed to their buyer: not bought yet, or a short while ago, and never serviced."""
    return {
        car.id
        for car in cars
        if car.is_active and not car.services_done and (not car.purchased_on or car.purchased_on > today - NEW_CAR)
    }


FIELD_LABELS = {
    "name": gettext_lazy("姓名"),
    "kind": gettext_lazy("客户类型"),
    "gender": gettext_lazy("性别"),
    "birth_on": gettext_lazy("生日"),
    "occupation": gettext_lazy("职业"),
    "preferred_channel": gettext_lazy("偏好渠道"),
    "preferred_time": gettext_lazy("偏好时间"),
    "family": gettext_lazy("家庭"),
    "habits": gettext_lazy("用车习惯"),
    "special_requests": gettext_lazy("特殊要求"),
    "remarks": gettext_lazy("备注"),
    "tags": gettext_lazy("标签"),
    "tier": gettext_lazy("等级"),
    "phone": gettext_lazy("电话"),
    "address": gettext_lazy("地址"),
    "id_number": gettext_lazy("证件号"),
    "lunar_birthday": gettext_lazy("农历生日"),
    "source": gettext_lazy("来源"),
    "extra": gettext_lazy("更多资料"),
    "keeper_id": gettext_lazy("档案负责人"),
    "review_on": gettext_lazy("下次核查"),
}


FEW = 2_000
"""Ids that one filter may name instead of having every store looked through."""


def few_with_tag(tag: str) -> list[UUID] | None:
    """Customers of the scope with this tag, or None where they are many. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT customers_with_tag(%s, %s)", [tag, FEW + 1])
        found = [row[0] for row in cursor.fetchall()]
    return found if len(found) <= FEW else None


def series_choices(stores: Sequence[int]) -> list[str]:
    """Series that occur in these stores, the scope, for the filter; kept for five minutes."""
    return caches["process"].get_or_set(f"series:{','.join(map(str, sorted(stores)))}", _series, 300)


def _series() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("""SELECT series FROM (SELECT series FROM customers_vehicle WHERE series <> '' LIMIT 20000) s
                          GROUP BY series ORDER BY count(*) DESC, series LIMIT 40""")
        return [row[0] for row in cursor.fetchall()]
