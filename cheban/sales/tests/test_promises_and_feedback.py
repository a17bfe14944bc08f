"""What was promised is kept, given up aloud or clarified; what is heard in the first days reaches sales. R033-R042."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cheban.core import clock as real_clock
from cheban.core.errors import NotFound, NotPermitted, WrongState
from cheban.core.models import Event
from cheban.customers import queries as customers
from cheban.org.roles import Role
from cheban.playbook import planner
from cheban.playbook.models import Task
from cheban.sales import errors, feedback, queries
from cheban.sales.promises import commands as promising
from cheban.sales.tests import given as deal
from tests import given


def promised(cast, **changed):
    customer = given.customer(cast.a, "李梅", phone="13900002222")
    asked = {
        "customer_id": customer.id,
        "vehicle_id": None,
        "kind": "gift",
        "what": "送原厂脚垫一套",
        "evidence": "合同补充条款第 3 条",
        "due_on": given.days(10),
        "side": "service",
        "keeper_id": cast.staff[Role.SERVICE_SPECIALIST].id,
    }
    return promising.make(by=deal.sales(cast), **asked | changed)


@pytest.mark.req("R033", "R034")
def test_a_promise_has_what_proof_day_and_a_person_or_is_refused(cast):
    made = promised(cast)
    assert (made.state, made.promised_by_id) == ("open", cast.staff[Role.SALES_CONSULTANT].id)
    [shown] = queries.promises_of(made.customer_id)
    assert (shown["what"], shown["keeper"]) == ("送原厂脚垫一套", cast.staff[Role.SERVICE_SPECIALIST].name)
    other = given.vehicle(cast.a, given.customer(cast.a, "别人", phone="13900003333"), vin="LSVAA4187E2000009")
    for wrong in (
        {"what": " "},
        {"evidence": ""},
        {"kind": "no_such"},
        {"side": ""},
        {"due_on": None},
        {"due_on": given.days(-1)},
        {"due_on": given.days(2000)},
    ):
        with pytest.raises(errors.Invalid):
            promising.make(
                by=deal.sales(cast),
                **{
                    "customer_id": made.customer_id,
                    "vehicle_id": None,
                    "kind": "gift",
                    "what": "脚垫",
                    "evidence": "合同",
                    "due_on": given.days(10),
                    "side": "sales",
                    "keeper_id": cast.staff[Role.SALES_CONSULTANT].id,
                }
                | wrong,
            )
    with pytest.raises(NotFound):
        promised(cast, customer_id=made.customer_id, vehicle_id=other.id)
    with pytest.raises(NotFound):
        promised(cast, customer_id=made.customer_id, keeper_id=cast.staff["outsider"].id)


@pytest.mark.req("R040", "R033")
def test_a_care_package_promised_with_the_new_car_stands_before_service(cast):
    made = promised(cast, kind="care_package", what="三年六次基础养护套餐")
    assert made.get_kind_display() == "养护套餐"
    [shown] = queries.promises_of(made.customer_id)
    assert (shown["what"], shown["state"]) == ("三年六次基础养护套餐", "open")


@pytest.mark.req("R034")
def test_the_keeper_is_reminded_three_days_ahead_and_keeping_ends_it(cast, clock):
    made = promised(cast)
    planner.plan_day(given.days(6), store_ids=[cast.a.id], at=clock.now + timedelta(days=6))
    assert not Task.objects.filter(rule="promise_due_service").exists()
    clock.set(clock.now + timedelta(days=7))
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    task = Task.objects.get(rule="promise_due_service")
    assert (task.assignee_id, task.subject_id) == (cast.staff[Role.SERVICE_SPECIALIST].id, made.id)
    promising.keep(made, by=deal.service(cast), how="客户签收")
    deal.work(cast)
    task.refresh_from_db()
    assert (task.state, task.outcome) == ("done", "settled")
    assert queries.promises_of(made.customer_id) == []
    with pytest.raises(WrongState):
        promising.give_up(made, by=deal.service(cast), how="晚了")


@pytest.mark.req("R034")
def test_another_day_takes_the_old_task_away_and_the_plan_makes_the_new_one(cast, clock):
    made = promised(cast, due_on=given.days(2))
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    old = Task.objects.get(rule="promise_due_service")
    promising.change(made, by=deal.sales(cast), due_on=given.days(20), keeper_id=cast.staff[Role.SERVICE_ADVISOR].id)
    deal.work(cast)
    old.refresh_from_db()
    assert (old.state, old.outcome) == ("dropped", "changed")
    clock.set(clock.now + timedelta(days=18))
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    assert Task.objects.get(rule="promise_due_service", state="open").assignee_id == cast.staff[Role.SERVICE_ADVISOR].id


@pytest.mark.req("R033", "R034")
def test_a_dispute_stands_beside_what_was_recorded_until_it_is_clarified(cast):
    made = promised(cast)
    promising.keep(made, by=deal.service(cast), how="送了一套")
    promising.dispute(made, by=deal.service(cast), claimed="客户说答应的是两套")
    [shown] = queries.promises_of(made.customer_id)
    assert shown["is_disputed"] and shown["what"] == "送原厂脚垫一套" and shown["claimed"] == "客户说答应的是两套"
    with pytest.raises(WrongState):
        promising.dispute(made, by=deal.service(cast), claimed="又说一遍")
    with pytest.raises(NotPermitted):
        promising.clarify(made, by=deal.service(cast), found="两套")
    promising.clarify(made, by=deal.sales(cast), found="合同写的是一套，另送一次洗车")
    assert queries.promises_of(made.customer_id) == []
    with pytest.raises(WrongState):
        promising.clarify(made, by=deal.sales(cast), found="再澄清")


@pytest.mark.req("R039", "R042")
def test_first_feedback_is_owed_within_three_days_and_the_consultant_has_to_read_it(cast, clock):
    begun = clock.now
    delivery = deal.delivered(cast)
    deal.work(cast)
    task = Task.objects.get(rule="first_feedback")
    assert (task.assignee_id, task.due_at) == (
        cast.staff[Role.SERVICE_SPECIALIST].id,
        begun + timedelta(days=3),
    )
    clock.set(begun + timedelta(days=2))
    with pytest.raises(errors.Invalid):
        feedback.record_first(delivery, by=deal.service(cast), questions=" ")
    made = feedback.record_first(delivery, by=deal.service(cast), questions="手机连不上车机", needs="父母也想换车")
    deal.work(cast)
    task.refresh_from_db()
    assert (task.state, task.closed_at) == ("done", clock.now)
    reading = Task.objects.get(rule="feedback_read")
    assert reading.assignee_id == cast.staff[Role.SALES_CONSULTANT].id
    with pytest.raises(WrongState):
        feedback.record_first(delivery, by=deal.service(cast), questions="再来一次")
    feedback.read(made, by=deal.sales(cast))
    feedback.read(made, by=deal.sales(cast))
    deal.work(cast)
    reading.refresh_from_db()
    assert reading.state == "done" and Event.objects.filter(name="feedback.read").count() == 1


def test_feedback_waits_for_the_delivery(cast):
    with pytest.raises(WrongState):
        feedback.record_first(deal.planned(cast), by=deal.service(cast), questions="没有问题")


@pytest.mark.req("R033")
def test_the_customers_timeline_says_what_was_promised_and_how_it_ended(cast):
    made = promised(cast)
    promising.dispute(made, by=deal.sales(cast), claimed="客户说送两套")
    promising.clarify(made, by=deal.sales(cast), found="合同写的是一套，客户认可")
    promising.keep(made, by=deal.sales(cast), how="11 月 23 日到店装好")
    said = {item.title: item.subtitle for item in customers.timeline(made.customer_id)["items"]}
    due = made.due_on.strftime("%m-%d")
    assert said["销售承诺"].startswith(f"送原厂脚垫一套 · {due} 前 · ")
    assert said["承诺有争议"].startswith("送原厂脚垫一套 · 客户说送两套 · ")
    assert said["承诺争议已澄清"].startswith("送原厂脚垫一套 · 合同写的是一套，客户认可 · ")
    assert said["兑现承诺"].startswith("送原厂脚垫一套 · 11 月 23 日到店装好 · ")
