"""Events: record what happened, in the transaction of its cause, and hand it to those who react.

A room declares what it tells in its `events.py` with `declare`; an undeclared name is refused, and so is a
reaction to one. Reactions run after commit at least once each, in their own transaction and scope;
`EventDelivery` rows are what is still owed (see `cheban.org.dispatch`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from cheban.core import clock, live
from cheban.core.models import Event


@dataclass(frozen=True, slots=True)
class Declared:
    """What an event of this name means. `title` is what a timeline shows (Chinese, translatable)."""

    name: str
    title: str
    facts: Mapping[str, str]


HISTORY = timedelta(days=7)
"""What many rows tell at once and happened so long ago is history to other systems."""
OPEN_FACTS = frozenset(
    [
        "accepted",
        "attempts",
        "channel",
        "duty",
        "escalation",
        "fields",
        "from",
        "grade",
        "import_id",
        "kept",
        "kind",
        "level",
        "metric",
        "oldest",
        "outcome",
        "percent",
        "purpose",
        "purposes",
        "rejected",
        "removed",
        "role",
        "rows",
        "rule",
        "rules",
        "source",
        "state",
        "status",
        "stage",
        "tier",
        "to",
        "weeks",
        "when",
        "week",
    ]
)
_ENDINGS = ("_id", "_ids", "_at", "_on", "_fen", "_km", "_hours", "_days", "_count", "_percent", "_code", "_kind")
_NAMED = frozenset({"order_no"})
_NEVER = re.compile(r"phone|mobile|wechat|openid|mail|name|plate|vin|address|birth|text|note|proof|identity|id_number")
_declared: dict[str, Declared] = {}
_reactions: dict[str, dict[str, Callable[[Event], None]]] = {}
_only_if: dict[tuple[str, str], Callable[[Event], bool]] = {}


def declare(name: str, title: str, **facts: str) -> None:
    """Tell the house that events of this name exist; `facts` maps fact name -> meaning and unit."""
    _declared[name] = Declared(name, title, facts)


def declared(name: str) -> Declared:
    """The declaration of an event name. Raises KeyError for an unknown one."""
    return _declared[name]


def all_declared() -> dict[str, Declared]:
    """Every declared event by name."""
    return dict(_declared)


def is_open_fact(fact: str) -> bool:
    """Whether a fact of this name holds no personal text: a code, a count, money, a moment, an id.

    Only these leave the house (webhooks) and outlive the erasure of a person.
    """
    return not _NEVER.search(fact) and (fact in OPEN_FACTS or fact in _NAMED or fact.endswith(_ENDINGS))


def reaction(
    name: str, *, only_if: Callable[[Event], bool] | None = None
) -> Callable[[Callable[[Event], None]], Callable[[Event], None]]:
    """Register a function to be called once (at least) per event of this name.

    `only_if(event)` says by the event alone whether it concerns the function at all; where it does not, nothing is
    owed and nothing runs.
    """

    def register(function: Callable[[Event], None]) -> Callable[[Event], None]:
        path = f"{function.__module__}.{function.__qualname__}"
        _reactions.setdefault(name, {})[path] = function
        if only_if is not None:
            _only_if[name, path] = only_if
        return function

    return register


def reactions_to(event: Event) -> dict[str, Callable[[Event], None]]:
    """Registered reactions that this event concerns, by their dotted path."""
    return {
        path: function
        for path, function in _reactions.get(event.name, {}).items()
        if (asked := _only_if.get((event.name, path))) is None or asked(event)
    }


def check_reactions() -> list[str]:
    """Names that something reacts to but nobody declares; must be empty at start-up."""
    return sorted(set(_reactions) - set(_declared))


def record(
    name: str,
    *,
    store_id: int,
    at: datetime | None = None,
    actor_id: int | None = None,
    customer_id: UUID | None = None,
    vehicle_id: UUID | None = None,
    pages: Iterable[tuple[str, Any]] = (),
    **facts: Any,
) -> Event:
    """Write one event in the running transaction. Raises KeyError for an undeclared name or fact.

    `pages`: what open pages are told of with the commit, as `live.announce_all`.
    """
    unknown = set(facts) - set(_declared[name].facts)
    if unknown:
        raise KeyError(f"{name} does not declare the facts {sorted(unknown)}")
    event = Event(
        store_id=store_id,
        name=name,
        at=at or clock.now(),
        actor_id=actor_id,
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        facts=facts,
    )
    owed = list(reactions_to(event))
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH told AS (INSERT INTO core_event (store_id, name, at, actor_id, customer_id, vehicle_id, facts)
                 VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id, store_id, recorded_at),
               owed AS (INSERT INTO core_eventdelivery (event_id, store_id, reaction, not_before_at)
                 SELECT told.id, told.store_id, r, %s FROM told CROSS JOIN unnest(%s::text[]) r)
               SELECT id, recorded_at, (SELECT count(pg_notify(%s, page)) FROM unnest(%s::text[]) page) FROM told""",
            [store_id, name, event.at, actor_id, customer_id, vehicle_id, json.dumps(facts), clock.now(), owed]
            + [live.CHANNEL, live.payloads(pages)],
        )
        event.id, event.recorded_at, _pages = cursor.fetchone()
    event._state.adding, event._state.db = False, connection.alias
    if owed:
        _told().events.append((store_id, event.id))
    return event


