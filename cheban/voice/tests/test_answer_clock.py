"""Ten working minutes, then the next, then the manager: with the clock moved. R038, R205."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from hypothesis import given as given_by
from hypothesis import settings
from hypothesis import strategies as st

from cheban.core.calendars import USUAL_WEEK
from cheban.core.models import CalendarDay, Event
from cheban.core.worktime import Calendar, elapsed
from cheban.org.models import Absence, Store
from cheban.org.roles import Role
from cheban.playbook import changing
from cheban.playbook.models import Task
from cheban.voice.conversations import commands, queries
from cheban.voice.conversations.answering import Clock, clock_of
from cheban.voice.conversations.models import Conversation, Question
from cheban.voice.tests import given as talk


@pytest.fixture
def shop(cast):
    """The cast, with the store's usual hours: 8:30-12:00, 13:00-17:30, Monday to Saturday."""
    talk.open_store(cast)
    return cast


def owed(cast) -> Task:
    talk.work(cast)
    return Task.objects.get(rule__startswith="answer_customer")


@pytest.mark.req("R038")
def test_a_question_is_the_specialists_for_ten_minutes_then_the_consultants_then_the_managers(shop, clock):
    clock.set(talk.at("2026-11-23 10:00"))
    found = talk.conversation(shop)
    talk.asks(found)
    task = owed(shop)
    assert task.assignee_id == shop.staff[Role.SERVICE_SPECIALIST].id
    assert (task.starts_at, task.due_at) == (clock.now, clock.now + timedelta(minutes=10))

    clock.set(talk.at("2026-11-23 10:09"))
    task = owed(shop)
    assert task.told_id is None
    clock.set(talk.at("2026-11-23 10:10"))
    task = owed(shop)
    assert (task.escalation, task.told_id) == (1, shop.staff[Role.SALES_CONSULTANT].id)
    clock.set(talk.at("2026-11-23 10:20"))
    task = owed(shop)
    assert (task.escalation, task.told_id) == (2, shop.staff[Role.STORE_MANAGER].id)

    clock.set(talk.at("2026-11-23 10:26"))
    talk.answers(shop, found, role=Role.STORE_MANAGER)
    task = owed(shop)
    assert (task.state, task.closed_at, task.closed_by_id) == ("done", clock.now, shop.staff[Role.STORE_MANAGER].id)
    facts = Event.objects.get(name="conversation.answered").facts
    assert (facts["minutes_count"], facts["kept"]) == (26, False)


@pytest.mark.req("R038")
def test_about_the_sale_the_consultant_is_asked_first_and_then_service(shop, clock):
    clock.set(talk.at("2026-11-23 10:00"))
    talk.asks(talk.conversation(shop), "补贴什么时候到账", topic="sales")
    assert owed(shop).assignee_id == shop.staff[Role.SALES_CONSULTANT].id
    clock.set(talk.at("2026-11-23 10:10"))
    assert owed(shop).told_id == shop.staff[Role.SERVICE_SPECIALIST].id


@pytest.mark.req("R038")
def test_it_goes_to_the_owners_own_consultant_not_to_the_first_of_the_role(shop, clock):
    from tests import given

    clock.set(talk.at("2026-11-23 10:00"))
    second = given.staff(shop.a, Role.SALES_CONSULTANT, name="第二位", login="second")
    found = talk.conversation(shop)
    Conversation.objects.filter(id=found.id).update(sales_consultant_id=second.id)
    talk.asks(found)
    owed(shop)
    clock.set(talk.at("2026-11-23 10:10"))
    assert owed(shop).told_id == second.id


