"""Kinds of custom fields: what is read, refused, shown, written to a file and read back. Y09, R021."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cheban.core.errors import BadValue
from cheban.customers.fields import values
from cheban.customers.fields.values import Kind, Shape
from cheban.customers.importing.cells import Reading, is_blank
from cheban.lists.exporting import parts
from cheban.lists.spec import Out

WAYS = (("zijia", "自驾", True), ("ditie", "地铁", True), ("banche", "班车", False))
HOW = Reading(today=date(2026, 11, 23))
SHAPES = {kind: Shape(kind, WAYS if "choice" in kind else ()) for kind in Kind.values}

stored = {
    Kind.TEXT: st.text(min_size=1, max_size=60).map(lambda t: " ".join(t.replace("\x00", "").split())),
    Kind.NUMBER: st.one_of(
        st.integers(-999_999_999, 999_999_999),
        st.decimals(-999_999_999, 999_999_999, places=4, allow_nan=False).map(values.plain),
    ),
    Kind.MONEY: st.integers(-(10**12), 10**12),
    Kind.DATE: st.dates(date(1900, 3, 1), date(2100, 12, 31)).map(date.isoformat),
    Kind.YES_NO: st.booleans(),
    Kind.CHOICE: st.sampled_from(["zijia", "ditie"]),
    Kind.CHOICES: st.sampled_from([["zijia"], ["ditie"], ["zijia", "ditie"]]),
}


def texts_of(shape: Shape, value) -> list[str]:
    """A value as a csv cell spells it."""
    kind = values.OUT_KIND.get(shape.kind, "text")
    line = parts.csv_part([[values.out(shape, value)]], [Out("x", "x", kind)]).decode()
    return line.removesuffix("\r\n")


def usable(value) -> bool:
    return not isinstance(value, str) or (bool(value) and not values.looks_personal(value) and not is_blank(value))


@pytest.mark.req("R021")
@pytest.mark.parametrize("kind", Kind.values)
@given(data=st.data())
def test_what_is_stored_comes_back_from_form_program_and_file(kind, data):
    shape = SHAPES[kind]
    value = data.draw(stored[kind].filter(usable))
    assert values.check(shape, value) == value
    box = values.typed(shape, value)
    assert (values.read_many(shape, box) if kind == "choices" else values.read(shape, str(box))) == value
    cell = values.out(shape, value)  # as a spreadsheet's cell gives it
    if kind == "money":
        cell = Decimal(value) / 100
    assert values.cell_reader(shape)(cell, HOW) == value
    if kind not in ("text",):  # a text may hold quotes and get an apostrophe: see the test of formulas
        assert values.cell_reader(shape)(texts_of(shape, value).strip('"'), HOW) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("number", "abc"),
        ("number", "13812345678"),
        ("number", "1.23456"),
        ("number", "nan"),
        ("money", "三块"),
        ("money", "1.234"),
        ("date", "2026-02-30"),
        ("date", "昨天"),
        ("date", "1812-01-01"),
        ("yes_no", "也许"),
        ("choice", "飞机"),
        ("choice", "班车"),
        ("choices", "自驾、飞机"),
        ("text", "x" * 201),
        ("text", "他的电话 138 1234 5678"),
        ("text", "身份证 11010119900307123X"),
        ("text", "021-65432100"),
        ("text", "wang@example.com"),
        ("text", "６２２２０２１２３４５６７８９０１２３"),
    ],
)
def test_what_cannot_be_is_refused_and_says_what_would_be_right(kind, text):
    with pytest.raises(BadValue) as refused:
        values.read(SHAPES[kind], text)
    assert refused.value.problem and refused.value.expected


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", "１，２００", 1200),
        ("number", "6.50", 6.5),
        ("money", "￥1,234.5", 123_450),
        ("date", "2026年3月5日", "2026-03-05"),
        ("date", "2026/3/5", "2026-03-05"),
        ("yes_no", "有", True),
        ("yes_no", "No", False),
        ("choice", " 地铁 ", "ditie"),
        ("choices", "地铁，自驾", ["zijia", "ditie"]),
        ("text", "  常走   延安高架 ", "常走 延安高架"),
        ("text", "沪A12345 的车主，去年 2025-11-27 来过 3 次", "沪A12345 的车主，去年 2025-11-27 来过 3 次"),
    ],
)
def test_what_people_write_is_understood(kind, text, value):
    assert values.read(SHAPES[kind], text) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [("text", 5), ("number", "5"), ("number", True), ("money", 1.5), ("date", 20261127), ("yes_no", 1)]
    + [("choice", "自驾"), ("choices", "zijia"), ("choices", [1]), ("choice", "banche"), ("number", float("inf"))],
)
def test_a_program_sends_the_type_of_the_kind(kind, value):
    with pytest.raises(BadValue):
        values.check(SHAPES[kind], value)


def test_days_of_a_spreadsheet_and_moments_are_days():
    read = values.cell_reader(SHAPES["date"])
    assert read(datetime.fromisoformat("2026-03-05T10:30"), HOW) == read(date(2026, 3, 5), HOW) == "2026-03-05"


def test_a_personal_field_takes_what_others_refuse():
    assert values.read(SHAPES["text"], "wang@example.com", is_personal=True) == "wang@example.com"
