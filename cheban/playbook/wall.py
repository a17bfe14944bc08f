"""The wall board: what the whole store may see from five metres, and the links that open it on a television.

Nothing here names a customer: a surname and the end of a plate are enough for those who have the contact, and for
nobody else. R208, reliability 5.2 (heartbeat).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.db.models import Count, Max, Min, Q
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, Refused, WrongState
from cheban.core.events import record
from cheban.org import presence
from cheban.org.access import Actor, audit, command
from cheban.org.models import Staff, Store
from cheban.playbook import contacts, words
from cheban.playbook.models import Task, WallLink

SALT = "cheban.wall"
SOON = timedelta(hours=1)
ROWS = 7
SEEN_EVERY = timedelta(minutes=5)


class LinkName(Refused):
    """A display link without a name: nobody would know which television to revoke."""

    status = 422


def board(store: Store, *, at: datetime) -> dict[str, Any]:
    """Late, due within the hour, alarms of the ladder, load of each person, the oldest. Needs the store's scope.

    Seven queries, whatever is open.
    """
    mine = Task.objects.filter(store_id=store.id, state="open")
    late, soon = Q(due_at__lt=at), Q(due_at__gte=at, due_at__lt=at + SOON)
    alarm = Q(told_id__isnull=False, taken_at=None)
    counts = mine.filter(starts_at__lte=at).aggregate(
        open=Count("contact_id", distinct=True),
        late=Count("contact_id", distinct=True, filter=late),
        soon=Count("contact_id", distinct=True, filter=soon),
        alarms=Count("contact_id", distinct=True, filter=alarm),
        oldest=Min("due_at", filter=late),
    )
    pressing = (
        mine.filter(starts_at__lte=at)
        .filter(late | soon | alarm)
        .values("contact_id")
        .annotate(due=Min("due_at"), level=Max("escalation", filter=alarm))
        .order_by("level", "due", "contact_id")
    )
    chosen = sorted(pressing[: ROWS * 10], key=lambda c: (-(c["level"] or 0), c["due"], str(c["contact_id"])))[:ROWS]
    tasks = list(mine.filter(contact_id__in=[c["contact_id"] for c in chosen]))
    told = {t.contact_id: t.told_id for t in tasks if t.told_id and not t.taken_at}
    order = {c["contact_id"]: n for n, c in enumerate(chosen)}
    rows = sorted(contacts.fold(tasks, at=at), key=lambda r: order[r.id])
    load = list(
        mine.filter(starts_at__lte=at)
        .values("assignee_id")
        .annotate(open=Count("contact_id", distinct=True), late=Count("contact_id", distinct=True, filter=late))
        .order_by("-late", "-open", "assignee_id")[:ROWS]
    )
    people = {row["assignee_id"] for row in load} | {r.assignee_id for r in rows} | set(told.values())
    names = dict(Staff.objects.filter(id__in=people).values_list("id", "name"))
    away = presence.away_at(at)
    most = max((row["open"] for row in load), default=0)
    return counts | {
        "store": store,
        "rows": [
            {
                "id": r.id,
                "who": words.surname(r.customer_name) if r.customer_id else store.name,
                "plate": words.plate_tail(r.plate) if r.customer_id else "",
                "kind": r.kind_label,
                "assignee": names.get(r.assignee_id, ""),
                "due_at": r.due_at,
                "starts_at": r.starts_at,
                "is_late": r.is_late,
                "told": names.get(told.get(r.id), ""),
                "level": r.escalation if r.id in told else 0,
            }
            for r in rows
        ],
        "load": [
            row
            | {"name": names.get(row["assignee_id"], _("没有人负责")), "away": row["assignee_id"] in away, "most": most}
            for row in load
        ],
    }


@command("wall.share")
def make_link(name: str, *, by: Actor, store_id: int) -> WallLink:
    """A link that shows one store's board without signing in, until it is revoked. Raises LinkName, NotFound."""
    name = " ".join(name.split())[:40]
    if not name:
        raise LinkName(_("请写明这块屏放在哪里，例如“前台”。"))
    if store_id not in by.stores:
        raise NotFound(_("没有这个门店，或不属于您。"))
    made = WallLink.objects.create(store_id=store_id, name=name, made_by_id=by.staff_id, made_at=clock.now())
    audit("wall.shared", by=by, subject=f"wall:{made.id}", store_id=store_id)
    record("wall.shared", store_id=store_id, actor_id=by.staff_id, link_id=made.id)
    return made


@command("wall.share")
def revoke_link(link_id: int, *, by: Actor) -> WallLink:
    """From now on the link shows nothing. Raises NotFound, WrongState."""
    link = WallLink.objects.select_for_update().filter(id=link_id).first()
    if link is None:
        raise NotFound(_("没有这个显示链接。"))
    if link.revoked_at:
        raise WrongState(_("这个显示链接已经撤销。"))
    link.revoked_at = clock.now()
    link.save(update_fields=["revoked_at"])
    audit("wall.revoked", by=by, subject=f"wall:{link.id}", store_id=link.store_id)
    record("wall.revoked", store_id=link.store_id, actor_id=by.staff_id, link_id=link.id)
    return link


def links() -> list[WallLink]:
    """Display links of the scope that work, the newest first. Two queries."""
    found = list(WallLink.objects.filter(revoked_at=None).select_related("store").order_by("-id")[:50])
    names = dict(Staff.objects.filter(id__in={link.made_by_id for link in found}).values_list("id", "name"))
    for link in found:
        link.maker, link.token = names.get(link.made_by_id, ""), token_of(link)
    return found


def token_of(link: WallLink) -> str:
    """The signed part of the address: which link of which store; nothing secret, and nothing one could change."""
    return signing.dumps([link.id, link.store_id], salt=SALT)


def store_of(token: str) -> tuple[int, int]:
    """(link, store) that a token names, its signature checked; the link may be revoked meanwhile. Raises NotFound."""
    try:
        link_id, store_id = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise NotFound(_("没有这个显示链接。")) from None
    return link_id, store_id


def opened(link_id: int, *, at: datetime) -> Store:
    """The store of a link that works, in its scope; notes now and then that a screen shows it. Raises NotFound."""
    link = WallLink.objects.filter(id=link_id, revoked_at=None).select_related("store").first()
    if link is None:
        raise NotFound(_("这个显示链接已经撤销。"))
    if link.seen_at is None or at - link.seen_at > SEEN_EVERY:
        WallLink.objects.filter(id=link.id).update(seen_at=at)
    return link.store


def store_for(wanted: str, actor: Actor) -> tuple[Store, list[Store]]:
    """The store whose board is asked for, or the first of the scope; and all of the scope. Raises NotFound."""
    stores = list(Store.objects.filter(id__in=actor.stores).order_by("name"))
    found = next((s for s in stores if str(s.id) == wanted), None if wanted else stores[0])
    if found is None:
        raise NotFound(_("没有这个门店，或不属于您。"))
    return found, stores
