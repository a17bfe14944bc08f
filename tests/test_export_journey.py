"""A manager filters the customers, exports them, watches the file come about, and downloads it. Y09, R019."""

from __future__ import annotations

import openpyxl
import pytest
from django.db import transaction
from playwright.sync_api import expect

from cheban.lists.models import Export
from cheban.org.roles import Role
from tests import given, looks, serving
from tests.looks import one_way

GOLD, OTHERS = 12, 5


@pytest.fixture
def shop(committed, clock):
    with transaction.atomic():
        cast = given.cast()
        manager = cast.staff[Role.STORE_MANAGER]
        manager.set_password(given.PASSWORD)
        manager.save()
        for n in range(GOLD + OTHERS):
            given.customer(cast.a, f"张{n}", phone=f"138{n:08d}", tier="gold" if n < GOLD else "ordinary")
    return cast


@pytest.mark.browser
@one_way
def test_from_a_filter_to_a_file(shop, look, tmp_path):
    with serving.web() as address, serving.browser() as chromium:
        page = looks.opened(chromium, address, shop.staff[Role.STORE_MANAGER], look)
        page.goto(address + "/customers/?tier=gold")

        page.click("a[href^='/exports/new/customers/']")
        assert page.inner_text(".export-rows") == str(GOLD)
        page.fill("[name=purpose]", "金卡回访名单核对")
        page.click(".export-foot .btn-primary")

        page.wait_for_url("**/exports/")
        expect(page.locator("tbody tr")).to_contain_text(look.say("等待中"))
        page.wait_for_selector("html[data-live-stream=open]")
        with serving.worker():
            # nobody touches the page
            expect(page.locator("tbody tr")).to_contain_text(look.say("可以下载"), timeout=30_000)
        with page.expect_download() as found:
            page.click("tbody tr a.btn")
        file = tmp_path / "list.xlsx"
        found.value.save_as(file)
        assert found.value.suggested_filename == f"{look.say('客户与车辆')}-2026-11-23-{GOLD}.xlsx"
        looks.calm(page)
        sheet = openpyxl.load_workbook(file).active
        rows = list(sheet.iter_rows(values_only=True))
        assert "金卡回访名单核对" in rows[0][0] and len(rows) == GOLD + 2
        assert {row[0] for row in rows[2:]} == {f"张{n}" for n in range(GOLD)}
        assert not any("1380000" in str(cell) for row in rows for cell in row)
    assert Export.objects.get().state == "done"
