"""An owner's phone asks, a colleague's page shows it, the answer appears on the phone; a survey is answered: in Chromium."""

from __future__ import annotations

import time

import pytest
from django.db import transaction

from cheban.core import clock as real_clock
from cheban.org import dispatch, scope
from cheban.org.models import Store
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.voice.conversations.commands import token_of
from cheban.voice.conversations.models import Question, Said
from cheban.voice.surveys import commands as surveys
from cheban.voice.surveys.models import Survey
from cheban.voice.surveys.plans import ASKING
from cheban.voice.tests import given as talk
from tests import given, serving

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture
def shop(committed, clock):
    """Store A with an owner in a conversation and a survey that is due; the specialist can sign in."""
    with transaction.atomic():
        cast = given.cast()
        person = cast.staff[Role.SERVICE_SPECIALIST]
        person.set_password(given.PASSWORD)
        person.save()
        cast.talk = talk.conversation(cast)
        cast.survey = surveys.invite(
            ASKING.plans["repair_order"],
            store=Store.objects.get(id=cast.a.id),
            cause="order:A1",
            customer_id=cast.talk.customer_id,
            vehicle_id=cast.talk.vehicle_id,
            happened_at=real_clock.now(),
            sales_staff_id=cast.staff[Role.SALES_CONSULTANT].id,
            service_staff_id=person.id,
        )
        Survey.objects.update(invited_at=real_clock.now())
    return cast


def opened(chromium, **how):
    context = chromium.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **how)
    page = context.new_page()
    page.problems = []
    page.on("console", lambda m: page.problems.append(m.text) if m.type in ("error", "warning") else None)
    page.add_init_script(
        "addEventListener('securitypolicyviolation', e => console.error('csp ' + e.violatedDirective))"
    )
    return page


@pytest.mark.req("R037", "R038", "R041")
def test_a_question_from_the_phone_is_on_the_staffs_page_within_two_seconds_and_its_answer_on_the_phone(shop):
    from playwright.sync_api import expect

    with serving.web() as address, serving.browser() as chromium:
        owner, staff = opened(chromium, **PHONE), opened(chromium, **serving.SIZES["desk"])
        serving.sign_in(staff, address, shop.staff[Role.SERVICE_SPECIALIST])
        staff.goto(f"{address}/voice/conversations/{shop.talk.id}/")
        owner.goto(f"{address}/c/{token_of(shop.talk)}/")
        for page in (staff, owner):
            page.wait_for_selector("html[data-live-stream=open]")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

        owner.fill("[name=text]", "胎压灯亮了，能开吗？")
        begun = time.monotonic()
        owner.get_by_role("button", name="发送").click()
        expect(staff.locator("#talk-thread .say-text")).to_have_text("胎压灯亮了，能开吗？", timeout=10_000)
        took = time.monotonic() - begun
        assert took < 2, took
        expect(owner.locator("#talk-thread .say-text")).to_have_count(1)
        expect(owner.locator(".say-auto")).to_contain_text("前回复您")
        expect(staff.locator("#talk-asked")).to_contain_text(shop.staff[Role.SERVICE_SPECIALIST].name, timeout=10_000)

        # a quick phrase is begun, finished by hand, sent by keys; the field is ready for the next
        staff.locator(".talk-phrases button").first.click()
        staff.locator("#talk-text").press_sequentially("胎压多少？")
        staff.locator("#talk-text").press("Control+Enter")
        expect(owner.locator("#talk-thread .say-text").nth(1)).to_have_text(
            "收到，我马上帮您看。胎压多少？", timeout=10_000
        )
        expect(owner.locator(".say-auto")).to_have_count(0)
        expect(staff.locator("#talk-text")).to_have_value("")
        expect(staff.locator("#talk-thread .mark-green")).to_have_count(1, timeout=10_000)
        expect(staff.locator("#talk-asked")).to_contain_text("没有在等的提问", timeout=10_000)
        assert [p for page in (owner, staff) for p in page.problems] == []
    with scope.use([shop.a.id]):
        assert Said.objects.count() == 2 and Question.objects.get().kept is True
    while dispatch.run_pending():
        pass
    with scope.use([shop.a.id]):
        assert Task.objects.get(rule="answer_customer").state == "done"


@pytest.mark.req("R038")
def test_the_phone_page_works_without_script(shop):
    with serving.web() as address, serving.browser() as chromium:
        owner = opened(chromium, java_script_enabled=False, **PHONE)
        owner.goto(f"{address}/c/{token_of(shop.talk)}/")
        owner.fill("[name=text]", "没有脚本也能问吗？")
        owner.locator("label.owner-chip", has_text="购车").click()
        owner.get_by_role("button", name="发送").click()
        assert owner.locator(".say-text").inner_text() == "没有脚本也能问吗？"
        owner.goto(f"{address}/s/{surveys.token_of(shop.survey.id, store_id=shop.a.id)}/")
        owner.fill("#sales_points", "70")
        owner.fill("#service_points", "80")
        owner.get_by_role("button", name="提交评价").click()
        assert owner.get_by_role("heading", name="谢谢您的评价").is_visible()
    with scope.use([shop.a.id]):
        assert Question.objects.get().topic == "sales" and Survey.objects.get().joint_points == 75


@pytest.mark.req("R132", "R135", "Y05")
def test_a_survey_answered_on_the_phone_stands_in_the_list(shop):
    from playwright.sync_api import expect

    with serving.web() as address, serving.browser() as chromium:
        owner, staff = opened(chromium, **PHONE), opened(chromium, **serving.SIZES["desk"])
        serving.sign_in(staff, address, shop.staff[Role.SERVICE_SPECIALIST])
        staff.goto(f"{address}/voice/surveys/?all=1")
        staff.wait_for_selector("html[data-live-stream=open]")
        owner.goto(f"{address}/s/{surveys.token_of(shop.survey.id, store_id=shop.a.id)}/")
        assert owner.evaluate("document.documentElement.scrollWidth <= innerWidth")
        sliders = owner.locator("input[type=range]")
        for number, points in enumerate((85, 96)):
            sliders.nth(number).evaluate(
                "(el, v) => { el.value = v; el.dispatchEvent(new Event('input', { bubbles: true })) }", points
            )
        expect(owner.locator("#sales_points")).to_have_value("85")
        owner.fill("[name=said]", "技师讲得清楚，等得有点久")
        owner.get_by_role("button", name="提交评价").click()
        owner.get_by_role("heading", name="谢谢您的评价").wait_for()
        expect(staff.locator("#surveys")).to_contain_text("技师讲得清楚，等得有点久", timeout=10_000)
        expect(staff.locator("#surveys .mark-green").first).to_contain_text("91")
        owner.get_by_role("link", name="改一改").click()
        owner.fill("#service_points", "50")
        owner.get_by_role("button", name="提交评价").click()
        owner.get_by_text("售后专员会在 24 小时内给您回电").wait_for()
        assert [p for page in (owner, staff) for p in page.problems] == []
