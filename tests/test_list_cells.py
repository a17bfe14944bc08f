"""At a desk cells of a list are changed where they stand, by mouse and by keys; on a phone a tap opens the record. Y09."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from playwright.sync_api import expect

from cheban.core.models import Event
from cheban.customers.models import Customer
from cheban.lists.models import Arrangement
from cheban.org import scope
from cheban.org.roles import Role
from tests import given, serving

COLUMNS = ["cars", "phone", "marks", "keeper", "channel", "preferred_time", "review", "last_visit"]


@pytest.fixture
def shop(committed, clock):
    with transaction.atomic():
        cast = given.cast()
        adviser = cast.staff[Role.SERVICE_ADVISOR]
        adviser.set_password(given.PASSWORD)
        adviser.save()
        Arrangement.objects.create(staff_id=adviser.id, list_code="customers", columns=COLUMNS)
        cast.people = [
            given.customer(cast.a, name, phone=f"138000000{n:02d}", tags=["常客"] if n % 2 else [])
            for n, name in enumerate(("张三", "李四", "王小明", "赵敏"))
        ]
    return cast


def _opened(chromium, address: str, staff, size: str = "desk", path: str = "/customers/?all=1"):
    page = chromium.new_context(**serving.SIZES[size]).new_page()
    page.problems = []
    page.on("console", lambda m: page.problems.append(m.text) if m.type in ("error", "warning") else None)
    serving.sign_in(page, address, staff)
    page.goto(address + path)
    return page


def _held(cast, name: str) -> Customer:
    with scope.use([cast.a.id]):
        return Customer.objects.get(name=name)


def _cell(page, name: str, column: str):
    at = ["tick", "name", *COLUMNS].index(column)
    return page.locator("tr[data-row]", has_text=name).locator("td").nth(at)


@pytest.mark.browser
@pytest.mark.req("Y09")
def test_a_cell_is_changed_by_mouse_taken_back_and_by_keys_alone(shop):
    adviser = shop.staff[Role.SERVICE_ADVISOR]
    with serving.web() as address, serving.browser() as chromium:
        page = _opened(chromium, address, adviser)
        # by mouse, with the undo of eight seconds
        _cell(page, "张三", "marks").dblclick()
        page.select_option("#cell-tier", "gold")
        page.press("#cell-tier", "Enter")
        expect(page.locator("[data-toast-undo]")).to_be_visible()
        expect(_cell(page, "张三", "marks").locator(".mark")).to_have_text(["金卡"])
        assert _held(shop, "张三").tier == "gold"
        page.click("[data-toast-undo]")
        expect(_cell(page, "张三", "marks")).to_have_text("")
        assert _held(shop, "张三").tier == "ordinary"
        assert page.url.endswith("/customers/?all=1")

        # by keys alone: from the row's link to its cells, Tab from cell to cell
        page.locator("tr[data-row]", has_text="李四").locator("[data-rove-item]").focus()
        page.keyboard.press("F2")
        expect(page.locator("#cell-tier")).to_be_focused()
        page.select_option("#cell-tier", "silver")
        page.keyboard.press("Tab")
        expect(page.locator("#cell-tags")).to_be_focused()
        page.keyboard.type("老友，保养")
        page.keyboard.press("Tab")
        expect(page.locator("#cell-keeper_id")).to_be_focused()
        page.keyboard.press("Escape")
        expect(_cell(page, "李四", "keeper")).to_be_focused()
        found = _held(shop, "李四")
        assert (found.tier, found.tags) == ("silver", ["保养", "老友"])
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        expect(page.locator("#cell-preferred_time")).to_be_focused()
        # an input method's Enter chooses a word and saves nothing
        page.keyboard.type("周末")
        page.evaluate(
            """() => document.getElementById('cell-preferred_time').dispatchEvent(new KeyboardEvent('keydown',
               {key: 'Enter', keyCode: 229, isComposing: true, bubbles: true, cancelable: true}))"""
        )
        expect(page.locator("#cell-preferred_time")).to_be_visible()
        assert _held(shop, "李四").preferred_time == ""
        page.keyboard.press("Enter")
        expect(_cell(page, "李四", "preferred_time")).to_have_text("周末")
        expect(_cell(page, "李四", "preferred_time")).to_be_focused()
        with scope.use([shop.a.id]):
            fields = [e.facts["fields"] for e in Event.objects.filter(name="customer.changed").order_by("id")]
        assert fields == [["tier"], ["tier"], ["tags", "tier"], ["preferred_time"]]
        assert page.problems == []


@pytest.mark.browser
def test_a_change_made_meanwhile_and_what_cannot_be_are_said_at_the_cell(shop):
    adviser = shop.staff[Role.SERVICE_ADVISOR]
    with serving.web() as address, serving.browser() as chromium:
        page = _opened(chromium, address, adviser)
        _cell(page, "王小明", "marks").dblclick()
        expect(page.locator("#cell-tier")).to_be_focused()
        with scope.use([shop.a.id]):
            Customer.objects.filter(name="王小明").update(tier="platinum")
        page.select_option("#cell-tier", "gold")
        page.keyboard.press("Enter")
        expect(page.locator(".cell-form [role=alert]")).to_contain_text("白金")
        assert _held(shop, "王小明").tier == "platinum"
        page.keyboard.press("Escape")  # keeps what the colleague entered, and shows it
        expect(_cell(page, "王小明", "marks")).to_contain_text("白金")

        _cell(page, "王小明", "review").dblclick()
        page.fill("#cell-review_on", "2020-01-01")
        page.press("#cell-review_on", "Enter")
        expect(page.locator(".cell-form [role=alert]")).to_contain_text("核查日期已经过去")
        page.fill("#cell-review_on", "2027-03-01")
        page.press("#cell-review_on", "Enter")
        expect(_cell(page, "王小明", "review")).to_have_text("2027-03-01")
        refusals = [p for p in page.problems if not re.search(r"status of (409|422)", p)]
        assert refusals == []


@pytest.mark.browser
def test_on_a_phone_a_tap_opens_the_record(shop):
    with serving.web() as address, serving.browser() as chromium:
        page = _opened(chromium, address, shop.staff[Role.SERVICE_ADVISOR], "phone")
        assert page.locator("td[data-edit]").count() == 0
        page.locator("tr[data-row]", has_text="赵敏").locator("td.s-sub").nth(1).tap()
        page.wait_for_url(re.compile(r"/customers/[0-9a-f-]{36}/$"))
        assert page.problems == []
