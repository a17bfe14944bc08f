"""What the customers room does about what others told. Each may run twice."""

from __future__ import annotations

from django.db import connection

from cheban.core.events import is_taken_back, reaction
from cheban.core.models import Event
from cheban.customers.commands import write_consent
from cheban.customers.duplicates import finding
from cheban.customers.models import Consent, Customer, Vehicle
from cheban.customers.privacy_desk import commands as privacy_desk


@reaction("contact.reached")
def remember_contact(event: Event) -> None:
    """The gap between contacts counts from the last time somebody spoke to the customer."""
    _spoke_to(event)


def _spoke_to(event: Event) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE customers_customer SET last_contact_at = %(at)s
               WHERE id = %(id)s AND (last_contact_at IS NULL OR last_contact_at <= %(at)s)""",
            {"at": event.at, "id": event.customer_id},
        )


@reaction("contact.refused")
def obey_refusal(event: Event) -> None:
    """A refusal of a purpose becomes consent history; a sold vehicle is no longer reminded."""
    _spoke_to(event)
    customer = Customer.objects.filter(id=event.customer_id).first()
    if customer is None:
        return
    for purpose in event.facts.get("purposes", []):
        proof = f"contact {event.id}"
        if not Consent.objects.filter(customer=customer, proof=proof, purpose=purpose).exists():
            write_consent(customer, purpose=purpose, channel="any", is_given=False, proof=proof, by_id=event.actor_id)
    if event.facts.get("reason") == "sold" and event.vehicle_id:
        car = Vehicle.objects.select_for_update().filter(id=event.vehicle_id).first()
        if car and not is_taken_back(event):
            Vehicle.objects.filter(id=car.id).update(is_active=False)


@reaction("contact.taken_back", only_if=lambda event: bool(event.vehicle_id))
def use_the_car_again(event: Event) -> None:
    """That it was sold was a slip: the car is in use again, and its owner is reminded as before."""
    slip = Event.objects.filter(id=event.facts.get("event_id"), name="contact.refused", facts__reason="sold")
    if slip.exists():
        Vehicle.objects.filter(id=event.vehicle_id, owner_id=event.customer_id).update(is_active=True)


@reaction("import.finished")
def propose_duplicates(event: Event) -> None:
    """What an import brought in may be somebody whom the store knows already, or who asked to be erased. R021."""
    finding.find()
    privacy_desk.obey_forgotten()
