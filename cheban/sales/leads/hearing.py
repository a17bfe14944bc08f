"""What the leads do about what others told: wishes that the voice room heard, files that were merged. R104-R106, R110."""

from __future__ import annotations

from cheban.core.errors import NotFound
from cheban.core.events import reaction
from cheban.core.models import Event
from cheban.customers import queries as customers
from cheban.sales.leads import commands, joining
from cheban.sales.leads.models import OPEN, Lead

TEXT = 200


@reaction("interest.heard", only_if=lambda event: event.customer_id is not None)
def propose(event: Event) -> None:
    """A wish in a customer's words becomes a proposal, or joins the open lead of its kind. Once for each passage."""
    facts = event.facts
    if facts.get("kind") not in Lead.Kind.values:
        return
    try:
        customer = customers.customer(event.customer_id)
    except NotFound:
        return  # taken back with its import since
    if customer.erased_at:
        return
    commands.hear(
        store_id=event.store_id,
        customer_id=customer.id,
        vehicle_id=event.vehicle_id or customers.only_car(customer.id),
        kind=facts["kind"],
        source=str(facts.get("source", ""))[:48],
        text=str(facts.get("text", ""))[:TEXT],
        words=[str(word) for word in facts.get("words", ())],
        at=event.at,
        passage_id=str(facts["passage_id"]),
        by_id=event.actor_id,
    )


@reaction("customer.merged")
def join_of_merged(event: Event) -> None:
    """Two files were one person: of two open leads of a kind one goes on."""
    open_leads = Lead.objects.filter(customer_id=event.customer_id, origin="service", state__in=OPEN)
    for kind in Lead.Kind.values:
        several = sorted(open_leads.filter(kind=kind).select_for_update().order_by("id"), key=joining.rank)
        for gone in several[1:]:
            joining.join_rows(several[0], gone, by_id=event.actor_id)
