"""Other shapes of the same lists: encodings, date systems, headings, titles between rows, hostile files. R021, C 26-29."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from decimal import Decimal

import pytest
import xlsxwriter
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from cheban.core.errors import BadValue
from cheban.customers.importing import formulas, reading, values
from cheban.customers.importing.files import Unreadable

TODAY = date(2026, 11, 23)
HOW = values.Reading(today=TODAY)


def rows_of(path, **options):
    plan = reading.inspect_file(path, **options)
    found = []
    for chunk in reading.plan_chunks(path, plan):
        found += reading.convert_chunk(chunk, today=TODAY).rows
    return plan, found


CSV = """某某店客户资料,,,,
打印日期：2026-06-30,,,,
客户名称,手机号,车牌号,车架号,购车日期
张伟,13812345678,沪A12345,LSVAA4182E2184847,2024/3/5
客户名称,手机号,车牌号,车架号,购车日期
,,,,
"李
娜",\t13912345678,京AD12345,,20240305
合计,2 人,,,
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_every_encoding_and_separator_reads_alike(tmp_path, encoding, separator):
    path = tmp_path / "客户.csv"
    path.write_bytes(
        CSV.replace("\t139", "139" if separator == "\t" else "\t139").replace(",", separator).encode(encoding)
    )
    plan, rows = rows_of(path)
    assert plan.kind == "customers"
    assert [(r.row, r.values["name"], r.values["mobile"][0][1], r.values["purchased_on"]) for r in rows] == [
        (4, "张伟", "+8613812345678", date(2024, 3, 5)),
        (7, "李娜", "+8613912345678", date(2024, 3, 5)),
    ]


