"""A promise with its photo, opened by service with one click; the buyer arrives and is greeted: in Chromium. R032-R034."""

from __future__ import annotations

import pytest
from django.db import transaction
from playwright.sync_api import expect

from cheban.core.models import AuditEntry
from cheban.org import scope
from cheban.org.roles import Role
from cheban.workshop.models import Arrival
from tests import given, looks, pictures, serving
from tests.looks import LOOKS

pytestmark = pytest.mark.browser


@pytest.fixture
def shop(committed, clock):
    """Store A with a customer and their car; sales and service can sign in."""
    with transaction.atomic():
        cast = given.cast()
        for role in (Role.SALES_CONSULTANT, Role.SERVICE_SPECIALIST):
            cast.staff[role].set_password(given.PASSWORD)
            cast.staff[role].save()
        cast.buyer = given.customer(cast.a, "王小明")
        cast.car = given.vehicle(
            cast.a, cast.buyer, vin="LSVAA4187E2000001",
            sales_consultant_id=cast.staff[Role.SALES_CONSULTANT].id,
        )  # fmt: skip
    return cast


def opened_times(cast) -> int:
    with scope.use([cast.a.id]):
        return AuditEntry.objects.filter(action="proof.opened").count()


@pytest.mark.req("R033", "R034")
@pytest.mark.parametrize("look", [LOOKS[1], LOOKS[2]], ids=str)
def test_a_photo_of_the_contract_is_attached_by_sales_and_opened_by_service_alone(shop, look):
    photo = {"name": "合同.jpg", "mimeType": "image/jpeg", "buffer": pictures.photo()}
    with serving.web() as address, serving.browser() as chromium:
        sales = looks.opened(chromium, address, shop.staff[Role.SALES_CONSULTANT], look)
        service = looks.opened(chromium, address, shop.staff[Role.SERVICE_SPECIALIST], look)

        sales.goto(f"{address}/sales/promises/new/?customer={shop.buyer.id}")
        sales.fill("[name=what]", "送原厂脚垫一套")
        sales.fill("[name=evidence]", "合同补充条款第 3 条")
        sales.select_option("[name=kind]", "gift")
        sales.select_option("[name=side]", "service")
        sales.fill("[name=due_on]", "2026-12-01")
        sales.set_input_files("[name=proofs]", photo)
        looks.fits(sales)
        sales.locator(".card-foot .btn-primary").click()
        sales.get_by_text(look.say("承诺已登记，售后也看得到。")).wait_for()
        looks.calm(sales)

        # what is no photo is refused beside the field, before anything is sent
        sales.goto(f"{address}/sales/promises/")
        sales.locator("tr[data-href]").first.click()
        sales.set_input_files("[name=proofs]", {"name": "x.exe", "mimeType": "image/png", "buffer": b"MZ"})
        sales.locator(".drop-error:not([hidden])").wait_for()
        sales.set_input_files(
            "[name=proofs]", {"name": "合同.pdf", "mimeType": "application/pdf", "buffer": pictures.PDF}
        )
        sales.locator(".proofs li").nth(1).wait_for()

        # service sees that there is a photo; it is fetched only when it is opened, and that is written down
        service.goto(sales.url)
        service.locator(".proofs li").first.wait_for()
        service.wait_for_timeout(300)
        assert opened_times(shop) == 0
        service.locator(".proofs details.fold").first.locator("summary").click()
        picture = service.locator(".proof-photo img").first
        picture.wait_for()
        expect(picture).to_have_js_property("naturalWidth", 600)
        assert opened_times(shop) == 1
        looks.calm(service)


@pytest.mark.req("R032")
@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[3]], ids=str)
def test_the_desk_notes_a_customer_and_the_consultant_greets_them(shop, look):
    with serving.web() as address, serving.browser() as chromium:
        desk = looks.opened(chromium, address, shop.staff[Role.SERVICE_SPECIALIST], look)
        sales = looks.opened(chromium, address, shop.staff[Role.SALES_CONSULTANT], look)
        sales.goto(f"{address}/workshop/arrivals/")
        sales.wait_for_selector("html[data-live-stream=open]")
        desk.goto(f"{address}/workshop/arrivals/")
        desk.fill("[name=plate]", "沪A12345")
        desk.locator(".arrival-new button").click()
        desk.get_by_text(look.say("已登记到店，销售顾问和售后专员马上收到提醒。")).wait_for()
        looks.calm(desk)

        sales.locator(".arrivals li").wait_for(timeout=20_000)  # without asking again
        sales.locator(".arrivals a").click()
        sales.fill("[name=heard]", "老二出生了，想看看七座")
        sales.get_by_role("button", name=look.say("已打招呼，登记")).click()
        sales.get_by_text(look.say("已登记。听出增购、置换的意向，会自动变成线索。")).wait_for()
        looks.calm(sales)
    with scope.use([shop.a.id]):
        assert Arrival.objects.get().greeted_by_id == shop.staff[Role.SALES_CONSULTANT].id
