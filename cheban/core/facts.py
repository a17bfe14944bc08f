"""Facts that rules may read: named columns of a room's tables, registered by that room.

The playbook plans set-based, in SQL, and must not know the customer tables; rooms tell it here which
source, which columns and what they mean. A fact's name is `subject.fact`, as the handbook reads it aloud.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fact:
    """One readable column: SQL expression over the subject's source, type and its Chinese name."""

    sql: str
    type: str  # date | number | text | bool | text[] | month_day | lunar_day
    label: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule can be about. SQL expressions are written by us, never by users.

    `source` is a FROM clause; `id`, `store`, `customer`, `vehicle` are expressions over it.
    `ready` is a condition that every row must meet (alive, has an owner, may be contacted).
    `refusals` is a text[] expression of purposes the customer refused; `value` what they spent so far, in fen;
    `last_contact` the moment they were last spoken to. `tables` are those that `source` reads.

    `told_by` says how an event names the subject: a column of the event (customer_id, vehicle_id, store_id) or one of
    its facts; `told_as` makes the subject's id of it. `staff` are expressions of the sales consultant, service specialist and service advisor whose it is.
    `page` is the name of the route, with the id as its argument, where a duty about it is done. `may_be_nobodys`: its
    customer may be unknown, so its events are found by `told_by` alone.
    """

    name: str
    source: str
    id: str
    store: str
    customer: str
    vehicle: str
    ready: str
    refusals: str
    value: str
    last_contact: str
    tables: tuple[str, ...]
    facts: Mapping[str, Fact] = field(default_factory=dict)
    told_by: str = ""
    told_as: Callable[[Any], str] = str
    staff: tuple[str, str, str] = ("NULL::int", "NULL::int", "NULL::int")
    page: str = ""
    may_be_nobodys: bool = False

    def told(self, event: Any) -> str | None:
        """Which subject an event is about, as its id reads in text; None when it is about none of this kind."""
        found = getattr(event, self.told_by) if self.told_by in EVENT_COLUMNS else event.facts.get(self.told_by)
        return None if found is None else self.told_as(found)


EVENT_COLUMNS = ("customer_id", "vehicle_id", "store_id")


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of each store that a rule may watch: are we keeping our word.

    `sql` selects store_id, n (how many were counted) and percent for what fell between %(start)s and %(end)s.
    Red is below `target` - `slack`; with fewer than `least` counted there is no light.
    """

    code: str
    label: str
    target: int
    sql: str
    slack: int = 5
    least: int = 10


_subjects: dict[str, Subject] = {}
_measures: dict[str, Measure] = {}


def register(subject: Subject) -> None:
    """Offer a subject to the playbook (called when the room's app is ready)."""
    _subjects[subject.name] = subject


def subject(name: str) -> Subject:
    """A registered subject. Raises KeyError."""
    return _subjects[name]


def register_measure(measure: Measure) -> None:
    """Offer a store's figure to the playbook (called when the room's app is ready)."""
    _measures[measure.code] = measure


def measure(code: str) -> Measure:
    """A registered measure. Raises KeyError."""
    return _measures[code]


def subjects() -> list[Subject]:
    """Everything that rules can be about, by name."""
    return [_subjects[name] for name in sorted(_subjects)]


def measures() -> list[Measure]:
    """Every figure that rules can watch, by code."""
    return [_measures[code] for code in sorted(_measures)]


def tables() -> list[str]:
    """All tables that facts are read from."""
    return sorted({table for subject in _subjects.values() for table in subject.tables})


def fact(path: str) -> Fact:
    """The fact `subject.fact`. Raises KeyError naming it, so that start-up fails on a misspelt rule."""
    name, _, key = path.partition(".")
    try:
        return _subjects[name].facts[key]
    except KeyError:
        raise KeyError(f"no such fact: {path}") from None
