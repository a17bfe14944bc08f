"""Sealed values, blind indexes, masks. R018, R020; reliability D 35-38."""

from __future__ import annotations

import io

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from cheban.core import logs, privacy

pytestmark = pytest.mark.django_db


@pytest.mark.req("R018")
def test_a_sealed_value_opens_only_in_its_own_place(db):
    sealed = privacy.seal("13812345678", bound_to="customers_contactpoint.value:1")
    assert privacy.unseal(sealed, bound_to="customers_contactpoint.value:1") == "13812345678"
    with pytest.raises(privacy.SealBroken):
        privacy.unseal(sealed, bound_to="customers_contactpoint.value:2")


@pytest.mark.req("R018")
def test_one_changed_bit_is_noticed(db):
    sealed = bytearray(privacy.seal("上海市浦东新区", bound_to="a.b:1"))
    sealed[-1] ^= 1
    with pytest.raises(privacy.SealBroken):
        privacy.unseal(bytes(sealed), bound_to="a.b:1")


def test_the_same_text_seals_differently_and_holds_no_trace(db):
    first, second = (privacy.seal("13812345678", bound_to="a.b:1") for _ in range(2))
    assert first != second
    assert b"13812345678" not in first


def test_a_sealed_file_comes_back_whole_and_a_cut_one_is_refused(db, tmp_path):
    content = bytes(range(256)) * 9000
    target = tmp_path / "sealed"
    assert privacy.seal_file(io.BytesIO(content), target, bound_to="import:1") == len(content)
    back = io.BytesIO()
    privacy.unseal_file(target, back, bound_to="import:1")
    assert back.getvalue() == content
    assert target.stat().st_mode & 0o777 == 0o600
    target.write_bytes(target.read_bytes()[:-80])
    with pytest.raises(privacy.SealBroken):
        privacy.unseal_file(target, io.BytesIO(), bound_to="import:1")


@pytest.mark.req("R020")
@for_all(st.from_regex(r"1[3-9]\d{9}", fullmatch=True))
def test_a_mask_never_shows_the_middle_and_logs_never_show_the_number(number):
    assert privacy.mask_phone("+86" + number) == f"{number[:3]}****{number[-4:]}"
    assert number not in logs.scrub(f"call {number} now")
    assert number not in logs.scrub(f"+86 {number[:3]}-{number[3:7]}-{number[7:]}")


def test_equal_tails_fall_into_different_buckets_by_store(db):
    buckets = {privacy.tail_bucket(store, "1234") for store in range(50)}
    assert len(buckets) > 45


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张伟", "张*"),
        ("欧阳晓明", "欧**"),
        ("李", "李"),
        ("", ""),
        ("上海源通环保科技有限公司", "上海**公司"),
        ("阿卜杜拉·买买提", "阿**"),
        ("John Smith", "J**"),
    ],
)
def test_a_masked_name_can_be_recognised_and_not_carried_away(name, shown):
    assert privacy.mask_name(name) == shown


@pytest.mark.parametrize(
    ("plate", "shown"), [("沪A12345", "沪A···45"), ("粤B12345D", "粤B···5D"), ("", ""), ("无牌", "无牌")]
)
def test_a_masked_plate_keeps_its_place_and_its_end(plate, shown):
    assert privacy.mask_plate(plate) == shown