@pytest.mark.req("R038")
@pytest.mark.parametrize(
    ("asked", "due", "answered", "minutes", "kept"),
    [
        ("2026-11-23 20:15", "2026-11-24 08:40", "2026-11-24 08:40", 10, True),  # evening: from opening
        ("2026-11-23 03:00", "2026-11-23 08:40", "2026-11-23 08:31", 1, True),  # before opening
        ("2026-11-23 11:55", "2026-11-23 13:05", "2026-11-23 13:04", 9, True),  # across lunch
        ("2026-11-23 12:30", "2026-11-23 13:10", "2026-11-23 13:11", 11, False),  # at lunch
        ("2026-11-28 17:25", "2026-11-30 08:35", "2026-11-30 08:36", 11, False),  # Saturday evening, over Sunday
        ("2026-11-29 10:00", "2026-11-30 08:40", "2026-11-29 10:05", 0, True),  # Sunday: answered all the same
        ("2026-09-30 17:28", "2026-10-08 08:38", "2026-10-08 08:38", 10, True),  # over the national holiday
        ("2026-11-23 10:00", "2026-11-23 10:10", "2026-11-23 10:10:01", 11, False),  # a second too late
    ],
)
def test_only_working_minutes_count(shop, clock, asked, due, answered, minutes, kept):
    clock.set(talk.at(asked))
    found = talk.conversation(shop)
    question = talk.asks(found)
    assert owed(shop).due_at == talk.at(due)
    clock.set(talk.at(answered))
    talk.answers(shop, found)
    row = Question.objects.get(message_id=question.id)
    assert (row.minutes, row.kept) == (minutes, kept)
    assert owed(shop).state == "done"


@pytest.mark.req("R038")
def test_a_day_of_the_stores_own_calendar_counts_too(shop, clock):
    CalendarDay.objects.create(store_id=shop.a.id, on="2026-11-24", kind="holiday", name="盘点")
    clock.set(talk.at("2026-11-23 18:00"))
    talk.asks(talk.conversation(shop))
    assert owed(shop).due_at == talk.at("2026-11-25 08:40")


@pytest.mark.req("R038")
def test_what_is_added_while_waiting_does_not_begin_anew_and_after_the_answer_a_new_period_begins(shop, clock):
    clock.set(talk.at("2026-11-23 10:00"))
    found = talk.conversation(shop)
    first = talk.asks(found)
    clock.set(talk.at("2026-11-23 10:06"))
    talk.asks(found, "在吗？")
    assert owed(shop).subject_id == first.id
    assert Question.objects.count() == 1
    talk.answers(shop, found)
    clock.set(talk.at("2026-11-23 10:30"))
    second = talk.asks(found, "那备胎呢？")
    talk.work(shop)
    assert set(Task.objects.filter(state="open").values_list("subject_id", flat=True)) == {second.id}
    assert Task.objects.filter(rule="answer_customer").count() == 2
    talk.answers(shop, found)
    talk.answers(shop, found, "还有一点补充")  # nobody waits: no second answer is told
    assert Event.objects.filter(name="conversation.answered").count() == 2


@pytest.mark.req("R038")
def test_a_question_over_night_that_gets_another_message_in_the_morning_stays_one_duty(shop, clock):
    clock.set(talk.at("2026-11-23 22:00"))
    found = talk.conversation(shop)
    talk.asks(found)
    talk.work(shop)
    clock.set(talk.at("2026-11-24 08:20"))
    talk.asks(found, "早上好，有人吗")
    assert owed(shop).due_at == talk.at("2026-11-24 08:40")


@pytest.mark.req("R038")
def test_the_page_says_who_is_asked_and_who_is_next_and_when(shop, clock):
    clock.set(talk.at("2026-11-23 11:55"))
    found = talk.conversation(shop)
    talk.asks(found)
    talk.work(shop)
    page = queries.page(queries.conversation(found.id), talk.actor(shop), at=clock.now)
    assert [(step["name"], step["at"]) for step in page["chain"]] == [
        (shop.staff[Role.SERVICE_SPECIALIST].name, None),
        (shop.staff[Role.SALES_CONSULTANT].name, talk.at("2026-11-23 13:05")),
        (shop.staff[Role.STORE_MANAGER].name, talk.at("2026-11-23 13:15")),
    ]
    clock.set(talk.at("2026-11-23 13:06"))
    talk.work(shop)
    page = queries.page(queries.conversation(found.id), talk.actor(shop), at=clock.now)
    assert [step["name"] for step in page["chain"] if step["is_now"]][-1] == shop.staff[Role.SALES_CONSULTANT].name
    assert [step["at"] for step in page["chain"] if not step["is_now"]] == [talk.at("2026-11-23 13:15")]


