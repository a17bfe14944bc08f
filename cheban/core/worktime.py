"""SLA clocks: one pure function over a store's calendar. Reliability section 5.2.

Three clocks: wall time (every minute counts), working time (opening spans of the store's calendar), promised time
(the customer's own slot). Spans and pauses are half-open intervals. Everything is added up in UTC: local time skips
or repeats an hour where summer time begins or ends (Asia/Shanghai 1986-1991, America/New_York).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Span = tuple[time, time]
HORIZON = timedelta(days=400)
WALL = None
"""The calendar of wall time: no calendar, always open."""


class NoWorkingTime(ValueError):
    """The calendar has too little working time within 400 days for this budget."""


@dataclass(frozen=True)
class Calendar:
    """A usual week (weekday 0-6, Monday first -> spans) and the days that differ.

    A day that differs is 'holiday' (no spans), 'make_up_workday' (the weekday's own spans, or those of the first
    open weekday if it has none), or its own spans. A span that ends at or before its start runs past midnight and
    belongs to the day on which it starts. A date without an entry follows the week: so a year whose holidays are
    not known yet still computes.
    """

    tz: str
    week: Mapping[int, Sequence[Span]]
    days: Mapping[date, str | Sequence[Span]] = field(default_factory=dict)

    def spans_of(self, day: date) -> Sequence[Span]:
        """Opening spans of a date."""
        kind = self.days.get(day)
        if kind == "holiday":
            return ()
        if kind is not None and not isinstance(kind, str):
            return kind
        spans = self.week.get(day.weekday(), ())
        if kind == "make_up_workday" and not spans:
            return next((self.week[d] for d in range(7) if self.week.get(d)), ())
        return spans

    def open_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open intervals in UTC that end after `start`, by their day, cut at `start`, for 400 days."""
        zone = ZoneInfo(self.tz)
        begin = start.astimezone(UTC)
        day = begin.astimezone(zone).date() - timedelta(days=1)
        while day <= (begin + HORIZON).astimezone(zone).date():
            for opens, closes in sorted(self.spans_of(day)):
                a = moment_of(day, opens, zone)
                b = moment_of(day + timedelta(days=closes <= opens), closes, zone)
                if b > begin and b > a:
                    yield max(a, begin), b
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Promised:
    """The calendar of promised time: what counts is the slot that the customer was told, not when we began."""

    at: datetime


def moment_of(day: date, local: time, zone: ZoneInfo) -> datetime:
    """The first moment, in UTC, at which a clock on the wall of `zone` shows `local` of that day, or later.

    A local time that summer time skips is the moment of the skip; one that comes twice is its first coming.
    """
    early = datetime.combine(day, local, tzinfo=zone).replace(fold=0)
    late = early.replace(fold=1)
    if early.utcoffset() == late.utcoffset():
        return early.astimezone(UTC)
    before, after = sorted((early.astimezone(UTC), late.astimezone(UTC)))
    if before.astimezone(zone).replace(tzinfo=None, fold=0) == early.replace(tzinfo=None):
        return before
    while after - before > timedelta(seconds=1):  # skipped: search the skip between the two readings
        middle = before + timedelta(seconds=(after - before).total_seconds() // 2)
        if middle.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset():
            before = middle
        else:
            after = middle
    return after


@dataclass(frozen=True, slots=True)
class Pause:
    """Time that does not count, and why. `end` None: still paused."""

    start: datetime
    end: datetime | None
    reason: str


def _running(
    start: datetime, calendar: Calendar | None, pauses: Sequence[Pause]
) -> Iterator[tuple[datetime, datetime]]:
    """Intervals in which the clock runs: open and not paused, disjoint and in order."""
    begin = start.astimezone(UTC)
    source = calendar.open_from(start) if calendar else iter([(begin, begin + HORIZON)])
    never = begin + HORIZON * 2
    stops = sorted((p.start.astimezone(UTC), p.end.astimezone(UTC) if p.end else never) for p in pauses)
    stops = [(stop, go) for stop, go in stops if stop < go]
    reached = begin
    for a, b in source:
        a = max(a, reached)
        for stop, go in stops:
            if go <= a or stop >= b:
                continue
            if stop > a:
                yield a, stop
            a = max(a, go)
        if a < b:
            yield a, b
        reached = max(reached, b)


def due(
    start: datetime,
    budget: timedelta,
    calendar: Calendar | Promised | None = WALL,
    pauses: Sequence[Pause] = (),
) -> datetime:
    """The moment, in UTC, at which `budget` of running time has passed since `start`.

    Wall time without a calendar. A zero budget is due at the first running moment. With `Promised` it is the
    promised moment plus the budget (grace): neither our start nor our pauses move a customer's slot.
    Raises NoWorkingTime, and ValueError for moments without a zone and budgets below zero.
    """
    if start.tzinfo is None or budget < timedelta():
        raise ValueError(f"a clock needs an aware start and a budget of at least zero, not {start} and {budget}")
    if isinstance(calendar, Promised):
        return calendar.at.astimezone(UTC) + budget
    left = budget
    for a, b in _running(start, calendar, pauses):
        if left <= b - a:
            return a + left
        left -= b - a
    raise NoWorkingTime(f"less than {budget} of working time within 400 days of {start.date()}")


def elapsed(
    start: datetime,
    end: datetime,
    calendar: Calendar | Promised | None = WALL,
    pauses: Sequence[Pause] = (),
) -> timedelta:
    """Running time between two moments; zero when `end` is not after `start`. On the promised clock: the delay."""
    last = end.astimezone(UTC)
    if isinstance(calendar, Promised):
        return max(last - calendar.at.astimezone(UTC), timedelta())
    total = timedelta()
    for a, b in _running(start, calendar, pauses):
        if a >= last:
            break
        total += min(b, last) - a
    return total
