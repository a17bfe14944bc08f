"""Pages for owners without signing in: who may open which, and how often. R123, R125, R126.

The tokens are those of `core.owner_links`; here is what they open, for how long, and who may make and revoke one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.core.cache import cache
from django.db import connection, transaction
from django.utils.translation import gettext as _

from cheban.core import clock, owner_links
from cheban.core.errors import NotFound, WrongState
from cheban.core.ids import new_id
from cheban.customers import queries as customers
from cheban.customers.models import Vehicle
from cheban.org.access import Actor, audit, command
from cheban.voice.complaints.errors import Invalid, TooOften
from cheban.voice.models import Complaint, OwnerLink

KIND = "complaint"
LIVES = timedelta(days=90)
CODE_LIVES = timedelta(days=3 * 365)
OPENINGS = (60, 60)
"""Openings a minute of one address, whatever it asks for: (how many, seconds)."""
WRITINGS = (6, 600)
"""Complaints and answers in ten minutes of one address."""
OF_A_LINK = (20, 3600)
"""Complaints and answers in an hour by one link, from wherever."""
_MOST_LINKS = 5


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that works, in its store's scope."""

    link: OwnerLink
    complaint: Complaint | None
    vehicle: Vehicle | None


def token_of(link: OwnerLink) -> str:
    """The last part of the link's address."""
    return owner_links.token_of(KIND, link.id, store_id=link.store_id)


def opened(token: str, *, at: datetime) -> Opened:
    """What an address opens. Needs the scope of its store. Raises NotFound for one that is wrong, over or revoked:
    which of these is not said."""
    found = OwnerLink.objects.select_related("complaint__vehicle", "vehicle", "store").filter(
        secret_hash=owner_links.digest(token), revoked_at__isnull=True, expires_at__gt=at
    )
    link = found.first()
    if link is None:
        raise NotFound(_("这个链接不能用。"))
    if link.opened_at is None or at - link.opened_at > timedelta(minutes=5):
        OwnerLink.objects.filter(id=link.id).update(opened_at=at)
    return Opened(link, link.complaint, link.complaint.vehicle if link.complaint else link.vehicle)


def allow(what: str, most: tuple[int, int]) -> None:
    """Count one use in the table that all processes share. Raises TooOften."""
    count, seconds = most
    name = "owner:" + sha256(what.encode()).hexdigest()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        now = clock.now().timestamp()
        uses = [use for use in cache.get(name, []) if use > now - seconds]
        if len(uses) >= count:
            raise TooOften(_("太频繁了，请过几分钟再试。急事请直接打门店电话。"))
        cache.set(name, [*uses, now], seconds)


def _make(*, store_id: int, by_id: int | None, lives: timedelta, **about: object) -> OwnerLink:
    id, at = new_id(), clock.now()
    return OwnerLink.objects.create(
        id=id,
        store_id=store_id,
        secret_hash=owner_links.digest(owner_links.token_of(KIND, id, store_id=store_id)),
        made_by_id=by_id,
        made_at=at,
        expires_at=at + lives,
        **about,
    )


def working(**about: object) -> OwnerLink | None:
    """The newest link about this that still opens."""
    found = OwnerLink.objects.filter(revoked_at__isnull=True, expires_at__gt=clock.now(), **about)
    return found.order_by("-made_at").first()


def of_complaint(complaint: Complaint, *, by_id: int | None) -> OwnerLink:
    """The working link of a complaint, made when there is none."""
    return working(complaint=complaint) or _make(
        store_id=complaint.store_id, by_id=by_id, lives=LIVES, complaint=complaint
    )


@command("complaint.answer")
def share(complaint: Complaint, *, by: Actor) -> OwnerLink:
    """The address of the owner's page, to be sent to them or shown as a code. The same one until it is revoked."""
    link = of_complaint(complaint, by_id=by.staff_id)
    audit("complaint.shared", by=by, subject=f"complaint:{complaint.id}", store_id=complaint.store_id)
    return link


@command("complaint.file")
def invite(customer_id: UUID, *, by: Actor) -> OwnerLink:
    """A page on which this owner may complain, known already; about their car if they have one. Raises NotFound."""
    customer = customers.customer(customer_id)
    found = working(customer=customer, complaint=None) or _make(
        store_id=customer.store_id,
        by_id=by.staff_id,
        lives=LIVES,
        customer=customer,
        vehicle_id=customers.only_car(customer.id),
    )
    audit("complaint.invited", by=by, subject=f"customer:{customer.id}", store_id=customer.store_id)
    return found


@command("complaint.share")
def make_code(name: str, *, by: Actor, store_id: int) -> OwnerLink:
    """A code for the wall of the store: whoever scans it may complain. Raises Invalid, NotFound."""
    name = " ".join(name.split())[:40]
    if not name:
        raise Invalid(_("请写明这个码贴在哪里，例如“前台”。"), name=_("贴在哪里？"))
    if store_id not in by.stores:
        raise NotFound(_("没有这个门店，或不属于您。"))
    made = _make(store_id=store_id, by_id=by.staff_id, lives=CODE_LIVES, name=name)
    audit("complaint.code_made", by=by, subject=f"store:{store_id}", store_id=store_id)
    return made


@command("complaint.share")
def revoke(link_id: UUID, *, by: Actor) -> OwnerLink:
    """From now on the address opens nothing. Raises NotFound, WrongState."""
    link = OwnerLink.objects.select_for_update().filter(id=link_id).first()
    if link is None:
        raise NotFound(_("没有这个链接。"))
    if link.revoked_at:
        raise WrongState(_("这个链接已经撤销。"))
    link.revoked_at = clock.now()
    link.save(update_fields=["revoked_at"])
    audit("complaint.link_revoked", by=by, subject=f"store:{link.store_id}", store_id=link.store_id)
    return link


def codes() -> list[OwnerLink]:
    """Working codes of the scope's stores, the newest first. One query."""
    found = list(
        OwnerLink.objects.filter(complaint=None, customer=None, revoked_at=None, expires_at__gt=clock.now())
        .select_related("store")
        .order_by("-made_at")[:50]
    )
    for link in found:
        link.token = token_of(link)
    return found
