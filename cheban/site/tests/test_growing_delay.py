"""After wrong passwords an account waits longer and longer. R019, decision 5, reliability A."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from cheban.org.roles import Role
from cheban.site import growing_delay
from tests import given

pytestmark = pytest.mark.req("R019")
WRONG = "not-the-password-1"


@pytest.fixture
def person(cast):
    cache.clear()
    found = cast.staff[Role.SERVICE_ADVISOR]
    found.set_password(given.PASSWORD)
    found.save()
    return found


def told(login: str, password: str = WRONG, *, address: str = "10.0.0.1") -> str:
    """What the page says; '' for signed in."""
    form = {"login": login, "password": password}
    answer = Client().post("/account/login/", form, REMOTE_ADDR=address)
    if answer.status_code == 302:
        return ""
    assert answer.status_code == 200
    return " ".join(answer.context["form"].non_field_errors())


def fail(login: str, times: int, *, address: str = "10.0.0.1") -> None:
    for _ in range(times):
        assert "太多" not in told(login, address=address)


def test_each_failure_makes_the_wait_longer_and_the_right_password_works_when_it_is_over(person, clock):
    fail(person.login, 3)
    assert "请等 5 秒" in told(person.login, given.PASSWORD), "the right one neither, while it waits"
    for wait, next_told in ((5, "请等 15 秒"), (15, "请等 1 分钟"), (60, "请等 5 分钟"), (300, "请等 15 分钟")):
        clock.set(clock.now + timedelta(seconds=wait))
        fail(person.login, 1)
        assert next_told in told(person.login)
    clock.set(clock.now + timedelta(seconds=899))
    assert "请等 1 秒" in told(person.login, given.PASSWORD)
    clock.set(clock.now + timedelta(seconds=1))
    assert told(person.login, given.PASSWORD) == ""
    fail(person.login, 3)  # the right password began it anew


def test_a_refused_attempt_does_not_make_the_wait_longer(person, clock):
    fail(person.login, 3)
    for _ in range(10):
        assert "请等 5 秒" in told(person.login)
    clock.set(clock.now + timedelta(seconds=5))
    assert told(person.login, given.PASSWORD) == ""


def test_who_guesses_elsewhere_or_at_a_colleague_keeps_nobody_out(cast, person):
    fail(person.login, 3)
    assert told(person.login, given.PASSWORD, address="10.0.0.2") == "", "another address"
    other = cast.staff[Role.STORE_MANAGER]
    other.set_password(given.PASSWORD)
    other.save()
    assert told(other.login, given.PASSWORD) == "", "another account at the same desk"
    assert "太多" in told(person.login.upper()), "the same account in capitals"


def test_guesses_spread_over_many_addresses_make_the_account_wait_too(person, clock):
    for number in range(10):
        fail(person.login, 1, address=f"10.0.1.{number}")
    assert "请等 1 分钟" in told(person.login, address="10.0.2.1")
    clock.set(clock.now + timedelta(seconds=60))
    assert told(person.login, given.PASSWORD, address="10.0.2.1") == ""


def test_a_login_that_nobody_has_waits_just_the_same(person):
    def all_told(login: str) -> list[str]:
        return [told(login) for _ in range(5)]

    assert all_told(person.login) == all_told("nobody.at.all")


def test_an_hour_without_a_failure_forgets(person, clock):
    fail(person.login, 3)
    clock.set(clock.now + timedelta(hours=1, seconds=6))
    fail(person.login, 3)


def test_hundreds_of_made_up_logins_do_not_push_out_who_waits(db, clock):
    cache.clear()
    waiting = [f"somebody-{number}" for number in range(20)]
    for login in waiting * 3:
        growing_delay.attempt(login, "10.0.0.1")
    for number in range(400):
        growing_delay.attempt(f"made-up-{number}", "10.0.3.1")
    assert all(growing_delay.attempt(login, "10.0.0.1") for login in waiting)


def test_of_many_attempts_at_once_only_the_first_three_are_looked_at(committed):
    cache.clear()
    start, passed = threading.Barrier(12), []

    def one() -> None:
        start.wait()
        passed.append(growing_delay.attempt("somebody", "10.0.0.1"))
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed.count(0) == 3


def test_asking_the_password_again_inside_waits_too(person):
    client = Client()
    client.force_login(person, backend="cheban.site.accounts.Backend")
    for _ in range(3):
        client.post("/account/reauthenticate/", {"password": WRONG}, REMOTE_ADDR="10.0.0.1")
    answer = client.post("/account/reauthenticate/", {"password": given.PASSWORD}, REMOTE_ADDR="10.0.0.1")
    assert "请等 5 秒" in answer.content.decode()
