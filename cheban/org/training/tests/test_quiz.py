"""Questions at the end of a material; open days and script trainings for some roles. R175, R176, R178, R185, Y28."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from hypothesis import given as example
from hypothesis import strategies as st

from cheban.core import clock as real_clock
from cheban.core.errors import NotFound
from cheban.core.models import Event
from cheban.org import commands as org
from cheban.org.commands import Invalid
from cheban.org.models import TrainingCertificate, TrainingInvitation, TrainingTry
from cheban.org.roles import Role
from cheban.org.training import commands, queries, quiz
from tests import given

BODY = "# 冬天亏电\n\n" + "先看电瓶电压，再看发电机，最后才拆线路。" * 4
ASKED = "\n\n? 打不着火先查什么\n( ) 玻璃水\n(x) 电瓶电压\n\n? 静态电压低于多少要充电\n(x) 12.4 V\n( ) 11 V\n( ) 14 V"
BACKEND = "cheban.site.accounts.Backend"


def plan(cast, **changes) -> commands.Plan:
    return commands.Plan(
        **({"kind": "product", "title": "技术开放日：冬季亏电", "text": BODY + ASKED, "held_on": real_clock.today(), "store_id": cast.a.id} | changes)
    )  # fmt: skip


@pytest.fixture
def manager(cast):
    return cast.actor(Role.STORE_MANAGER)


@pytest.fixture
def training(cast, manager):
    return commands.add(plan(cast), by=manager)


def answer(cast, training, chosen, role=Role.SALES_CONSULTANT):
    sha256 = training.materials.latest("number").sha256
    return commands.confirm(training.id, by=cast.actor(role), sha256=sha256, chosen=chosen)


@pytest.mark.req("R178")
def test_questions_are_read_out_of_the_material():
    body, questions = quiz.read(BODY + ASKED)
    assert body == BODY
    assert [(q.words, q.right) for q in questions] == [("打不着火先查什么", 1), ("静态电压低于多少要充电", 0)]
    assert questions[1].answers == ("12.4 V", "11 V", "14 V")
    assert quiz.read(BODY) == (BODY, ())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("材料\n? 题\n(x) 只有一个", 2),
        ("材料\n? 题\n( ) 甲\n( ) 乙", 2),
        ("材料\n? 题\n(x) 甲\n(x) 乙", 2),
        ("材料\n? 题\n(x) 甲\n( ) 甲", 2),
        ("材料\n(x) 甲\n( ) 乙", 2),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_with_its_line(text, line):
    with pytest.raises(quiz.Malformed) as refused:
        quiz.read(text)
    assert str(line) in refused.value.message


@example(st.integers(1, 30), st.integers(50, 100), st.data())
def test_whoever_has_the_needed_number_right_passes_and_nobody_else(whole, percent, data):
    questions = tuple(quiz.Question(str(n), ("甲", "乙", "丙"), n % 3) for n in range(whole))
    right = data.draw(st.sets(st.integers(1, whole)))
    chosen = {
        n: questions[n - 1].right if n in right else (questions[n - 1].right + 1) % 3 for n in range(1, whole + 1)
    }
    result = quiz.mark(questions, chosen, pass_percent=percent)
    assert (result.right, set(result.wrong)) == (len(right), set(range(1, whole + 1)) - right)
    assert result.passed == (len(right) >= quiz.needed(whole, percent))


@pytest.mark.req("R175", "R178", "R185", "Y28")
def test_the_certificate_takes_enough_right_answers_and_every_try_is_kept(cast, training):
    result = answer(cast, training, {1: 1, 2: 2})
    assert (result.right, result.whole, result.wrong, result.passed) == (1, 2, (2,), False)
    assert not TrainingCertificate.objects.exists()
    made = answer(cast, training, {1: 1, 2: 0})
    assert made.valid_until > real_clock.today()
    assert list(TrainingTry.objects.order_by("id").values_list("right_count", "passed")) == [(1, False), (2, True)]
    [row] = [
        r for r in queries.one(training.id, cast.actor(Role.STORE_MANAGER), today=real_clock.today())["rows"] if r.tried
    ]
    assert row.tried == {"staff_id": cast.staff[Role.SALES_CONSULTANT].id, "count": 2, "passed": 1}
    assert Event.objects.filter(name="training.confirmed").count() == 1


def test_nothing_answered_is_nothing_right(cast, training):
    assert answer(cast, training, {}).right == 0
    assert answer(cast, training, {1: 99, 2: -1, 7: 0}).right == 0


def test_tries_cannot_be_changed_by_the_application(cast, training):
    answer(cast, training, {})
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE org_trainingtry SET passed = true")


@pytest.mark.req("R175", "R184")
def test_an_open_day_is_for_the_sales_team_now_and_for_who_joins_it_later(cast, manager):
    made = commands.add(
        plan(cast, roles=(Role.SALES_CONSULTANT,), place="维修车间 3 号工位", starts_at=time(14, 30)), by=manager
    )
    assert [i.staff_id for i in made.invitations.all()] == [cast.staff[Role.SALES_CONSULTANT].id]
    for login, role in (("new.sales", Role.SALES_CONSULTANT), ("new.caller", Role.CALLER)):
        org.add_staff(by=manager, login=login, name="新人", password=given.PASSWORD, roles=[(cast.a.id, role)])
    invited = set(TrainingInvitation.objects.filter(training=made).values_list("staff__login", flat=True))
    assert "new.sales" in invited and "new.caller" not in invited
    client = Client()
    client.force_login(cast.staff[Role.SALES_CONSULTANT], backend=BACKEND)
    assert "14:30 · 维修车间 3 号工位" in client.get("/trainings/").content.decode()


@pytest.mark.req("R176")
def test_who_was_there_is_counted(cast, manager):
    made = commands.add(plan(cast, kind="script", title="话术：价格敏感型客户", roles=(Role.SERVICE_ADVISOR, Role.CALLER)), by=manager)  # fmt: skip
    commands.record_attendance(
        made.id, by=manager, staff_ids=[cast.staff[Role.CALLER].id], on=real_clock.today() - timedelta(days=1)
    )
    client = Client()
    client.force_login(cast.staff[Role.STORE_MANAGER], backend=BACKEND)
    page = client.get(f"/trainings/{made.id}/").content.decode()
    assert "1 / 2 人已完成" in page and "服务顾问、客服回访" in page


def test_what_cannot_be_is_refused_and_nothing_typed_is_lost(cast, manager):
    for wrong in (
        {"pass_percent": 40},
        {"place": "远" * 65},
        {"text": ASKED + "\n" * 60 + "? 再来一题\n(x) 甲\n( ) 乙"},
    ):
        with pytest.raises(Invalid):
            commands.add(plan(cast, **wrong), by=manager)
    with pytest.raises(NotFound):
        commands.add(plan(cast, roles=("janitor",)), by=manager)
    client = Client()
    client.force_login(cast.staff[Role.STORE_MANAGER], backend=BACKEND)
    typed = {
        "kind": "product", "title": "冬季亏电", "held_on": "2026-11-24", "valid_months": "6", "due_days": "7",
        "store": cast.a.id, "pass_percent": "80", "roles": [Role.SALES_CONSULTANT], "text": BODY + "\n? 题\n(x) 只有一个",
    }  # fmt: skip
    answer = client.post("/trainings/add/", typed)
    page = answer.content.decode()
    assert answer.status_code == 422 and "的题目要有 2 到 6 个答案" in page
    assert "冬季亏电" in page and "(x) 只有一个" in page and 'value="sales_consultant" checked' in page
    assert client.get("/trainings/add/?state=late")["Location"] == "/trainings/all/?state=late"


def test_the_page_keeps_the_answers_and_names_the_wrong_ones(cast, training):
    client = Client()
    client.force_login(cast.staff[Role.SALES_CONSULTANT], backend=BACKEND)
    version = training.materials.get().sha256
    shown = client.get(f"/trainings/{training.id}/read/").content.decode()
    assert "打不着火先查什么" in shown and "(x)" not in shown
    page = client.post(f"/trainings/{training.id}/confirm/", {"version": version, "answer-1": "1", "answer-2": "2"})
    text = page.content.decode()
    assert (
        page.status_code == 200 and text.count("答错了") == 1 and 'name="answer-2" value="2" required checked' in text
    )
    done = client.post(f"/trainings/{training.id}/confirm/", {"version": version, "answer-1": "1", "answer-2": "0"})
    assert (done.status_code, done["Location"]) == (302, "/trainings/")
