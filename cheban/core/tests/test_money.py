"""Money: read exactly, written back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cheban.core.errors import BadValue
from cheban.core.money import MOST_FEN, format_fen, parse_fen


@pytest.mark.parametrize(
    ("written", "fen"),
    [
        ("1,234.50元", 123_450),
        ("￥1234", 123_400),
        ("¥ 1 234.5", 123_450),
        ("-￥5", -500),
        ("￥-5", -500),
        ("3.5万", 3_500_000),
        ("3.5万元", 3_500_000),
        ("1.2345万", 1_234_500),
        ("１２３", 12_300),
        ("１，２３４．５０", 123_450),
        ("-5.00", -500),
        ("(5.00)", -500),
        ("（￥5.00）", -500),
        ("+5", 500),
        (".5", 50),
        ("5.", 500),
        ("5.1000", 510),
        ("人民币100元整", 10_000),
        ("'88.8", 8_880),
        ("1,2345.00", 1_234_500),  # thousands by four, as some write
        (0.1 + 0.2, 30),
        (1234.5, 123_450),
        (19.99, 1_999),
        (-0.07, -7),
        (100, 10_000),
        (Decimal("1.10"), 110),
        (0, 0),
    ],
)
def test_amounts_are_read_as_people_and_spreadsheets_write_them(written, fen):
    assert parse_fen(written) == fen


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("1.005", "不到一分"),
        (1.005, "不到一分"),
        ("0.0000001万", "不到一分"),
        ("", "不是金额"),
        ("元", "不是金额"),
        ("免费", "不是金额"),
        ("-", "不是金额"),
        ("--5", "不是金额"),
        ("1.2.3", "不是金额"),
        ("12,34", "不是金额"),
        ("1e5", "不是金额"),
        ("(-5)", "不是金额"),
        ("=1+1", "不是金额"),
        (float("nan"), "不是金额"),
        (float("inf"), "不是金额"),
        (True, "不是金额"),
        ("9" * 40, "太大"),
        (1e300, "太大"),
    ],
)
def test_what_is_no_exact_amount_is_refused(written, says):
    with pytest.raises(BadValue) as refused:
        parse_fen(written)
    assert says in str(refused.value.problem)
    assert refused.value.expected


def test_amounts_are_shown_with_two_places():
    assert [format_fen(fen) for fen in (0, 5, -5, 123_450, -100_000_000)] == [
        "¥0.00",
        "¥0.05",
        "-¥0.05",
        "¥1,234.50",
        "-¥1,000,000.00",
    ]


@settings(deadline=None)
@given(st.integers(-MOST_FEN, MOST_FEN))
def test_what_is_shown_is_read_back(fen):
    assert parse_fen(format_fen(fen)) == fen


@settings(deadline=None)
@given(st.integers(-(10**13), 10**13))
def test_a_spreadsheets_number_loses_no_fen(fen):
    assert parse_fen(fen / 100) == fen


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        assert isinstance(parse_fen(text), int)
    except BadValue:
        return
