"""How many statements the pages ask that people open all day, whatever the rooms above them offer. Reliability 7."""

from __future__ import annotations

import pytest
from django.test import Client

from cheban.org import scope
from cheban.org.roles import Role
from tests import given

PAGES = {"customer": 20, "my day": 11, "customers": 16}
"""Page -> statements at most, session and permissions included."""


@pytest.fixture
def desk(cast) -> Client:
    client = Client()
    client.force_login(cast.staff[Role.SERVICE_ADVISOR], backend="cheban.site.accounts.Backend")
    return client


def cost(desk: Client, cast, address: str, django_assert_max_num_queries, most: int) -> None:
    for _time in range(2):  # what a process remembers is asked once
        assert desk.get(address).status_code == 200
        scope.set_stores([cast.a.id])
    with django_assert_max_num_queries(most):
        assert desk.get(address).status_code == 200
    scope.set_stores([cast.a.id])


def test_a_customers_page_asks_only_the_rooms_that_know_them(cast, desk, django_assert_max_num_queries):
    who = given.customer(cast.a)
    given.vehicle(cast.a, who)
    cost(desk, cast, f"/customers/{who.id}/", django_assert_max_num_queries, PAGES["customer"])


def test_a_list_costs_the_same_for_one_customer_and_for_forty(cast, desk, django_assert_max_num_queries):
    for number in range(40):
        given.vehicle(cast.a, given.customer(cast.a, f"张{number}", phone=f"1380000{number:04}"), vin="", plate="")
    cost(desk, cast, "/customers/?all=1", django_assert_max_num_queries, PAGES["customers"])


def test_the_day_costs_few_statements(cast, desk, django_assert_max_num_queries):
    cost(desk, cast, "/my-day/", django_assert_max_num_queries, PAGES["my day"])