@pytest.mark.req("R038")
def test_who_is_away_is_stood_in_for(shop, clock):
    clock.set(talk.at("2026-11-23 10:00"))
    Absence.objects.create(
        staff=shop.staff[Role.SERVICE_SPECIALIST],
        kind="leave",
        entered_at=clock.now,
        starts_at=clock.now - timedelta(hours=2),
        ends_at=clock.now + timedelta(days=3),
    )
    talk.asks(talk.conversation(shop))
    task = owed(shop)
    assert task.assignee_id not in (None, shop.staff[Role.SERVICE_SPECIALIST].id)


@pytest.mark.req("R038")
@pytest.mark.parametrize(
    ("now", "words"),
    [
        ("2026-11-23 20:15", "我们明天 08:30 上班后 10 分钟内回复您"),
        ("2026-11-23 12:10", "我们今天 13:00 上班后 10 分钟内回复您"),
        ("2026-11-28 18:00", "我们周一 08:30 上班后 10 分钟内回复您"),
        ("2026-11-23 10:00", "已送达，10:10 前回复您"),
    ],
)
def test_the_owner_reads_an_honest_line_about_when_an_answer_comes(shop, clock, now, words):
    clock.set(talk.at(now))
    found = talk.conversation(shop)
    talk.asks(found)
    shown = Client().get(f"/c/{commands.token_of(found)}/").content.decode()
    assert words in shown


@pytest.mark.req("R038")
def test_a_promise_that_was_not_kept_is_not_repeated(shop, clock):
    clock.set(talk.at("2026-11-23 10:00"))
    found = talk.conversation(shop)
    talk.asks(found)
    clock.set(talk.at("2026-11-23 10:11"))
    shown = Client().get(f"/c/{commands.token_of(found)}/").content.decode()
    assert "抱歉让您久等了" in shown and "前回复您" not in shown


@pytest.mark.req("R038")
def test_a_store_that_promises_fifteen_minutes_is_judged_by_fifteen(shop, clock):
    clock.set(talk.at("2026-11-23 10:00"))
    values = {"within.answer_customer": 15, "escalate.answer_customer.0": 15, "escalate.answer_customer.1": 25}
    by = shop.actor(Role.STORE_MANAGER)
    changing.change_rule(
        "answer_customer", values=values, by=by, level=changing.level_of(str(shop.a.id), by), reason="人手少"
    )
    found = talk.conversation(shop)
    talk.asks(found)
    assert owed(shop).due_at == talk.at("2026-11-23 10:15")
    assert clock_of(Store.objects.get(id=shop.a.id)).minutes == 15
    clock.set(talk.at("2026-11-23 10:14"))
    talk.answers(shop, found)
    assert Question.objects.get().kept is True


@given_by(st.integers(0, 14 * 24 * 60), st.integers(0, 3 * 24 * 60 * 60))
@settings(max_examples=150, deadline=None)
def test_minutes_and_the_promise_never_disagree(start, seconds):
    week: dict = {}
    for day, span in USUAL_WEEK:
        week.setdefault(day, []).append(span)
    watch = Clock(Calendar(tz="Asia/Shanghai", week=week), timedelta(minutes=10))
    asked = talk.at("2026-11-23 00:00") + timedelta(minutes=start)
    answered = asked + timedelta(seconds=seconds)
    minutes, kept = watch.judged(asked, answered)
    took = elapsed(asked, answered, watch.calendar)
    assert kept == (minutes <= 10) == (took <= timedelta(minutes=10))
    assert timedelta(minutes=minutes - 1) < took <= timedelta(minutes=minutes)
    assert (answered <= watch.due(asked)) <= kept  # before the moment it was due, it was kept
