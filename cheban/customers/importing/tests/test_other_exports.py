"""Exports of other shapes than the samples, judged row by row: every fault found under its column, no good row refused."""

from __future__ import annotations

import csv
from datetime import date, datetime

import pytest
import xlsxwriter
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from cheban.customers.importing import reading
from cheban.customers.importing.tests import exports
from cheban.customers.importing.tests.exports import Export, Maker, csv_bytes, save, write_sheet

TODAY = date(2026, 11, 23)


def judge(path, kind: str, made: dict[str, Export], *, size: int = 37) -> None:
    """Compare what is read with the key; `made` by sheet ('' for a csv file's only one)."""
    plan = reading.inspect_file(path)
    assert plan.kind == kind
    read = {}
    for chunk in reading.plan_chunks(path, plan, chunk_size=size):
        for row in reading.convert_chunk(chunk, today=TODAY).rows:
            read["" if "" in made else row.sheet, row.row] = row
    faults = []
    for sheet, export in made.items():
        for number, column in export.wrong.items():
            row = read.pop((sheet, number), None)
            if row is None or column not in {p.column for p in row.problems}:
                faults.append((sheet, number, "not found", column, row and (row.problems, row.values)))
        for number, values in export.good.items():
            row = read.pop((sheet, number), None)
            if row is None or row.problems or row.flags:
                faults.append((sheet, number, "refused", row and (row.problems or row.flags)))
                continue
            found = {code: simple(row.values.get(code)) for code in values}
            if found != values:
                faults.append(
                    (sheet, number, "other values", {c: (v, found[c]) for c, v in values.items() if found[c] != v})
                )
    assert (faults[:5], sorted(read)[:5]) == ([], [])


def simple(value):
    """A value as the key has it: a plate's number, a VIN, a phone's national digits."""
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return value[0][1].removeprefix("+86")
    return value[0] if isinstance(value, tuple) else value


@pytest.mark.req("R021")
@pytest.mark.parametrize(
    ("encoding", "separator", "after", "quoting", "name"),
    [
        ("gb18030", ",", "", csv.QUOTE_MINIMAL, "a.csv"),
        ("utf-16", "\t", "", csv.QUOTE_MINIMAL, "a.xls"),
        ("utf-8-sig", ",", "\t", csv.QUOTE_MINIMAL, "a.csv"),
        ("utf-8", ";", "", csv.QUOTE_ALL, "a.txt"),
        ("utf-16-le", "\t", "", csv.QUOTE_ALL, "a"),
        ("gb18030", ",", "\t", csv.QUOTE_MINIMAL, "a.csv"),
    ],
)
def test_lists_as_text_in_every_dress(tmp_path, encoding, separator, after, quoting, name):
    for kind, make in (
        ("customers", exports.owners),
        ("insurance", exports.insurance),
        ("appointments", exports.appointments),
    ):
        made = make(len(encoding) + len(separator + after))
        judge(
            save(
                tmp_path / name, csv_bytes(made, encoding=encoding, separator=separator, after=after, quoting=quoting)
            ),
            kind,
            {"": made},
        )


@pytest.mark.req("R021")
@pytest.mark.parametrize("mode", ["repeat", "blank"])
@pytest.mark.parametrize(("encoding", "separator"), [("gb18030", ","), ("utf-16", "\t")])
def test_orders_as_text_with_titles_between_the_pages(tmp_path, mode, encoding, separator):
    made = exports.orders(7, mode=mode, pages=15)
    judge(
        save(tmp_path / "a.csv", csv_bytes(made, encoding=encoding, separator=separator)),
        "repair_orders",
        {"": made},
        size=11,
    )


@pytest.mark.req("R021")
@pytest.mark.parametrize("is_1904", [False, True])
def test_orders_in_a_workbook_of_months_with_merged_cells_and_formulas(tmp_path, is_1904):
    book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"), {"date_1904": is_1904})
    made = {f"2026年{m}月": exports.orders(m, mode="merged", month=m, as_text=False) for m in (1, 2, 3)}
    for name, export in made.items():
        write_sheet(book, name, export, hidden=(4, 5))
    summary, codes = book.add_worksheet("汇总"), book.add_worksheet("代码")
    summary.write_row(0, 0, ["月份", "台次", "工时费", "材料费", "合计"])
    summary.write_row(1, 0, ["2026年1月", 80, 1, 2, 3])
    codes.write_row(0, 0, ["工单号", "车牌号", "维修项目"])
    codes.hide()
    book.close()
    judge(tmp_path / "a.xlsx", "repair_orders", made)


