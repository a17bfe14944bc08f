"""The dates of a vehicle as the customer's page shows them, and the shares of an import."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cheban.customers.models import Vehicle
from cheban.customers.templatetags.customers import dues, left_words, purpose_state, share
from cheban.site.templatetags.cheban import count

TODAY = date(2026, 11, 23)


def in_days(days: int) -> date:
    return TODAY + timedelta(days)


@pytest.mark.req("R003")
def test_the_nearest_date_comes_first_and_what_ended_comes_last():
    car = Vehicle(
        insurance_until=in_days(20),
        inspection_due_on=in_days(-3),
        warranty_until=in_days(-400),
        maintenance_due_on=in_days(200),
        services_done=1,
    )
    shown = dues(car, TODAY)
    assert [(d.label, d.tone, d.left) for d in shown] == [
        ("年检", "red", "已过 3 天"),
        ("商业险", "amber", "还有 20 天"),
        ("二保", "", ""),
        ("保修", "past", "已过保"),
    ]


@pytest.mark.req("R003")
def test_a_vehicle_that_was_sold_warns_of_nothing():
    assert {d.tone for d in dues(Vehicle(insurance_until=in_days(-3), is_active=False), TODAY)} == {"past"}


def test_a_vehicle_without_dates_shows_none():
    assert dues(Vehicle(), TODAY) == []


@given(st.integers(-2000, 2000))
def test_words_say_the_same_distance_before_and_after(days):
    assert bool(left_words(days)) == bool(left_words(-days))
    assert not left_words(days) or days == 0 or str(abs(days)) in left_words(days)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_share_is_between_nothing_and_all(part, rest):
    assert 0 <= float(share(part, part + rest)) <= 100
    assert (float(share(part, part + rest)) > 0) == (part > 0)


def test_counts_have_commas_and_nothing_is_zero():
    assert (count(7800), count(None)) == ("7,800", "0")


def test_only_an_answer_for_all_channels_is_the_answer_for_a_purpose():
    said = [
        SimpleNamespace(purpose="care", channel="sms", is_given=False),
        SimpleNamespace(purpose="care", channel="any", is_given=True),
    ]
    assert purpose_state(said, "care").is_given
    assert purpose_state(said, "marketing") is None
