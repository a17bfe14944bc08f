"""Forms in Chromium: a refusal stands beside its field, what was done stands on the timeline and can be taken back."""

from __future__ import annotations

import re

import pytest
from django.db import transaction

from cheban.core import clock as real_clock
from cheban.customers import commands
from cheban.customers.models import OdometerReading
from cheban.org import scope
from cheban.org.roles import Role
from cheban.playbook import planner
from cheban.playbook.models import Task
from tests import given, serving

pytestmark = pytest.mark.browser


@pytest.fixture
def shop(committed, clock):
    """Store A with one customer whose car showed 20,000 km a month ago and is due for its first service."""
    with transaction.atomic():
        cast = given.cast()
        for person in cast.staff.values():
            person.set_password(given.PASSWORD)
            person.save()
        cast.customer = given.customer(cast.a)
        cast.car = given.vehicle(
            cast.a, cast.customer, purchased_on=given.days(-170), first_service_due_on=given.days(5)
        )
        commands.read_odometer(cast.car, by=cast.actor(Role.STORE_MANAGER), km=20_000, on=given.days(-30))
    return cast


@pytest.fixture
def opened(shop):
    """Signs in as a role; gives the page and the address."""
    with serving.web() as address, serving.browser() as chromium:

        def sign_in(role: str, size: str = "desk"):
            page = chromium.new_context(locale="zh-CN", **serving.SIZES[size]).new_page()
            serving.sign_in(page, address, shop.staff[role])
            return page, address

        yield sign_in


@pytest.mark.parametrize("size", list(serving.SIZES))
def test_a_reading_below_the_last_one_is_refused_beside_the_field_and_kept_once_confirmed(shop, opened, size):
    from playwright.sync_api import expect

    page, address = opened(Role.STORE_MANAGER, size)
    page.goto(f"{address}/customers/{shop.customer.id}/")
    page.get_by_text("登记里程").click()
    field = page.get_by_label("仪表上的公里数")
    field.fill("9,000")
    with page.expect_response(lambda r: "/odometer/" in r.url) as told:
        page.locator("form[action*='/odometer/'] button").click()
    assert told.value.status == 422
    expect(page.locator("form[action*='/odometer/'] .field-error")).to_contain_text("20,000 公里")
    expect(field).to_be_visible()
    expect(field).to_be_focused()
    expect(field).to_have_value("9,000")
    expect(page.get_by_role("heading", name="张伟")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    page.get_by_label("换过仪表，比上次少也照录").check()
    page.locator("form[action*='/odometer/'] button").click()
    page.get_by_text("里程已登记").wait_for()
    assert page.url == f"{address}/customers/{shop.customer.id}/"
    with scope.use([shop.a.id]):
        assert OdometerReading.objects.get(km=9_000).is_doubtful


def test_what_a_customer_says_about_contact_stands_on_the_page_and_its_timeline(shop, opened):
    from playwright.sync_api import expect

    page, address = opened(Role.STORE_MANAGER)
    page.goto(f"{address}/customers/{shop.customer.id}/")
    page.get_by_text("登记客户的意愿").click()
    page.get_by_label("为了什么联系").select_option("marketing")
    page.get_by_label("客户怎样表示的").fill("11 月 3 日电话里说的")
    page.get_by_role("button", name="拒绝").click()
    page.get_by_text("已登记，从现在起按客户的意思联系。").wait_for()
    expect(page.locator("#timeline")).to_contain_text("拒绝联系")
    expect(page.locator(".who")).to_contain_text("勿扰：营销活动")


def test_an_edited_file_shows_the_change_and_a_wrong_field_keeps_what_was_typed(shop, opened):
    from playwright.sync_api import expect

    page, address = opened(Role.STORE_MANAGER)
    page.goto(f"{address}/customers/{shop.customer.id}/")
    page.get_by_role("link", name="修改档案").click()
    page.locator("[name=occupation]").fill("教师")
    page.locator("[name=phone]").fill("1391234")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("label", has=page.locator("[name=phone]")).locator(".field-error")).to_be_visible()
    expect(page.locator("[name=occupation]")).to_have_value("教师")

    page.locator("[name=phone]").fill("13912345678")
    page.get_by_role("button", name="保存").click()
    page.get_by_text("档案已更新。").wait_for()
    expect(page.locator(".who-facts")).to_contain_text("教师")
    expect(page.locator("#timeline")).to_contain_text("更新客户档案")
    expect(page.locator("body")).not_to_contain_text("13912345678")


@pytest.mark.req("R035")
def test_an_outcome_is_taken_back_from_its_toast(shop, opened):
    with scope.use([shop.a.id]):
        planner.plan_day(real_clock.today(), store_ids=[shop.a.id])
    page, address = opened(Role.SERVICE_SPECIALIST)
    page.goto(f"{address}/my-day/")
    page.get_by_role("heading", name=re.compile("今天 1 件事")).wait_for()
    with page.expect_response(lambda r: r.url.endswith("/outcome/")) as told:
        page.locator("button.outcome", has_text="无人接听").click()
    assert told.value.status == 200, "a fragment: the page itself stays"
    page.get_by_text("结果已登记。").wait_for()
    page.get_by_role("button", name="撤回").click()
    page.get_by_text("已撤回。").wait_for()
    page.get_by_role("heading", name=re.compile("今天 1 件事")).wait_for()
    page.locator("button.outcome", has_text="无人接听").wait_for()
    with scope.use([shop.a.id]):
        assert set(Task.objects.values_list("state", "attempts")) == {("open", 0)}
