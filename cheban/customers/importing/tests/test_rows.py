"""Which rows are data, what belongs to the order above, what a merged cell means. R021."""

from __future__ import annotations

from datetime import date, datetime

import pytest
import xlsxwriter

from cheban.customers.importing import reading

TODAY = date(2026, 11, 23)


def read(path, **options):
    """(plan, rows, skipped) of a file."""
    plan = reading.inspect_file(path, **options)
    rows, skipped = [], {}
    for chunk in reading.plan_chunks(path, plan, chunk_size=3):
        done = reading.convert_chunk(chunk, today=TODAY)
        rows += done.rows
        for reason, count in done.skipped.items():
            skipped[reason] = skipped.get(reason, 0) + count
    return plan, rows, skipped


def csv_file(tmp_path, *lines: str):
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def book(path, cells, *, merge=(), hidden=()):
    made = xlsxwriter.Workbook(str(path))
    sheet = made.add_worksheet("表")
    day = made.add_format({"num_format": "yyyy-mm-dd"})
    for r, row in enumerate(cells):
        for c, cell in enumerate(row):
            if isinstance(cell, date):
                sheet.write_datetime(r, c, cell, day)
            elif isinstance(cell, str) and cell.startswith("="):
                sheet.write_formula(r, c, cell, None, "")
            elif cell is not None:
                sheet.write(r, c, cell)
    for span in merge:
        sheet.merge_range(*span)
    for column in hidden:
        sheet.set_column(column, column, 8, None, {"hidden": True})
    made.close()
    return path


HEAD = "工单号,车牌号,进厂日期,维修技师,维修项目,工时费,材料费,合计"


def test_lines_without_order_fields_belong_to_the_order_above_even_with_a_technician_of_their_own(tmp_path):
    _plan, rows, _ = read(
        csv_file(
            tmp_path,
            HEAD,
            "R1,沪A12345,2026-01-03,张师傅,小保养,100,200,300",
            ",,,李师傅,洗车,30,0,30",
            "R2,沪A12346,2026-01-04,张师傅,检查,0,0,0",
        )
    )
    assert [(r.row, r.values["order_no"], r.values["plate"][0], r.values["technician"]) for r in rows] == [
        (2, "R1", "沪A12345", "张师傅"),
        (3, "R1", "沪A12345", "李师傅"),
        (4, "R2", "沪A12346", "张师傅"),
    ]


def test_a_page_subtotal_in_the_middle_of_an_order_does_not_part_it(tmp_path):
    _plan, rows, skipped = read(
        csv_file(
            tmp_path,
            HEAD,
            "R1,沪A12345,2026-01-03,,小保养,100,200,300",
            "本页小计,,,,,100,200,300",
            "某店维修明细",
            HEAD,
            ",,,,洗车,30,0,30",
        )
    )
    assert [r.values["order_no"] for r in rows] == ["R1", "R1"] and not any(r.problems for r in rows)
    assert skipped == {"subtotal": 1, "note": 1, "heading": 1}


def test_an_order_without_its_number_is_refused_where_the_others_have_one(tmp_path):
    _plan, rows, _ = read(
        csv_file(tmp_path, HEAD, "R1,沪A12345,2026-01-03,,小保养,1,2,3", ",沪A99999,2026-01-04,,洗车,1,2,3")
    )
    assert [[p.column for p in r.problems] for r in rows] == [[], ["工单号"]]


def test_a_list_without_order_numbers_needs_vehicle_and_day(tmp_path):
    _plan, rows, _ = read(
        csv_file(tmp_path, "车牌号,进厂日期,维修项目,合计", "沪A12345,2026-01-03,小保养,300", "沪A12346,,洗车,30")
    )
    assert [[p.column for p in r.problems] for r in rows] == [[], ["进厂日期"]]


def test_a_wrong_first_line_does_not_spoil_the_lines_below_it(tmp_path):
    _plan, rows, _ = read(
        csv_file(
            tmp_path,
            HEAD.replace("维修技师", "出厂日期"),
            "R1,沪A12345,2026-01-03,2025-12-01,小保养,100,200,300",
            ",,,,洗车,30,0,30",
        )
    )
    assert [bool(r.problems) for r in rows] == [True, False]
    assert rows[1].values["order_no"] == "R1" and "out_at" not in rows[1].values


