"""The ticket of a stream: what one browser tab may hear of, decided by an ordinary request and signed.

So sessions, second factors, locked desks and scopes count for streams as for pages, and the stream itself needs no
database. A ticket opens a stream for a minute; the stream ends after ten and is asked for anew.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from cheban.core import live
from cheban.org.access import page

SALT = "live"
OPEN_SECONDS = 60
MOST_TOPICS = 64


@dataclass(frozen=True, slots=True)
class Ticket:
    """Whose stream, and the 'topic:id' it may carry."""

    staff_id: int
    topics: tuple[str, ...]


def seal(ticket: Ticket) -> str:
    """The ticket as text for an address."""
    return signing.dumps([ticket.staff_id, *ticket.topics], salt=SALT, compress=True)


def read(text: str) -> Ticket | None:
    """The ticket out of an address; None when it is not ours or too old."""
    try:
        staff_id, *topics = signing.loads(text, salt=SALT, max_age=OPEN_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Ticket(staff_id, tuple(topics))


def of_owner(*topics: str) -> str:
    """A ticket for an owner's page, which has nobody signed in: the room that knows the link names what it may hear of
    (slot live.owner_ticket)."""
    return seal(Ticket(0, topics))


@require_POST
@page(may=None)
def ticket(request: HttpRequest) -> HttpResponse:
    """Everybody who may sign in may listen to what they may see."""
    try:
        wanted = json.loads(request.body)["topics"]
        wanted = [str(each)[:80] for each in wanted][:MOST_TOPICS]
    except (ValueError, KeyError, TypeError):
        wanted = []
    topics = live.allowed(request.actor, wanted)
    return JsonResponse({"ticket": seal(Ticket(request.actor.staff_id, tuple(topics))), "topics": topics})
