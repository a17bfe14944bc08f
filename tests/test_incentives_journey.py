"""A lead is won: its bonus stands on the specialist's statement, is approved, cannot be changed, goes out as Excel. In Chromium."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, transaction
from openpyxl import load_workbook

from cheban.org import dispatch, scope
from cheban.org.roles import Role
from cheban.scorecard.incentives import statements
from cheban.scorecard.models import Statement
from cheban.scorecard.tests import given as told
from cheban.scorecard.tests.conftest import forget_declared  # noqa: F401 - what is declared here is forgotten
from tests import given, serving
from tests.looks import at_size as opened
from tests.looks import fits

pytestmark = pytest.mark.browser
WON_AT = datetime(2026, 10, 14, 10, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def shop(committed, clock):
    """Store A in November, with a lead won in October."""
    with transaction.atomic():
        cast = given.cast()
        for role in (Role.STORE_MANAGER, Role.SERVICE_SPECIALIST):
            cast.staff[role].set_password(given.PASSWORD)
            cast.staff[role].save()
        told.declare_pay()
        statements.refresh([cast.a.id])
        told.won(cast, WON_AT, "lead-1")
    while dispatch.run_pending():
        pass
    return cast


@pytest.mark.req("R160", "R182", "R183", "R186", "Y28")
@pytest.mark.parametrize("size", list(serving.SIZES))
def test_from_a_won_lead_to_an_approved_statement_in_excel(shop, size, tmp_path):
    with serving.web() as address, serving.browser() as chromium:
        own = opened(chromium, address, shop.staff[Role.SERVICE_SPECIALIST], size)
        with scope.use([shop.a.id]):
            row = Statement.objects.get(person_id=shop.staff[Role.SERVICE_SPECIALIST].id, month="2026-10-01")
        own.goto(f"{address}/metrics/incentives/{row.id}/")
        own.get_by_text("奖励 ¥300.00，售后一方 60%").wait_for()
        fits(own)
        own.get_by_role("link", name="线索成交：增购").click()
        own.get_by_role("heading", name="线索成交：增购").wait_for()
        fits(own)

        manager = opened(chromium, address, shop.staff[Role.STORE_MANAGER], size)
        manager.goto(f"{address}/metrics/incentives/?month=2026-10")
        fits(manager)
        manager.goto(f"{address}/metrics/incentives/{row.id}/")
        manager.get_by_role("button", name="核定并封存").click()
        manager.locator("#confirm [value=yes]").click()
        manager.get_by_text("内容的 SHA-256").wait_for()
        fits(manager)
        with pytest.raises(DatabaseError), scope.use([shop.a.id]):
            Statement.objects.filter(id=row.id).update(total_fen=0)
        manager.goto(f"{address}/metrics/incentives/?month=2026-10")
        with manager.expect_download() as download:
            manager.get_by_role("link", name="工作簿").click()
        file = tmp_path / "book.xlsx"
        download.value.save_as(file)
        summary = load_workbook(file).worksheets[0]
        assert any(180 in line for line in summary.iter_rows(values_only=True))
        manager.goto(f"{address}/metrics/incentives/scheme/")
        fits(manager)
        assert manager.problems == [] and own.problems == []
