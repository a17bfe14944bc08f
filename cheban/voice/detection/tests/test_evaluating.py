"""The figures themselves, on a handful of invented rows whose answers are counted by hand."""

from __future__ import annotations

import math

import pytest

from cheban.voice.detection.evaluating import Labelled, evaluate, part_of, wilson

ROWS = [
    Labelled("1", "刹车失灵", True, "none"),
    Labelled("2", "刹车很灵", False, "none"),
    Labelled("3", "刹车失灵", False, "none"),  # labelled otherwise: a false alarm
    Labelled("4", "有点怪怪的", True, "none"),  # a miss
    Labelled("5", "我想换车", None, "trade_in"),  # arguable as an alert: counted as a lead only
    Labelled("6", "我想换车", False, "additional_purchase"),  # the wrong type: a false alarm and a miss
    Labelled("7", "准备入手一台车", False, None),
]


@pytest.mark.req("R107", "R119")
def test_hits_misses_and_false_alarms_are_counted():
    found = evaluate(ROWS)
    red, lead = found.red_alert, found.lead
    assert (red.true_positives, red.false_positives, red.false_negatives, red.true_negatives) == (1, 1, 1, 3)
    assert (red.precision.value, red.recall.value, red.f1.value) == (0.5, 0.5, 0.5)
    assert red.false_alarms_per_100 == 25
    assert (lead.true_positives, lead.false_positives, lead.false_negatives) == (1, 1, 1)
    assert [(each.id, each.what) for each in found.confused] == [("3", "false_alarm"), ("4", "missed"), ("6", "lead")]


@pytest.mark.req("R119")
def test_the_same_rows_give_the_same_intervals():
    assert evaluate(ROWS).red_alert == evaluate(ROWS).red_alert


def test_nothing_to_count_is_no_figure():
    assert math.isnan(evaluate([]).red_alert.recall.value)


def test_an_interval_is_that_of_wilson():
    rate = wilson(9, 10)
    assert (rate.value, round(rate.low, 3), round(rate.high, 3)) == (0.9, 0.596, 0.982)


def test_a_text_is_always_in_the_same_half():
    halves = [part_of(f"c{number}") for number in range(1_000)]
    assert halves == [part_of(f"c{number}") for number in range(1_000)]
    assert 450 < halves.count("dev") < 550
