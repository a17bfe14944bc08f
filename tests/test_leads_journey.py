"""A wish written down from a call, pushed, answered, won: in Chromium, by the people it names, on desk and phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from cheban.core import clock as real_clock
from cheban.org import dispatch, scope
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.sales.models import Lead
from tests import given, serving
from tests.looks import at_size as opened

pytestmark = pytest.mark.browser


def fits(page) -> None:
    """Nothing is wider than the screen: a phone's viewport would grow with what is too wide, its screen does not."""
    assert page.evaluate("document.documentElement.scrollWidth <= screen.width")


@pytest.fixture
def shop(committed, clock):
    """Store A with a customer and an old car; service and sales can sign in."""
    with transaction.atomic():
        cast = given.cast()
        for role in (Role.SALES_CONSULTANT, Role.SERVICE_SPECIALIST):
            cast.staff[role].set_password(given.PASSWORD)
            cast.staff[role].save()
        cast.who = given.customer(cast.a, "王小明")
        given.vehicle(cast.a, cast.who, price_fen=15_000_000, registered_on=given.days(-6 * 366))
    return cast


@pytest.mark.req("R104", "R107", "R108", "R109", "R160")
@pytest.mark.parametrize("size", list(serving.SIZES))
def test_from_a_call_to_the_deal(shop, size):
    from playwright.sync_api import expect

    with serving.web() as address, serving.browser() as chromium:
        service = opened(chromium, address, shop.staff[Role.SERVICE_SPECIALIST], size)
        sales = opened(chromium, address, shop.staff[Role.SALES_CONSULTANT], size)

        # service heard it on the phone and writes it down from the customer's page
        service.goto(f"{address}/customers/{shop.who.id}/")
        service.get_by_role("link", name="登记意向").click()
        service.fill("[name=text]", "二胎快出生了，想换一辆七座的，旧车能抵多少")
        service.locator("label.chip", has_text="置换").click()
        service.locator("label.chip", has_text="电话").click()
        service.locator("label.chip", has_text="A 类").click()
        service.fill("[name=wanted]", "七座 SUV")
        fits(service)
        service.get_by_role("button", name="登记并推送").click()
        service.get_by_text("已推送给销售顾问，24 小时内答复。").wait_for()
        expect(service.locator("main")).to_contain_text("6 年 0 个月")
        fits(service)
        lead_page = service.url
        service.wait_for_selector("html[data-live-stream=open]")

        # the consultant finds it on the list and reports back; service sees it without a reload
        with real_clock.frozen(real_clock.now()):
            while dispatch.run_pending():
                pass
        sales.goto(f"{address}/sales/leads/?all=1")
        fits(sales)
        sales.get_by_role("link", name="王小明").click()
        sales.wait_for_url(lead_page)
        form = sales.locator("form[action$='/answer/']")
        form.locator("[name=words]").fill("周六下午带太太来看")
        form.locator("label.chip", has_text="已报价").click()
        form.locator("[name=next_contact_on]").fill(str(given.days(0)))
        form.get_by_role("button", name="反馈给售后").click()
        sales.locator(".field-error").first.wait_for()  # today is too early; what was typed is still there
        expect(sales.locator("form[action$='/answer/'] [name=words]")).to_have_value("周六下午带太太来看")
        form.locator("[name=next_contact_on]").fill(str(given.days(2)))
        form.get_by_role("button", name="反馈给售后").click()
        sales.get_by_text("已反馈，售后看得到。").wait_for()
        expect(service.locator(".lead-answers")).to_contain_text("周六下午带太太来看", timeout=20_000)

        # won, with the split
        sales.get_by_text("成交了", exact=True).click()
        won = sales.locator("form[action$='/win/']")
        expect(won.locator("[name=deal_what]")).to_have_value("七座 SUV")
        won.locator("[name=deal]").fill("259,900")
        won.locator("[name=service_share_percent]").fill("50")
        won.get_by_role("button", name="登记成交").click()
        sales.get_by_text("成交已登记").wait_for()
        expect(sales.locator(".lead-end")).to_contain_text("售后 50%，销售 50%")
        fits(sales)
        assert [p for page in (sales, service) for p in page.problems if "422" not in p] == []

    with scope.use([shop.a.id]):
        lead = Lead.objects.get()
        assert (lead.state, lead.deal_fen, lead.sales_share_percent) == ("won", 25_990_000, 50)
    with real_clock.frozen(real_clock.now() + timedelta(hours=2)):
        while dispatch.run_pending():
            pass
    with scope.use([shop.a.id]):
        assert not Task.objects.filter(state="open", rule__startswith="lead_").exists()
