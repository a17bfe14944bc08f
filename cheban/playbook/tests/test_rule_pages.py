"""The handbook's pages: what they show, how often they ask the database, and a change after a dry run in Chromium."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cheban.org.roles import Role
from cheban.playbook.models import RuleSetting
from tests import given, serving


@pytest.fixture
def manager(cast):
    client = Client()
    client.force_login(cast.staff[Role.STORE_MANAGER], backend="cheban.site.accounts.Backend")
    return client


def asked(client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def test_the_handbook_asks_as_often_with_many_changed_rules_as_with_none(cast, manager):
    asked(manager, "/my-day/handbook/")  # whether the house is well is asked once in a while
    before = asked(manager, "/my-day/handbook/")
    for code in ("birthday", "maintenance_due", "inspection_due"):
        RuleSetting.objects.create(
            group_id=cast.a.group_id, store=cast.a, rule=code, values={"weight": 3}, at=given.clock.now()
        )
    assert asked(manager, "/my-day/handbook/") == before
    assert before <= 14


def test_search_and_filter_find_rules(cast, manager):
    RuleSetting.objects.create(
        group_id=cast.a.group_id, store=cast.a, rule="birthday", values={"on": 0}, at=given.clock.now()
    )
    page = manager.get("/my-day/handbook/?q=年检").content.decode()
    assert "年检到期提醒" in page and "生日祝福（公历" not in page
    page = manager.get("/my-day/handbook/?only=off").content.decode()
    assert "生日祝福（公历" in page and "年检到期提醒" not in page


def test_a_form_out_of_bounds_is_refused_with_the_bounds(cast, manager):
    answer = manager.post("/my-day/handbook/inspection_due/try/", {"k-on": "1", "k-days": "500"})
    assert answer.status_code == 422 and "1 到 60" in answer.content.decode()


@pytest.fixture
def shop(committed, clock):
    """Store A with a manager who can sign in, and a car due for its first service in ten days."""
    with transaction.atomic():
        cast = given.cast()
        cast.staff[Role.STORE_MANAGER].set_password(given.PASSWORD)
        cast.staff[Role.STORE_MANAGER].save()
        given.vehicle(
            cast.a, given.customer(cast.a), purchased_on=given.days(-170), first_service_due_on=given.days(50)
        )
    return cast


@pytest.mark.browser
@pytest.mark.req("R035", "R208")
@pytest.mark.parametrize("size", list(serving.SIZES))
def test_a_rule_is_tried_out_then_changed_then_put_back(shop, size):
    with serving.web() as address, serving.browser() as chromium:
        page = chromium.new_context(locale="zh-CN", **serving.SIZES[size]).new_page()
        serving.sign_in(page, address, shop.staff[Role.STORE_MANAGER])
        page.goto(address + "/my-day/handbook/first_service_due/")
        page.get_by_label("提前多少天").fill("14")
        page.get_by_role("button", name="先试算").click()
        page.get_by_text("没有写入任何数据").wait_for()
        assert page.get_by_label("提前多少天").input_value() == "14"
        page.get_by_label("为什么调整").fill("春节前提早提醒")
        page.get_by_role("button", name="保存").click()
        page.get_by_text("已保存，下一次生成计划时生效").wait_for()
        assert page.get_by_text("首保到期前 14 天起").first.is_visible()
        page.get_by_role("button", name="恢复上一次的数值").click()
        page.get_by_text("已恢复到上一次的数值").wait_for()
        assert page.get_by_text("首保到期前 7 天起").first.is_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
