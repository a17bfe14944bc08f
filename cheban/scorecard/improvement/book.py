"""The best-practice handbook and its nominations, for their pages. Reads only. R173-R174."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound
from cheban.org.access import Actor
from cheban.org.models import Store
from cheban.scorecard import lists
from cheban.scorecard.models import Practice, PracticePage, PracticeVote


def practices(actor: Actor, *, words: str = "", at: datetime) -> dict[str, Any]:
    """The handbook's pages (newest versions) and this season's nominations with their votes. Five queries."""
    newest = PracticePage.objects.order_by("practice_id", "-number").distinct("practice_id")
    found = [page for page in newest if page.story]
    if words:
        low = words.lower()
        found = [p for p in found if low in f"{p.title} {p.story} {p.lesson}".lower()]
    found.sort(key=lambda p: (p.month, p.number), reverse=True)
    published = {page.practice_id for page in newest}
    first = clock.day_of(at).replace(day=1)
    nominated = [
        p
        for p in Practice.objects.filter(withdrawn_at__isnull=True, month__gte=first - timedelta(days=62)).order_by(
            "-month", "-id"
        )
        if p.id not in published
    ]
    votes: dict[Any, list[int]] = {}
    for practice_id, staff_id in PracticeVote.objects.filter(practice__in=nominated).values_list(
        "practice_id", "staff_id"
    ):
        votes.setdefault(practice_id, []).append(staff_id)
    stores = dict(
        Store.objects.values_list("id", "name").filter(
            id__in={p.from_store_id for p in found} | {p.store_id for p in nominated}
        )
    )
    staff = lists.names_of({p.nominated_by_id for p in nominated})
    for p in nominated:
        p.votes_count = len(votes.get(p.id, []))
        p.has_mine = actor.staff_id in votes.get(p.id, [])
        p.by, p.is_own = staff.get(p.nominated_by_id, ""), p.nominated_by_id == actor.staff_id
        p.store_name = stores.get(p.store_id, "")
    nominated.sort(key=lambda p: (p.month, p.votes_count), reverse=True)
    for page in found:
        page.store_name = stores.get(page.from_store_id, "")
    return {"pages": found, "nominated": nominated, "words": words}


def practice(actor: Actor, practice_id: UUID) -> dict[str, Any]:
    """One case for its page: the newest version or the nomination, versions, votes. Five queries. Raises NotFound."""
    nominated = Practice.objects.filter(id=practice_id).first()  # of another store of the group: its pages only
    pages = list(PracticePage.objects.filter(practice_id=practice_id).order_by("-number"))
    if nominated is None and not pages:
        raise NotFound(_("没有这个案例，或不属于您的门店。"))
    current = pages[0] if pages else None
    votes = list(PracticeVote.objects.filter(practice_id=practice_id).values_list("staff_id", flat=True))
    who = lists.names_of({*votes, *(p.by_id for p in pages), nominated.nominated_by_id if nominated else None})
    for each in pages:
        each.by = who.get(each.by_id, "")
    is_published = bool(current and current.story)
    own = nominated is not None and nominated.nominated_by_id == actor.staff_id
    is_running = nominated is not None and nominated.withdrawn_at is None
    return {
        "nominated": nominated,
        "shown": current if is_published else nominated,
        "is_published": is_published,
        "versions": pages,
        "store": Store.objects.filter(id=nominated.store_id if nominated else pages[0].from_store_id).first(),
        "by": who.get(nominated.nominated_by_id, "") if nominated else "",
        "votes": [who[v] for v in votes if v in who],
        "has_mine": actor.staff_id in votes,
        "can_vote": is_running and not own,
        "can_publish": is_running and actor.may("practice.publish"),
        "can_withdraw": is_running and not pages and (own or actor.may("practice.publish")),
    }
