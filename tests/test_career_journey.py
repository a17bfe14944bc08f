"""The career path in Chromium: a manager grades somebody outside the conditions with a reason; the colleague sees it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from cheban.core import clock as real_clock
from cheban.org.roles import Role
from cheban.scorecard.career.models import CareerStep
from tests import given, serving

pytestmark = [pytest.mark.browser, pytest.mark.req("R179", "R182", "R183")]


@pytest.fixture
def cast(committed, clock):
    """The cast; the specialist joined a year ago."""
    with transaction.atomic():
        found = given.cast()
        found.staff[Role.SERVICE_SPECIALIST].joined_on = real_clock.today() - timedelta(days=400)
        for person in found.staff.values():
            person.set_password(given.PASSWORD)
            person.save()
    return found


@pytest.mark.parametrize("size", list(serving.SIZES))
def test_a_grade_outside_the_conditions_takes_a_reason_that_the_colleague_reads(cast, size):
    from playwright.sync_api import expect

    colleague = cast.staff[Role.SERVICE_SPECIALIST]
    with serving.web() as address, serving.browser() as chromium:
        page = chromium.new_context(locale="zh-CN", **serving.SIZES[size]).new_page()
        serving.sign_in(page, address, cast.staff[Role.STORE_MANAGER])
        page.goto(f"{address}/metrics/career/")
        row = page.locator(f"#person-{colleague.id}")
        expect(row).to_contain_text("有效证书 1 张")
        row.get_by_text("评定", exact=True).click()
        row.get_by_role("button", name="确认评定").click()
        expect(page.get_by_role("alert")).to_contain_text("还差：有效证书 1 张")
        assert not CareerStep.objects.exists()
        row.get_by_label("原因").fill("从别的店调来，那里已是初级")
        row.get_by_role("button", name="确认评定").click()
        expect(row.locator(".career-past")).to_contain_text("初级")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

        own = chromium.new_context(locale="zh-CN", **serving.SIZES[size]).new_page()
        serving.sign_in(own, address, colleague)
        own.goto(f"{address}/metrics/mine/")
        expect(own.get_by_text("从别的店调来，那里已是初级")).to_be_visible()
        expect(own.get_by_text("未按条件评定")).to_be_visible()
        assert own.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
