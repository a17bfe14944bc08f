"""SLA clocks: one pure function over a store's calendar. Reliability section 5.2.

Three clocks: wall time (every minute counts), working time (opening spans of the store's calendar), promised time
(the moment itself). Spans and pauses are half-open intervals. Everything is added up in UTC: local time skips or
repeats an hour where summer time begins or ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Span = tuple[time, time]
HORIZON = timedelta(days=400)


class NoWorkingTime(ValueError):
    """The calendar has too little working time within 400 days for this budget."""


@dataclass(frozen=True)
class Calendar:
    """A usual week (weekday 0-6 -> spans) and the days that differ: 'holiday' has none, 'make_up_workday' has
    the spans of the first open weekday. A span that ends at or before its start runs past midnight."""

    tz: str
    week: Mapping[int, Sequence[Span]]
    days: Mapping[date, str] = field(default_factory=dict)

    def spans_of(self, day: date) -> Sequence[Span]:
        """Opening spans of a date."""
        kind = self.days.get(day)
        if kind == "holiday":
            return ()
        spans = self.week.get(day.weekday(), ())
        if kind == "make_up_workday" and not spans:
            return next((self.week[d] for d in range(7) if self.week.get(d)), ())
        return spans

    def open_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Open intervals in UTC that end after `start`, in order, cut at `start`, for 400 days."""
        zone = ZoneInfo(self.tz)
        begin = start.astimezone(UTC)
        day = begin.astimezone(zone).date() - timedelta(days=1)
        while day <= (begin + HORIZON).astimezone(zone).date():
            for opens, closes in sorted(self.spans_of(day)):
                end_day = day + timedelta(days=closes <= opens)
                a = datetime.combine(day, opens, tzinfo=zone).astimezone(UTC)
                b = datetime.combine(end_day, closes, tzinfo=zone).astimezone(UTC)
                if b > begin and b > a:
                    yield max(a, begin), b
            day += timedelta(days=1)


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
    stops = sorted((p.start.astimezone(UTC), p.end.astimezone(UTC) if p.end else begin + HORIZON * 2) for p in pauses)
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


def due(start: datetime, budget: timedelta, calendar: Calendar | None, pauses: Sequence[Pause] = ()) -> datetime:
    """The moment at which `budget` of running time has passed since `start`; wall time without a calendar.

    A zero budget is due at the first running moment. Raises NoWorkingTime.
    """
    left = budget
    for a, b in _running(start, calendar, pauses):
        if left <= b - a:
            return a + left
        left -= b - a
    raise NoWorkingTime(f"less than {budget} of working time within 400 days of {start.date()}")


def elapsed(start: datetime, end: datetime, calendar: Calendar | None, pauses: Sequence[Pause] = ()) -> timedelta:
    """Running time between two moments."""
    total, last = timedelta(), end.astimezone(UTC)
    for a, b in _running(start, calendar, pauses):
        if a >= last:
            break
        total += min(b, last) - a
    return total
