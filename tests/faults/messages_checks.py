"""What must hold after a run of messages, worked out from the provider's log and the histories of what was allowed."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cheban.messaging.models import Message

DAY, WEEK = 86_400.0, 7 * 86_400.0
TOLERANCE = 10.0
FINAL = ("sent", "failed", "unknown")


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was decided: between `begun` and `done` (seconds since 1970) it came into force. `value` is what."""

    begun: float
    done: float
    value: Any


@dataclass(frozen=True, slots=True)
class Arrival:
    """One line of the provider's log."""

    at: float
    path: str
    request_id: str
    to: str
    text: str


@dataclass
class History:
    """All that befell: who the people are, what they and the stores said when, where the clock stood."""

    people: dict[Any, tuple[str, str]] = field(default_factory=dict)  # customer id -> number, name
    answers: dict[Any, list[Change]] = field(default_factory=lambda: defaultdict(list))  # value: (purpose, is_given)
    quiet: dict[int, list[Change]] = field(default_factory=lambda: defaultdict(list))  # value: (from, until)
    limits: list[Change] = field(
        default_factory=list
    )  # value: gate's limits (day, week, marketing day, marketing week)
    shifts: list[tuple[float, float]] = field(default_factory=list)  # since when, seconds ahead
    alerts: dict[str, float] = field(default_factory=dict)  # request id -> when it was committed
    deaths: list[tuple[float, float]] = field(default_factory=list)  # a worker killed, its successor at work

    def shift(self, at: float) -> float:
        """How far the house's clock was ahead."""
        return [ahead for since, ahead in self.shifts if since <= at][-1]

    def wall(self, moment: datetime) -> float:
        """When, by the provider's clock, the house's clock showed this."""
        stamp = moment.timestamp()
        for since, ahead in reversed(self.shifts):
            if stamp - ahead >= since - 0.01:
                return stamp - ahead
        return stamp

    def ahead(self, row: Message, at: float) -> float:
        """How far the clock was ahead for whoever decided about a message that arrived at `at`: a worker hears of a jump
        a moment after it."""
        return row.claimed_at.timestamp() - self.wall(row.claimed_at) if row.claimed_at else self.shift(at)


@dataclass
class Found:
    """What a run came to. `wrong` holds sentences: empty is good."""

    states: Counter = field(default_factory=Counter)
    whys: Counter = field(default_factory=Counter)
    accepted: int = 0
    twice: int = 0
    checked: int = 0
    undecided: int = 0  # a change came into force in the very moments between decision and arrival
    oldest_decision: float = 0.0
    alert_seconds: list[float] = field(default_factory=list)
    """Of red alerts, from commit to the provider, while every worker lived; ascending."""
    orphan_seconds: list[float] = field(default_factory=list)
    """The same, of those on whose way a worker was dead."""
    wrong: list[str] = field(default_factory=list)


def arrivals(log: Path) -> list[Arrival]:
    """The provider's log."""
    return [Arrival(**json.loads(line)) for line in log.read_text(encoding="utf-8").splitlines()]


def look(log: Path, history: History, *, owed: int, zone: str = "Asia/Shanghai") -> Found:
    """Every check. Needs scope over all stores."""
    found, came = Found(), arrivals(log)
    rows = {m.id.hex: m for m in Message.objects.defer("body_sealed", "facts")}
    counts: Counter = Counter()
    for name, problems in (
        ("lost", _lost(rows, came, owed, found)),
        ("sent twice", _twice(came, found)),
        ("to the wrong person", _wrong_person(rows, came, history)),
        ("against an answer or in quiet hours", _forbidden(rows, came, history, found, zone)),
        ("over a cap", _over_caps(rows, came, history)),
        ("alert that did not arrive", _alerts(came, history, found)),
    ):
        counts[name] = len(problems)
        found.wrong += [f"{name}: {len(problems)}, e.g. {problems[0]}"] if problems else []
    return found


def _lost(rows: dict[str, Message], came: Sequence[Arrival], owed: int, found: Found) -> list[str]:
    found.states = Counter(m.state for m in rows.values())
    found.whys = Counter(m.why for m in rows.values() if m.state in ("failed", "unknown"))
    taken = {a.request_id for a in came}
    found.accepted = len(taken)
    problems = [f"{owed} were owed, {len(rows)} are there"] if owed != len(rows) else []
    for id, row in rows.items():
        if row.state not in FINAL:
            problems.append(f"{id} is {row.state} ({row.why})")
        if row.state == "sent" and id not in taken:
            problems.append(f"{id} is said to be sent and is not in the log")
        if row.state == "failed" and id in taken:
            problems.append(f"{id} is said to have failed ({row.why}) and is in the log")
    return problems + [f"{id} is nobody's" for id in taken - set(rows)]


