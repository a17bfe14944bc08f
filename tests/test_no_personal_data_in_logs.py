"""A canary in every log line: a customer's phone, identity number, address and name go through everything and stand
in no line that is written. R020, reliability row 38.
"""

from __future__ import annotations

import io
import logging
import os
import re
import subprocess
import sys
import time
import types
import unicodedata
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from cheban.core.logs import configure_logging
from cheban.customers.models import Customer, ImportBatch, ImportRow
from cheban.org import scope
from cheban.org.roles import Role
from cheban.site import urls
from tests import given

NAME, PHONE, IDENTITY = "金丝雀", "13987650421", "310101199003074511"
ADDRESS = "静安区羽毛路四百二十一弄七号"
HEAD = "客户名称,手机号,车牌号,购车日期,地址,身份证号\n"
SECRETS = (NAME, PHONE, PHONE[3:], IDENTITY, IDENTITY[:10], ADDRESS, ADDRESS[3:8])


def assert_silent(text: str) -> None:
    """None of the canary, however it may be spaced or widened."""
    plain = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text))
    escaped = [s.encode("unicode_escape").decode() for s in SECRETS]
    escaped = [s.replace("\\", "\\" * n) for s in escaped for n in (1, 2)]
    found = [s for s in (*SECRETS, *escaped) if s in plain or s in text]
    lines = [line[:400] for line in text.splitlines() if any(s in line for s in found)]
    assert found == [], "\n".join(lines[:5])


@pytest.fixture(params=["json", "text"])
def written(request, monkeypatch):
    """What the product's own logging writes, down to DEBUG."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging(json=request.param == "json", level="DEBUG")
    yield stream
    root.handlers[:], root.level = before


def boom(request: HttpRequest) -> HttpResponse:
    """What a fault in our code could say."""
    told = f"cannot reach {NAME} {PHONE} {IDENTITY} {ADDRESS}"
    logging.getLogger("cheban.test").warning("about %s", PHONE)
    try:
        raise KeyError(told)
    except KeyError as error:
        raise RuntimeError(told) from error


def broken_row(request: HttpRequest) -> HttpResponse:
    """PostgreSQL repeats the whole row: 'Failing row contains (…)'."""
    Customer.objects.create(store_id=request.actor.stores[0], name=NAME, occupation=ADDRESS, tier=None)
    return HttpResponse()


@pytest.fixture
def faulty(settings, monkeypatch):
    """The product's routes and two that fail."""
    module = types.ModuleType("tests.faulty_urls")
    module.urlpatterns = [*urls.urlpatterns, path("boom/", boom), path("broken-row/", broken_row)]
    module.handler404, module.handler500 = urls.handler404, urls.handler500
    monkeypatch.setitem(sys.modules, module.__name__, module)
    settings.ROOT_URLCONF = module.__name__


def manager(cast) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(cast.staff[Role.STORE_MANAGER], backend="cheban.site.accounts.Backend")
    return client


def table(*, phone: str = PHONE) -> SimpleUploadedFile:
    text = HEAD + f"{NAME},{phone},沪A12345,2024/3/5,{ADDRESS},{IDENTITY}\n"
    text += f"{NAME},{phone[:7]} {phone[7:]}9,沪A1234,2024/13/5,{ADDRESS},{IDENTITY}\n"  # three things wrong
    return SimpleUploadedFile("客户.csv", text.encode())


@pytest.mark.req("R020")
def test_no_page_writes_the_canary_into_a_log_line(cast, faulty, written):
    client = manager(cast)

    def go(path: str, **data):
        scope.set_stores([cast.a.id])
        return client.post(path, data) if data else client.get(path)

    made = go("/customers/new/", name=NAME, phone=PHONE, plate="沪A12345")
    assert made.status_code == 302
    page = made["Location"]
    customer = Customer.objects.get(name=NAME)
    for fields in (
        {"address": ADDRESS, "id_number": IDENTITY, "name": NAME},
        {"name": NAME, "birth_on": "2990-01-01", "phone": PHONE + "99", "address": ADDRESS},
    ):
        go(f"{page}edit/", **fields)
    for what, row in (
        ("contact_point", customer.contact_points.get().id),
        ("address", customer.id),
        ("id_number", customer.id),
    ):
        assert go(f"/customers/reveal/{what}/{row}/", reason=f"{NAME} {PHONE}").status_code == 200
    for q in (PHONE, PHONE[-4:], NAME, ADDRESS, "１３９８７６５０４２１", PHONE + "'; --"):
        assert go("/search/", q=q).status_code == 200
    go(page)
    go(f"{page}note/", text=f"{NAME} {PHONE} {ADDRESS}")
    go(f"{page}consent/", purpose="marketing", given="0", proof=f"{NAME} {PHONE}")
    assert go("/exports/new/customers/", ids=str(customer.id), purpose=NAME, form="xlsx").status_code == 302
    go("/customers/", tag=NAME)
    go(f"/customers/?tag={NAME}&after={PHONE}")
    go(f"/no/such/page/?q={PHONE}")
    assert go("/customers/imports/upload/", file=table()).status_code == 302
    go("/customers/imports/upload/", file=SimpleUploadedFile(f"{NAME}.xlsx", f"{PHONE} {ADDRESS}".encode()))
    Client().post("/account/login/", {"login": PHONE, "password": IDENTITY})
    assert go("/boom/").status_code == 500
    assert go("/broken-row/").status_code == 500

    text = written.getvalue()
    assert "customers/new/" in text, "requests are logged"
    assert "RuntimeError" in text and "KeyError" in text, "faults are logged"
    assert "test_no_personal_data_in_logs.py" in text, "with the place where they happened"
    assert "23502" in text and "tier" in text, "a refused row is logged by its state and column"
    assert_silent(text)


@pytest.mark.req("R020")
def test_neither_does_the_worker_with_an_import_that_has_wrong_rows_or_fails(committed, clock, tmp_path):
    with transaction.atomic():
        cast = given.cast(scoped=False)
    client = manager(cast)
    for _ in range(2):
        assert client.post("/customers/imports/upload/", {"file": table()}).status_code == 302
    log = tmp_path / "worker.log"
    with scope.use([cast.a.id]):
        good, lost = ImportBatch.objects.order_by("id")
    with log.open("w") as stream:
        env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "cheban.site.settings",
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "CHEBAN_LOG": "DEBUG",
        }
        code = "import django; django.setup(); from cheban.core.jobs import run_worker; run_worker()"
        worker = subprocess.Popen([sys.executable, "-c", code], env=env, stderr=stream)
        try:
            wait_for(cast, good, "ready")
            wait_for(cast, lost, "ready")
            with scope.use([cast.a.id]):
                assert ImportRow.objects.filter(batch=good, is_rejected=True).count() == 1
                # a file that is gone, under a name that tells
                ImportBatch.objects.filter(id=lost.id).update(stored_as=f"gone-{PHONE}.csv")
            client.post(f"/customers/imports/{good.id}/write/")
            client.post(f"/customers/imports/{lost.id}/write/")
            wait_for(cast, good, "done")
            deadline = time.monotonic() + 20
            while "FileNotFoundError" not in log.read_text():
                assert time.monotonic() < deadline, log.read_text()[-2000:]
                time.sleep(0.1)
        finally:
            worker.terminate()
            worker.wait(timeout=20)
    assert_silent(log.read_text())


def wait_for(cast, batch: ImportBatch, state: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        with scope.use([cast.a.id]):
            batch.refresh_from_db()
        if batch.state == state:
            return
        assert time.monotonic() < deadline, batch.state
        time.sleep(0.1)
