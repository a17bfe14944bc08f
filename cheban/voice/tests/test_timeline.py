"""What a customer's timeline says of complaints and alerts: words, never codes. R113, R117."""

from __future__ import annotations

import pytest

from cheban.core import slots

SAID = {
    ("complaint.filed", "red", ("kind", "safety"), ("channel", "phone")): "安全 · 红色 · 电话",
    ("complaint.answered", "", ("kept", False), ("hours_count", 30)): "超时",
    ("complaint.answered", "", ("kept", True), ("hours_count", 3)): "",
    ("complaint.dismissed", "", ("why", "不是本店的车"), ("complaint_id", "x")): "不是本店的车",
    ("complaint.closed", "", ("cause_code", "over_promised"), ("hours_count", 20)): "过度承诺",
    ("complaint.checked", "", ("kept", True), ("complaint_id", "x")): "没有再发生",
    ("complaint.checked", "", ("kept", False), ("complaint_id", "x")): "又发生过",
    ("finding.asked", "", ("kind", "service"), ("complaint_id", "x")): "售后",
    ("alert.acknowledged", "", ("kept", False), ("minutes_count", 40)): "超时",
}


@pytest.mark.req("R113")
@pytest.mark.parametrize("told", SAID, ids=[f"{t[0]}-{t[2][0]}-{t[2][1]}" for t in SAID])
def test_an_event_of_a_complaint_is_told_in_words(told):
    name, level, *facts = told
    said = slots.ask(f"timeline.{name.split('.')[0]}", name, dict(facts) | ({"level": level} if level else {}))
    assert said == SAID[told]
