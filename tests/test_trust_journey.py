"""Trust in the browser, at a desk and on a phone: tried out before it is changed, seen and written down, merged and undone,
read and confirmed. R017, R019, R035."""

from __future__ import annotations

import contextlib

import pytest
from django.db import transaction
from playwright.sync_api import expect

from cheban.core import clock as the_clock
from cheban.customers.models import Customer
from cheban.org import scope
from cheban.org.models import TrainingCertificate
from cheban.org.roles import Role
from cheban.org.training import commands as trainings
from tests import given, looks, serving
from tests.looks import Look, one_way, other_way

pytestmark = pytest.mark.browser
TEXT = "# 为什么要保密\n\n" + "\n\n".join(
    f"第 {n} 条：客户的信息只用在手上的事，**不截图、不外传**。" * 3 for n in range(1, 16)
)


@pytest.fixture
def shop(committed, clock):
    with transaction.atomic():
        cast = given.cast()
        for role in (Role.STORE_MANAGER, Role.TECHNICIAN):
            cast.staff[role].set_password(given.PASSWORD)
            cast.staff[role].save()
        cast.customer = given.customer(cast.a, "王小明", phone="13700001111")
        cast.twin = given.customer(cast.a, "王先生", phone="13700001111", occupation="教师")
        given.vehicle(
            cast.a, cast.customer, purchased_on=given.days(-170), first_service_due_on=given.days(20)
        )  # fmt: skip
    return cast


@contextlib.contextmanager
def opened(shop, look: Look, role: str = Role.STORE_MANAGER):
    """A signed-in page; afterwards nothing may have been wrong with it: console, policy, requests elsewhere, width."""
    with serving.web() as address, serving.browser() as chromium:
        page = looks.opened(chromium, address, shop.staff[role], look)
        page.address = address
        yield page
        looks.calm(page)


@pytest.mark.req("R035", "R208")
@one_way
def test_a_rule_is_changed_after_its_dry_run_and_history_says_who(shop, look):
    with opened(shop, look) as page:
        page.goto(page.address + "/my-day/handbook/first_service_due/")
        page.get_by_label(look.say("提前多少天")).fill("14")
        page.get_by_role("button", name=look.say("先试算")).click()
        listed = page.locator("#dry-run")
        expect(listed).to_contain_text(look.say("没有写入任何数据"))
        expect(listed).to_contain_text("王**")  # the very tasks, masked
        assert "王小明" not in listed.inner_text()
        page.get_by_label(look.say("为什么调整")).fill("春节前提早提醒")
        page.get_by_role("button", name=look.say("保存")).click()
        history = page.locator(".rule-history li").first
        expect(history).to_contain_text(shop.staff[Role.STORE_MANAGER].name)
        expect(history).to_contain_text(f"{look.say('默认')} → 14")
        expect(history).to_contain_text("春节前提早提醒")


@pytest.mark.req("R019")
@other_way
def test_a_number_is_seen_with_one_click_and_the_audit_page_says_so_in_words(shop, look):
    with opened(shop, look) as page:
        page.goto(f"{page.address}/customers/{shop.customer.id}/")
        shown = page.locator(".masked").filter(visible=True).first
        assert "137****1111" in shown.inner_text()
        shown.get_by_role("button", name=look.say("查看", context="a masked value")).click()
        expect(page.locator(".masked-open").first).to_contain_text("13700001111")
        page.goto(page.address + "/settings/audit/?action=pii.revealed")
        row = page.locator("#rows tr").first
        expect(row).to_contain_text(look.say("查看完整号码或地址"))
        expect(row).to_contain_text(shop.staff[Role.STORE_MANAGER].name)
        expect(row).not_to_contain_text("13700001111")
        row.get_by_role("link", name="王**").click()
        page.wait_for_url(f"**/customers/{shop.customer.id}/")


@pytest.mark.req("R018")
@one_way
def test_two_files_become_one_and_two_again(shop, look):
    with opened(shop, look) as page:
        page.goto(f"{page.address}/customers/duplicates/{shop.customer.id}/{shop.twin.id}/")
        expect(page.locator(".compare-moves").first).to_contain_text(look.say("一起移过去："))
        page.get_by_role("button", name=look.say("合并成一份")).click()
        page.wait_for_url(f"**/customers/{shop.customer.id}/")
        expect(page.locator("body")).to_contain_text("教师")  # what was empty is filled from the other file
        page.goto(page.address + "/customers/duplicates/?show=merged")
        expect(page.locator("tbody tr")).to_have_count(1)
        page.get_by_role("button", name=look.say("撤销合并")).click()
        page.locator("dialog[open]").get_by_role("button", name=look.say("撤销合并")).click()
        expect(page.locator(".toast").first).to_be_visible()
        page.goto(page.address + "/customers/duplicates/?show=merged")
        expect(page.locator("tbody tr")).to_contain_text(look.say("已撤销"))
        page.goto(f"{page.address}/customers/{shop.twin.id}/")
        expect(page.locator("h1")).to_contain_text("王先生")
    assert Customer.objects.filter(id__in=[shop.customer.id, shop.twin.id]).count() in (0, 2)  # no scope, or both


@pytest.mark.req("R017")
@other_way
def test_the_material_is_read_to_its_end_before_it_can_be_confirmed(shop, look):
    with scope.use([shop.a.id]):
        plan = trainings.Plan("confidentiality", "客户信息保密", TEXT, the_clock.today(), store_id=shop.a.id)
        trainings.add(plan, by=shop.actor(Role.STORE_MANAGER))
    with opened(shop, look, Role.TECHNICIAN) as page:
        page.goto(page.address + "/trainings/")
        page.get_by_role("link", name=look.say("阅读并确认")).click()
        button = page.get_by_role("button", name=look.say("我已阅读并理解"))
        expect(button).to_be_disabled()
        page.locator(".material-hash").scroll_into_view_if_needed()
        expect(button).to_be_enabled()
        button.click()
        page.wait_for_url("**/trainings/")
        expect(page.locator("tbody tr")).to_contain_text(look.say("有效到 %(day)s", day="2027-11-22"))
    made = TrainingCertificate.objects.get()
    assert (made.how, made.staff_id) == ("self", shop.staff[Role.TECHNICIAN].id)
