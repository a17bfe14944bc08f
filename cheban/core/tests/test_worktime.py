"""SLA clocks: examples a manager would name, and a count of minutes that the function must agree with."""

from __future__ import annotations

import random
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cheban.core.worktime import WALL, Calendar, NoWorkingTime, Pause, Promised, Span, due, elapsed

SHANGHAI = ZoneInfo("Asia/Shanghai")
WEEK = {day: ((time(8, 30), time(12)), (time(13), time(17, 30))) for day in range(6)}
STORE = Calendar("Asia/Shanghai", WEEK)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)  # 2026-11-02 is a Monday


@pytest.mark.req("R108")
@pytest.mark.parametrize(
    ("start", "budget", "end"),
    [
        (at(2, 9), 2 * HOUR, at(2, 11)),
        (at(2, 11), 2 * HOUR, at(2, 14)),  # lunch does not count
        (at(2, 12, 30), HOUR, at(2, 14)),  # begins at lunch
        (at(2, 17), HOUR, at(3, 9)),  # over night
        (at(7, 17), HOUR, at(9, 9)),  # Saturday to Monday
        (at(2, 8, 30), 3.5 * HOUR, at(2, 12)),  # used up as the span ends: due then, not after lunch
        (at(2, 9), 8 * HOUR, at(3, 9)),
        (at(1, 3), timedelta(), at(2, 8, 30)),  # nothing to do still waits for the store to open
        (at(2, 12), timedelta(), at(2, 13)),  # half-open: at 12:00 it is closed
        (at(2, 9), timedelta(), at(2, 9)),
    ],
)
def test_working_time_counts_opening_hours_only(start, budget, end):
    assert due(start, budget, STORE) == end


@pytest.mark.req("R168")
def test_a_complaint_on_the_wall_clock_is_due_24_hours_later_whatever_day():
    assert due(at(7, 23), 24 * HOUR, WALL) == at(8, 23)
    assert elapsed(at(7, 23), at(9, 23), WALL) == 48 * HOUR


def test_the_promised_clock_is_the_customers_own_slot():
    slot = Promised(at(4, 16))
    assert due(at(2, 9), timedelta(), slot) == at(4, 16)
    assert due(at(2, 9), 10 * MINUTE, slot, [Pause(at(4, 15), None, "等配件")]) == at(4, 16, 10)
    assert elapsed(at(2, 9), at(4, 15), slot) == timedelta()
    assert elapsed(at(2, 9), at(4, 16, 25), slot) == 25 * MINUTE


def test_holidays_make_up_workdays_and_days_of_their_own():
    days = {
        date(2026, 11, 2): "holiday",
        date(2026, 11, 8): "make_up_workday",  # a Sunday, closed otherwise
        date(2026, 11, 3): ((time(10), time(11)),),
    }
    store = Calendar("Asia/Shanghai", WEEK, days)
    assert due(at(2, 9), HOUR, store) == at(3, 11)
    assert due(at(7, 17), HOUR, store) == at(8, 9)
    assert due(at(8, 9), HOUR, STORE) == at(9, 9, 30)


def test_a_night_shift_runs_past_midnight():
    night = Calendar("Asia/Shanghai", {0: ((time(22), time(6)),)})
    assert due(at(2, 23), 3 * HOUR, night) == at(3, 2)
    assert due(at(3, 5), HOUR, night) == at(3, 6)
    assert due(at(3, 5), 2 * HOUR, night) == at(9, 23)
    assert elapsed(at(2, 0), at(4, 0), night) == 8 * HOUR
    assert elapsed(at(2, 0), at(3, 0), Calendar("Asia/Shanghai", {0: ((time(0), time(0)),)})) == 24 * HOUR


def test_pauses_are_intervals_that_do_not_count_twice():
    pauses = [
        Pause(at(2, 9, 30), at(2, 10, 30), "等客户"),
        Pause(at(2, 10), at(2, 11), "等配件"),  # overlaps the first
        Pause(at(2, 11, 50), at(2, 13, 10), "等配件"),  # over lunch
        Pause(at(2, 16), at(2, 15), "写反了"),
    ]
    assert due(at(2, 9), 2 * HOUR, STORE, pauses) == at(2, 13, 50)
    assert elapsed(at(2, 9), at(2, 14), STORE, pauses) == 30 * MINUTE + 50 * MINUTE + 50 * MINUTE


