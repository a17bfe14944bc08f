"""Calendar months by their first day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.formats import date_format


def first_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def following(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def before(month: date) -> date:
    """The first day of the month before."""
    return (month.replace(day=1) - timedelta(days=1)).replace(day=1)


def begin_of(month: date, zone: ZoneInfo) -> datetime:
    """The moment at which a month begins in a time zone."""
    return datetime.combine(month, time.min, tzinfo=zone)


def words(month: date) -> str:
    """2026年10月, October 2026."""
    return date_format(month, "YEAR_MONTH_FORMAT")


def read(text: str) -> date | None:
    """'2026-10' or '2026-10-01' out of an address; None for anything else."""
    try:
        return date.fromisoformat(text if len(text) > 7 else f"{text}-01").replace(day=1)
    except ValueError:
        return None
