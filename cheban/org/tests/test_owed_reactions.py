"""A reaction is owed until it ran, whoever was killed in between. Reliability row 12 of the outbox, R208."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Value
from django.db.models.functions import Concat
from procrastinate.contrib.django import app

from cheban.core import events
from cheban.core.models import EventDelivery
from cheban.customers import commands as customers
from cheban.customers.models import Customer
from cheban.org import dispatch, jobs, scope
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


def test_a_failing_reaction_holds_up_no_other_and_leaves_no_half(cast, monkeypatch):
    def wants_tyres(event) -> None:
        Customer.objects.filter(id=event.customer_id).update(remarks=Concat("remarks", Value("x")))

    def breaks(event) -> None:
        Customer.objects.filter(id=event.customer_id).update(habits="half")
        raise RuntimeError("always")

    several = {"tests.a": wants_tyres, "tests.b": breaks, "tests.c": wants_tyres}
    monkeypatch.setitem(events._reactions, "customer.note_added", several)
    event_id = noted(cast)
    dispatch.run_told(events.Told([(cast.a.id, event_id)]))

    scope.set_stores([cast.a.id])
    customer = Customer.objects.get()
    assert (customer.remarks, customer.habits) == ("xx", ""), "each of the others once, of the failing one nothing"
    assert list(EventDelivery.objects.values_list("reaction", "attempts")) == [("tests.b", 1)]


def test_what_an_event_does_not_concern_is_not_owed(cast, reacted, monkeypatch):
    monkeypatch.setitem(events._only_if, ("customer.note_added", "tests.note_it"), lambda event: event.actor_id is None)
    noted(cast)
    assert EventDelivery.objects.count() == 0


def test_what_many_rows_tell_at_once_is_delivered_after_their_commit(cast, reacted, django_capture_on_commit_callbacks):
    customer = given.customer(cast.a)
    with django_capture_on_commit_callbacks(execute=True), connection.cursor() as cursor:
        events.record_from(
            cursor,
            "customer.note_added",
            "SELECT store_id, now(), NULL::int, id, NULL::uuid, '{}'::jsonb FROM customers_customer WHERE id = %(id)s",
            {"id": customer.id},
        )
    assert (len(reacted), EventDelivery.objects.count()) == (1, 0)
