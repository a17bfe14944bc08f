"""What forms of this room send, as values; None or 0 for what cannot be read: the command says what is wrong."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")


def as_moment(text: str) -> datetime | None:
    """A moment of a datetime-local field."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZONE)
    except ValueError:
        return None


def as_day(text: str) -> date | None:
    """A day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def as_id(text: str) -> UUID | None:
    """A row's id."""
    try:
        return UUID(text)
    except ValueError:
        return None


def as_number(text: str) -> int:
    """A whole number of a staff id's size, else 0."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
