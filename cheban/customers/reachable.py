"""Whether and where customers may be written to, for the gate of messaging (slot messaging.recipients). PIPL 13-16, 24."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import structlog

from cheban.core import privacy
from cheban.customers.models import Consent, ContactPoint, Customer, Vehicle
from cheban.customers.plate import display_plate
from cheban.messaging.gate import Recipient, RecipientKey

log = structlog.get_logger("cheban.reachable")
KINDS = {"sms": "mobile", "email": "email"}
Answers = dict[tuple[str, str], bool]
"""(purpose, channel) -> whether the newest answer is yes."""


def recipients(keys: Sequence[RecipientKey]) -> dict[RecipientKey, Recipient]:
    """The people now: newest answer per purpose and channel, the contact point for the channel. Four queries at most,
    however many are asked about; who is not there is left out."""
    people = Customer.objects.only("id", "name", "refused_purposes", "erased_at").in_bulk({key[0] for key in keys})
    cars = {vehicle for _who, _channel, vehicle in keys if vehicle}
    vehicles = Vehicle.objects.only("owner_id", "plate_number").in_bulk(cars) if cars else {}
    answers, points = _answers(set(people)), _points(keys)
    found = {}
    for key in keys:
        customer_id, channel, vehicle_id = key
        if (who := people.get(customer_id)) is None:
            continue
        newest, vehicle = answers[customer_id], vehicles.get(vehicle_id)
        found[key] = Recipient(
            is_erased=who.erased_at is not None,
            refused=frozenset(answer for answer, given in newest.items() if not given)
            | {(purpose, "any") for purpose in who.refused_purposes},
            given=frozenset(answer for answer, given in newest.items() if given),
            address=_opened(points.get((customer_id, KINDS.get(channel, "")))),
            name=who.name,
            plate=display_plate(vehicle.plate_number) if vehicle and vehicle.plate_number else "",
            owns_vehicle=vehicle_id is None or (vehicle is not None and vehicle.owner_id == customer_id),
        )
    return found


def _answers(people: set[UUID]) -> dict[UUID, Answers]:
    newest: dict[UUID, Answers] = defaultdict(dict)
    rows = Consent.objects.filter(customer_id__in=people).order_by("at", "id")
    for customer_id, purpose, channel, is_given in rows.values_list("customer_id", "purpose", "channel", "is_given"):
        if channel == "any":  # an answer for every channel replaces what was said for single ones
            newest[customer_id] = {key: given for key, given in newest[customer_id].items() if key[0] != purpose}
        newest[customer_id][purpose, channel] = is_given
    return newest


def _points(keys: Sequence[RecipientKey]) -> dict[tuple[UUID, str], ContactPoint]:
    """By customer and kind; the primary one, else the newest."""
    kinds = {KINDS[channel] for _who, channel, _vehicle in keys if channel in KINDS}
    if not kinds:
        return {}
    rows = ContactPoint.objects.filter(customer_id__in={key[0] for key in keys}, kind__in=kinds)
    found: dict[tuple[UUID, str], ContactPoint] = {}
    for point in rows.order_by("-is_primary", "-created_at"):
        found.setdefault((point.customer_id, point.kind), point)
    return found


def _opened(point: ContactPoint | None) -> str:
    """The clear contact point. One that does not open stops its own message, never the others of a batch."""
    if point is None:
        return ""
    try:
        return privacy.unseal(bytes(point.value_sealed), bound_to=f"customers_contactpoint.value:{point.id}")
    except privacy.SealBroken:
        log.error("a contact point does not open", contact_point=str(point.id))
        return ""
