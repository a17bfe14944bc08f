"""A reaction is owed until it ran, whoever was killed in between. Reliability row 12 of the outbox, R208."""

from __future__ import annotations

from datetime import timedelta

import pytest
from procrastinate.contrib.django import app

from cheban.core import events
from cheban.core.models import EventDelivery
from cheban.customers import commands as customers
from cheban.org import jobs, scope
from tests import given

pytestmark = pytest.mark.req("R208")


@pytest.fixture
def reacted(monkeypatch):
    """Reactions to customer.note_added; the first call fails when `.fails`."""

    class Heard(list):
        fails = False

    heard = Heard()

    def note_it(event) -> None:
        if heard.fails:
            heard.fails = False
            raise RuntimeError("once")
        heard.append(event.id)

    monkeypatch.setitem(events._reactions, "customer.note_added", {"tests.note_it": note_it})
    return heard


def noted(cast) -> int:
    """An event whose process dies right after the commit: in a test's transaction nothing runs after it."""
    customer = given.customer(cast.a)
    return customers.add_note(customer, by=cast.actor("store_manager"), text="想换轮胎").id


def test_the_timer_runs_what_a_killed_process_left(cast, reacted):
    event_id = noted(cast)
    assert (reacted, EventDelivery.objects.count()) == ([], 1)
    jobs.run_owed_reactions(0)
    jobs.run_owed_reactions(0)
    assert (reacted, EventDelivery.objects.count()) == ([event_id], 0)


def test_a_reaction_that_failed_runs_again_when_its_time_has_come(cast, reacted, clock):
    reacted.fails = True
    event_id = noted(cast)
    jobs.run_owed_reactions(0)
    jobs.run_owed_reactions(0)
    assert reacted == [], "five seconds of rest first"
    scope.set_stores([cast.a.id])
    clock.set(clock.now + timedelta(seconds=6))
    jobs.run_owed_reactions(0)
    assert (reacted, EventDelivery.objects.count()) == ([event_id], 0)


def test_the_worker_knows_the_timer():
    timers = {periodic.task.name for periodic in app.periodic_registry.periodic_tasks.values()}
    assert "cheban.org.jobs.run_owed_reactions" in timers
