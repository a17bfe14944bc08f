"""One wish, written down twice: found, joined into one, or said to be two. R109, issue 'duplicates with running leads'."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import WrongState
from cheban.core.models import Event
from cheban.customers.models import ContactPoint
from cheban.org.access import Actor, command
from cheban.sales.leads import states, turns
from cheban.sales.leads.models import OPEN, Lead, LeadTurn, LeadWords
from cheban.sales.leads.telling import tell


def like(lead: Lead) -> list[Lead]:
    """Other open leads of the same customer, or of a file with one of their phones, that nobody found to be others. One query."""
    blinds = ContactPoint.objects.filter(customer_id=lead.customer_id).values("value_blind")
    same = ContactPoint.objects.filter(store_id=lead.store_id, value_blind__in=blinds).values("customer_id")
    return list(
        Lead.objects.filter(Q(customer_id=lead.customer_id) | Q(customer_id__in=same), state__in=OPEN)
        .filter(store_id=lead.store_id)
        .exclude(id=lead.id)
        .exclude(id__in=lead.kept_beside)
        .select_related("customer")
        .order_by("proposed_at", "id")
    )


def with_likes(lead_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """The open ones among these leads that have others like them -> those others, oldest first. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT l.id, array_agg(o.id ORDER BY o.proposed_at, o.id) FROM sales_lead l
               JOIN sales_lead o ON o.store_id = l.store_id AND o.id <> l.id AND o.state = ANY (%(open)s)
                 AND o.id <> ALL (l.kept_beside) AND (o.customer_id = l.customer_id OR o.customer_id IN (
                   SELECT b.customer_id FROM customers_contactpoint a JOIN customers_contactpoint b
                     ON b.store_id = a.store_id AND b.value_blind = a.value_blind
                   WHERE a.customer_id = l.customer_id))
               WHERE l.id = ANY (%(ids)s) AND l.state = ANY (%(open)s) GROUP BY l.id""",
            {"ids": list(lead_ids), "open": list(OPEN)},
        )
        return dict(cursor.fetchall())


def rank(lead: Lead) -> tuple[int, datetime, str]:
    """Which of two goes on: the one that is further, else the older."""
    return (-states.PATH.index(lead.state), lead.proposed_at, str(lead.id))


@command("lead.join")
def join(lead: Lead, other: Lead, *, by: Actor) -> Lead:
    """Make two open leads one; returns the one that goes on: the further, else the older. Raises WrongState."""
    kept, gone = sorted(_both(lead, other), key=rank)
    if gone.origin == Lead.Origin.SERVICE and by.may("lead.push"):
        gone.finder_id = gone.finder_id or by.staff_id  # heard by the house: whoever confirms it found it
    join_rows(kept, gone, by_id=by.staff_id)
    return kept


@command("lead.join")
def keep_both(lead: Lead, other: Lead, *, by: Actor) -> Event:
    """They are two wishes: neither is shown beside the other any more. Raises WrongState."""
    one, two = _both(lead, other)
    for here, there in ((one, two), (two, one)):
        if there.id not in here.kept_beside:
            here.kept_beside = [*here.kept_beside, there.id]
            here.save(update_fields=["kept_beside"])
    tell(two, "lead.kept_beside", by_id=by.staff_id, other_id=str(one.id))
    return tell(one, "lead.kept_beside", by_id=by.staff_id, other_id=str(two.id))


def _both(lead: Lead, other: Lead) -> list[Lead]:
    """Both rows, locked in one order. Raises WrongState when one has ended or they are one."""
    if lead.id == other.id:
        raise WrongState(_("这是同一条线索。"))
    rows = list(Lead.objects.select_for_update().filter(id__in=[lead.id, other.id]).order_by("id"))
    if len(rows) != 2 or any(row.state not in OPEN for row in rows) or rows[0].store_id != rows[1].store_id:
        raise WrongState(_("其中一条已经有了结果，不用再合并。"))
    return rows


def join_rows(kept: Lead, gone: Lead, *, by_id: int | None) -> Event:
    """The words go along, the rest stays where it was; nobody owes an answer for the one that went. Locked rows."""
    at = clock.now()
    turns.end(gone, LeadTurn.Ended.CLOSED, at=at, by_id=by_id)
    LeadWords.objects.filter(lead=gone).update(lead=kept)
    gone.state, gone.joined_into, gone.closed_at, gone.closed_by_id = Lead.State.JOINED, kept, at, by_id
    gone.open_key, gone.next_contact_on = None, None
    gone.save(update_fields=["state", "joined_into", "closed_at", "closed_by_id", "open_key", "next_contact_on"])
    kept.wanted = kept.wanted or gone.wanted
    kept.finder_id = kept.finder_id or gone.finder_id
    kept.save(update_fields=["wanted", "finder_id"])
    tell(kept, "lead.grown", by_id=by_id, at=at, other_id=str(gone.id))
    return tell(gone, "lead.joined", by_id=by_id, at=at, into_id=str(kept.id), kind=gone.kind)