def test_lists_in_a_workbook(tmp_path):
    for kind, make in (
        ("customers", exports.owners),
        ("insurance", exports.insurance),
        ("appointments", exports.appointments),
    ):
        book = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
        made = make(3)
        write_sheet(book, "名单", made)
        book.close()
        judge(tmp_path / "a.xlsx", kind, {"名单": made})


COLUMNS = {
    "name": ("客户名称", "车主", "姓名", "Customer Name"),
    "mobile": ("手机", "移动电话", "联系电话", "Mobile No."),
    "plate": ("车牌号", "号牌号码", "Plate No."),
    "vin": ("车架号", "VIN码", "底盘号", "VIN"),
    "birth_on": ("出生日期", "生日", "Date of Birth"),
    "purchased_on": ("购车日期", "销售日期", "Sale Date"),
    "odometer_km": ("行驶里程(km)", "当前里程", "Mileage"),
    "price_fen": ("成交价（元）", "车价", "Sale Price"),
    "gender": ("性别", "Gender"),
}


def write_value(make: Maker, code: str, value, *, is_1904: bool):
    """One of the ways in which systems write a value; days as a cell, a number or text."""
    if code == "mobile":
        return make.pick(make.write_mobile(value), int(value), "'" + value)
    if code in ("birth_on", "purchased_on"):
        serial = (value - (date(1904, 1, 1) if is_1904 else date(1899, 12, 30))).days
        texts = (
            f"{value:%Y-%m-%d}",
            f"{value.year}年{value.month}月{value.day}日",
            f"{value:%Y%m%d}",
            f"{value.year}/{value.month}/{value.day}",
        )
        return make.pick(value, serial, str(serial), *texts) if serial > 10_000 else make.pick(value, *texts)
    if code == "odometer_km":
        return make.pick(value, float(value), f"{value:,}", f"{value}公里", f"{value} KM")
    if code == "price_fen":
        return make.pick(value / 100, f"{value / 100:,.2f}", f"￥{value / 100:.2f}元", f"{value / 1_000_000:.6f}万")
    if code == "plate":
        return make.pick(value, f"{value[:2]}·{value[2:]}", f" {value} ", value.lower())
    if code == "gender":
        return {"m": make.pick("男", "先生", "M"), "f": make.pick("女", "女士", "F")}[value]
    return make.pick(value, f" {value} ", value + "\n")


@settings(max_examples=40, deadline=None)
@for_all(st.integers(0, 10**6), st.permutations(sorted(COLUMNS)), st.integers(0, 3), st.booleans(), st.booleans())
def test_any_layout_comes_back_as_it_was_meant(tmp_path_factory, seed, order, titles, is_1904, has_totals):
    make, path = Maker(seed), tmp_path_factory.mktemp("x") / "a.xlsx"
    book = xlsxwriter.Workbook(str(path), {"date_1904": is_1904})
    sheet, day = (
        book.add_worksheet("表"),
        book.add_format({"num_format": make.pick("yyyy-mm-dd", "yyyy/m/d", 'yyyy"年"m"月"d"日"')}),
    )
    for i in range(titles):
        sheet.write(i, 0, make.pick("某某汽车销售服务有限公司", "客户资料（内部）", "打印日期：2026-06-30"))
    sheet.write_row(titles, 0, [make.pick(*COLUMNS[code]) for code in order])
    people, line = {}, titles + 1
    for _ in range(8):
        if make.r.random() < 0.2:
            line += 1  # a blank line
        born = make.day(date(1940, 1, 1), date(2004, 1, 1))
        person = {
            "name": make.name(),
            "mobile": make.mobile(),
            "plate": make.plate(),
            "vin": make.vin(),
            "birth_on": born,
            "gender": make.pick("m", "f"),
            "purchased_on": make.day(date(2012, 1, 1), TODAY),
            "odometer_km": make.r.randint(10, 300_000),
            "price_fen": make.r.randint(10**6, 10**8),
        }
        for column, code in enumerate(order):
            cell = write_value(make, code, person[code], is_1904=is_1904)
            if isinstance(cell, date):
                sheet.write_datetime(line, column, datetime(cell.year, cell.month, cell.day), day)  # noqa: DTZ001
            else:
                sheet.write(line, column, cell)
        people[line + 1] = person
        line += 1
    if has_totals:
        sheet.write(line, 0, make.pick("合计", "总计：8 人", "Total"))
        sheet.write(line + 1, 0, "制表：综合管理部")
    book.close()
    judge(path, "customers", {"表": Export(good=people)}, size=3)
