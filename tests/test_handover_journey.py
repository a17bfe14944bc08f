"""Delivery by two, the sheet with one error, sent back, corrected, confirmed 1+1: in Chromium, by the people it names."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from cheban.core import clock as real_clock
from cheban.org import dispatch, scope
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.sales.deliveries import commands as delivering
from cheban.sales.models import HandoverSheet, VehicleDelivery
from tests import given, looks, serving
from tests.looks import LOOKS

pytestmark = pytest.mark.browser


@pytest.fixture
def shop(committed, clock):
    """Store A with a buyer and the new car; sales and service can sign in."""
    with transaction.atomic():
        cast = given.cast()
        for role in (Role.SALES_CONSULTANT, Role.SERVICE_SPECIALIST):
            cast.staff[role].set_password(given.PASSWORD)
            cast.staff[role].save()
        cast.buyer = given.customer(cast.a, "王小明")
        cast.car = given.vehicle(
            cast.a, cast.buyer, vin="LSVAA4187E2000001", plate="", energy="hybrid", model="1.5T", driver_assistance="L2"
        )
    return cast


@pytest.mark.req("R028", "R029", "R036", "R039")
@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[3]], ids=str)
def test_from_two_who_explain_to_two_who_sign(shop, look):
    from playwright.sync_api import expect

    with serving.web() as address, serving.browser() as chromium:
        sales = looks.opened(chromium, address, shop.staff[Role.SALES_CONSULTANT], look)
        service = looks.opened(chromium, address, shop.staff[Role.SERVICE_SPECIALIST], look)

        # sales appoints the delivery from the customer's page
        sales.goto(f"{address}/customers/{shop.buyer.id}/")
        sales.get_by_role("link", name=look.say("约交车")).click()
        sales.fill("[name=scheduled_at]", "2026-11-23T10:30")
        sales.select_option("[name=service_specialist_id]", str(shop.staff[Role.SERVICE_SPECIALIST].id))
        sales.get_by_role("button", name=look.say("约好")).click()
        sales.get_by_role("heading", name=look.say("双专员交付")).wait_for()
        delivery_page = sales.url
        looks.fits(sales)

        # each ticks their own half; the other sees it at once
        service.goto(delivery_page)
        service.wait_for_selector("html[data-live-stream=open]")
        assert service.locator(".checks form").count() == 5 and sales.locator(".checks form").count() == 5
        for page in (sales, service):
            for _ in range(5):
                before = page.locator(".checks-side li.is-done").count()
                page.locator("button.check-point[aria-pressed=false]").first.click()
                expect(page.locator(".checks-side li.is-done")).not_to_have_count(before, timeout=20_000)
        expect(sales.locator(".checks-side li.is-done")).to_have_count(10, timeout=20_000)
        sales.get_by_role("button", name=look.say("确认交付")).click()
        sales.locator("dialog[open] button", has_text=look.say("确认交付")).click()
        sales.get_by_text(look.say("已交付。交接表 24 小时内发出，3 天内登记首次反馈。")).wait_for()

        # an empty field is named; then the sheet goes out
        sales.get_by_role("button", name=look.say("签名并发给售后")).click()
        sales.get_by_text(look.say("还缺：%(what)s", what="")).wait_for()
        for word in (look.say("通勤：省油、好停车"), look.say("养护成本"), look.say("微信"), look.say("自驾游")):
            sales.locator("label.chip", has_text=word).click()
        sales.get_by_role("button", name=look.say("签名并发给售后")).click()
        sales.get_by_text(look.say("交接表已发出，等售后专员逐项确认。")).wait_for()

        # service marks one line and sends it back
        service.goto(delivery_page)
        service.get_by_role("link", name=look.say("逐项确认")).click()
        service.get_by_role("button", name=look.say("全部对")).click()
        line = service.locator(".review-line", has_text=look.say("买车的主要原因"))
        line.locator("label.chip", has_text=look.say("不对")).click()
        line.locator(".review-why").fill("客户说是接送孩子")
        service.get_by_role("button", name=look.say("签名：确认，或退回标出的几项")).click()
        service.get_by_text(look.say("已退回给销售顾问改正。")).wait_for()
        looks.fits(service)

        # sales corrects that line and sends again; service confirms
        sales.goto(delivery_page)
        expect(sales.locator("#sheet")).to_contain_text("客户说是接送孩子")
        sales.locator("label.chip", has_text=look.say("家庭：空间、安全座椅、出游")).click()
        sales.get_by_role("button", name=look.say("签名并发给售后")).click()
        sales.get_by_text(look.say("交接表已发出，等售后专员逐项确认。")).wait_for()
        service.goto(delivery_page)
        service.get_by_role("link", name=look.say("逐项确认")).click()
        service.get_by_role("button", name=look.say("全部对")).click()
        service.get_by_role("button", name=look.say("签名：确认，或退回标出的几项")).click()
        service.get_by_text(look.say("已确认，交接完成。")).wait_for()
        expect(service.locator(".review-signs")).to_contain_text(shop.staff[Role.SERVICE_SPECIALIST].name)

        # the first feedback reaches sales
        service.goto(delivery_page)
        service.fill("[name=questions]", "手机连不上车机")
        service.get_by_role("button", name=look.say("登记，告诉销售顾问")).click()
        service.get_by_text(look.say("已登记，销售顾问会看到。")).wait_for()
        assert [p for page in (sales, service) for p in page.problems if "422" not in p] == []

    with scope.use([shop.a.id]):
        delivery = VehicleDelivery.objects.get()
        assert (delivery.state, HandoverSheet.objects.get().state) == ("completed", "confirmed")
    with real_clock.frozen(real_clock.now() + timedelta(hours=2)):
        while dispatch.run_pending():
            pass
    with scope.use([shop.a.id]):
        owed = set(Task.objects.filter(state="open").values_list("rule", flat=True))
        assert not {rule for rule in owed if rule.startswith(("handover", "first_feedback"))}


@pytest.mark.req("R036", "Y07")
def test_news_fetched_before_ones_own_tick_does_not_take_the_tick_away_again(shop):
    from playwright.sync_api import expect

    sales, service = (shop.staff[role] for role in (Role.SALES_CONSULTANT, Role.SERVICE_SPECIALIST))
    with scope.use([shop.a.id]), transaction.atomic():
        delivery = delivering.plan(
            by=shop.actor(Role.SALES_CONSULTANT),
            vehicle_id=shop.car.id,
            scheduled_at=real_clock.now() + timedelta(hours=1),
            sales_consultant_id=sales.pk,
            service_specialist_id=service.pk,
        )
    with serving.web() as address, serving.browser() as chromium:
        page = looks.opened(chromium, address, sales, LOOKS[0])
        page.goto(f"{address}/sales/deliveries/{delivery.id}/")
        page.wait_for_selector("html[data-live-stream=open]")
        held = []

        def hold(route) -> None:
            held.append((route, route.fetch()))

        page.route(page.url, lambda route: hold(route) if "x-live" in route.request.headers else route.continue_())
        with scope.use([shop.a.id]), transaction.atomic():
            delivering.tick(delivery, by=shop.actor(Role.SERVICE_SPECIALIST), point="booklet", is_done=True)
        looks.until(page, lambda: len(held) == 1)
        page.locator("button.check-point").first.click()
        done = page.locator(".checks-side li.is-done")
        expect(done).to_have_count(2)
        held[0][0].fulfill(response=held[0][1])  # the page as it was before the tick
        looks.until(page, lambda: len(held) == 2)  # asked again, so the old answer has come
        assert done.count() == 2
        held[1][0].fulfill(response=held[1][1])
        expect(done).to_have_count(2)
