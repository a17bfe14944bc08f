"""When a vehicle's annual inspection is due, by the Chinese rules, as a table.

Source: 道路交通安全法实施条例 art. 16 and the reform of 2022-10-01 (公安部、市场监管总局等《关于深化机动车检验制度改革》):
non-operating small passenger cars up to 9 seats are inspected on line in years 6 and 10 and yearly after year 10,
and only fetch a sticker in years 2, 4 and 8. Operating passenger cars: yearly within 5 years, then every six months.
Trucks: yearly within 10 years, then every six months. Other non-operating vehicles (over 9 seats): yearly within 6
years, then every six months. Due by the last day of the month of registration.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Inspection:
    """Due by the end of `due_on`; kind 'sticker' (fetched on line) or 'on_line' (the vehicle is inspected)."""

    due_on: date
    kind: str


PRIVATE = tuple((y * 12, "sticker" if y in (2, 4, 8) else "on_line") for y in (2, 4, 6, 8, 10, *range(11, 61)))
OPERATING = tuple((m, "on_line") for m in (*range(12, 61, 12), *range(66, 721, 6)))
TRUCK = tuple((m, "on_line") for m in (*range(12, 121, 12), *range(126, 721, 6)))
LARGE = tuple((m, "on_line") for m in (*range(12, 73, 12), *range(78, 721, 6)))
"""Months after registration -> kind of inspection."""


def schedule(*, use: str, seats: int) -> tuple[tuple[int, str], ...]:
    """The table that applies to a use and a number of seats."""
    if use == "ride_hailing":
        return OPERATING
    if use == "truck":
        return TRUCK
    return PRIVATE if seats <= 9 else LARGE


def next_inspection(registered_on: date, *, use: str, seats: int, energy: str | None = None, after: date) -> Inspection:
    """The first inspection due on or after `after`. `energy` does not matter in today's rules."""
    base = registered_on.year * 12 + registered_on.month - 1
    table = schedule(use=use, seats=seats)
    elapsed = after.year * 12 + after.month - 1 - base
    low, high = 0, len(table) - 1
    while low < high:  # the first entry in or after this month
        middle = (low + high) // 2
        if table[middle][0] >= elapsed:
            high = middle
        else:
            low = middle + 1
    months, kind = table[low]
    year, month = divmod(base + months, 12)
    return Inspection(date(year, month + 1, monthrange(year, month + 1)[1]), kind)