def test_a_refused_continuation_keeps_its_order_for_correction(tmp_path):
    _plan, rows, _ = read(csv_file(tmp_path, HEAD, "R1,沪A12345,2026-01-03,,小保养,100,200,300", ",,,,洗车,-30,0,30"))
    assert rows[1].raw["工单号"] == "R1" and rows[1].raw["车牌号"] == "沪A12345"
    assert [(p.column, p.value) for p in rows[1].problems] == [("工时费", "-30")]


def test_an_amount_merged_over_the_lines_of_an_order_counts_once(tmp_path):
    cells = [
        HEAD.split(","),
        ["R1", "沪A12345", date(2026, 1, 3), None, "小保养", 100, 200, 330],
        [None] * 4 + ["洗车", 30, 0, None],
    ]
    merge = [(1, c, 2, c, v) for c, v in ((0, "R1"), (1, "沪A12345"))] + [(1, 7, 2, 7, 330)]
    _plan, rows, _ = read(book(tmp_path / "a.xlsx", cells, merge=merge))
    assert [r.values["order_no"] for r in rows] == ["R1", "R1"] and not any(r.problems or r.flags for r in rows)
    assert sum(r.values.get("total_fen", r.values["labour_fen"] + r.values["material_fen"]) for r in rows) == 33000
    cells = [["工单号", "车牌号", "维修项目", "合计"], ["R1", "沪A12345", "小保养", 330], [None, None, "洗车", None]]
    _plan, rows, _ = read(book(tmp_path / "b.xlsx", cells, merge=[(1, 3, 2, 3, 330)]))
    assert [r.values.get("total_fen") for r in rows] == [33000, None]


@pytest.mark.parametrize(
    "line",
    [
        "合计,,,,,100,200,300",
        "总计：,,,,,100,200,300",
        "本月合计,,,,,1,2,3",
        "张三 小计,,,,,1,2,3",
        "Grand Total,,,,,1,2,3",
        ",,,合 计,,1,2,3",
        "（总计）,,,,,1,2,3",
        "合计：300.00 元,,,,,,,",
        ",,,,,100,200,300",
        "合计 25 单,,,,,,,",
        ",,,,小计,1,2,3",
        "平均,,,,,1,2,3",
        "Sum,,,,,,,3",
    ],
)
def test_totals_are_told_by_their_words_or_their_shape(tmp_path, line):
    _plan, rows, skipped = read(csv_file(tmp_path, HEAD, "R1,沪A12345,2026-01-03,,小保养,100,200,300", line))
    assert len(rows) == 1 and sum(skipped.values()) == 1


@pytest.mark.parametrize(
    "line",
    [
        "制表：综合管理部,,,,,,,",
        "制表人：,张三,审核：,李四,,,,",
        "第 2 页 共 6 页,,,,,,,",
        "打印时间：2026-06-30 18:00,,,,,,,",
        "某某汽车销售服务有限公司,,,,,,,",
        "备注：以上金额含税,,,,,,,",
        "※ 已作废工单不在内,,,,,,,",
        ",,,,,,,",
        "   ,,,,,,,",
        "1,,,,,,,",
    ][:9],
)
def test_notes_titles_and_blank_lines_are_no_data(tmp_path, line):
    _plan, rows, skipped = read(
        csv_file(
            tmp_path, HEAD, "R1,沪A12345,2026-01-03,,小保养,100,200,300", line, "R2,沪A12345,2026-01-03,,洗车,1,2,3"
        )
    )
    assert [r.row for r in rows] == [2, 4] and sum(skipped.values()) == 1


@pytest.mark.parametrize(
    "line",
    [
        "R2,沪A12345,2026-01-03,,合计费用核对,1,2,3",
        "R2,沪A12345,2026-01-03,,备注：洗车,1,2,3",
        ",,,,备注见附件的长长长长长的项目,,,",
        "R2,,,,,,,",
        "R2,沪A1,,,,1,2,3",
    ],
)
def test_what_may_be_somebodys_data_is_never_skipped(tmp_path, line):
    _plan, rows, skipped = read(csv_file(tmp_path, HEAD, "R1,沪A12345,2026-01-03,,小保养,100,200,300", line))
    assert len(rows) == 2 and not skipped


