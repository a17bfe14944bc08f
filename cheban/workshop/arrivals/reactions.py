"""The sales consultant and the service specialist hear of it at once: inbox, and their card in WeCom. R032."""

from __future__ import annotations

from django.utils.translation import gettext as _

from cheban.core.events import reaction
from cheban.core.models import Event
from cheban.messaging import commands as messaging
from cheban.org.entry import ZONE
from cheban.org.presence import presence_of
from cheban.org.roles import Role
from cheban.workshop.arrivals import kinds
from cheban.workshop.models import Arrival


@reaction("customer.arrived")
def tell_their_people(event: Event) -> None:
    """The customer's own two, or who stands in for them; sales of the store where the car has no consultant.

    Safe to run twice.
    """
    found = Arrival.objects.select_related("vehicle").filter(id=event.facts["arrival_id"]).first()
    if found is None or found.greeted_at is not None:
        return
    there = presence_of([found.store_id], at=event.at)
    told: set[int] = set()
    for own, role in (
        (found.vehicle.sales_consultant_id, Role.SALES_CONSULTANT),
        (found.vehicle.service_specialist_id, Role.SERVICE_SPECIALIST),
    ):
        person = there.stand_in(own, role, found.store_id, key=found.id) if own else None
        if person:
            told.add(person)
        elif role == Role.SALES_CONSULTANT:
            told.update(there.present(found.store_id, role))
    messaging.notify(
        told or messaging.people(found.store_id, Role.STORE_MANAGER),
        key=f"arrival:{found.id}",
        kind=kinds.ARRIVED.code,
        store_id=found.store_id,
        customer_id=found.customer_id,
        vehicle_id=found.vehicle_id,
        at=event.at,
        arrival_id=str(found.id),
        series=found.vehicle.series or _("车型未登记"),
        came=found.arrived_at.astimezone(ZONE).strftime("%H:%M"),
    )