def test_rare_characters_survive_gb18030(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("客户名称,手机\n𬎆㛃,13812345678\n阿卜杜拉·买买提,13912345678\n".encode("gb18030"))
    assert [r.values["name"] for r in rows_of(path)[1]] == ["𬎆㛃", "阿卜杜拉·买买提"]


def book(path, cells, *, sheets=("Sheet1",), merge=(), **options):
    made = xlsxwriter.Workbook(str(path), options)
    for name in sheets:
        sheet = made.add_worksheet(name)
        for r, row in enumerate(cells):
            for c, cell in enumerate(row):
                if isinstance(cell, (date, datetime)):
                    sheet.write_datetime(r, c, cell, made.add_format({"num_format": "yyyy-mm-dd"}))
                elif cell is not None:
                    sheet.write(r, c, cell)
        for first_row, first_column, last_row, last_column, text in merge:
            sheet.merge_range(first_row, first_column, last_row, last_column, text)
    made.close()
    return path


@pytest.mark.parametrize("is_1904", [False, True])
def test_both_date_systems_as_dates_and_as_serial_numbers(tmp_path, is_1904):
    serial = (date(2024, 3, 5) - (date(1904, 1, 1) if is_1904 else date(1899, 12, 30))).days
    path = book(
        tmp_path / "a.xlsx",
        [
            ["客户名称", "手机", "购车日期"],
            ["张伟", "13812345678", date(2024, 3, 5)],
            ["李娜", 13912345678, serial],
            ["王芳", "13712345678", str(serial)],
        ],
        date_1904=is_1904,
    )
    assert [r.values["purchased_on"] for r in rows_of(path)[1]] == [date(2024, 3, 5)] * 3


def test_two_levels_of_headings_and_lines_merged_downwards(tmp_path):
    path = book(
        tmp_path / "a.xlsx",
        [
            ["维修明细"],
            ["车辆信息", None, "工单", None, "送修", None, "费用", None],
            ["车牌", "里程", "工单号", "进厂日期", "姓名", "电话", "项目", "工时费"],
            ["沪A12345", 12000, "R1", "2026-01-03", "张伟", "13812345678", "保养", 100],
            [None, None, None, None, None, None, "洗车", 30],
        ],
        merge=[(1, 0, 1, 1, "车辆信息"), (1, 2, 1, 3, "工单"), (1, 4, 1, 5, "送修"), (1, 6, 1, 7, "费用")],
    )
    plan, rows = rows_of(path)
    assert plan.kind == "repair_orders"
    assert [(r.values["order_no"], r.values["item"], r.values["labour_fen"], r.values["deliverer"]) for r in rows] == [
        ("R1", "保养", 10000, "张伟"),
        ("R1", "洗车", 3000, "张伟"),
    ]


def test_formulas_without_results_are_worked_out_and_broken_ones_refused(tmp_path):
    path = book(
        tmp_path / "a.xlsx",
        [
            ["工单号", "车牌", "项目", "工时费", "材料费", "合计"],
            ["R1", "沪A12345", "保养", 100, 50.5, "=D2+E2"],
            ["R2", "沪A12346", "保养", 100, 50, "=D3+#REF!"],
        ],
    )
    _plan, rows = rows_of(path)
    assert rows[0].values["total_fen"] in (15050, 0)  # xlsxwriter stores 0 as the result
    assert rows[1].problems or rows[1].flags


def test_a_list_of_insurance_expiries(tmp_path):
    path = book(
        tmp_path / "a.xlsx",
        [
            ["序号", "车牌号码", "被保险人", "联系电话", "保险公司", "商业险到期日", "交强险到期日"],
            [1, "沪A12345", "张伟", "138 1234 5678", "人保", "2027年1月5日", "2027/1/5"],
            [2, "沪A12346", "李娜", "1.39E+10", "平安", "2027-2-5", None],
        ],
    )
    plan, rows = rows_of(path)
    assert plan.kind == "insurance"
    assert rows[0].values["insurance_until"] == rows[0].values["compulsory_until"] == date(2027, 1, 5)
    assert [p.column for p in rows[1].problems] == ["联系电话"]


def test_exchanged_headings_are_noticed_by_their_values(tmp_path):
    cells = [["客户名称", "车牌号", "车架号", "手机"]] + [
        [f"张{c}", f"LSVAA4182E21848{i}7", f"沪A1234{i}", f"1381234567{i}"] for i, c in enumerate("一二三四五六")
    ]
    _plan, rows = rows_of(book(tmp_path / "a.xlsx", cells))
    assert rows[0].values["plate"][0] == "沪A12340"
    assert rows[0].values["vin"][0].startswith("LSV")


def test_a_makers_own_number_is_not_taken_for_the_vin(tmp_path):
    _plan, rows = rows_of(
        book(tmp_path / "a.xlsx", [["客户名称", "手机", "VSN"], ["张伟", "13812345678", "LSVAA4182E2184847"]])
    )
    assert "vin" not in rows[0].values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024/3/5", (2024, 3, 5, 0, 0)),
        ("2024年3月5日", (2024, 3, 5, 0, 0)),
        ("20240305", (2024, 3, 5, 0, 0)),
        ("2024.03.05", (2024, 3, 5, 0, 0)),
        ("45356", (2024, 3, 5, 0, 0)),
        ("2024年3月5日 14:30", (2024, 3, 5, 14, 30)),
        ("7月3日下午2:30", (2026, 7, 3, 14, 30)),
        ("2024-03-05T14:30:00", (2024, 3, 5, 14, 30)),
        ("24.3.5", (2024, 3, 5, 0, 0)),
        ("2024-3-5 上午9点半", (2024, 3, 5, 9, 30)),
        ("２０２４－３－５", (2024, 3, 5, 0, 0)),
        ("Mar 5, 2024", (2024, 3, 5, 0, 0)),
        ("2024-03-05（周二）", (2024, 3, 5, 0, 0)),
    ],
)
def test_dates_as_people_write_them(text, expected):
    assert values.read_moment(text, HOW) == datetime(*expected)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "fen"),
    [("1,234.50元", 123450), ("￥1234", 123400), ("3.5万", 3_500_000), ("１２３", 12300), ("0.00", 0), (0.1 + 0.2, 30)],
)
def test_money_as_people_write_it(text, fen):
    assert values.read_money(text, HOW) == fen