def test_a_customer_named_like_a_total_stays_a_customer(tmp_path):
    _plan, rows, _ = read(
        csv_file(tmp_path, "客户名称,手机,车牌号", "Summer Total,13812345678,", "合计,13912345678,", "平均,,沪A12345")
    )
    assert [r.values["name"] for r in rows] == ["Summer Total", "合计", "平均"]


def test_customers_with_one_fault_are_refused_and_not_skipped(tmp_path):
    lines = [
        "客户名称,手机,车牌号,客户类别",
        ",13812345678,沪A12345,个人",
        "上海某某贸易有限公司,,,单位",
        "张伟,无,,个人",
    ]
    _plan, rows, skipped = read(csv_file(tmp_path, *lines))
    assert [[p.column for p in r.problems] for r in rows] == [["客户名称"], ["手机"], ["手机"]] and not skipped


def test_titles_repeated_between_the_rows_are_known_again(tmp_path):
    _plan, rows, skipped = read(
        csv_file(
            tmp_path,
            "客户资料,,",
            "客户名称,手机,车牌号",
            "张伟,13812345678,",
            "客户资料,,",
            "客户名称,手机,车牌号",
            "李娜,13912345678,",
        )
    )
    assert [r.row for r in rows] == [3, 6] and skipped == {"title": 1, "heading": 1}


