"""What is entered late stands in the figures within minutes, and equals what the events alone come to. R161."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection

from cheban.core import events
from cheban.core.events import record
from cheban.org.roles import Role
from cheban.playbook import planner
from cheban.playbook.models import Task
from cheban.scorecard import late, tally
from cheban.scorecard.models import Counted, WeekTally
from cheban.scorecard.tests import given as told
from tests import given

pytestmark = pytest.mark.req("R161")


def whole(metric: str) -> tuple[int, int]:
    rows = WeekTally.objects.filter(metric=metric)
    return sum(r.part for r in rows), sum(r.whole for r in rows)


def test_events_written_in_bulk_of_weeks_ago_are_counted_without_a_reaction(cast, clock):
    told.declare()
    rows = [{"complaint_id": f"old-{n}", "owner_id": cast.staff[Role.CALLER].id} for n in range(6)]
    with connection.cursor() as cursor:
        for name, some in (("complaint.filed", rows), ("complaint.answered", rows[:4])):
            events.record_from(
                cursor,
                name,
                """SELECT %(store)s::int, %(at)s::timestamptz, NULL::int, NULL::uuid, NULL::uuid, r
                   FROM jsonb_array_elements(%(rows)s::jsonb) r""",
                {"store": cast.a.id, "at": clock.now - timedelta(weeks=5), "rows": json.dumps(some)},
                is_history=True,
            )
    told.deliver(cast)
    assert not Counted.objects.exists()
    assert late.catch_up([cast.a.id]) == {cast.a.id}
    assert whole("complaint_24h") == (4, 6)
    assert late.catch_up([cast.a.id]) == set()
    span = {"from_on": clock.now.date() - timedelta(weeks=7), "to_on": clock.now.date(), "store_ids": [cast.a.id]}
    assert tally.kept("complaint_24h", **span) == tally.recompute("complaint_24h", **span)


def test_a_contact_of_a_month_ago_entered_today_moves_the_figure_of_its_week(cast, clock):
    owner = given.customer(cast.a, "客户", phone="13700000001")
    given.vehicle(cast.a, owner, plate="沪A00001", insurance_until=given.days(20))
    planner.plan_day(given.days(0), store_ids=[cast.a.id])
    tasks = list(Task.objects.order_by("due_at", "id"))
    assert tasks
    clock.set(max(t.due_at for t in tasks) + timedelta(weeks=4))
    tally.count_tasks([cast.a.id], weeks=13)
    before = whole("follow_up")
    Task.objects.filter(id=tasks[0].id).update(state="done", outcome="booked", closed_at=clock.now)
    assert tally.count_tasks([cast.a.id], weeks=1) == set()  # the ten-minute count does not reach so far back
    record(
        "contact.reached",
        store_id=cast.a.id,
        contact_id=str(tasks[0].contact_id),
        outcome="booked",
        rules=[tasks[0].rule],
    )
    assert late.catch_up([cast.a.id]) == {cast.a.id}
    assert whole("follow_up") == (before[0] + 1, before[1])
    assert late.catch_up([cast.a.id]) == set()


def test_what_is_told_at_its_time_is_left_to_its_reaction(cast, clock):
    told.declare()
    record("complaint.filed", store_id=cast.a.id, complaint_id="now", owner_id=1)
    with connection.cursor() as cursor:  # what happened when it was recorded, by the database's own clock
        cursor.execute("SELECT now()")
        record("complaint.filed", store_id=cast.a.id, complaint_id="new", owner_id=1, at=cursor.fetchone()[0])
    late.catch_up([cast.a.id])
    assert not Counted.objects.filter(subject="new").exists()
