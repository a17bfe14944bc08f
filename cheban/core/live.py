"""Telling open pages that something changed: NOTIFY 'topic:id' with the commit, nothing more. R020.

The payload carries no data: the page fetches itself again, and the permissions apply there. PostgreSQL delivers at
commit, drops equal payloads of one transaction, and forgets them on rollback. Each room declares its topics with who
may listen; `cheban.site.streams` brings them to the browsers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import connection

CHANNEL = "cheban_live"
STAFF = "staff"
"""Topic that pages cannot ask for: what this person may do has changed, so their streams end and are asked for anew."""

May = Callable[[Any, str], bool]
_topics: dict[str, May] = {}


def topic(name: str, may: May) -> None:
    """Declare a topic; `may(actor, id)` says whether this person may hear of this id, in the running scope."""
    _topics[name] = may


def allowed(actor: Any, wanted: list[str]) -> list[str]:
    """Those of the wanted 'topic:id' that the actor may hear of. Unknown and foreign ones are left out without a word:
    whether something exists must not leak."""
    found = []
    for each in dict.fromkeys(wanted):
        name, _sep, id_ = each.partition(":")
        may = _topics.get(name)
        try:
            if may and id_ and may(actor, id_):
                found.append(each)
        except ValueError:
            continue  # no id of this kind
    return found


def announce(topic: str, id: Any) -> None:
    """Tell open pages that `topic:id` changed, once this transaction commits. Raises KeyError for an undeclared topic."""
    announce_all([(topic, id)])


def announce_all(changed: Iterable[tuple[str, Any]]) -> None:
    """`announce` for several (topic, id) in one statement."""
    if told := payloads(changed):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(pg_notify(%s, page)) FROM unnest(%s::text[]) page", [CHANNEL, told])


def parts(headers: Mapping[str, str]) -> frozenset[str]:
    """Ids of the elements that an open page asks for anew (`X-Live: id id`, live.js); empty: the whole page.

    A view may leave out what none of them shows. Decision 0029.
    """
    return frozenset(headers.get("X-Live", "").split()) - {"1"}


def payloads(changed: Iterable[tuple[str, Any]]) -> list[str]:
    """What is told of these (topic, id). Raises KeyError for an undeclared topic."""
    told = list(changed)
    for topic, _id in told:
        if topic != STAFF and topic not in _topics:
            raise KeyError(f"nobody declares the topic {topic}")
    return [f"{topic}:{id}" for topic, id in told]
