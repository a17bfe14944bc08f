"""When a vehicle's annual inspection is due, by the Chinese rules, as a table. R086.

Sources: 道路交通安全法实施条例 art. 16, and the reform in force since 2022-10-01 (公安部、市场监管总局、生态环境部、
交通运输部《关于深化机动车检验制度改革优化车检服务工作的意见》). Months count from the registration.

| vehicles | rule |
|---|---|
| non-operating passenger cars up to 9 seats, minivans (面包车) excepted | sticker in years 2, 4, 8; inspected in years 6, 10, then yearly (reform; art. 16 (3) was stricter) |
| minivans, non-operating | inspected every 2 years within 6 years, yearly to year 15, then every 6 months (art. 16 (3)) |
| operating passenger vehicles, ride hailing | yearly within 5 years, then every 6 months (art. 16 (1)) |
| trucks; non-operating passenger vehicles over 9 seats | yearly within 10 years, then every 6 months (art. 16 (2)) |

Due by the last day of the month of registration; the inspection may be made within the three months before. A sticker
is fetched on line without bringing the vehicle, unless it had an accident with injured persons.
"""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Literal

YEARS_KNOWN = 60
_END = YEARS_KNOWN * 12


@dataclass(frozen=True, slots=True)
class Inspection:
    """Due by the end of `due_on`; 'sticker': fetched on line; 'on_line': the vehicle is inspected (上线检验)."""

    due_on: date
    kind: Literal["sticker", "on_line"]


def _inspected(*months: int) -> dict[int, Literal["sticker", "on_line"]]:
    return dict.fromkeys(months, "on_line")


PRIVATE = dict.fromkeys((24, 48, 96), "sticker") | _inspected(72, 120, *range(132, _END + 1, 12))
MINIVAN = _inspected(24, 48, 72, *range(84, 181, 12), *range(186, _END + 1, 6))
OPERATING = _inspected(*range(12, 61, 12), *range(66, _END + 1, 6))
TRUCK = _inspected(*range(12, 121, 12), *range(126, _END + 1, 6))
LARGE = TRUCK
"""Months after the registration -> kind of inspection."""

_ORDERED = {id(table): sorted(table.items()) for table in (PRIVATE, MINIVAN, OPERATING, TRUCK)}
_MONTHS = {key: [months for months, _kind in rows] for key, rows in _ORDERED.items()}


def schedule(*, use: str, seats: int, minivan: bool = False) -> dict[int, Literal["sticker", "on_line"]]:
    """The table that applies: `use` 'ride_hailing' and 'truck' have their own, all others are non-operating."""
    if use == "ride_hailing":
        return OPERATING
    if use == "truck":
        return TRUCK
    if seats > 9:
        return LARGE
    return MINIVAN if minivan else PRIVATE


def next_inspection(
    registered_on: date, *, use: str, seats: int, energy: str | None = None, after: date, minivan: bool = False
) -> Inspection:
    """The first inspection due on or after `after`.

    `energy` is asked for because the rules for electric vehicles differ in what is inspected; when does not depend
    on it. A vehicle older than 60 years gets its table's last date.
    """
    key = id(schedule(use=use, seats=seats, minivan=minivan))
    registered = registered_on.year * 12 + registered_on.month - 1
    at = bisect_left(_MONTHS[key], after.year * 12 + after.month - 1 - registered)
    months, kind = _ORDERED[key][min(at, len(_ORDERED[key]) - 1)]
    year, month = divmod(registered + months, 12)
    return Inspection(date(year, month + 1, monthrange(year, month + 1)[1]), kind)
