"""What reactions ask about the house is asked once in a delivery, and anew in the next. R208."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cheban.core import live
from cheban.core.once import asking_once, once

pytestmark = pytest.mark.req("R208")


@pytest.fixture
def asked():
    """A question that counts how often it was really asked."""
    really: list[object] = []

    @once
    def question(about: object, *, at: int = 0) -> list[object]:
        really.append((about, at))
        return [about, at]

    return question, really


def test_the_same_question_is_asked_once_while_answers_are_kept(asked):
    question, really = asked
    with asking_once():
        assert question("roles", at=1) == question("roles", at=1) == ["roles", 1]
        question("roles", at=2)
    assert really == [("roles", 1), ("roles", 2)]


def test_outside_and_in_the_next_delivery_it_is_asked_anew(asked):
    question, really = asked
    question("roles")
    question("roles")
    for _delivery in range(2):
        with asking_once():
            question("roles")
    assert len(really) == 4


def test_an_error_ends_the_keeping(asked):
    question, really = asked
    with pytest.raises(RuntimeError), asking_once():
        question("roles")
        raise RuntimeError
    question("roles")
    assert len(really) == 2


def test_pages_announced_together_are_told_in_one_statement_each_once(db):
    with CaptureQueriesContext(connection) as told, live.together():
        live.announce("store", 1)
        live.announce_all([("store", 1), ("store", 2)])
        assert not told.captured_queries
    [statement] = [q["sql"] for q in told.captured_queries]
    assert statement.count("store:1") == statement.count("store:2") == 1


def test_what_failed_tells_no_page(db):
    with CaptureQueriesContext(connection) as told, pytest.raises(RuntimeError), live.together():
        live.announce("store", 1)
        raise RuntimeError
    assert not told.captured_queries
