"""Builders of the leads' tests."""

from __future__ import annotations

from datetime import timedelta

from cheban.core import clock
from cheban.core.events import record
from cheban.org.access import Actor
from cheban.org.roles import Role
from cheban.sales.leads import commands
from cheban.sales.leads.models import Lead
from cheban.sales.tests import given as deal
from tests import given

SAID = "二胎快出生了，五座坐不下，想换一辆七座的"


def customer(cast, name: str = "张伟", phone: str = "13800001234"):
    """A customer with a car."""
    who = given.customer(cast.a, name, phone=phone)
    given.vehicle(cast.a, who, vin="", plate=f"沪A{phone[-5:]}")
    return who


def interest(
    cast, who, *, kind: str = "trade_in", passage: str = "p1", text: str = SAID, words=("想换", "七座")
) -> None:
    """The voice room heard a wish; what follows is done."""
    record(
        "interest.heard",
        store_id=who.store_id,
        customer_id=who.id,
        kind=kind,
        passage_id=passage,
        source="customer.note_added",
        words=list(words),
        text=text,
    )
    deal.work(cast)


def proposed(cast, **fields) -> Lead:
    """A lead that was heard and waits for service."""
    who = customer(cast)
    interest(cast, who, **fields)
    return Lead.objects.get(customer=who)


def pushed(cast, *, grade: str = "a", **fields) -> Lead:
    """A lead in the hands of a consultant, whose duty is planned."""
    lead = proposed(cast, **fields)
    commands.push(lead, by=service(cast), grade=grade)
    deal.work(cast)
    lead.refresh_from_db()
    return lead


def by_hand(cast, who, **changed) -> Lead:
    """What a service advisor writes down."""
    asked = {"customer_id": who.id, "vehicle_id": None, "kind": "additional_purchase", "text": "公司要再买两台商务车"}
    return commands.record_by_hand(by=service(cast), **asked | {"where": "call", "grade": "a"} | changed)


def answered(cast, lead: Lead, **changed):
    """The consultant reports back."""
    said = {"words": "客户周六来看七座", "stage": "contacted", "next_contact_on": given.days(3)}
    event = commands.answer(lead, by=sales(cast), **said | changed)
    deal.work(cast)
    lead.refresh_from_db()
    return event


def sales(cast) -> Actor:
    """The sales consultant."""
    return cast.actor(Role.SALES_CONSULTANT)


def service(cast) -> Actor:
    """The service specialist."""
    return cast.actor(Role.SERVICE_SPECIALIST)


def manager(cast) -> Actor:
    """The store manager."""
    return cast.actor(Role.STORE_MANAGER)


def consultants(cast, count: int) -> list:
    """That many consultants of store A besides the cast's."""
    return [given.staff(cast.a, Role.SALES_CONSULTANT, name=f"顾问{n}", login=f"sales{n}") for n in range(2, count + 2)]


def later(cast, clock_, **amount) -> None:
    """So much later, with everything done that is due."""
    clock_.set(clock_.now + timedelta(**amount))
    deal.work(cast)  # what is due; the ladder
    deal.work(cast)  # what the ladder told


now = clock.now
