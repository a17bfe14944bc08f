"""What was entered late: recorded just now, happened earlier. The figures follow within minutes, not at night. R161.

Reactions count what single commands tell at once, whenever it happened. Two things they do not reach: events written in
bulk that nobody reacts to, and figures of tasks in weeks that the ten-minute count has left behind (a call of last month
entered today). Both are found by reading the newest events once more; whoever enters something pays nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from cheban.core import clock
from cheban.core.models import Event
from cheban.scorecard import tally
from cheban.scorecard.definitions import event_names

WINDOW = timedelta(minutes=15)
"""How far back in the order of recording; overlaps, as counting again makes no difference."""
LATE = timedelta(hours=1)
FURTHEST_WEEKS = 13
"""Older weeks of tasks are left to nobody: the nightly count reaches as far."""

# From the newest event back to the first that is older than the window, and some more: ids and moments of recording
# are not in quite the same order.
_NEWEST = """
WITH bound AS (
  SELECT coalesce((SELECT id FROM core_event WHERE recorded_at < now() - %(window)s ORDER BY id DESC LIMIT 1), 0) - 2000
    AS id
), told AS MATERIALIZED (
  SELECT e.* FROM core_event e WHERE e.id > (SELECT id FROM bound) AND e.store_id = ANY (%(stores)s)
)
"""
_EVENTS = f"{_NEWEST} SELECT id FROM told WHERE name = ANY (%(names)s) AND at < recorded_at - %(late)s"  # noqa: S608 - ours
_TASKS = f"""{_NEWEST}, touched AS MATERIALIZED (
  SELECT DISTINCT nullif(facts->>'contact_id', '')::uuid AS id FROM told
  WHERE name LIKE 'contact.%%' OR name LIKE 'task.%%'
)
SELECT store_id, min(day) FROM (
  SELECT store_id, at AS day FROM told WHERE at < recorded_at - %(late)s
  UNION ALL SELECT t.store_id, t.due_at FROM touched JOIN playbook_task t ON t.contact_id = touched.id) found
WHERE day < %(counted)s AND day >= %(furthest)s GROUP BY store_id"""  # noqa: S608


def catch_up(store_ids: list[int], *, at: datetime | None = None) -> set[int]:
    """Bring the figures up to what was recorded in the last minutes about earlier days; returns the stores whose
    figures moved. Needs scope; safe to repeat."""
    at = at or clock.now()
    this_week = datetime.combine(at.date(), datetime.min.time(), tzinfo=at.tzinfo) - timedelta(days=at.weekday())
    said = {
        "stores": store_ids,
        "window": WINDOW,
        "late": LATE,
        "names": event_names(),
        "counted": this_week - timedelta(weeks=1),
        "furthest": this_week - timedelta(weeks=FURTHEST_WEEKS),
    }
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, said)
        ids = [event_id for (event_id,) in cursor.fetchall()]
        cursor.execute(_TASKS, said)
        oldest = dict(cursor.fetchall())
    moved = tally.count_again(Event.objects.filter(id__in=ids).order_by("id")) if ids else set()
    if oldest:
        weeks = (this_week - min(oldest.values())).days // 7 + 1
        moved |= tally.count_tasks(sorted(oldest), weeks=weeks, at=at)
    return moved
