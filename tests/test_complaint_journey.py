"""'The brakes do not work' in a note: three browsers show it within two seconds; one solution; the owner confirms on a phone."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from cheban.org import scope
from cheban.org.roles import Role
from cheban.voice.models import Alert, Complaint, Passage
from tests import given, serving

pytestmark = pytest.mark.browser
SIDES = (Role.QUALITY_CONTROL, Role.SALES_CONSULTANT, Role.SERVICE_SPECIALIST)
WORDS = "客户来电：高速上刹车踩下去没反应，刹车失灵了"


@pytest.fixture
def shop(committed):
    """Store A with an owner and their car; the three sides and the caller can sign in. The clock is the real one."""
    with transaction.atomic():
        cast = given.cast()
        for role in (*SIDES, Role.CALLER):
            cast.staff[role].set_password(given.PASSWORD)
            cast.staff[role].save()
        cast.owner = given.customer(cast.a, "王小明")
        cast.car = given.vehicle(
            cast.a,
            cast.owner,
            vin="LSVAA4187E2000001",
            plate="沪A8K3X1",
            sales_consultant_id=cast.staff[Role.SALES_CONSULTANT].id,
            service_specialist_id=cast.staff[Role.SERVICE_SPECIALIST].id,
        )
    return cast


def opened(chromium, address, staff, size="desk"):
    page = chromium.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **serving.SIZES[size]).new_page()
    page.problems = []
    page.on("console", lambda m: page.problems.append(m.text) if m.type in ("error", "warning") else None)
    page.add_init_script(
        "addEventListener('securitypolicyviolation', e => console.error('csp ' + e.violatedDirective))"
    )
    if staff is not None:
        serving.sign_in(page, address, staff)
    return page


def fits(page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def database_now() -> float:
    """The clock that both ends of the two seconds are read from."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        return float(cursor.fetchone()[0])


@pytest.mark.req("R113", "R117", "R118", "R119", "R121", "R123", "Y04")
def test_from_words_in_a_note_to_the_owners_yes(shop):
    from playwright.sync_api import expect

    desk, phone = list(serving.SIZES)[0], list(serving.SIZES)[-1]
    with serving.web() as address, serving.browser() as chromium:
        sides = {role: opened(chromium, address, shop.staff[role], desk) for role in SIDES}
        for page in sides.values():
            page.goto(f"{address}/customers/")
            page.wait_for_selector("html[data-live-stream=open]")
            assert page.locator(".alert-strip").count() == 0

        # a colleague writes down what the customer said
        caller = opened(chromium, address, shop.staff[Role.CALLER], desk)
        caller.goto(f"{address}/customers/{shop.owner.id}/")
        caller.fill("#note-text", WORDS)
        caller.get_by_role("button", name="记下").click(no_wait_after=True)
        seen = {}
        for role, page in sides.items():
            page.locator(".alert-strip").wait_for(timeout=10_000)
            seen[role] = database_now()
        with scope.use([shop.a.id]):
            heard = Passage.objects.get(source="customer.note_added").heard_at.timestamp()  # the database's own clock
        assert max(seen.values()) - heard < 2.0, {role: at - heard for role, at in seen.items()}
        quality, sales, service = (sides[role] for role in SIDES)
        expect(quality.locator(".alert-strip q")).to_contain_text("刹车失灵")

        # quality control takes it; the banner goes from every page
        quality.get_by_role("button", name="我来处理").first.click()
        quality.get_by_text("已接收。请马上联系客户").wait_for()
        expect(sales.locator(".alert-strip")).to_have_count(0, timeout=10_000)
        room = quality.url
        fits(quality)
        expect(quality.locator(".complaint-words mark").first).to_be_visible()

        # sales answers first, then each side fills in its card
        sales.goto(room)
        sales.locator("[name=text]").first.fill("已请客户停车，拖车一小时内到")
        sales.get_by_role("button", name="登记首次答复").click()
        sales.get_by_text("已登记。").wait_for()
        for page, verdict in ((sales, "没有过度承诺"), (service, "响应及时"), (quality, "是产品缺陷")):
            page.goto(room)
            form = page.locator(".finding-form")
            expect(form).to_have_count(1)
            form.locator("textarea").fill("查过了，见检查记录")
            form.get_by_text(verdict, exact=True).click()
            form.get_by_role("button", name="登记查证").click()
            page.get_by_text("已登记。").wait_for()

        # one solution, within quality control's limit
        quality.goto(room)
        quality.fill("[name=measure]", "免费更换制动主缸，期间提供代步车")
        quality.select_option("[name=cause]", "part")
        quality.fill("[name=compensation]", "300")
        quality.get_by_role("button", name="三方定下").click()
        quality.get_by_text("已登记。").wait_for()
        service.goto(room)
        service.locator("[name=how]").fill("制动主缸已换，路试 20 公里正常")
        service.get_by_role("button", name="已执行").click()
        service.get_by_text("已登记。").wait_for()
        fits(service)

        # the owner confirms on the phone, without signing in
        sales.goto(room)
        sales.get_by_role("button", name="客户的手机页").click()
        link = sales.locator(".code-address").input_value()
        assert sales.locator("svg.qr path").count() == 1
        owner = opened(chromium, address, None, phone)
        owner.goto(link)
        expect(owner.get_by_role("heading", name="已经办好，请您确认")).to_be_visible()
        fits(owner)
        owner.get_by_role("button", name="解决了", exact=True).click()
        owner.get_by_text("已经解决，谢谢您告诉我们").wait_for()
        quality.goto(room)
        expect(quality.locator(".complaint-top")).to_contain_text("已结案")
        assert [p for page in (*sides.values(), caller, owner) for p in page.problems] == []

    with scope.use([shop.a.id]):
        assert Alert.objects.get().ended_at is not None
        assert Complaint.objects.get().state == "closed"
