"""A manager defines a field, fills it in, filters the list by it and takes the result out. Y09, R015, R019."""

from __future__ import annotations

import openpyxl
import pytest
from django.db import transaction
from playwright.sync_api import expect

from cheban.customers.models import Customer
from cheban.org import scope
from cheban.org.roles import Role
from tests import given, serving


@pytest.fixture
def shop(committed, clock):
    with transaction.atomic():
        cast = given.cast()
        manager = cast.staff[Role.STORE_MANAGER]
        manager.set_password(given.PASSWORD)
        manager.save()
        cast.one = given.customer(cast.a, "王小明", phone="13700001111")
        cast.car = given.vehicle(cast.a, cast.one)
        given.customer(cast.a, "李娜", phone="13700002222")
    return cast


@pytest.mark.browser
@pytest.mark.req("Y09", "R015")
@pytest.mark.parametrize("size", serving.SIZES)
def test_from_a_definition_to_a_file(shop, size, tmp_path):
    with serving.web() as address, serving.browser() as chromium:
        page = chromium.new_context(**serving.SIZES[size]).new_page()
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        serving.sign_in(page, address, shop.staff[Role.STORE_MANAGER])

        # a field with choices: the box for them comes with the kind
        page.goto(address + "/customers/fields/")
        page.click("a[href='/customers/fields/new/']")
        expect(page.locator("[name=choices]")).to_be_hidden()
        page.fill("[name=label]", "来店交通方式")
        page.check("[name=kind][value=choice]")
        page.fill("[name=choices]", "自驾\n地铁\n地铁")
        page.check("[name=in_list]")
        page.click(".card-foot .btn-primary")
        expect(page.locator(".field-error")).to_contain_text("写了两次")
        page.fill("[name=choices]", "自驾\n地铁")
        page.click(".card-foot .btn-primary")
        expect(page.locator("#of-customer ~ .table-scroll, .fields-table").first).to_contain_text(
            "laidianjiaotongfangshi"
        )
        fits(page)

        # one of a vehicle
        page.goto(address + "/customers/fields/new/?subject=vehicle")
        page.fill("[name=label]", "贴膜日期")
        page.check("[name=kind][value=date]")
        page.click(".card-foot .btn-primary")
        page.wait_for_url("**/customers/fields/")

        # filled in on a customer and on the car
        page.goto(address + f"/customers/{shop.one.id}/edit/")
        page.select_option("[name='custom.laidianjiaotongfangshi']", "ditie")
        page.click(".card-foot .btn-primary")
        expect(page.locator("#more-facts")).to_contain_text("地铁")
        car = page.locator(f"#vehicle-{shop.car.id}")
        car.locator("summary", has_text="更多资料").click()
        car.locator("[name='custom.tiemoriqi']").fill("2026-03-05")
        car.locator("form[action*='/custom/'] .btn-primary").click()
        expect(page.locator(f"#vehicle-{shop.car.id} .car-facts")).to_contain_text("2026-03-05")
        fits(page)

        # the list: a column, a filter, a chip
        page.goto(address + "/customers/?all=1")
        page.locator(".filters-on summary").click()
        page.locator(".list-filters").get_by_label("来店交通方式", exact=True).select_option("ditie")
        page.locator(".list-filters .btn-primary").click()
        expect(page.locator("#rows tr[data-row]")).to_have_count(1)
        expect(page.locator(".filters-on .mark")).to_contain_text("来店交通方式：地铁")
        expect(page.locator("#rows")).to_contain_text("王小明")
        if size == "desk":
            expect(page.locator("#rows")).to_contain_text("地铁")
        fits(page)

        # out as a file
        page.click("a[href^='/exports/new/customers/']")
        page.fill("[name=purpose]", "地铁客户活动")
        page.click(".export-foot .btn-primary")
        page.wait_for_url("**/exports/")
        with serving.worker():
            expect(page.locator("tbody tr")).to_contain_text("可以下载", timeout=60_000)
        with page.expect_download() as found:
            page.click("tbody tr a.btn")
        file = tmp_path / "list.xlsx"
        found.value.save_as(file)
        rows = list(openpyxl.load_workbook(file).active.iter_rows(values_only=True))
        assert rows[1][-1] == "来店交通方式" and [row[-1] for row in rows[2:]] == ["地铁"]

        # put aside, and back with one click; the value never went
        page.goto(address + "/customers/fields/")
        page.get_by_role("button", name="停用 来店交通方式").click()
        expect(page.locator("section", has_text="已停用").last).to_contain_text("来店交通方式")
        page.get_by_role("button", name="恢复 来店交通方式").click()
        expect(page.locator(".fields-table").first).to_contain_text("来店交通方式")
        assert not wrong, wrong
    with scope.use([shop.a.id]):
        assert list(Customer.objects.get(id=shop.one.id).extra.values()) == ["ditie"]


def fits(page) -> None:
    """Nothing stands beyond the right edge."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
