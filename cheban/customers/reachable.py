"""Whether and where a customer may be written to, for the gate of messaging (slot messaging.recipient). PIPL 13-16, 24."""

from __future__ import annotations

from uuid import UUID

from cheban.core import privacy
from cheban.customers.models import Consent, ContactPoint, Customer, Vehicle
from cheban.customers.plate import display_plate
from cheban.messaging.gate import Recipient

KINDS = {"sms": "mobile", "email": "email"}


def recipient(customer_id: UUID, channel: str, vehicle_id: UUID | None) -> Recipient:
    """The person now: newest answer per purpose and channel, the contact point for the channel. Four queries at most."""
    who = Customer.objects.filter(id=customer_id).only("id", "name", "refused_purposes", "erased_at").first()
    if who is None:
        return Recipient(exists=False)
    newest: dict[tuple[str, str], bool] = {}
    answers = Consent.objects.filter(customer_id=customer_id).order_by("at", "id")
    for purpose, by, is_given in answers.values_list("purpose", "channel", "is_given"):
        if by == "any":  # an answer for every channel replaces what was said for single ones
            newest = {key: given for key, given in newest.items() if key[0] != purpose}
        newest[purpose, by] = is_given
    point = (
        ContactPoint.objects.filter(customer_id=customer_id, kind=KINDS[channel])
        .order_by("-is_primary", "-created_at")
        .first()
        if channel in KINDS
        else None
    )
    vehicle = Vehicle.objects.filter(id=vehicle_id).only("owner_id", "plate_number").first() if vehicle_id else None
    return Recipient(
        is_erased=who.erased_at is not None,
        refused=frozenset(key for key, given in newest.items() if not given)
        | {(purpose, "any") for purpose in who.refused_purposes},
        given=frozenset(key for key, given in newest.items() if given),
        address=privacy.unseal(bytes(point.value_sealed), bound_to=f"customers_contactpoint.value:{point.id}")
        if point
        else "",
        name=who.name,
        plate=display_plate(vehicle.plate_number) if vehicle and vehicle.plate_number else "",
        owns_vehicle=vehicle_id is None or (vehicle is not None and vehicle.owner_id == customer_id),
    )
