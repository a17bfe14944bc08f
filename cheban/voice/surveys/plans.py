"""When customers are asked, and what the house promised itself about asking: numbers that the handbook gives.

The rooms below know none of them: `handbook/surveys.py` fills `PLANS` and `TERMS` when the site starts. R132, Y05.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Plan:
    """After an event of this name customers are asked, `days` days later at `at` by the store's clock; not any more
    when the occasion lies more than `late_days` days back (old files)."""

    kind: str
    event: str
    days: int
    at: time
    late_days: int

    def invites_at(self, happened_at: datetime, *, tz: str) -> datetime:
        """The moment of the invitation."""
        zone = ZoneInfo(tz)
        day = happened_at.astimezone(zone).date() + timedelta(days=self.days)
        return datetime.combine(day, self.at, tzinfo=zone)


@dataclass(frozen=True, slots=True)
class Terms:
    """`gap_days` between two surveys of one customer; the link works for `lives_days`; an answer may be changed for
    `change_hours`; points below `low` owe a call back; with fewer answers than `least` a mean says nothing."""

    gap_days: int = 30
    lives_days: int = 14
    change_hours: int = 24
    low: int = 60
    target: int = 90
    least: int = 10


@dataclass(slots=True)
class Asking:
    """What holds now."""

    plans: dict[str, Plan] = field(default_factory=dict)
    terms: Terms = field(default_factory=Terms)

    def fill(self, plans: Iterable[Plan], terms: Terms) -> None:
        """Called by the handbook, once."""
        self.plans = {plan.kind: plan for plan in plans}
        self.terms = terms


ASKING = Asking()
