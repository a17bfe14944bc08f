"""Views shared between people, deeds on many taken back, choices typed in pinyin, Back to the row one left. Y09."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import transaction
from playwright.sync_api import expect

from cheban.core import clock as the_clock
from cheban.core.ids import new_id
from cheban.customers.models import Customer, ImportBatch
from cheban.lists.models import SavedView
from cheban.org import scope
from cheban.org.roles import Role
from cheban.playbook.models import Task
from tests import given, looks, serving
from tests.looks import LOOKS, one_way, other_way

PEOPLE = (Role.STORE_MANAGER, Role.SERVICE_ADVISOR, Role.CALLER)
GOLD = 6


@pytest.fixture
def shop(committed, clock):
    with transaction.atomic():
        cast = given.cast()
        for role in PEOPLE:
            cast.staff[role].set_password(given.PASSWORD)
            cast.staff[role].save()
        for name in ("单红", "曾强", "解晓东", "李娜", "王小明", "赵敏"):
            given.staff(cast.a, Role.SERVICE_ADVISOR, name=name, login=f"adviser.{len(name)}{ord(name[0])}")
        for n in range(60):
            given.customer(cast.a, f"张{n}", phone=f"138{n:08d}", tier="gold" if n < GOLD else "ordinary")
    return cast


@pytest.mark.browser
@pytest.mark.req("Y09")
@one_way
def test_a_view_is_made_by_one_shared_and_opened_by_others(shop, look):
    with serving.web() as address, serving.browser() as chromium:
        manager = looks.opened(chromium, address, shop.staff[Role.STORE_MANAGER], look)
        manager.goto(address + "/customers/?tier=gold")
        manager.click(".view-save")
        manager.fill("#view-name", "金卡名单")
        manager.check(".list-panel [name=shared]")
        typed = manager.locator("#view-role-ts-control")  # twelve roles: typed by pinyin initials
        typed.click()
        typed.press_sequentially("kfhf" if look.language == "zh-hans" else "follow")
        expect(manager.locator(".ts-dropdown .option:visible")).to_have_text([look.say("客服回访")])
        typed.press("Enter")
        assert manager.input_value("#view-role") == Role.CALLER
        looks.calm(manager)
        manager.get_by_role("button", name=look.say("保存"), exact=True).click()
        manager.wait_for_url("**/customers/?view=*")
        expect(manager.locator(".list-views [aria-current=page]")).to_contain_text("金卡名单")
        with scope.use([shop.a.id]):
            view = SavedView.objects.get()
        assert (view.is_shared, view.default_for) == (True, Role.CALLER)

        adviser = looks.opened(chromium, address, shop.staff[Role.SERVICE_ADVISOR], look)
        adviser.goto(address + "/customers/")
        expect(adviser.locator("tr[data-row]")).to_have_count(50)
        adviser.get_by_role("link", name="金卡名单").click()  # one click
        expect(adviser.locator("tr[data-row]")).to_have_count(GOLD)

        caller = looks.opened(chromium, address, shop.staff[Role.CALLER], look)
        caller.goto(address + "/customers/")  # no click: their role opens with it
        expect(caller.locator("tr[data-row]")).to_have_count(GOLD)
        expect(caller.locator(".list-views [aria-current=page]")).to_contain_text("金卡名单")
        caller.get_by_role("link", name=look.say("全部"), exact=True).click()
        expect(caller.locator("tr[data-row]")).to_have_count(50)
        for page in (manager, adviser, caller):
            looks.calm(page)


@pytest.mark.browser
@pytest.mark.req("Y09")
@other_way
def test_a_deed_on_many_is_counted_named_done_and_taken_back(shop, look):
    def tagged() -> int:
        with scope.use([shop.a.id]):
            return Customer.objects.filter(tags__contains=["夏季关怀"]).count()

    with serving.web() as address, serving.browser() as chromium:
        page = looks.opened(chromium, address, shop.staff[Role.STORE_MANAGER], look)
        page.goto(address + "/customers/?tier=gold")
        for n in range(4):
            page.locator("[data-tick]").nth(n).check()
        expect(page.locator("[data-bulk-count]")).to_contain_text("4")
        expect(page.locator("[data-bulk-sample]")).to_contain_text(
            (", " if look.language == "en" else "、").join(["张5", "张4", "张3"])
        )
        page.fill(".bulk [name=tag]", "夏季关怀")
        page.get_by_role("button", name=look.say("打上标签")).click()
        expect(page.locator(".bulk-whole")).to_have_text(look.say("将更改 %(n)s 位客户", n=4))
        expect(page.locator(".bulk-names b")).to_have_count(4)
        assert tagged() == 0
        page.get_by_role("button", name=look.say("更改 %(n)s 位", n=4)).click()
        undo = page.locator("[data-toast-undo]")
        expect(undo).to_be_visible()
        assert tagged() == 4
        undo.click()  # within the eight seconds that it stands there
        expect(page.locator("[data-toast]")).to_contain_text(look.say("已撤回，%(n)d 行恢复原样。", n=4))
        assert tagged() == 0 and page.url.endswith("/customers/?tier=gold")
        looks.calm(page)


@pytest.mark.browser
@one_way
def test_a_choice_is_typed_in_characters_pinyin_or_initials(shop, look):
    with serving.web() as address, serving.browser() as chromium:
        page = looks.opened(chromium, address, shop.staff[Role.STORE_MANAGER], look)
        page.goto(address + "/customers/?all=1")
        page.locator("summary", has_text=look.say("筛选")).click()
        typed = page.locator("#filter-keeper-ts-control")
        assert typed.get_attribute("role") == "combobox" and typed.get_attribute("aria-label") == look.say("档案负责人")
        for text, name in (("单", "单红"), ("shanh", "单红"), ("dh", "单红"), ("zq", "曾强"), ("xiexiao", "解晓东")):
            typed.click()
            typed.fill("")
            typed.press_sequentially(text)
            expect(page.locator(".ts-dropdown .option:visible")).to_have_text([name])
            typed.press("Enter")
            expect(page.locator("#filter-keeper + .ts-wrapper .item")).to_have_text(name)
        typed.click()
        typed.press_sequentially("z")  # who begins with it comes first
        expect(page.locator(".ts-dropdown .option:visible").first).to_have_text(re.compile("曾强|赵敏"))
        typed.fill("")
        typed.press_sequentially("没有这个人")
        expect(page.locator(".ts-dropdown .no-results")).to_be_visible()
        typed.press("Escape")
        looks.calm(page)
        page.get_by_role("button", name=look.say("应用")).click()
        page.wait_for_url("**keeper=*")
        expect(page.locator(".filters-on .mark")).to_contain_text("解晓东")

        plain = chromium.new_context(java_script_enabled=False).new_page()  # without the script the select stays
        look.dress(shop.staff[Role.SERVICE_ADVISOR])
        serving.sign_in(plain, address, shop.staff[Role.SERVICE_ADVISOR])
        plain.goto(address + "/customers/?all=1")
        plain.locator("summary", has_text=look.say("筛选")).click()
        plain.select_option("#filter-keeper", label="单红")
        plain.get_by_role("button", name=look.say("应用")).click()
        assert "keeper=" in plain.url


@pytest.mark.browser
@pytest.mark.req("Y09")
def test_back_returns_to_the_row_one_left_in_every_list_whose_rows_open(shop):
    with transaction.atomic():
        scope.set_stores([shop.a.id])
        for n, person in enumerate(Customer.objects.order_by("created_at", "id")):
            Task.objects.create(
                store=shop.a, rule="birthday", duty="greet", role=Role.CALLER, customer_id=person.id,
                subject_id=person.id, occasion_on=given.days(0), due_on=given.days(0), contact_id=new_id(),
                assignee_id=shop.staff[Role.CALLER].pk, starts_at=the_clock.now(), planned_on=given.days(0),
                due_at=the_clock.now() + timedelta(hours=n + 1),
            )  # fmt: skip
        for n in range(60):
            ImportBatch.objects.create(
                store=shop.a, file_name=f"{n}.csv", file_sha256=b"", file_bytes=1, kind="customers", state="failed",
                plan={"kind": "customers", "tables": []},
            )  # fmt: skip
    with serving.web() as address, serving.browser() as chromium:
        page = looks.opened(chromium, address, shop.staff[Role.STORE_MANAGER], LOOKS[0])
        for path in ("/customers/?all=1", "/my-day/team/?all=1", "/customers/imports/?all=1"):
            page.goto(address + path)
            rows = page.locator("#rows tr[data-href]")
            expect(rows).to_have_count(50)
            page.get_by_role("link", name=LOOKS[0].say("加载更多")).click()
            expect(rows).to_have_count(60)
            row = rows.nth(56)
            where = row.get_attribute("data-href")
            row.locator("[data-rove-item]").click()
            page.wait_for_url(lambda url, where=where: where in url)
            page.go_back()
            page.wait_for_url(re.compile(re.escape(path.split("?")[0]) + r"\?all=1$"))
            left = page.locator("tr.is-left")
            expect(left).to_have_attribute("data-href", where)
            expect(left).to_be_in_viewport()
        assert page.problems == []
