"""Figures kept while things happen: one statement per event, safe to run twice and in any order. R161, R207.

`apply` writes what events said about counted things and moves the sums by exactly the difference it made; a repeated
event makes none. `recompute` works the same figures out from the events alone: a test of random streams, an invariant
of the simulator and a nightly job hold the two together. `fold` is the rule of both: of several events that open (or
close) one thing the first by id counts, for figures with `last_word` the newest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from cheban.core import clock, events, live
from cheban.core.models import Event
from cheban.org.models import Store
from cheban.scorecard.definitions import BY_CODE, DEFINITIONS, Definition, Reading, event_names

BATCH = 2_000

_OPENS = ("opened_id", "opened_at", "day", "due_at", "owner_id", "whole", "worth")
_CLOSES = ("closed_id", "closed_at", "closed_by_id", "is_kept")


def _wins(column: str) -> str:
    """Whether the row that comes takes the place of the one that is there."""
    return (
        f"(EXCLUDED.{column} IS NOT NULL AND (c.{column} IS NULL OR CASE WHEN c.metric = ANY (%(last)s) "
        f"THEN EXCLUDED.{column} > c.{column} ELSE EXCLUDED.{column} < c.{column} END))"
    )


def _set(columns: Iterable[str], by: str) -> str:
    return ", ".join(f"{c} = CASE WHEN {_wins(by)} THEN EXCLUDED.{c} ELSE c.{c} END" for c in columns)


_ADD = "ON CONFLICT ({key}) DO UPDATE SET part = t.part + EXCLUDED.part, whole = t.whole + EXCLUDED.whole"
_APPLY = f"""
WITH said AS (
  SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS r(store_id int, metric text, subject text, opened_id bigint,
    opened_at timestamptz, day date, due_at timestamptz, owner_id int, whole int, worth int, closed_id bigint,
    closed_at timestamptz, closed_by_id int, is_kept boolean)
), told AS (
  INSERT INTO scorecard_counted AS c (store_id, metric, subject, {", ".join(_OPENS + _CLOSES)})
  SELECT store_id, metric, subject, {", ".join(_OPENS + _CLOSES)} FROM said ORDER BY metric, subject, store_id
  ON CONFLICT (metric, subject, store_id) DO UPDATE SET {_set(_OPENS, "opened_id")}, {_set(_CLOSES, "closed_id")}
  WHERE {_wins("opened_id")} OR {_wins("closed_id")}
  RETURNING old.day AS was_on, old.person_id AS was_of, old.part AS was_part, old.whole AS was_whole,
    new.store_id, new.metric, new.day, new.person_id, new.part, new.whole
), moved AS (
  SELECT store_id, metric, was_on AS day, was_of AS person_id, -was_part AS part, -was_whole AS whole
    FROM told WHERE was_on IS NOT NULL
  UNION ALL SELECT store_id, metric, day, person_id, part, whole FROM told WHERE day IS NOT NULL
), days AS (
  INSERT INTO scorecard_tally AS t (store_id, metric, person_id, day, part, whole)
  SELECT store_id, metric, person_id, day, sum(part), sum(whole) FROM (
    SELECT * FROM moved WHERE person_id <> 0
    UNION ALL SELECT store_id, metric, day, 0, part, whole FROM moved) m
  GROUP BY 1, 2, 3, 4 HAVING sum(part) <> 0 OR sum(whole) <> 0 ORDER BY 1, 2, 3, 4
  {_ADD.format(key="store_id, metric, person_id, day")}
), weeks AS (
  INSERT INTO scorecard_weektally AS t (store_id, week, metric, part, whole)
  SELECT store_id, date_trunc('week', day)::date AS week, metric, sum(part), sum(whole) FROM moved
  GROUP BY 1, 2, 3 HAVING sum(part) <> 0 OR sum(whole) <> 0 ORDER BY 1, 2, 3
  {_ADD.format(key="store_id, week, metric")}
)
SELECT DISTINCT store_id FROM moved"""  # noqa: S608 - SQL of ours; values are parameters


@dataclass(frozen=True, slots=True)
class Row:
    """A counted thing as the events so far tell it; the columns of `Counted`."""

    store_id: int
    metric: str
    subject: str
    opened_id: int | None = None
    opened_at: datetime | None = None
    day: date | None = None
    due_at: datetime | None = None
    owner_id: int | None = None
    whole: int = 0
    worth: int | None = None
    closed_id: int | None = None
    closed_at: datetime | None = None
    closed_by_id: int | None = None
    is_kept: bool | None = None

    @property
    def person_id(self) -> int:
        """Whose it is, 0 for nobody's."""
        return self.owner_id if self.owner_id is not None else self.closed_by_id or 0

    @property
    def part(self) -> int:
        """What it contributes; the same rule as the generated column of `Counted`."""
        if self.opened_id is None:
            return 0
        if self.worth is not None:
            return self.worth
        if self.closed_id is None:
            return 0
        in_time = self.is_kept
        if in_time is None:
            in_time = self.due_at is None or self.closed_at <= self.due_at
        return self.whole if in_time else 0


