"""Licence plates in all Chinese forms."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cheban.core.errors import BadValue
from cheban.customers.plate import KINDS, PROVINCES, Plate, display_plate, parse_plate

signs = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


@pytest.mark.req("R007")
@pytest.mark.parametrize(
    ("text", "number", "kind"),
    [
        ("沪A12345", "沪A12345", "blue"),
        ("沪a·12345", "沪A12345", "blue"),
        ("沪Ａ １２３４５", "沪A12345", "blue"),
        ("'沪A-12345\t", "沪A12345", "blue"),
        ("鲁B2LE1R", "鲁B2LE1R", "blue"),
        ("沪A12345(黄)", "沪A12345", "yellow"),
        ("黄牌沪A12345", "沪A12345", "yellow"),
        ("沪AD12345（绿牌）", "沪AD12345", "nev_small"),
        ("浙AD20432", "浙AD20432", "nev_small"),
        ("粤B·F12345", "粤BF12345", "nev_small"),
        ("京ADA1234", "京ADA1234", "nev_small"),
        ("京A12345D", "京A12345D", "nev_large"),
        ("京A12345F", "京A12345F", "nev_large"),
        ("沪A1234警", "沪A1234警", "police"),
        ("沪A1234学", "沪A1234学", "trainer"),
        ("沪A1234挂", "沪A1234挂", "trailer"),
        ("粤Z1234港", "粤Z1234港", "hongkong_macao"),
        ("粤ZAB12澳", "粤ZAB12澳", "hongkong_macao"),
        ("使014578", "使014578", "embassy"),
        ("014578使", "014578使", "embassy"),
        ("沪A0023领", "沪A0023领", "consulate"),
        ("京X1234应急", "京X1234应急", "emergency"),
        ("军A12345", "军A12345", "military"),
        ("VA12345", "VA12345", "military"),
        ("WJ京12345", "WJ京12345", "military"),
        ("WJ01-12345", "WJ0112345", "military"),
        ("临沪A12345", "临沪A12345", "temporary"),
        ("沪A·临1234", "沪A临1234", "temporary"),
        ("粤B12345(临)", "粤B12345临", "temporary"),
    ],
)
def test_every_form_is_read(text, number, kind):
    assert parse_plate(text) == Plate(number, kind)
    assert kind in KINDS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "--",
        "无",
        "无牌",
        "未上牌",
        "(未上牌)",
        "新车",
        "新车未上牌",
        "待上牌",
        "暂未上牌",
        "尚未挂牌",
        "临牌",
        "N/A",
        " 无车牌 ",
    ],
)
def test_no_plate_yet_is_no_error(text):
    assert parse_plate(text) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("A12345", "缺少省份"),
        ("AD12345", "缺少省份"),
        ("丰A12345", "“丰”不是省份"),
        ("沪12345", "第二位"),
        ("沪I12345", "第二位"),
        ("京A12", "4 位"),
        ("沪Z-", "2 位"),
        ("沪A1234567", "9 位"),
        ("粤BO123I", "第 3 位是字母 O"),
        ("沪A1234I", "第 7 位是字母 I"),
        ("沪A1234?", "第 7 位“?”"),
        ("沪A123456", "不是新能源"),
        ("沪AL12345", "不是新能源"),
        ("hello", "缺少省份"),
        ("x" * 5000, "缺少省份"),
    ],
)
def test_a_plate_that_cannot_exist_says_why(text, says):
    with pytest.raises(BadValue) as refused:
        parse_plate(text)
    assert says in str(refused.value.problem)
    assert refused.value.expected
    assert len(str(refused.value.problem)) < 100


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("沪A12345", "沪A·12345"),
        ("浙AD20432", "浙A·D20432"),
        ("粤Z1234港", "粤Z·1234港"),
        ("使014578", "使014·578"),
        ("WJ京12345", "WJ京·12345"),
        ("VA12345", "VA·12345"),
        ("临沪A12345", "临沪A12345"),
        ("", ""),
    ],
)
def test_plates_are_shown_with_their_dot(number, shown):
    assert display_plate(number) == shown


@settings(deadline=None)
@given(
    st.sampled_from(PROVINCES),
    st.sampled_from("ABCDEFGHJKLMNOPQRSTUVWXYZ"),
    st.text(signs, min_size=5, max_size=5),
    st.sampled_from(["", " ", "·", "-", "・"]),
)
def test_any_usual_plate_is_read_whatever_its_dot(province, letter, tail, dot):
    assert parse_plate(f"{province}{letter.lower()}{dot}{tail.lower()}").number == province + letter + tail


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_read_refused_or_none_and_reading_is_stable(text):
    try:
        plate = parse_plate(text)
    except BadValue:
        return
    if plate is not None:
        assert parse_plate(plate.number).number == plate.number
        assert parse_plate(display_plate(plate.number)).number == plate.number