def test_an_open_pause_never_ends_by_itself():
    with pytest.raises(NoWorkingTime):
        due(at(2, 9), HOUR, STORE, [Pause(at(2, 9, 30), None, "等客户")])
    assert elapsed(at(2, 9), at(20, 9), STORE, [Pause(at(2, 9, 30), None, "等客户")]) == 30 * MINUTE


def test_a_calendar_without_opening_time_is_told():
    with pytest.raises(NoWorkingTime):
        due(at(2, 9), HOUR, Calendar("Asia/Shanghai", {}))


def test_naive_moments_and_negative_budgets_are_refused():
    with pytest.raises(ValueError, match="aware"):
        due(datetime(2026, 11, 2, 9), HOUR, STORE)  # noqa: DTZ001 - the very mistake
    with pytest.raises(ValueError, match="zero"):
        due(at(2, 9), -HOUR, STORE)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Asia/Shanghai", date(1986, 5, 4), 23),
        ("Asia/Shanghai", date(1986, 9, 14), 25),
        ("Asia/Shanghai", date(1992, 5, 4), 24),
    ],
)
def test_a_day_of_summer_time_has_the_hours_it_had(zone, day, hours):
    always = Calendar(zone, {d: ((time(0), time(0)),) for d in range(7)})
    start = datetime.combine(day, time(0), tzinfo=ZoneInfo(zone))
    end = datetime.combine(day + timedelta(days=1), time(0), tzinfo=ZoneInfo(zone))
    assert elapsed(start, end, always) == timedelta(hours=hours)
    assert due(start, timedelta(hours=hours), always) == end


def test_a_span_that_ends_in_the_skipped_hour_ends_at_the_skip():
    early = Calendar("America/New_York", {6: ((time(1), time(2, 30)),)})
    zone = ZoneInfo("America/New_York")
    start, end = datetime(2026, 3, 8, tzinfo=zone), datetime(2026, 3, 9, tzinfo=zone)
    assert elapsed(start, end, early) == HOUR  # 02:00 to 02:30 did not exist


# The oracle. It knows the definition only: an instant is in a span from the first grid point at which the local
# clock shows the span's start (or later) until the first at which it shows its end; a running instant is in a span
# and in no pause; due is the end of the n-th running grid step. It counts steps; it adds no time to any time.


class Oracle:
    """Every grid step of `days` days from `first` (UTC) as open (1) or closed (0)."""

    def __init__(self, calendar: Calendar | None, first: datetime, days: int, step: timedelta) -> None:
        self.first, self.step, self.count = first, step, int(timedelta(days=days) / step)
        if calendar is None:
            self.open = bytearray(b"\1") * self.count
            return
        zone = ZoneInfo(calendar.tz)
        shown = [(first + i * step).astimezone(zone).replace(tzinfo=None) for i in range(self.count)]
        highest = list(accumulate(shown, max))  # a repeated hour does not show a time for the first time
        self.open = bytearray(self.count)
        day = shown[0].date() - timedelta(days=2)
        while day <= shown[-1].date():
            for opens, closes in calendar.spans_of(day):
                begin = datetime.combine(day, opens)
                end = datetime.combine(day + timedelta(days=1 if closes <= opens else 0), closes)
                for i in range(bisect_left(highest, begin), bisect_left(highest, end)):
                    self.open[i] = 1
            day += timedelta(days=1)

    def running(self, start: int, pauses: list[tuple[int, int]]) -> bytearray:
        left = self.open[start:]
        for begin, end in pauses:
            a, b = max(begin - start, 0), max(end - start, 0)
            left[a:b] = bytes(len(left[a:b]))
        return left

    def due(self, start: int, steps: int, pauses: list[tuple[int, int]]) -> int | None:
        """Grid point at which `steps` running steps are over; None when that is not within the grid."""
        running = self.running(start, pauses)
        if steps == 0:
            found = running.find(1)
            return None if found < 0 else start + found
        if running.count(1) < steps:
            return None
        return start + bisect_left(list(accumulate(running)), steps) + 1