def row_of(definition: Definition, event: Event, reading: Reading, *, zone: ZoneInfo) -> Row:
    """One event's word about one thing, as a row of its own."""
    row = Row(event.store_id, definition.code, reading.subject)
    if reading.opens:
        due = reading.at + definition.within if definition.within else None
        row = replace(
            row,
            opened_id=event.id,
            opened_at=reading.at,
            day=(due or reading.at).astimezone(zone).date(),
            due_at=due,
            owner_id=reading.person_id,
            whole=reading.whole,
            worth=reading.worth,
        )
    if reading.closes:
        row = replace(
            row, closed_id=event.id, closed_at=reading.at, closed_by_id=reading.person_id, is_kept=reading.is_kept
        )
    return row


def _takes(new: int | None, old: int | None, *, last: bool) -> bool:
    return new is not None and (old is None or (new > old if last else new < old))


def fold(rows: Iterable[Row]) -> dict[tuple[int, str, str], Row]:
    """Many words about many things become one row each; the order of the words does not matter."""
    found: dict[tuple[int, str, str], Row] = {}
    for row in rows:
        key = row.store_id, row.metric, row.subject
        held = found.get(key)
        if held is None:
            found[key] = row
            continue
        last = BY_CODE[row.metric].last_word
        if _takes(row.opened_id, held.opened_id, last=last):
            held = replace(held, **{name: getattr(row, name) for name in _OPENS})
        if _takes(row.closed_id, held.closed_id, last=last):
            held = replace(held, **{name: getattr(row, name) for name in _CLOSES})
        found[key] = held
    return found


def rows_of(event: Event, *, zone: ZoneInfo) -> list[Row]:
    """What an event says to all figures."""
    return [
        row_of(definition, event, reading, zone=zone)
        for definition in DEFINITIONS
        for reading in definition.counts(event)
    ]


def _json(row: Row) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value := getattr(row, name), (date, datetime)) else value
        for name in row.__slots__
    }


def apply(rows: Iterable[Row]) -> set[int]:
    """Write rows (each thing at most once) and move the sums; returns the stores whose figures moved. Needs scope."""
    several = list(rows)
    if not several:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            _APPLY,
            {
                "rows": json.dumps([_json(row) for row in several]),
                "last": [d.code for d in DEFINITIONS if d.last_word],
            },
        )
        return {store for (store,) in cursor.fetchall()}


def count(event: Event) -> None:
    """The reaction: an event's word goes into the figures, and open boards of the store hear of it."""
    zone = _zones([event.store_id])[event.store_id]
    for store_id in apply(fold(rows_of(event, zone=zone)).values()):
        live.announce("board", store_id)


def _zones(store_ids: Iterable[int]) -> dict[int, ZoneInfo]:
    found = Store.objects.filter(id__in=list(store_ids)).values_list("id", "time_zone")
    return {store_id: ZoneInfo(name) for store_id, name in found}


