"""Columns are recognised by their headings and by what they hold. R021."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from cheban.customers.importing import fields, headers, reading
from cheban.customers.importing.tests.test_rows import book, csv_file, read

LAYOUTS = Path(__file__).parents[5] / "shared" / "data" / "dms_layouts" / "layouts.csv"


def fields_of(*headings: str, kind: str = "") -> dict[str, str]:
    """Heading -> field, as read without values."""
    found = headers.find([(1, list(headings))], [])
    kind = kind or headers.detect_kind(found.columns)
    headers.name_columns(found.columns, kind)
    headers.fit_to_kind(found.columns, kind)
    return {c.heading: c.field for c in found.columns}


def layout(name: str) -> list[str]:
    assert LAYOUTS.is_file(), "the layouts stand beside the project in shared/data/dms_layouts"
    found = defaultdict(list)
    for row in csv.DictReader(LAYOUTS.open(encoding="utf-8")):
        found[row["layout"]].append(row["heading"])
    return found[name]


@pytest.mark.req("R021")
@pytest.mark.parametrize(
    ("name", "kind", "some"),
    [
        (
            "dms_owner",
            "customers",
            {"车主": "name", "手机": "mobile", "联系人手机": "contact_mobile", "联系人": "", "邮编": ""},
        ),
        (
            "dms_vehicle",
            "vehicles",
            {"VIN": "vin", "车主编号": "customer_no", "建档日期": "", "销售顾问": "sales_consultant"},
        ),
        (
            "dms_repair_orders",
            "repair_orders",
            {
                "工单号": "order_no",
                "客户经理": "service_advisor",
                "交车日期": "out_at",
                "进厂行驶里程": "odometer_km",
                "出厂行驶里程": "",
                "车辆销售日期": "purchased_on",
                "送修人手机": "deliverer_mobile",
                "送修人电话": "deliverer_mobile",
                "上次保养日期": "",
            },
        ),
        ("dms_dispatch", "repair_orders", {"开单日期": "in_at", "进厂里程": "odometer_km"}),
        ("dms_declined_repairs", "vehicles", {"VIN": "vin", "配件名称": ""}),
        ("dms_part_ledger", "", {}),
        ("dms_long_open", "customers", {"车主": "name", "牌照号": "plate", "购车日期": "purchased_on"}),
        ("fleet_vehicle", "vehicles", {"VIN码": "vin", "生产日期": "made_on"}),
        (
            "erp_billSettle_head",
            "repair_orders",
            {"送修人电话": "deliverer_mobile", "客户电话": "mobile", "接待顾问": "service_advisor"},
        ),
    ],
)
def test_lists_of_real_systems_are_understood(name, kind, some):
    headings = layout(name)
    found = headers.find([(1, headings)], [])
    assert headers.detect_kind(found.columns) == kind
    read_as = fields_of(*headings, kind=kind) if kind else {}
    assert {h: read_as[h] for h in some} == some


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("*客户姓名", "name"),
        ("手机号（必填）", "mobile"),
        ("联系\n电话：", "mobile"),
        ("车架号/VIN码", "vin"),
        ("VIN车架号", "vin"),
        ("ＶＩＮ", "vin"),
        ("手机/电话", "mobile"),
        ("Licence Plate No.", "plate"),
        ("Date of Birth", "birth_on"),
        ("E_MAIL", "email"),
        ("行驶里程(km)", "odometer_km"),
        ("生日（农历）", "lunar_birthday"),
        ("VSN", ""),
        ("邮编", ""),
        ("序号", ""),
        ("婚姻状况, ExcelDataType.Dict", ""),
        (" 城市", "city"),
        ("单位名称（车主姓名）", "name"),
        ("车主/客户姓名", "name"),
        ("发动机号/电动机号", "engine_no"),
        ("成交价(万元)", "price_fen"),
        ("车主手机号码", "mobile"),
        ("商业险到期日", "insurance_until"),
        ("交强保险到期日", "compulsory_until"),
        ("年审日期", "inspection_due_on"),
        ("Mobile No.", "mobile"),
    ],
)
def test_headings_as_systems_write_them(heading, field):
    found = headers.find([(1, ["客户名称", "购车日期", heading] if field != "name" else [heading, "手机"])], [])
    assert next(c.field for c in found.columns if c.heading == headers.text_of(heading)) == field


def test_the_kind_of_the_rows_decides_what_a_heading_means():
    assert fields_of("车牌号", "VIN", "出厂日期", "购车日期")["出厂日期"] == "made_on"
    assert fields_of("工单号", "车牌号", "进厂日期", "出厂日期", "维修项目")["出厂日期"] == "out_at"
    assert fields_of("客户名称", "手机", "交车日期")["交车日期"] == "purchased_on"
    assert fields_of("工单号", "车牌号", "维修项目", "交车日期")["交车日期"] == "out_at"
    assert fields_of("工单号", "车牌号", "维修项目", "联系人", "联系人电话") | {} == {
        "工单号": "order_no",
        "车牌号": "plate",
        "维修项目": "item",
        "联系人": "deliverer",
        "联系人电话": "deliverer_mobile",
    }


def test_the_better_of_two_headings_has_the_field_whatever_their_order():
    assert fields_of("客户名称", "手机", "开票日期", "销售日期") | {} == {
        "客户名称": "name",
        "手机": "mobile",
        "开票日期": "",
        "销售日期": "purchased_on",
    }
    assert fields_of("工单号", "车牌号", "开单日期", "进厂时间", "项目")["进厂时间"] == "in_at"


@pytest.mark.parametrize(
    ("headings", "kind"),
    [
        (["客户名称", "手机", "保险公司", "保险到期日", "购车日期", "出生日期", "性别"], "customers"),
        (["车牌号", "保险公司", "保险到期日"], "insurance"),
        (
            ["被保险人", "手机号", "车牌号", "车架号", "车辆注册日期", "最近一次投保保险公司", "保险到期时间"],
            "insurance",
        ),
        (["姓名", "手机", "车牌号", "预约时间", "预约项目"], "appointments"),
        (["预约单号", "姓名", "手机号", "车牌号", "预计到店时间", "里程"], "appointments"),
        (["工单号", "预约单", "车牌号", "项目", "工时费"], "repair_orders"),
        (["车牌号", "进厂日期", "维修项目", "金额"], "repair_orders"),
        (["Order No", "VIN", "Description", "Labour", "Parts", "Total"], "repair_orders"),
        (["Name", "Mobile", "Plate"], "customers"),
        (["月份", "台次", "工时费", "材料费", "合计"], ""),
        (["配件编码", "配件名称", "数量", "单价", "金额"], ""),
        (["服务顾问", "产值", "合计"], ""),
    ],
)
def test_the_kind_of_a_list_is_told_by_its_columns(headings, kind):
    found = headers.find([(1, headings)], [])
    assert (headers.detect_kind(found.columns) if found else "") == kind


def test_exchanged_headings_are_noticed_by_what_stands_below(tmp_path):
    lines = ["车主,手机,城市,邮编,建档日期,证件号码,职业"]
    lines += [
        f"138{i:08d},{n},200{i:03d},上海市,{m},身份证,{p}"
        for i, (n, m, p) in enumerate(
            zip(
                ["张伟", "李娜", "王芳", "刘洋", "陈静", "杨磊"],
                ["赵敏", "周强", "吴军", "徐丽", "孙勇", "胡燕"],
                ["朱军", "高洋", "林芳", "何磊", "郭静", "马强"],
                strict=True,
            )
        )
    ]
    _plan, rows, _ = read(csv_file(tmp_path, *lines))
    assert [r.values["name"] for r in rows][:2] == ["张伟", "李娜"] and rows[1].values["mobile"] == [
        ("mobile", "+8613800000001")
    ]
    assert not any(r.problems for r in rows)
    assert all({"city", "id_number", "occupation"}.isdisjoint(r.values) for r in rows)


def test_numbers_in_scientific_notation_are_no_reason_to_doubt_the_heading(tmp_path):
    lines = ["客户名称,手机,车牌号"] + [f"张伟,1.38E+10,沪A1234{i}" for i in range(8)]
    _plan, rows, _ = read(csv_file(tmp_path, *lines))
    assert [[p.column for p in r.problems] for r in rows] == [["手机"]] * 8


def test_two_levels_of_headings_in_a_csv(tmp_path):
    groups_first = ["客户信息,,车辆信息,,", "客户名称,电话,车牌号,VIN,到期日", "张伟,13812345678,沪A12345,,2027-01-01"]
    plan, rows, _ = read(csv_file(tmp_path, *groups_first))
    assert plan.tables[0].heading_row == 2 and rows[0].values["name"] == "张伟"
    names_first = ["工单号,车牌号,维修项目,费用,,", ",,,工时费,材料费,合计", "R1,沪A12345,保养,1,2,3"]
    plan, rows, _ = read(csv_file(tmp_path, *names_first))
    assert plan.tables[0].heading_row == 2 and rows[0].values["total_fen"] == 300
    assert [c.heading for c in plan.tables[0].columns][3:] == ["费用/工时费", "费用/材料费", "费用/合计"]


def test_groups_tell_apart_what_the_leafs_call_alike(tmp_path):
    cells = [
        ["某店名单"] + [None] * 6,
        ["车主", None, "送修人", None, "车辆", "保险", "工单"],
        ["姓名", "电话", "姓名", "电话", "车牌", "到期日", "编号"],
        ["张伟", "13812345678", "李娜", "13912345678", "沪A12345", "2027-01-01", 1],
    ]
    merge = [(0, 0, 0, 6, "某店名单"), (1, 0, 1, 1, "车主"), (1, 2, 1, 3, "送修人")]
    plan, rows, _ = read(book(tmp_path / "a.xlsx", cells, merge=merge))
    columns = {c.heading: c.field for c in plan.tables[0].columns}
    assert columns["车主/姓名"] == "name" and columns["保险/到期日"] == "insurance_until"
    assert rows[0].values["name"] == "张伟" and ("mobile", "+8613912345678") not in rows[0].values["mobile"]
    cells[2][6], cells[3][6] = "工单号", "R1"
    cells = [r + [x] for r, x in zip(cells, [None, "项目", "维修项目", "保养"], strict=True)]
    _plan, rows, _ = read(book(tmp_path / "b.xlsx", cells, merge=merge[1:]))
    assert (rows[0].values["deliverer"], rows[0].values["deliverer_mobile"]) == ("李娜", [("mobile", "+8613912345678")])


def test_the_contact_person_is_called_only_where_the_owner_has_no_number(tmp_path):
    _plan, rows, _ = read(
        csv_file(
            tmp_path,
            "车主,车主手机,联系人,联系人手机",
            "甲公司,13812345678,李娜,13912345678",
            "乙公司,,王芳,13712345678",
        )
    )
    assert [r.values["mobile"] for r in rows] == [[("mobile", "+8613812345678")], [("mobile", "+8613712345678")]]
    assert not any("contact_mobile" in r.values for r in rows)


def test_a_mapping_may_name_columns_by_letter_and_say_where_headings_stand(tmp_path):
    path = csv_file(tmp_path, "张伟,13812345678,沪A12345", "李娜,13912345678,")
    _plan, rows, _ = read(
        path,
        mapping={
            "kind": "customers",
            "columns": {"#A": "name", "#B": "mobile", "#C": "plate"},
            "options": {"heading_row": 0},
        },
    )
    assert [(r.row, r.values["name"]) for r in rows] == [(1, "张伟"), (2, "李娜")]


def test_a_saved_mapping_reads_the_next_file_alike(tmp_path):
    path = csv_file(tmp_path, "客户名称,联系,车牌号", "张伟,13812345678,沪A12345")
    plan = reading.inspect_file(path)
    plan.tables[0].columns[1].field = "mobile"
    saved = plan.mapping_json()
    assert saved == {
        "kind": "customers",
        "columns": {"客户名称": "name", "联系": "mobile", "车牌号": "plate"},
        "options": {},
    }
    assert read(path, mapping=saved)[1][0].values["mobile"] == [("mobile", "+8613812345678")]


def test_every_heading_of_the_table_is_known_and_none_is_listed_twice_in_a_field():
    for entry in fields.FIELDS:
        names = [fields.normalise(h) for h in entry.headings]
        assert len(set(names)) >= len(names) - 3, entry.code
        for heading in entry.headings:
            assert entry.code in dict(fields.claims(heading)), (entry.code, heading)


def test_ten_thousand_yuan_in_the_heading(tmp_path):
    _plan, rows, _ = read(
        csv_file(tmp_path, "客户名称,手机,成交价(万元)", "张伟,13812345678,12.98", "李娜,13912345678,12.98万")
    )
    assert [r.values["price_fen"] for r in rows] == [12_980_000, 12_980_000]
