"""Telling open pages that something changed: NOTIFY 'topic:id' with the commit, nothing more. R020.

The payload carries no data: the page fetches itself again, and the permissions apply there. PostgreSQL delivers at
commit, drops equal payloads of one transaction, and forgets them on rollback. Each room declares its topics with who
may listen; `cheban.site.streams` brings them to the browsers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection

CHANNEL = "cheban_live"
STAFF = "staff"
"""Topic that pages cannot ask for: what this person may do has changed, so their streams end and are asked for anew."""

May = Callable[[Any, str], bool]
_topics: dict[str, May] = {}
_waiting: ContextVar[dict[str, None] | None] = ContextVar("waiting", default=None)


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


@contextmanager
def together() -> Iterator[None]:
    """Whatever is announced until its end is told in one statement then, each page once. For one transaction; what a
    savepoint of it takes back is told too: a page then fetches itself for nothing."""
    token = _waiting.set({})
    try:
        yield
        told = list(_waiting.get() or ())
    finally:
        _waiting.reset(token)
    _tell(told)


def announce_all(changed: Iterable[tuple[str, Any]]) -> None:
    """`announce` for several (topic, id) in one statement."""
    told, waiting = payloads(changed), _waiting.get()
    if waiting is None:
        _tell(told)
    else:
        waiting.update(dict.fromkeys(told))


def _tell(told: list[str]) -> None:
    if told:
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
