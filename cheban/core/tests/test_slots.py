"""Which rooms are worth asking about a customer: those that have a row, and those that do not say where theirs are."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cheban.core import slots
from cheban.org import scope
from tests import given


@pytest.fixture
def rooms(monkeypatch):
    """Slots of this test's own, gone after it."""
    monkeypatch.setattr(slots, "_providers", {})
    monkeypatch.setattr(slots, "_rows", {})
    slots.provide("cars", list, rows="customers_vehicle WHERE owner_id = %s")
    slots.provide("whatever", list)


def test_a_room_without_a_row_is_not_asked_and_one_that_does_not_say_is(cast, rooms):
    with_car, without = given.customer(cast.a, "王小明"), given.customer(cast.a, "李娜")
    given.vehicle(cast.a, with_car)
    calls = {"calls": "core_event WHERE customer_id = %s AND name = 'contact.reached'"}
    with CaptureQueriesContext(connection) as asked:
        found = slots.worth_asking(["cars", "whatever", "nobody's"], with_car.id, **calls)
    assert found == {"cars", "whatever"} and len(asked) == 1
    assert slots.worth_asking(["cars", "whatever"], without.id) == {"whatever"}


def test_a_row_of_another_store_is_not_there(cast, rooms):
    who = given.customer(cast.a, "王小明")
    given.vehicle(cast.a, who)
    scope.set_stores([cast.b.id])
    assert slots.worth_asking(["cars"], who.id) == set()