ZONES = [
    ("Asia/Shanghai", datetime(2026, 9, 25, tzinfo=UTC)),
    ("Asia/Shanghai", datetime(1988, 4, 8, tzinfo=UTC)),
    ("Asia/Shanghai", datetime(1991, 9, 10, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 4, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 10, 28, tzinfo=UTC)),
    ("Asia/Urumqi", datetime(2026, 1, 1, tzinfo=UTC)),
]


def random_calendar(dice: random.Random, *, zone: str, first: date, grid: int) -> Calendar:
    """Weeks with lunch breaks, night shifts, overlapping spans, holidays, make-up workdays, days of their own."""

    def moment() -> time:
        minutes = dice.randrange(0, 1440, grid)
        return time(minutes // 60, minutes % 60)

    def spans() -> tuple[Span, ...]:
        return tuple((moment(), moment()) for _ in range(dice.choice((0, 1, 1, 2, 2, 3))))

    days: dict[date, str | tuple[Span, ...]] = {}
    for _ in range(dice.randrange(5)):
        kind = dice.choice(("holiday", "make_up_workday", "own"))
        days[first + timedelta(days=dice.randrange(20))] = spans() if kind == "own" else kind
    return Calendar(zone, {d: spans() for d in range(7) if dice.random() < 0.8}, days)


def check(dice: random.Random, oracle: Oracle, calendar: Calendar | None) -> None:
    """One random case: due and elapsed agree with the count."""
    step, count = oracle.step, oracle.count
    start = dice.randrange(count - 1)
    steps = dice.choice((0, 1, dice.randrange(1, 60), dice.randrange(1, count)))
    held = sorted((dice.randrange(count), dice.randrange(count // 8)) for _ in range(dice.choice((0, 0, 1, 2, 4))))
    holes = [(begin, begin + length) for begin, length in held]
    pauses = [Pause(oracle.first + a * step, oracle.first + b * step, "等配件") for a, b in holes]
    begin = oracle.first + start * step
    expected = oracle.due(start, steps, holes)
    try:
        found = due(begin, steps * step, calendar, pauses)
    except NoWorkingTime:
        found = None
    if expected is None:
        assert found is None or found >= oracle.first + count * step
    else:
        assert found == oracle.first + expected * step
    end = dice.randrange(start, count)
    counted = oracle.running(start, holes)[: end - start].count(1)
    assert elapsed(begin, oracle.first + end * step, calendar, pauses) == counted * step


@pytest.mark.req("R168")
@given(st.randoms(use_true_random=False), st.sampled_from(ZONES))
@settings(max_examples=300, deadline=None)
def test_due_agrees_with_a_count_of_every_minute(dice, where):
    zone, first = where
    calendar = random_calendar(dice, zone=zone, first=first.date(), grid=1)
    check(dice, Oracle(calendar, first, 5, MINUTE), calendar)


@pytest.mark.req("R168")
def test_due_agrees_with_oracle_100k():
    """100,000 cases on a grid of five minutes: 500 calendars of twelve days, 200 cases each."""
    dice = random.Random(20261123)
    for number in range(500):
        zone, first = ZONES[number % len(ZONES)]
        calendar = None if number % 50 == 49 else random_calendar(dice, zone=zone, first=first.date(), grid=5)
        oracle = Oracle(calendar, first, 12, 5 * MINUTE)
        for _ in range(200):
            check(dice, oracle, calendar)


@given(st.randoms(use_true_random=False), st.sampled_from(ZONES))
@settings(max_examples=100, deadline=None)
def test_elapsed_until_due_is_the_budget(dice, where):
    zone, first = where
    calendar = random_calendar(dice, zone=zone, first=first.date(), grid=1)
    budget = dice.randrange(1, 6000) * MINUTE
    try:
        end = due(first, budget, calendar)
    except NoWorkingTime:
        return
    assert elapsed(first, end, calendar) == budget
    assert due(first, budget + MINUTE, calendar) > end