def test_row_numbers_are_those_that_a_spreadsheet_shows(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('客户名称,手机,备注\r\n张伟,13812345678,"一\n二\n三"\r\n\r\n李娜,1391234567,\r\n', encoding="utf-8")
    _plan, rows, skipped = read(path)
    assert [(r.row, bool(r.problems)) for r in rows] == [(2, False), (4, True)] and skipped == {"blank": 1}


def test_formulas_may_be_sums_copies_texts_and_days(tmp_path):
    cells = [
        ["工单号", "车牌号", "进厂日期", "下次保养日期", "维修项目", "工时费", "材料费", "合计"],
        ["R1", "沪A12345", date(2026, 1, 3), "=C2+180", "保养", 100, 50.5, "=SUM(F2:G2)"],
        ['="R"&"2"', "=B2", "=C2", "=DATE(2026,13,1)", "洗车", "=F2*30%", 0, "=ROUND(F3+G3,2)"],
        ["R3", "沪A12345", "2026-01-05", None, "检查", 10, 0, "=F4+#REF!"],
        ["R4", "沪A12345", "2026-01-05", None, "检查", 10, 0, "=VLOOKUP(A1,F1:G9,2)"],
    ]
    _plan, rows, _ = read(book(tmp_path / "a.xlsx", cells))
    assert [r.values.get("total_fen") for r in rows] == [15050, 3000, None, None]
    assert rows[1].values["order_no"] == "R2" and rows[1].values["in_at"] == datetime(2026, 1, 3)  # noqa: DTZ001
    assert [r.values.get("next_service_on") for r in rows[:2]] == [date(2026, 7, 2), date(2027, 1, 1)]
    assert [[p.column for p in r.problems] for r in rows[2:]] == [["合计"], ["合计"]]
    assert "#REF!" in rows[2].problems[0].problem and "没有存下结果" in rows[3].problems[0].problem


def test_an_old_workbook_tells_its_errors_its_1904_days_and_hidden_columns(tmp_path):
    from pathlib import Path

    plan, rows, skipped = read(Path(__file__).parent / "files" / "orders_1904.xls")
    assert plan.kind == "repair_orders" and set(plan.left_out) == {"代码"}
    assert [(r.row, r.values["order_no"], str(r.values["in_at"].date())) for r in rows] == [
        (3, "R1", "2026-01-03"),
        (4, "R1", "2026-01-03"),
        (5, "R2", "2022-01-05"),
        (6, "R3", "2022-01-06"),
    ]
    assert [[p.problem for p in r.problems] for r in rows] == [[], [], ["公式已损坏（#REF!）。"], []]
    assert skipped == {"subtotal": 1}


def test_a_workbook_of_several_kinds_reads_each_sheet_as_its_own(tmp_path):
    made = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    for name, cells in (
        ("客户", [["客户名称", "手机"], ["张伟", "13812345678"]]),
        ("工单", [["工单号", "车牌号", "维修项目"], ["R1", "沪A12345", "保养"]]),
        ("汇总", [["月份", "台次", "工时费", "材料费", "合计"], ["1月", 3, 4, 5, 9]]),
        ("员工", [["姓名", "手机", "岗位", "入职日期"], ["张三", "13812345678", "顾问", "2020-01-01"]]),
        ("说明", [["本表由系统导出"]]),
        ("空", []),
    ):
        sheet = made.add_worksheet(name)
        for r, row in enumerate(cells):
            sheet.write_row(r, 0, row)
    made.close()
    plan, rows, _ = read(tmp_path / "a.xlsx")
    assert [(t.sheet, t.kind) for t in plan.tables] == [("客户", "customers"), ("工单", "repair_orders")]
    assert set(plan.left_out) == {"汇总", "员工", "说明", "空"} and len(rows) == 2
    plan, rows, _ = read(tmp_path / "a.xlsx", kind="customers")
    assert [t.sheet for t in plan.tables] == ["客户"]


def test_a_visible_column_beats_a_hidden_one_of_the_same_heading(tmp_path):
    cells = [
        ["客户名称", "手机", "购车日期", "手机", "购车日期"],
        ["张伟", "13812345678", "2020-01-01", "13912345678", "2024-03-05"],
    ]
    _plan, rows, _ = read(book(tmp_path / "a.xlsx", cells, hidden=(1, 2)))
    assert [p[1] for p in rows[0].values["mobile"]] == ["+8613912345678"] and rows[0].values["purchased_on"] == date(
        2024, 3, 5
    )
    _plan, rows, _ = read(book(tmp_path / "b.xlsx", [r[:3] for r in cells], hidden=(1, 2)))
    assert rows[0].values["purchased_on"] == date(2020, 1, 1)


def test_days_without_a_year_take_the_lists(tmp_path):
    _plan, rows, _ = read(
        csv_file(
            tmp_path,
            "2025年7月预约登记",
            "姓名,手机,车牌号,预约时间",
            "张伟,13812345678,沪A12345,7月3日下午2:30",
            "李娜,13912345678,,6月30日 9点半",
        )
    )
    assert [r.values["appointment_at"].isoformat() for r in rows] == ["2025-07-03T14:30:00", "2025-06-30T09:30:00"]


def test_a_file_cut_in_the_middle_says_so_in_its_last_row(tmp_path):
    path = tmp_path / "a.csv"
    whole = "客户名称,手机,车牌\n张伟,13812345678,沪A12345\n王芳,13712345678,沪A12347\n李娜,1391234"
    path.write_bytes(whole.encode("gb18030"))
    _plan, rows, _ = read(path)
    assert [bool(r.problems) for r in rows] == [False, False, True]
    assert "文件在这一行中断。" in [p.problem for p in rows[2].problems]
    path.write_bytes("客户名称,手机,车牌\n张伟,13812345678,沪A12345\n王芳,13712345678,沪A12347".encode())
    assert not any(r.problems for r in read(path)[1])


def test_a_quote_that_never_closes_spoils_its_own_row_only(tmp_path):
    lines = ["客户名称,手机,备注"] + [f"张伟,138{i:08d}," for i in range(900)]
    lines[5] = '李娜,13912345678,"轮胎 19'
    _plan, rows, _ = read(csv_file(tmp_path, *lines))
    assert len(rows) == 900 and [r.row for r in rows if r.problems] == [6]


def test_the_report_of_wrong_rows_reads_again_after_correction(tmp_path):
    plan, rows, _ = read(csv_file(tmp_path, "客户名称,手机,手机,车牌号", "张伟,1381234,13712345678,沪A12345"))
    raw = dict(rows[0].raw)
    assert raw == {"客户名称": "张伟", "手机": "1381234", "手机 (2)": "13712345678", "车牌号": "沪A12345"}
    raw["手机"] = "13812345678"
    fixed = reading.convert_fixed(plan, sheet=rows[0].sheet, row=rows[0].row, raw=raw, today=TODAY)
    assert not fixed.problems and [p[1] for p in fixed.values["mobile"]] == ["+8613812345678", "+8613712345678"]
    report = csv_file(
        tmp_path, "客户名称,手机,手机 (2),车牌号,问题,原行号", "张伟,13812345678,13712345678,沪A12345,手机：少位,2"
    )
    assert not read(report)[1][0].problems


def test_a_sheet_without_headings_goes_on_where_the_one_before_was_full(tmp_path):
    made = xlsxwriter.Workbook(str(tmp_path / "a.xlsx"))
    one, two, other = (made.add_worksheet(n) for n in ("Sheet1", "Sheet2", "说明"))
    one.write_row(0, 0, ["客户名称", "手机", "车牌号"])
    for i in range(5):
        one.write_row(i + 1, 0, ["张伟", f"1381234567{i}", f"沪A1234{i}"])
        two.write_row(i, 0, ["李娜", f"1391234567{i}", f"沪B1234{i}"])
    other.write_row(0, 0, ["本表", "由", "系统导出"])
    made.close()
    plan, rows, _ = read(tmp_path / "a.xlsx")
    assert [(r.sheet, r.row) for r in rows][4:7] == [("Sheet1", 6), ("Sheet2", 1), ("Sheet2", 2)]
    assert list(plan.left_out) == ["说明"] and not any(r.problems for r in rows)


def test_a_column_of_times_beside_the_days_is_no_moment(tmp_path):
    _plan, rows, _ = read(
        csv_file(
            tmp_path,
            "工单号,车牌号,进厂日期,进厂时间,维修项目",
            "R1,沪A12345,2026-01-03,14:30,保养",
            "R2,沪A12346,2026-01-04,9:05:00,洗车",
        )
    )
    assert [str(r.values["in_at"].date()) for r in rows] == ["2026-01-03", "2026-01-04"] and not any(
        r.problems for r in rows
    )


def test_units_of_the_heading_count_before_anything_is_rounded(tmp_path):
    _plan, rows, _ = read(
        csv_file(
            tmp_path,
            "客户名称,手机,成交价(万元),里程（万公里）",
            "张伟,13812345678,12.9845,3.5",
            "李娜,13912345678,12.98万元,35000",
        )
    )
    assert [r.values["price_fen"] for r in rows] == [12_984_500, 12_980_000]
    assert rows[0].values["odometer_km"] == 35_000 and rows[1].problems  # 350 million kilometres


def test_policies_do_not_end_before_they_begin(tmp_path):
    _plan, rows, _ = read(
        csv_file(
            tmp_path,
            "车牌号,保险公司,起保日期,终保日期",
            "沪A12345,人保,2026-01-01,2026-12-31",
            "沪A12346,人保,2026-01-01,2025-12-31",
        )
    )
    assert [[p.column for p in r.problems] for r in rows] == [[], ["终保日期"]]


@pytest.mark.parametrize(
    ("lines", "columns"),
    [
        (["车牌号,保险公司,保险到期日", "沪A12345,人保,", ",人保,2027-01-01"], [["保险到期日"], ["车牌号"]]),
        (
            ["姓名,手机,车牌号,预约时间", ",13812345678,沪A12345,2026-07-03 10:00", "张伟,13812345678,,"],
            [["姓名"], ["预约时间"]],
        ),
        (["车牌号,车架号,品牌,颜色", ",,大众,白"], [["车架号"]]),
        (["客户名称,手机,车牌号", "张伟,,"], [["手机"]]),
    ],
)
def test_each_kind_says_what_it_cannot_do_without(tmp_path, lines, columns):
    _plan, rows, _ = read(csv_file(tmp_path, *lines))
    assert [[p.column for p in r.problems] for r in rows] == columns