def _twice(came: Sequence[Arrival], found: Found) -> list[str]:
    repeated = [id for id, count in Counter(a.request_id for a in came).items() if count > 1]
    found.twice = len(repeated)
    return repeated


def _wrong_person(rows: dict[str, Message], came: Sequence[Arrival], history: History) -> list[str]:
    problems = []
    for arrival in came:
        row = rows.get(arrival.request_id)
        if row is not None and row.customer_id is not None:
            number, name = history.people[row.customer_id]
            if arrival.to != number or not arrival.text.startswith(name + "您好"):
                problems.append(arrival.request_id)
    return problems


def _in_force(changes: Sequence[Change], begin: float, end: float) -> list[Change] | None:
    """What was in force during a whole span, the newest last; None when something came into force within it."""
    if any(c.begun <= end and c.done >= begin for c in changes):
        return None
    return [c for c in changes if c.done < begin]


def _forbidden(
    rows: dict[str, Message], came: Sequence[Arrival], history: History, found: Found, zone: str
) -> list[str]:
    """The decision fell between `claimed_at` and the arrival: what forbade it during that whole span was passed over."""
    problems = []
    for arrival in came:
        row = rows.get(arrival.request_id)
        if row is None or row.customer_id is None or row.claimed_at is None:
            continue
        begin = history.wall(row.claimed_at)
        found.oldest_decision = max(found.oldest_decision, arrival.at - begin)
        answers = _in_force(history.answers[row.customer_id], begin, arrival.at)
        quiet = _in_force(history.quiet[row.store_id], begin, arrival.at)
        if answers is None or quiet is None:
            found.undecided += 1
            continue
        found.checked += 1
        newest = dict(change.value for change in answers)
        if newest.get("all") is False or newest.get(row.purpose) is False:
            problems.append(f"{arrival.request_id} after a no to {newest}")
        if row.message_class == "marketing" and not (newest.get("marketing") or newest.get("all")):
            problems.append(f"{arrival.request_id} without consent")
        since, until = quiet[-1].value
        ahead = history.ahead(row, arrival.at)
        moments = [datetime.fromtimestamp(at + ahead, ZoneInfo(zone)).time() for at in (begin, arrival.at)]
        if all(_is_quiet(moment, since, until) for moment in moments):
            problems.append(f"{arrival.request_id} in quiet hours {since}-{until} at {moments[1]}")
    return problems


def _is_quiet(moment: time, since: time, until: time) -> bool:
    if since <= until:
        return since <= moment < until
    return moment >= since or moment < until


def _over_caps(rows: dict[str, Message], came: Sequence[Arrival], history: History) -> list[str]:
    """Per person by the house's clock: how many arrived within 24 hours and 7 days, against the caps that were in force
    at some moment between its decision and its arrival: a cap lowered later does not call back what went before. Ten
    seconds of tolerance, because the house counts from the decision and the provider from the arrival."""
    of: dict[Any, list[tuple[float, bool, float, float]]] = defaultdict(list)
    for arrival in came:
        row = rows.get(arrival.request_id)
        if row is not None and row.customer_id is not None:
            moment = arrival.at + history.ahead(row, arrival.at)
            begin = history.wall(row.claimed_at) if row.claimed_at else arrival.at - TOLERANCE
            of[row.customer_id].append((moment, row.message_class == "marketing", begin, arrival.at))
    problems = []
    for who, all_of_them in of.items():
        for place, own in ((0, all_of_them), (2, [a for a in all_of_them if a[1]])):
            own = sorted(own)
            times = [moment for moment, *_rest in own]
            for number, (moment, _is_marketing, begin, end) in enumerate(own):
                held = _at_some_time(history.limits, begin, end)
                for span, offset in ((DAY, 0), (WEEK, 1)):
                    cap = max(limit[place + offset] for limit in held)
                    count = number + 1 - bisect_left(times, moment - span + TOLERANCE)
                    if count > cap:
                        kind = "marketing " if place else ""
                        problems.append(f"{who}: {count} {kind}within {span / DAY:.0f} d, {cap} allowed")
    return problems


def _at_some_time(changes: Sequence[Change], begin: float, end: float) -> list[Any]:
    """Every value that was in force at any moment of a span: the last before it, and what came into force within it."""
    within = [c.value for c in changes if c.begun <= end and c.done >= begin]
    return [c.value for c in changes if c.done < begin][-1:] + within


def _alerts(came: Sequence[Arrival], history: History, found: Found) -> list[str]:
    arrived = {a.request_id: a.at for a in came if a.path == "/robot"}
    for id, at in history.alerts.items():
        if id in arrived:
            met_death = any(dead <= arrived[id] and at <= risen for dead, risen in history.deaths)
            (found.orphan_seconds if met_death else found.alert_seconds).append(arrived[id] - at)
    found.alert_seconds.sort()
    found.orphan_seconds.sort()
    return [id for id in history.alerts if id not in arrived]
