"""Who follows a lead up: the customer's own consultant, else whoever has the fewest, else the store manager. R108-R109.

Reliability: whoever left or is away is passed over; nobody gets the same lead twice before all had it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F

from cheban.customers.models import Vehicle
from cheban.org.presence import Presence, presence_of
from cheban.org.roles import Role
from cheban.sales.leads.models import FOLLOWED, Lead, LeadTurn


@dataclass(frozen=True, slots=True)
class Holder:
    """A person, and as what they hold the lead."""

    staff_id: int
    role: str


def first(lead: Lead, *, at: datetime) -> Holder | None:
    """The consultant of the car, else of the customer's newest car, else the one with the fewest open leads; None when
    the store has nobody at all."""
    there = presence_of([lead.store_id], at=at)
    present = there.present(lead.store_id, Role.SALES_CONSULTANT)
    own = (
        Vehicle.objects.filter(owner_id=lead.customer_id, sales_consultant_id__in=present)
        .order_by(F("purchased_on").desc(nulls_last=True), "-created_at")
        .values_list("id", "sales_consultant_id")
    )
    consultants = dict(own)
    if lead.vehicle_id in consultants:
        return Holder(consultants[lead.vehicle_id], Role.SALES_CONSULTANT)
    if consultants:
        return Holder(next(iter(consultants.values())), Role.SALES_CONSULTANT)
    return _fewest(lead, present) or _above(lead, there)


def following(lead: Lead, *, at: datetime) -> Holder | None:
    """Who comes after the present holder: a consultant who never had this lead, the manager when all had it; None when
    the manager has it already or there is nobody."""
    there = presence_of([lead.store_id], at=at)
    asked = set(LeadTurn.objects.filter(lead=lead).values_list("holder_id", flat=True))
    fresh = [p for p in there.present(lead.store_id, Role.SALES_CONSULTANT) if p not in asked]
    found = _fewest(lead, fresh)
    if found is None and lead.holder_role != Role.STORE_MANAGER:
        found = _above(lead, there)
    return found


def after_leaving(lead: Lead, there: Presence) -> Holder | None:
    """Who takes over from somebody who left: a consultant who never had it, else any, else whoever is above them."""
    asked = set(LeadTurn.objects.filter(lead=lead).values_list("holder_id", flat=True))
    present = there.present(lead.store_id, Role.SALES_CONSULTANT)
    found = _fewest(lead, [p for p in present if p not in asked]) or _fewest(lead, present) or _above(lead, there)
    return None if found is None or found.staff_id == lead.holder_id else found


def _fewest(lead: Lead, people: Iterable[int]) -> Holder | None:
    load = dict.fromkeys(people, 0)
    held = Lead.objects.filter(store_id=lead.store_id, holder_id__in=load, state__in=FOLLOWED)
    load |= dict(held.values_list("holder_id").annotate(n=Count("id")))
    return Holder(min(load, key=lambda p: (load[p], p)), Role.SALES_CONSULTANT) if load else None


def _above(lead: Lead, there: Presence) -> Holder | None:
    person = there.above(lead.store_id, group=True)
    return None if person is None else Holder(person, Role.STORE_MANAGER)
