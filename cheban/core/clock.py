"""The one clock. Tests and demo runs move it; everything else asks it. R205 of the house: no second clock.

`CHEBAN_NOW` (ISO moment with offset) starts the clock of a whole process elsewhere; it ticks on from there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_shift: ContextVar[timedelta] = ContextVar("clock_shift", default=timedelta())
_frozen: ContextVar[datetime | None] = ContextVar("clock_frozen", default=None)
_process_shift = (
    datetime.fromisoformat(os.environ["CHEBAN_NOW"]) - datetime.now(UTC)
    if os.environ.get("CHEBAN_NOW")
    else timedelta()
)


def now() -> datetime:
    """This moment, aware, UTC."""
    return _frozen.get() or datetime.now(UTC) + _process_shift + _shift.get()


def today(tz: str = "Asia/Shanghai") -> date:
    """The calendar day of this moment in a time zone."""
    return now().astimezone(ZoneInfo(tz)).date()


def day_of(at: datetime, tz: str = "Asia/Shanghai") -> date:
    """The calendar day of a moment in a time zone."""
    return at.astimezone(ZoneInfo(tz)).date()


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """The clock stands at `at` (aware)."""
    token = _frozen.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)


@contextmanager
def moved(**delta: float) -> Iterator[None]:
    """The clock runs ahead by timedelta(**delta)."""
    token = _shift.set(_shift.get() + timedelta(**delta))
    try:
        yield
    finally:
        _shift.reset(token)
