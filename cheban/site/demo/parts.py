"""What the demo is made of before it reaches the database: parts of the work, chunks of rows, people, ids."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from cheban.customers.importing.bulk import cell
from cheban.customers.importing.prepare import DEFAULTS
from cheban.site.demo.seasons import Seasons


@dataclass(frozen=True, slots=True)
class Part:
    """What a process needs to make one chunk of one store."""

    store_id: int
    code: str
    city: str
    brand: str
    number: int  # of the chunk, over all stores: gives its ids and its chance
    first: int  # number of its first customer, over all stores: gives phones, VINs, plates
    count: int
    today: date
    seed: int
    history: str  # none | light | full
    seasons: Seasons
    staff: dict[str, list[tuple[int, str]]]  # role -> (id, name)


@dataclass(slots=True)
class Chunk:
    """COPY lines by table; `told` are events: name and the columns of `record_from`."""

    store_id: int
    customers: int = 0
    lines: dict[str, list[str]] = field(
        default_factory=lambda: {
            name: []
            for name in (
                "customer",
                "point",
                "vehicle",
                "ownership",
                "reading",
                "order",
                "order_line",
                "consent",
                "told",
            )
        }
    )


@dataclass(slots=True)
class Person:
    """A customer in the making."""

    id: str
    values: dict[str, Any]
    points: list[tuple[str, str]]
    created: datetime
    spent: int = 0
    days: set[int] = field(default_factory=set)


class Ids:
    """UUIDs of version 7 as text, from a moment and chance of ours: in order, and the same from the same seed."""

    def __init__(self, millis: int, rng: random.Random) -> None:
        self._millis, self._rng, self._made = millis, rng, 0

    def __call__(self) -> str:
        n = self._made
        self._made += 1
        noise = self._rng.getrandbits(62)
        moment = f"{self._millis + (n >> 12):012x}"
        return f"{moment[:8]}-{moment[8:]}-7{n & 0xFFF:03x}-{0x8000 | noise >> 48:04x}-{noise & 0xFFFFFFFFFFFF:012x}"


_NULLS = {
    "id_number_sealed",
    "id_number_blind",
    "batch_id",
    "birth_on",
    "lunar_birthday",
    "birthday",
    "last_visit_on",
    "purchased_on",
    "registered_on",
    "sales_consultant_id",
    "odometer_km",
    "odometer_on",
    "first_service_due_on",
    "second_service_due_on",
    "maintenance_due_on",
    "maintenance_low_on",
    "maintenance_high_on",
    "inspection_due_on",
    "last_service_on",
    "last_service_km",
}


def row_of(values: dict[str, Any], columns: tuple[str, ...]) -> str:
    """A COPY line of these columns; what nobody filled is blank, or null where a blank would be a lie."""
    cells = []
    for column in columns:
        value = values.get(column)
        if value is None:
            cells.append("\\N" if column in _NULLS else cell(DEFAULTS.get(column, "")))
        elif value.__class__ is str:
            cells.append(value)  # words of ours: nothing to escape
        else:
            cells.append(cell(value))
    return "\t".join(cells)
