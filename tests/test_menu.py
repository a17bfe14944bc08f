"""The menu in Chromium: a group stays open or folded as somebody left it, in the side menu and on a phone alike."""

from __future__ import annotations

import pytest
from django.db import transaction

from cheban.org.roles import Role
from tests import given, serving

pytestmark = pytest.mark.browser


@pytest.fixture
def manager(committed):
    """A store manager, who sees every group of the menu."""
    with transaction.atomic():
        person = given.cast().staff[Role.STORE_MANAGER]
        person.set_password(given.PASSWORD)
        person.save()
    return person


@pytest.fixture
def opened(manager):
    """Signs the manager in with a size; gives the page and the address."""
    with serving.web() as address, serving.browser() as chromium:

        def sign_in(size: str):
            page = chromium.new_context(locale="zh-CN", **serving.SIZES[size]).new_page()
            serving.sign_in(page, address, manager)
            return page, address

        yield sign_in


def test_a_group_that_was_unfolded_stays_so_on_the_next_page_without_a_shift(opened):
    from playwright.sync_api import expect

    page, address = opened("desk")
    menu = page.get_by_role("navigation", name="主菜单")
    expect(menu.get_by_role("link", name="营业日历")).to_be_hidden()
    menu.get_by_text("设置", exact=True).click()
    expect(menu.get_by_role("link", name="营业日历")).to_be_visible()
    menu.get_by_text("经营", exact=True).click()
    page.goto(f"{address}/customers/")
    expect(menu.get_by_role("link", name="营业日历")).to_be_visible()
    expect(menu.get_by_role("link", name="行动项")).to_be_hidden()
    html = page.request.get(f"{address}/customers/").text()
    assert 'data-fold="settings" open' in html, "the server draws it open, so that nothing moves after loading"


def test_the_group_of_the_page_one_is_on_is_open_whatever_was_folded(opened):
    from playwright.sync_api import expect

    page, address = opened("desk")
    menu = page.get_by_role("navigation", name="主菜单")
    page.goto(f"{address}/settings/calendar/")
    here = menu.get_by_role("link", name="营业日历")
    expect(here).to_be_visible()
    expect(here).to_have_attribute("aria-current", "page")


def test_the_keys_of_a_folded_group_work(opened):
    page, address = opened("desk")
    page.get_by_role("navigation", name="主菜单").get_by_text("经营", exact=True).click()
    page.locator("body").press("g")
    page.locator("body").press("m")
    page.wait_for_url("**/metrics/kept/**")


def test_on_a_phone_the_drawer_folds_the_same_groups(opened):
    from playwright.sync_api import expect

    page, address = opened("phone")
    page.get_by_role("button", name="更多").click()
    drawer = page.get_by_role("dialog", name="主菜单")
    expect(drawer.get_by_role("link", name="营业日历")).to_be_hidden()
    drawer.get_by_text("设置", exact=True).click()
    expect(drawer.get_by_role("link", name="营业日历")).to_be_visible()
    drawer.get_by_role("link", name="营业日历").click()
    page.wait_for_url("**/settings/calendar/**")
    page.goto(f"{address}/my-day/")
    page.get_by_role("button", name="更多").click()
    expect(drawer.get_by_role("link", name="营业日历")).to_be_visible()
