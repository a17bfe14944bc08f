"""Reads of arrivals: today's, one, and what a customer's page shows. Query counts are tested."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from cheban.core.errors import NotFound
from cheban.core.models import Event
from cheban.lists import keyset
from cheban.org.access import Actor
from cheban.org.entry import ZONE
from cheban.org.models import Staff
from cheban.playbook.models import Task
from cheban.workshop.models import Arrival

RULE = "greet_on_arrival"
MOST = 300
"""Arrivals of a day on one page: a large store writes up some two hundred cars."""


def arrival(arrival_id: UUID) -> Arrival:
    """One arrival of the scope. Raises NotFound."""
    found = Arrival.objects.select_related("customer", "vehicle", "store").filter(id=arrival_id).first()
    if found is None:
        raise NotFound(_("没有这次到店，或不属于您的门店。"))
    return found


def day(actor: Actor, *, at: datetime) -> list[dict[str, Any]]:
    """The arrivals of today: who waits for a greeting first, then the newest. Three queries."""
    begin = datetime.combine(at.astimezone(ZONE).date(), time(), tzinfo=ZONE)
    rows = list(
        Arrival.objects.filter(arrived_at__gte=begin)
        .select_related("customer", "vehicle", "store")
        .order_by("-arrived_at", "-id")[:MOST]
    )
    return shown(rows)


def shown(rows: list[Arrival]) -> list[dict[str, Any]]:
    """Arrivals for a page with the clock of the duty to greet, those that wait first. Two queries."""
    wanted = {i for row in rows for i in (row.vehicle.sales_consultant_id, row.greeted_by_id, row.noted_by_id)}
    who = dict(Staff.objects.filter(id__in=wanted - {None}).values_list("id", "name"))
    due = dict(
        Task.objects.filter(rule=RULE, subject_id__in=[row.id for row in rows], state="open").values_list(
            "subject_id", "due_at"
        )
    )
    found = [
        {
            "row": row,
            "consultant": who.get(row.vehicle.sales_consultant_id, ""),
            "greeted_by": who.get(row.greeted_by_id, ""),
            "noted_by": who.get(row.noted_by_id, ""),
            "due_at": due.get(row.id),
        }
        for row in rows
    ]
    return sorted(found, key=lambda one: one["row"].greeted_at is not None)


def page(
    *, vehicle_id: UUID | None = None, customer_id: UUID | None = None, after: str = "", limit: int = 50
) -> dict[str, Any]:
    """One keyset page of arrivals, the newest first. One query."""
    rows = Arrival.objects.all()
    if vehicle_id:
        rows = rows.filter(vehicle_id=vehicle_id)
    if customer_id:
        rows = rows.filter(customer_id=customer_id)
    return keyset.newest(rows, "arrived_at", after=after, limit=limit)


def may_hear(actor: Actor, store_id: str) -> bool:
    """Whether an open page of this person may hear of a store's arrivals (live topic)."""
    return int(store_id) in actor.stores and actor.may("arrival.see")


def words_of(event: Event) -> str:
    """What the customer said when greeted, for whoever listens (core.said)."""
    return Arrival.objects.filter(id=event.facts["arrival_id"]).values_list("heard", flat=True).first() or ""
