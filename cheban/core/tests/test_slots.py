"""Which rooms are worth asking about a customer: those that have a row, and those that do not say where theirs are."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from cheban.core import slots
from cheban.org import scope
from tests import given

CARS = {"cars": "customers_vehicle WHERE owner_id = %s"}
"""Something of the asker's own, with where its rows are."""


def test_a_room_without_a_row_is_not_asked_and_one_that_does_not_say_is(cast):
    with_car, without = given.customer(cast.a, "王小明"), given.customer(cast.a, "李娜")
    given.vehicle(cast.a, with_car)
    rooms = ["customer.leads", "customer.tasks", "nobody's"]  # leads say where their rows are, tasks do not
    with CaptureQueriesContext(connection) as asked:
        found = slots.worth_asking(rooms, with_car.id, **CARS)
    assert found == {"customer.tasks", "cars"} and len(asked) == 1
    assert slots.worth_asking(rooms, without.id, **CARS) == {"customer.tasks"}


def test_a_row_of_another_store_is_not_there(cast):
    who = given.customer(cast.a, "王小明")
    given.vehicle(cast.a, who)
    scope.set_stores([cast.b.id])
    assert slots.worth_asking([], who.id, **CARS) == set()
