"""A figure is red for two weeks: the board shows it, the meeting is recorded, a plan made, its action done. In Chromium."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from cheban.core.events import record
from cheban.core.ids import new_id
from cheban.org import dispatch, scope
from cheban.org.roles import Role
from cheban.playbook import planner
from cheban.scorecard import weeks
from cheban.scorecard.models import Action, ImprovementCase
from tests import given, serving
from tests.looks import at_size as opened
from tests.looks import fits

pytestmark = pytest.mark.browser


@pytest.fixture
def shop(committed, clock):
    """Store A after two weeks of deliveries without first feedback."""
    with transaction.atomic():
        cast = given.cast()
        for role in (Role.STORE_MANAGER, Role.SERVICE_ADVISOR):
            cast.staff[role].set_password(given.PASSWORD)
            cast.staff[role].save()
        buyer = given.customer(cast.a, "王小明")
        for ago in (1, 2):
            for number in range(4):
                record(
                    "delivery.completed",
                    store_id=cast.a.id,
                    at=clock.now - timedelta(weeks=ago) + timedelta(hours=number),
                    customer_id=buyer.id,
                    delivery_id=str(new_id()),
                    points_count=10,
                    service_specialist_id=cast.staff[Role.SERVICE_SPECIALIST].id,
                )
    while dispatch.run_pending():
        pass
    with scope.use([cast.a.id]):
        assert weeks.judge([cast.a.id], at=clock.now) == 1
    return cast


@pytest.mark.req("R161", "R170", "R171")
@pytest.mark.parametrize("size", list(serving.SIZES))
def test_from_two_red_weeks_to_an_action_done(shop, clock, size):
    with serving.web() as address, serving.browser() as chromium:
        manager = opened(chromium, address, shop.staff[Role.STORE_MANAGER], size)
        manager.goto(f"{address}/metrics/health/?when=4")
        manager.get_by_text("改进流程已启动").wait_for()
        fits(manager)
        manager.get_by_role("link", name="登记会议").click()
        manager.fill("[name=attended]", "店长、销售经理、售后经理")
        manager.fill("[name=cause]", "交车之后没有人打第一个电话")
        manager.get_by_role("button", name="登记会议").click()
        manager.get_by_text("交车之后没有人打第一个电话").wait_for()
        fits(manager)
        manager.fill(".action-form [name=what]", "每天早会看一遍昨天交的车")
        manager.select_option(".action-form [name=owner_id]", str(shop.staff[Role.SERVICE_ADVISOR].id))
        manager.fill(".action-form [name=due_on]", "2026-11-25")
        manager.get_by_role("button", name="加行动项").click()
        manager.get_by_role("link", name="每天早会看一遍昨天交的车").wait_for()
        manager.fill("textarea[name=text]", "早会过一遍，当天打第一个电话")
        manager.get_by_role("button", name="提交方案").click()
        manager.get_by_text("执行中").first.wait_for()

        with scope.use([shop.a.id]):
            planner.plan_day(clock.now.date(), store_ids=[shop.a.id])
        advisor = opened(chromium, address, shop.staff[Role.SERVICE_ADVISOR], size)
        advisor.goto(f"{address}/my-day/")
        advisor.locator("main a", has_text="行动项").first.click()
        advisor.get_by_role("link", name="完成行动项并登记结果").click()
        advisor.fill("[name=result]", "已经放进早会单")
        fits(advisor)
        advisor.get_by_role("button", name="登记完成").click()
        advisor.get_by_text("已经放进早会单").wait_for()

        manager.goto(f"{address}/metrics/weekly/")
        manager.fill("[name=attended]", "两位经理")
        manager.get_by_role("button", name="开始会议记录").click()
        manager.fill("input[name=text]", "交车次日必打电话")
        manager.get_by_role("button", name="加决定").click()
        manager.get_by_text("交车次日必打电话").wait_for()
        fits(manager)
        assert manager.problems == [] and advisor.problems == []
    with scope.use([shop.a.id]):
        assert ImprovementCase.objects.get().state == "planned" and Action.objects.get().state == "done"
