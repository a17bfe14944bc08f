"""Vehicle identification numbers."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cheban.core.errors import BadValue
from cheban.customers.vin import VALUES, Vin, check_digit, model_years, parse_vin

SIGNS = "".join(sorted(VALUES))
bodies = st.text(SIGNS, min_size=17, max_size=17).filter(lambda vin: len(set(vin)) > 1)


def with_check_digit(body: str) -> str:
    return body[:8] + check_digit(body) + body[9:]


@pytest.mark.req("R007")
@pytest.mark.parametrize(
    "text",
    ["1M8GDM9AXKP042788", " 1m8gdm9axkp042788\t", "'1M8GDM9AXKP042788", "1M8 GDM9AX KP042788", "１M8GDM9AXKP042788"],
)
def test_a_vin_is_read_in_any_writing(text):
    assert parse_vin(text) == Vin("1M8GDM9AXKP042788", True)


def test_a_wrong_check_digit_is_told_and_not_refused():
    assert parse_vin("LBV7ZXBL0R3912857") == Vin("LBV7ZXBL0R3912857", False)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("LFV0NBWL9PD47776", "16 位"),
        ("LFV0NBWL9PD4777611", "18 位"),
        ("LFV2YMCZ0LQ099251", "第 11 位是字母 Q"),
        ("LSVWTZC51SO823504", "第 11 位是字母 O"),
        ("LBVAZCGK5NI506870", "第 11 位是字母 I"),
        ("LFV中文", "第 4 位“中”"),
        ("", "空"),
        ("0" * 17, "占位"),
    ],
)
def test_a_wrong_vin_says_where(text, says):
    with pytest.raises(BadValue) as refused:
        parse_vin(text)
    assert says in str(refused.value.problem)
    assert refused.value.expected


@settings(deadline=None)
@given(bodies)
def test_the_computed_check_digit_is_right(body):
    vin = with_check_digit(body)
    assume(len(set(vin)) > 1)
    assert parse_vin(vin).check_digit_ok


@settings(deadline=None)
@given(bodies, st.integers(0, 16), st.sampled_from(SIGNS))
def test_one_changed_sign_is_caught_unless_it_counts_the_same(body, place, sign):
    vin = with_check_digit(body)
    changed = vin[:place] + sign + vin[place + 1 :]
    assume(len(set(changed)) > 1 and changed != vin)
    counts_the_same = place != 8 and VALUES[sign] == VALUES[vin[place]]
    assert parse_vin(changed).check_digit_ok is counts_the_same


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        vin = parse_vin(text)
    except BadValue:
        return
    assert parse_vin(vin.value) == vin and len(vin.value) == 17


def test_the_tenth_sign_tells_the_model_year():
    assert model_years("LVSP9LEB2K3533052") == (1989, 2019)
    assert model_years(Vin("LVSP9LEB2A3533052", True)) == (1980, 2010)
    assert model_years("LVSP9LEB293533052", until=2026) == (2009,)
    assert model_years("LVSP9LEB203533052") == ()
