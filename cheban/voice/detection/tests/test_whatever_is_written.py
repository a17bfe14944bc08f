"""What must hold for any text at all."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cheban.voice.detection import detect
from cheban.voice.detection.words import default

pytestmark = pytest.mark.req("R119")

FORMS = sorted(
    {form.replace("_", " ") for section, groups in default().tables.items() if section != "variants" for forms in groups.values() for form in forms.split()}
)  # fmt: skip
PIECES = st.one_of(st.sampled_from(FORMS), st.text(max_size=6), st.sampled_from("，。 ！？\n.、的了我你没不"))
TEXTS = st.lists(PIECES, max_size=40).map("".join)
SENTENCES = [
    "刹车失灵",
    "发动机异响希望处理",
    "我的车高速上突然熄火",
    "方向盘卡滞",
    "我觉得刹车有点软，习惯就好",
    "气囊故障灯亮",
    "准备入手一台森林人",
    "上次刹车异响已修好",
    "刹车很灵",
]
DENIED = ["空调没问题，", "天窗没有异响，", "座椅没坏。", "车窗没有卡滞；", "音响没有杂音，"]


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(), TEXTS))
def test_no_text_is_refused_and_every_span_lies_inside_it(text):
    found = detect(text)
    assert found == detect(text), "the same text, the same answer"
    assert all(0 <= span.start < span.end <= len(text) for span in found.evidence)
    assert found.red_alert == bool(found.kinds)
    assert (found.lead_type == "none") == (found.grade == "")
    assert {span.shows for span in found.evidence} == {*found.kinds, found.lead_type} - {"none"}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(DENIED), st.sampled_from(SENTENCES))
def test_a_denied_clause_about_another_part_never_changes_the_answer(denied, sentence):
    alone, behind = detect(sentence), detect(denied + sentence)
    assert (behind.red_alert, behind.kinds, behind.lead_type, behind.grade) == (
        alone.red_alert,
        alone.kinds,
        alone.lead_type,
        alone.grade,
    )


def _calls(text: str) -> int:
    """How many functions, built-in ones included, reading this text calls: no clock, so no machine is too slow."""
    count = 0

    def counted(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        detect(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "piece",
    [
        "发动机异响",
        "我觉得刹车没有失灵，",
        "想换车吗",
        "听说朋友想买车 ",
        "刹 车 失 灵 ",
        "没有",
        "变速箱和发动机和",
        "如果我的刹车失灵修好了又",
        "brakes no not failed ",
        "老车二胎七座准备入手，",
    ],
)
def test_a_text_of_twice_the_length_takes_twice_the_work(piece):
    detect(piece)
    short, long = _calls(piece * 300), _calls(piece * 600)
    assert long < 2.2 * short + 2_000


def test_a_complaint_of_a_megabyte_with_markup_is_read():
    text = "<p onclick='x()'>" + "刹车失灵&nbsp;" * 150_000
    assert len(text) > 1_000_000
    found = detect(text)
    assert found.kinds == ("brakes",)
    assert len(found.evidence) <= 200
