"""Staff, audit and imports are lists like the others: search, chips, pages, views, files, whatever their length. Y09."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client

from cheban.core import clock as real_clock
from cheban.customers.models import ImportBatch
from cheban.lists import paging, spec
from cheban.lists.exporting import commands, queries, run
from cheban.lists.state import Asked
from cheban.org import scope
from cheban.org.access import audit
from cheban.org.models import StaffRole
from cheban.org.roles import Role
from tests import given

BACKEND = "cheban.site.accounts.Backend"
PAGES = {"staff": "/settings/staff/", "audit": "/settings/audit/", "imports": "/customers/imports/"}


def fill(cast, count: int) -> None:
    """So many more people, audit rows and imports of store A."""
    by = cast.actor(Role.STORE_MANAGER)
    for n in range(count):
        given.staff(cast.a, Role.CALLER, name=f"回访{n}", login=f"caller{n}.x")
        audit(
            "pii.revealed" if n % 2 else "view.shared", by=by, subject=f"customer:{n}", store_id=cast.a.id, reason="x"
        )
        ImportBatch.objects.create(
            store=cast.a, file_name=f"客户{n}.xlsx", file_sha256=b"", file_bytes=1, kind="customers",
            state="done" if n % 2 else "failed", rows_total=n, accepted=n, by_id=by.staff_id,
        )  # fmt: skip


@pytest.fixture
def client(cast):
    found = Client()
    found.force_login(cast.staff[Role.STORE_MANAGER], backend=BACKEND)
    return found


@pytest.mark.parametrize("code", PAGES)
def test_a_page_costs_the_same_queries_whatever_its_length(cast, client, code, django_assert_max_num_queries):
    fill(cast, 3)
    client.get(PAGES[code])
    for n in range(60):
        given.staff(cast.a, Role.CALLER, name=f"又{n}", login=f"more{n}.x")
    for n in range(60):
        audit("pii.revealed", by=cast.actor(Role.STORE_MANAGER), subject=f"customer:{n}", store_id=cast.a.id)
    with django_assert_max_num_queries(20):
        answer = client.get(PAGES[code])
    assert answer.status_code == 200


@pytest.mark.parametrize("code", PAGES)
@pytest.mark.parametrize("up", [False, True])
def test_pages_show_every_row_once(cast, code, up):
    fill(cast, 23)
    listed, today = spec.get(code), real_clock.today()
    for sort in listed.sorts:
        seen, after = [], ""
        while True:
            page = paging.page(listed, Asked({}, sort.code, up, after), today=today, limit=7)
            seen += [row.id for row in page["rows"]]
            after = page["after"]
            if not after:
                break
        sign = "" if up else "-"
        rows = paging.matching(listed, Asked(), today=today)
        assert seen == list(rows.order_by(f"{sign}{sort.column}", f"{sign}id").values_list("id", flat=True))


@pytest.mark.parametrize(
    ("address", "there", "not_there"),
    [
        ("/settings/staff/?q=回访1", "caller1.x", "caller2.x"),
        ("/settings/staff/?q=CALLER2", "caller2.x", "caller1.x"),
        ("/settings/staff/?role=technician", "technician.a", "caller1.x"),
        ("/settings/staff/?active=no", "没有符合条件的同事", "caller1.x"),
        ("/settings/audit/?q=pii", "pii.revealed", "view.shared"),
        ("/settings/audit/?action=view.shared", "view.shared", "pii.revealed"),
        ("/settings/audit/?since=1", "pii.revealed", "没有符合条件的记录"),
        ("/settings/audit/?alarms=1", "没有符合条件的记录", "pii.revealed"),
        ("/customers/imports/?q=客户1.", "客户1.xlsx", "客户2.xlsx"),
        ("/customers/imports/?state=failed", "客户2.xlsx", "客户1.xlsx"),
        ("/customers/imports/?q=没有这个文件", "没有符合条件的导入", "客户1.xlsx"),
    ],
)
def test_words_and_filters_find_and_leave_out(cast, client, address, there, not_there):
    fill(cast, 4)
    page = client.get(address).content.decode()
    table = page[page.index('class="card table-card"') :]
    assert there in table and not_there not in table


@pytest.mark.req("R019")
def test_people_of_other_stores_are_on_no_list_and_in_no_file(cast, client, tmp_path, settings):
    settings.DATA_DIR = tmp_path
    assert "外人" not in client.get("/settings/staff/").content.decode()
    assert client.get(f"/settings/staff/?store={cast.b.id}").content.decode().count("外人") == 0
    StaffRole.objects.create(staff=cast.staff[Role.CALLER], store=cast.b, role=Role.PARTS)
    export = commands.ask(
        spec.get("staff"), Asked(), by=cast.actor(Role.STORE_MANAGER), columns=[], form="csv", purpose="核对"
    )
    run.write(export.id)
    export.refresh_from_db()
    text = queries.file_of(export).read_bytes().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))[2:]
    assert len(rows) == len(Role.values) and "外人" not in text and "乙店" not in text


@pytest.mark.parametrize("code", PAGES)
def test_each_list_goes_out_whole(cast, code, tmp_path, settings):
    settings.DATA_DIR = tmp_path
    fill(cast, 12)
    role = Role.AUDITOR if code != "staff" else Role.STORE_MANAGER
    with scope.use([cast.a.id]):
        whole = paging.matching(spec.get(code), Asked(), today=real_clock.today()).count()
        export = commands.ask(spec.get(code), Asked(), by=cast.actor(role), columns=[], form="csv", purpose="核对")
    run.write(export.id)
    export.refresh_from_db()
    text = queries.file_of(export).read_bytes().decode("utf-8-sig")
    own = 1 if code == "audit" else 0  # the export is in the trail itself before it is written
    assert len(list(csv.reader(io.StringIO(text, newline="")))) == whole + own + 2