@pytest.mark.parametrize(
    ("reader", "cell"),
    [
        (values.read_money, "-5"),
        (values.read_money, "1.234"),
        (values.read_km, "-3"),
        (values.read_km, "abc"),
        (values.read_km, 3_000_000),
        (values.read_birthday, "2030-01-01"),
        (values.read_birthday, "1990-02-30"),
        (values.read_past_date, "2030-01-01"),
        (values.read_id_number, "310101199001011235"),
        (values.read_phone, "1.38E+10"),
        (values.read_phone, "张三"),
        (values.read_phone, "1381234567"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(reader, cell):
    with pytest.raises(BadValue) as caught:
        reader(cell, HOW)
    assert str(caught.value.problem) and str(caught.value.expected)


@pytest.mark.parametrize(
    ("text", "km"), [("3.5万公里", 35000), ("35,000 km", 35000), ("12345公里", 12345), (12345.0, 12345)]
)
def test_kilometres_as_people_write_them(text, km):
    assert values.read_km(text, HOW) == km


@settings(max_examples=60, deadline=None)
@for_all(
    st.dates(min_value=date(1930, 1, 1), max_value=TODAY),
    st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y%m%d"]),
)
def test_any_day_comes_back_from_any_writing(day, form):
    assert values.read_moment(day.strftime(form), HOW).date() == day


@for_all(st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=5))
def test_sums_are_worked_out_exactly(numbers):
    text = "=" + "+".join(f"({n}/100)" if n >= 0 else f"(-{-n}/100)" for n in numbers)
    assert Decimal(str(formulas.calculate(text, lambda r, c: 0))) == Decimal(sum(numbers)) / 100


def test_a_zip_bomb_is_refused_before_it_is_opened(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(310):
                part.write(b"0" * (1 << 20))
    assert path.stat().st_size < 2_000_000
    with pytest.raises(Unreadable):
        reading.inspect_file(path)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04broken", b"%PDF-1.4", b"<html><table><tr><td>x", b"\x00\x01\x02" * 50, b"just words\n"]
)
def test_what_is_no_table_is_refused_with_what_to_do(tmp_path, content):
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    with pytest.raises(Unreadable) as caught:
        reading.inspect_file(path)
    assert str(caught.value.problem)


def test_a_file_cut_in_the_middle_keeps_its_whole_rows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("客户名称,手机,车牌\n张伟,13812345678,沪A12345\n李娜,1391234".encode())
    _plan, rows = rows_of(path)
    assert [bool(r.problems) for r in rows] == [False, True]
    whole = book(tmp_path / "b.xlsx", [["客户名称", "手机"], ["张伟", "13812345678"]])
    whole.write_bytes(whole.read_bytes()[:-300])
    with pytest.raises(Unreadable):
        reading.inspect_file(whole)


def test_a_cell_of_ten_megabytes_is_refused_and_the_rest_goes_on(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("客户名称,手机\n" + "长" * 4_000_000 + ",13812345678\n李娜,13912345678\n", encoding="utf-8")
    _plan, rows = rows_of(path)
    assert [bool(r.problems) for r in rows] == [True, False]


def test_a_mapping_names_columns_that_nobody_could_guess(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("A1,B2,C3\n张伟,13812345678,沪A12345\n", encoding="utf-8")
    with pytest.raises(Unreadable):
        reading.inspect_file(path)
    _plan, rows = rows_of(path, mapping={"kind": "customers", "columns": {"A1": "name", "B2": "mobile", "C3": "plate"}})
    assert rows[0].values["name"] == "张伟"
    with pytest.raises(Unreadable):
        reading.inspect_file(path, mapping={"columns": {"A1": "nonsense"}})


def test_a_plan_comes_back_from_json(tmp_path):
    path = book(tmp_path / "a.xlsx", [["客户名称", "手机"], ["张伟", "13812345678"]])
    plan = reading.inspect_file(path)
    again = reading.plan_from_json(plan.to_json())
    assert again.tables[0].rules() == plan.tables[0].rules()
