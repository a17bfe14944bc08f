"""Batches from another system, by call and by folder: the same reading, checks, report and undo. R030, Y02, Y03."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from cheban.api import inbox
from cheban.customers.importing import pipeline
from cheban.customers.importing.files import open_tables
from cheban.customers.models import Customer, ImportBatch, ImportMapping, Vehicle
from cheban.org import scope
from cheban.org.dispatch import run_pending
from cheban.org.roles import Role
from cheban.workshop.models import RepairOrder, RepairOrderLine
from tests import given

pytestmark = pytest.mark.req("R030", "Y02", "Y03")
PEOPLE = {
    "rows": [
        {
            "external_id": "C-1",
            "name": "张伟",
            "mobile": "13800001234",
            "plate": "沪A12345",
            "purchased_on": "2024-03-05",
        },
        {"external_id": "C-2", "name": "李娜", "mobile": "13900001", "price_fen": 12_345_678},
        {
            "external_id": "C-3",
            "name": "王芳",
            "mobile": "13700001111",
            "vin": "LSVAU033142180001",
            "price_fen": 12_345_678,
        },
    ]
}


def put(program, path: str, body, **more):
    answer = program.send("PUT", path, body, **more)
    return answer.status_code, answer.json()


def test_customers_come_in_and_each_refused_row_says_why(cast, program):
    status, told = put(program(), "/inbound/erp/customers", PEOPLE)
    assert status == 200, told
    assert (told["accepted"], len(told["refused"])) == (2, 1)
    (wrong,) = told["refused"]
    assert (wrong["index"], wrong["external_id"], wrong["field"], wrong["value"]) == (1, "C-2", "mobile", "13900001")
    assert set(told["ids"]) == {"C-1", "C-3"}
    assert str(Customer.objects.get(name="张伟").id) == told["ids"]["C-1"]
    assert Vehicle.objects.get(vin="LSVAU033142180001").price_fen == 12_345_678, "fen in, fen kept"


def test_the_same_batch_again_changes_nothing_and_a_new_phone_is_the_same_customer(cast, program):
    manager = program()
    _status, first = put(manager, "/inbound/erp/customers", PEOPLE)
    _status, again = put(manager, "/inbound/erp/customers", PEOPLE)
    assert (again["accepted"], again["ids"]) == (0, first["ids"])
    moved = {"rows": [{"external_id": "C-1", "name": "张伟", "mobile": "13611112222"}]}
    _status, third = put(manager, "/inbound/erp/customers", moved)
    assert third["ids"]["C-1"] == first["ids"]["C-1"]
    _status, other = put(
        manager, "/inbound/crm/customers", {"rows": [{"external_id": "C-1", "name": "孙丽", "mobile": "13500001111"}]}
    )
    assert other["ids"]["C-1"] != first["ids"]["C-1"], "another system's number is another number"
    assert Customer.objects.count() == 3


def test_a_batch_stands_in_the_import_list_and_is_undone_as_a_whole(cast, program):
    manager = program()
    _status, told = put(manager, "/inbound/erp/customers", PEOPLE)
    shown = manager.get(f"/imports/{told['import_id']}").json()
    assert (shown["state"], shown["source_system"], shown["accepted"], shown["rejected"]) == ("done", "erp", 2, 1)
    assert shown["refused"][0]["row"] == 3
    pipeline.undo(told["import_id"], store_id=cast.a.id)
    assert Customer.objects.count() == 0


def test_repair_orders_come_in_with_their_lines_once(cast, program):
    manager = program()
    order = {
        "external_id": "RO-77",
        "name": "张伟",
        "mobile": "13800001234",
        "plate": "沪A12345",
        "in_at": "2026-11-01T09:30:00+08:00",
        "odometer_km": 20_500,
        "lines": [
            {"item": "机油", "material_fen": 19_900, "total_fen": 19_900},
            {"item": "保养工时", "labour_fen": 12_000, "total_fen": 12_000},
        ],
    }
    for _ in range(2):
        status, told = put(manager, "/inbound/dms/repair-orders", {"rows": [order]})
        assert (status, told["refused"]) == (200, [])
    assert RepairOrderLine.objects.count() == 2
    kept = manager.get(f"/repair-orders/{told['ids']['RO-77']}").json()
    assert (kept["total_fen"], kept["odometer_km"], kept["in_at"]) == (31_900, 20_500, "2026-11-01T09:30:00.000+08:00")
    assert [line["total_fen"] for line in sorted(kept["lines"], key=lambda x: -x["total_fen"])] == [19_900, 12_000]
    assert RepairOrder.objects.get().customer.name == "张伟"


@pytest.mark.req("R031")
def test_sales_sees_on_the_customers_page_what_the_workshop_has_just_done(cast, program):
    zhang = given.customer(cast.a)
    given.vehicle(cast.a, zhang)
    consultant = Client()
    consultant.force_login(cast.staff[Role.SALES_CONSULTANT], backend="cheban.site.accounts.Backend")
    before = consultant.get(f"/customers/{zhang.id}/").content.decode()
    assert "RO-77" not in before and "到店维修保养" not in before
    order = {
        "external_id": "RO-77",
        "name": zhang.name,
        "mobile": "13800001234",
        "plate": "沪A12345",
        "in_at": "2026-11-01T09:30:00+08:00",
        "odometer_km": 20_500,
        "lines": [{"item": "更换前刹车片", "total_fen": 88_000}],
    }
    assert put(program(), "/inbound/dms/repair-orders", {"rows": [order]})[0] == 200
    run_pending()
    page = consultant.get(f"/customers/{zhang.id}/").content.decode()
    assert "更换前刹车片" in page and "20,500" in page and "¥880.00" in page
    assert "1 次" in page, "how often they came"


def test_vehicles_come_in(cast, program):
    rows = [{"external_id": "V1", "name": "张伟", "mobile": "13800001234", "vin": "LSVAU033142180001", "brand": "大众"}]
    status, told = put(program(), "/inbound/erp/vehicles", {"rows": rows})
    assert (status, told["accepted"]) == (200, 1)
    assert str(Vehicle.objects.get(brand="大众").id) == told["ids"]["V1"]


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("erp", {"rows": []}),
        ("erp", {"rows": [{"external_id": "1", "name": "x"}] * 1001}),
        ("erp", {"rows": [{"external_id": "1", "name": "x"}] * 2}),
        ("erp", {"rows": [{"external_id": "1; DROP", "name": "x"}]}),
        ("erp", {"rows": [{"external_id": "1", "name": "x", "store": 2}]}),
        ("ERP SYSTEM", PEOPLE),
    ],
)
def test_a_batch_that_cannot_be_is_refused_as_a_whole(cast, program, source, body):
    status, _told = put(program(), f"/inbound/{source.replace(' ', '%20')}/customers", body)
    assert status == 422
    assert Customer.objects.count() == 0 and ImportBatch.objects.count() == 0


@pytest.mark.parametrize("text", ["=1+1", '=HYPERLINK("http://x")', "@SUM(1)", "+86", "-1"])
def test_no_text_is_run_as_a_formula(cast, program, text):
    rows = [{"external_id": "1", "name": "张伟", "mobile": "13800001234", "remarks": text}]
    status, told = put(program(), "/inbound/erp/customers", {"rows": rows})
    assert status == 200
    kept = Customer.objects.filter(name="张伟").first()
    assert (kept is None and told["refused"]) or kept.remarks == text


def test_a_thousand_rows_go_in_at_once_with_few_questions(cast, program):
    rows = [{"external_id": f"C{n}", "name": f"客户{n}", "mobile": f"138{n:08d}"} for n in range(1000)]
    manager = program()
    with CaptureQueriesContext(connection) as seen:
        status, told = put(manager, "/inbound/erp/customers", {"rows": rows})
    assert (status, told["accepted"], len(told["ids"])) == (200, 1000, 1000)
    assert len(seen) < 80


HEAD = "客户名称,手机号,车牌号,购车日期\n"
GOOD, BAD = "张伟,13812345678,沪A12345,2024/3/5\n", "李娜,1391234,沪A54321,2024/3/5\n"


@pytest.fixture
def shop(committed, clock, settings, tmp_path):
    """A store with a watched folder."""
    settings.DATA_DIR = tmp_path
    with transaction.atomic():
        cast = given.cast(scoped=False)
    cast.inbox = tmp_path / "inbox" / cast.a.code
    cast.inbox.mkdir(parents=True)
    return cast


def look() -> int:
    return inbox.look(sleep=lambda _s: None)


def names(folder: Path) -> list[str]:
    return sorted(p.name.split("-", 2)[-1] for p in folder.iterdir() if p.is_file()) if folder.exists() else []


def in_store(cast, function):
    with scope.use([cast.a.id]):
        return function()


def test_a_file_in_the_folder_is_imported_and_put_away_with_its_report(shop):
    (shop.inbox / "客户.csv").write_text(HEAD + GOOD + BAD, encoding="utf-8")
    assert look() == 1
    assert names(shop.inbox) == []
    assert names(shop.inbox / "done") == ["客户.csv", "客户.csv.refused.xlsx"]
    assert in_store(shop, Customer.objects.count) == 1
    report = next(p for p in (shop.inbox / "done").iterdir() if p.suffix == ".xlsx")
    cells = [c for row in load_workbook(report).active.values for c in row]
    assert "1391234" in cells
    assert look() == 0


def test_the_same_content_under_another_name_is_imported_once(shop):
    for name in ("a.csv", "b.csv"):
        (shop.inbox / name).write_text(HEAD + GOOD, encoding="utf-8")
        assert look() == 1
    assert in_store(shop, ImportBatch.objects.count) == 1
    assert names(shop.inbox / "done") == ["a.csv", "b.csv"]


def test_a_file_that_cannot_be_read_is_put_apart_with_the_reason(shop):
    (shop.inbox / "x.xlsx").write_bytes(b"no spreadsheet")
    assert look() == 1
    assert names(shop.inbox / "refused") == ["x.xlsx", "x.xlsx.refused.xlsx"]
    assert in_store(shop, ImportBatch.objects.count) == 0
    report = next(p for p in (shop.inbox / "refused").iterdir() if p.name.endswith("refused.xlsx"))
    assert any(row for table in open_tables(report) for _n, row in table.rows)


def test_a_file_that_still_grows_waits(shop):
    path = shop.inbox / "客户.csv"
    path.write_text(HEAD, encoding="utf-8")

    def grow(_seconds):
        path.write_text(HEAD + GOOD, encoding="utf-8")

    assert inbox.look(sleep=grow) == 0
    assert path.exists()
    assert look() == 1


def test_links_hidden_and_foreign_files_are_left_alone(shop, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text(HEAD + GOOD, encoding="utf-8")
    os.symlink(secret, shop.inbox / "link.csv")
    os.symlink(tmp_path, shop.inbox / "linked")
    (shop.inbox / ".half.csv").write_text(HEAD + GOOD, encoding="utf-8")
    (shop.inbox / "notes.pdf").write_text("x")
    (tmp_path / "inbox" / "NOSTORE").mkdir()
    (tmp_path / "inbox" / "NOSTORE" / "a.csv").write_text(HEAD + GOOD, encoding="utf-8")
    assert look() == 0
    assert in_store(shop, Customer.objects.count) == 0


def test_a_folder_of_a_source_system_uses_its_saved_mapping(shop):
    with scope.use([shop.a.id]):
        ImportMapping.objects.create(
            store_id=shop.a.id,
            source_system="erp",
            kind="customers",
            mapping={"kind": "customers", "columns": {"甲": "name", "乙": "mobile"}, "options": {"heading_row": 1}},
        )
    (shop.inbox / "erp").mkdir()
    (shop.inbox / "erp" / "list.csv").write_text("甲,乙\n张伟,13812345678\n", encoding="utf-8")
    assert look() == 1
    assert in_store(shop, lambda: Customer.objects.get().name) == "张伟"
    assert names(shop.inbox / "erp" / "done") == ["list.csv"]


def test_a_killed_worker_goes_on_with_the_same_import(shop, monkeypatch):
    path = shop.inbox / "客户.csv"
    path.write_text(HEAD + GOOD, encoding="utf-8")
    real = pipeline.write

    def killed(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        look()
    monkeypatch.setattr(pipeline, "write", real)
    assert look() == 1
    assert in_store(shop, ImportBatch.objects.count) == 1
    assert in_store(shop, Customer.objects.count) == 1
