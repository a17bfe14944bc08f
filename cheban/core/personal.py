"""What the house holds about a person: each room tells what it keeps, how it is read out, how it is erased. PIPL 44-50.

The privacy desk asks every holding; it knows no room. A test walks all tables and fails for one that points at a
customer or a vehicle, or keeps sealed values, and that no holding names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

Row = dict[str, Any]
"""One line of a copy: label in the reader's language -> value (text, number, date, None)."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person's files: the living one first, then those that were merged into it; the vehicles they own now."""

    ids: tuple[UUID, ...]
    store_id: int
    vehicle_ids: tuple[UUID, ...] = ()

    @property
    def id(self) -> UUID:
        """The living file."""
        return self.ids[0]


@dataclass(frozen=True, slots=True)
class Holding:
    """One kind of data about a person.

    `collect` reads them out for the person's copy (nothing of anybody else); `erase` takes out or blanks what may go,
    in the running transaction, and returns how many rows it touched; `kept` says what stays afterwards, and why.
    `order` sorts erasures and copies.
    """

    code: str
    title: str
    tables: tuple[str, ...]
    collect: Callable[[Person], list[Row]]
    erase: Callable[[Person], int]
    kept: str = ""
    order: int = 50


_holdings: dict[str, Holding] = {}
_no_person: dict[str, str] = {}


def hold(*holdings: Holding) -> None:
    """Tell what a room keeps about people (called when its app is ready)."""
    for each in holdings:
        _holdings[each.code] = each


def no_person(table: str, why: str) -> None:
    """Tell why a table that looks like it keeps data about a person does not."""
    _no_person[table] = why


def holdings() -> list[Holding]:
    """All of them, in order."""
    return sorted(_holdings.values(), key=lambda each: (each.order, each.code))


def named_tables() -> set[str]:
    """Every table that a holding names or that was explained away."""
    return {table for each in _holdings.values() for table in each.tables} | set(_no_person)


def nothing(person: Person) -> list[Row]:
    """For holdings that have nothing to read out."""
    return []