def react() -> list[str]:
    """Count every event that a figure reads and a room declares (called when all apps are ready)."""
    names = event_names()
    for name in names:
        events.reaction(name)(count)
    return names


def words(store_ids: list[int], *, since: datetime, metric: str = "", until: datetime | None = None) -> Iterable[Row]:
    """What the recorded events say, one row per word, oldest first. Needs scope; reads in batches."""
    zones = _zones(store_ids)
    wanted = [BY_CODE[metric]] if metric else DEFINITIONS
    names = sorted({name for definition in wanted for name in definition.reads})
    found = Event.objects.filter(name__in=names, store_id__in=store_ids, at__gte=since)
    if until is not None:
        found = found.filter(at__lt=until)
    for event in found.order_by("at", "id").iterator(chunk_size=BATCH):
        for definition in wanted:
            for reading in definition.counts(event):
                yield row_of(definition, event, reading, zone=zones[event.store_id])


Sums = dict[tuple[int, str, int, date], tuple[int, int]]


def sums(rows: Iterable[Row]) -> Sums:
    """(store, metric, person or 0 for all, day) -> (part, whole), without what comes to nothing."""
    found: dict[tuple[int, str, int, date], list[int]] = {}
    for row in rows:
        if row.day is None:
            continue
        for person in {0, row.person_id}:
            held = found.setdefault((row.store_id, row.metric, person, row.day), [0, 0])
            held[0] += row.part
            held[1] += row.whole
    return {key: (part, whole) for key, (part, whole) in found.items() if part or whole}


def recompute(metric: str, *, from_on: date, to_on: date, store_ids: list[int]) -> Sums:
    """A figure's sums for the days from `from_on` to `to_on` (included), from the events alone. Needs scope."""
    since = datetime.combine(from_on - timedelta(days=8), datetime.min.time(), tzinfo=UTC)
    folded = fold(words(store_ids, since=since, metric=metric))
    return {key: value for key, value in sums(folded.values()).items() if from_on <= key[3] <= to_on}


def kept(metric: str, *, from_on: date, to_on: date, store_ids: list[int]) -> Sums:
    """The same from the tables. Needs scope."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT store_id, metric, person_id, day, part, whole FROM scorecard_tally
               WHERE metric = %s AND day BETWEEN %s AND %s AND store_id = ANY (%s) AND (part <> 0 OR whole <> 0)""",
            [metric, from_on, to_on, store_ids],
        )
        return {tuple(row[:4]): (row[4], row[5]) for row in cursor.fetchall()}


def catch_up(store_ids: list[int], *, since: datetime) -> set[int]:
    """Put the events since a moment into the figures again: what is there already makes no difference. Needs scope.

    For events that came before this room did, and nightly against whatever a standstill left out.
    """
    moved: set[int] = set()
    batch: dict[tuple[int, str, str], Row] = {}
    for row in words(store_ids, since=since):
        batch = fold([*batch.values(), row]) if (row.store_id, row.metric, row.subject) in batch else batch
        batch.setdefault((row.store_id, row.metric, row.subject), row)
        if len(batch) >= BATCH:
            moved |= apply(batch.values())
            batch = {}
    return moved | apply(batch.values())


def count_again(told: Iterable[Event]) -> set[int]:
    """Put these events into the figures, whether they are there already or not; returns the stores whose figures
    moved. Needs scope."""
    several = list(told)
    zones = _zones({event.store_id for event in several})
    return apply(fold(row for event in several for row in rows_of(event, zone=zones[event.store_id])).values())