def is_taken_back(event: Event) -> bool:
    """Whether a later event took this outcome of a contact back (its fact `event_id`). One query, by the customer's
    index. For reactions: an undo may be delivered before what it undoes."""
    later = Event.objects.filter(name="contact.taken_back", customer_id=event.customer_id, at__gte=event.at)
    return later.filter(facts__event_id=event.id).exists()


@dataclass(slots=True)
class Told:
    """What a transaction told that somebody reacts to: single events as (store, id), and whether many at once."""

    events: list[tuple[int, int]] = field(default_factory=list)
    many: bool = False

    def __call__(self) -> None:
        for hook in _after_commit:
            hook(self)


_after_commit: list[Callable[[Told], None]] = []


def _told() -> Told:
    """What the running transaction told so far, to be handed over after its commit.

    One for all its savepoints: what is rolled back alone is only looked for in vain afterwards.
    """
    for _savepoints, waiting, *_rest in connection.run_on_commit:
        if isinstance(waiting, Told):
            return waiting
    made = Told()
    transaction.on_commit(made)
    return made


def deliver_after_commit(hook: Callable[[Told], None]) -> None:
    """Have `hook` called after the commit of a cause that somebody reacts to (the org room's dispatcher)."""
    if hook not in _after_commit:
        _after_commit.append(hook)


def record_from(
    cursor, name: str, select: str, params: Mapping[str, Any] | None = None, *, is_history: bool = False
) -> int:
    """Write many events with one INSERT ... SELECT (bulk paths); returns how many.

    `select` gives store_id, at, actor_id, customer_id, vehicle_id, facts (jsonb), in this order. Nobody reacts to
    what is history; other systems (webhooks, decision 0008) are not told either, nor of what is older than a week.
    """
    declared(name)
    until = "infinity" if is_history else (clock.now() - HISTORY).isoformat()
    cursor.execute("SELECT set_config('app.history_until', %s, true)", [until])
    values = dict(params or {}) | {
        "event_name": name,
        "reactions": [] if is_history else list(_reactions.get(name, ())),
        "told_at": clock.now(),
    }
    cursor.execute(
        f"""WITH told AS (INSERT INTO core_event (name, store_id, at, actor_id, customer_id, vehicle_id, facts)
              SELECT %(event_name)s, s.* FROM ({select}) s RETURNING id, store_id),
            owed AS (INSERT INTO core_eventdelivery (event_id, store_id, reaction, not_before_at)
              SELECT told.id, told.store_id, r, %(told_at)s FROM told CROSS JOIN unnest(%(reactions)s::text[]) r)
            SELECT count(*) FROM told""",  # noqa: S608 - our own SQL, values are parameters
        values,
    )
    written = cursor.fetchone()[0]
    if written and values["reactions"]:
        _told().many = True
    cursor.execute("SELECT set_config('app.history_until', '', true)")
    return written