def is_new(store_ids: list[int]) -> bool:
    """Whether nothing was ever counted in these stores. Needs scope."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT NOT EXISTS (SELECT 1 FROM scorecard_counted WHERE store_id = ANY (%s))", [store_ids])
        return cursor.fetchone()[0]


_TASKS = """
WITH due AS (
  SELECT t.store_id, t.assignee_id, (t.due_at AT TIME ZONE s.time_zone)::date AS day, t.rule,
    (t.state = 'done' AND t.closed_at <= t.due_at)::int AS kept,
    (t.state = 'done' AND t.outcome <> 'unreached')::int AS reached
  FROM playbook_task t JOIN org_store s ON s.id = t.store_id
  WHERE t.due_at >= %(from)s AND t.due_at < %(at)s AND t.state <> 'dropped' AND t.store_id = ANY (%(stores)s)
), owed AS (
  SELECT store_id, 'kept_word' AS metric, assignee_id, day, kept AS part FROM due
  UNION ALL SELECT store_id, 'follow_up', assignee_id, day, reached FROM due WHERE rule = ANY (%(contacts)s)
), fresh AS (
  SELECT store_id, metric, person_id, day, sum(part) AS part, count(*) AS whole FROM (
    SELECT store_id, metric, assignee_id AS person_id, day, part FROM owed WHERE assignee_id IS NOT NULL
    UNION ALL SELECT store_id, metric, 0, day, part FROM owed) p
  WHERE day >= %(first)s GROUP BY 1, 2, 3, 4
), gone AS (
  UPDATE scorecard_tally t SET part = 0, whole = 0 WHERE t.metric IN ('kept_word', 'follow_up') AND t.day >= %(first)s
    AND t.store_id = ANY (%(stores)s) AND (t.part <> 0 OR t.whole <> 0) AND NOT EXISTS (SELECT 1 FROM fresh f
      WHERE f.store_id = t.store_id AND f.metric = t.metric AND f.person_id = t.person_id AND f.day = t.day)
  RETURNING t.store_id
), written AS (
  INSERT INTO scorecard_tally AS t (store_id, metric, person_id, day, part, whole) SELECT * FROM fresh ORDER BY 1, 2, 3, 4
  ON CONFLICT (store_id, metric, person_id, day) DO UPDATE SET part = EXCLUDED.part, whole = EXCLUDED.whole
  WHERE (t.part, t.whole) <> (EXCLUDED.part, EXCLUDED.whole)
  RETURNING t.store_id
)
SELECT store_id FROM written UNION SELECT store_id FROM gone"""
_TASK_WEEKS = """
INSERT INTO scorecard_weektally AS t (store_id, week, metric, part, whole)
SELECT store_id, date_trunc('week', day)::date, metric, sum(part), sum(whole) FROM scorecard_tally
WHERE metric IN ('kept_word', 'follow_up') AND person_id = 0 AND day >= %(first)s AND store_id = ANY (%(moved)s)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
ON CONFLICT (store_id, week, metric) DO UPDATE SET part = EXCLUDED.part, whole = EXCLUDED.whole
WHERE (t.part, t.whole) <> (EXCLUDED.part, EXCLUDED.whole)"""


def count_tasks(store_ids: list[int], *, weeks: int, at: datetime | None = None) -> set[int]:
    """Figures made of tasks, for this week and `weeks` before it, set-based; returns the stores whose figures moved.

    A task that nobody touched is late without any event, so these are counted anew. Needs scope; safe to repeat.
    """
    from cheban.playbook.rules import HANDBOOK

    at = at or clock.now()
    today = clock.day_of(at)
    first = today - timedelta(days=today.weekday(), weeks=weeks)
    values: Mapping[str, Any] = {
        "at": at,
        "first": first,
        "from": datetime.combine(first - timedelta(days=1), datetime.min.time(), tzinfo=UTC),
        "stores": store_ids,
        "contacts": [rule.code for rule in HANDBOOK.rules.values() if not rule.is_duty and rule.purpose != "internal"],
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('scorecard.count_tasks'))")
        cursor.execute(_TASKS, values)
        moved = {store for (store,) in cursor.fetchall()}
        if moved:
            cursor.execute(_TASK_WEEKS, {"first": first, "moved": sorted(moved)})
    return moved
