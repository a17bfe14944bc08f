"""Two questions after a delivery and after a visit: when, whom, once, and what a low score owes. R132, R135, R167, Y05."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from cheban.core import clock as real_clock
from cheban.core import events, owner_links, said
from cheban.core.errors import NotFound
from cheban.core.models import Event
from cheban.customers.models import Customer
from cheban.messaging import commands as messaging
from cheban.messaging.models import Message
from cheban.org import scope
from cheban.org.models import Store
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.sales.tests import given as deal
from cheban.voice.surveys import commands, errors, queries, reactions
from cheban.voice.surveys.models import Survey
from cheban.voice.surveys.plans import ASKING
from cheban.voice.tests import given as talk
from tests import given

BOTH = {"sales_points": 90, "service_points": 81}


def token(found: Survey) -> str:
    return commands.token_of(found.id, store_id=found.store_id)


def invited(cast, clock, *, name: str = "王小明", vin: str = "LSVAA4187E2000009", cause: str = "order:A1") -> Survey:
    """A customer who was asked about a visit this morning, at the moment the invitation goes out."""
    buyer = given.customer(cast.a, name, phone=f"139{int(vin[-7:]):08d}")
    car = given.vehicle(cast.a, buyer, vin=vin, plate="沪A9K3" + vin[-2:])
    made = commands.invite(
        ASKING.plans["repair_order"],
        store=Store.objects.get(id=cast.a.id),
        cause=cause,
        customer_id=buyer.id,
        vehicle_id=car.id,
        happened_at=clock.now - timedelta(days=1),
        sales_staff_id=cast.staff[Role.SALES_CONSULTANT].id,
        service_staff_id=cast.staff[Role.SERVICE_SPECIALIST].id,
    )
    assert made is not None
    clock.set(max(made.invited_at, clock.now))
    return made


def visit(cast, customer, vehicle, at, order_no: str) -> None:
    """A visit that a file brought."""
    events.record(
        "repair_order.imported",
        store_id=cast.a.id,
        at=at,
        customer_id=customer.id,
        vehicle_id=vehicle.id if vehicle else None,
        order_no=order_no,
    )


@pytest.mark.req("R135", "Y05")
def test_the_day_after_a_delivery_at_ten_the_buyer_is_asked(cast, clock):
    clock.set(talk.at("2026-11-23 16:40"))
    delivery = deal.delivered(cast)
    deal.work(cast)
    found = Survey.objects.get()
    assert (found.kind, found.customer_id) == ("delivery", delivery.customer_id)
    assert found.invited_at == talk.at("2026-11-24 10:00")
    assert found.expires_at == talk.at("2026-12-08 10:00")
    assert found.sales_staff_id == cast.staff[Role.SALES_CONSULTANT].id
    assert found.service_staff_id == cast.staff[Role.SERVICE_SPECIALIST].id
    invitation = Message.objects.get(kind="survey.invited")
    assert (invitation.not_before_at, invitation.purpose) == (found.invited_at, "service")
    assert Event.objects.get(name="survey.invited").facts == {"survey_id": str(found.id), "kind": "delivery"}
    reactions.ask_after_delivery(Event.objects.get(name="delivery.completed"))
    assert Survey.objects.count() == 1


@pytest.mark.req("R132", "Y05")
def test_visits_of_the_last_three_days_are_asked_about_older_ones_of_a_file_are_not(cast, clock):
    clock.set(talk.at("2026-11-26 15:00"))
    people = [given.customer(cast.a, f"客户{n}", phone=f"1390000000{n}") for n in range(4)]
    for n, (who, days) in enumerate(zip(people, (0, 2, 4, 900), strict=True)):
        visit(cast, who, None, clock.now - timedelta(days=days, hours=1), f"R{n}")
    visit(cast, people[0], None, clock.now - timedelta(hours=5), "R0b")  # two orders of one day
    assert reactions.ask_after_visits(at=real_clock.now()) == 2
    asked = dict(Survey.objects.values_list("customer_id", "invited_at"))
    assert asked == {people[0].id: talk.at("2026-11-27 10:00"), people[1].id: clock.now}
    assert reactions.ask_after_visits(at=real_clock.now()) == 0


@pytest.mark.req("R132")
def test_nobody_is_asked_twice_in_thirty_days_nor_who_said_no_nor_who_is_erased(cast, clock):
    clock.set(talk.at("2026-11-23 12:00"))
    first = invited(cast, clock)
    who = Customer.objects.get(id=first.customer_id)
    clock.set(first.invited_at + timedelta(days=29))
    visit(cast, who, None, clock.now - timedelta(hours=1), "B")
    assert reactions.ask_after_visits(at=real_clock.now()) == 0
    clock.set(first.invited_at + timedelta(days=30, hours=1))
    assert reactions.ask_after_visits(at=real_clock.now()) == 1
    for n, fields in enumerate(
        ({"refused_purposes": ["service"]}, {"refused_purposes": ["all"]}, {"erased_at": clock.now})
    ):
        visit(cast, given.customer(cast.a, f"客户{n}", phone=f"1360000000{n}", **fields), None, clock.now, f"N{n}")
    assert reactions.ask_after_visits(at=real_clock.now()) == 0


@pytest.mark.req("R132", "R135", "R164", "R167")
def test_an_answer_by_the_link_counts_once_and_tells_the_joint_score(cast, clock):
    found, client = invited(cast, clock), Client()
    page = client.get(f"/s/{token(found)}/")
    assert page.status_code == 200 and 'name="sales_points"' in page.content.decode()
    sent = client.post(f"/s/{token(found)}/", BOTH | {"said": "等了 <i>一小时</i>"})
    assert sent.status_code == 302
    client.post(f"/s/{token(found)}/", BOTH | {"said": "等了 <i>一小时</i>"})  # pressed twice
    scope.set_stores([cast.a.id])
    found.refresh_from_db()
    assert (found.sales_points, found.service_points, found.joint_points) == (90, 81, 86)  # 85.5, half up
    assert found.opened_at is not None and found.low_at is None
    told = Event.objects.get(name="survey.answered")
    assert told.facts == {
        "survey_id": str(found.id),
        "kind": "repair_order",
        "sales_points_count": 90,
        "service_points_count": 81,
        "joint_points_count": 86,
        "low": False,
        "sales_staff_id": cast.staff[Role.SALES_CONSULTANT].id,
        "service_staff_id": cast.staff[Role.SERVICE_SPECIALIST].id,
    }
    assert (told.store_id, told.customer_id, told.vehicle_id) == (cast.a.id, found.customer_id, found.vehicle_id)
    assert said.words(told) == "等了 <i>一小时</i>"
    assert not Event.objects.filter(name="survey.changed").exists()
    thanks = client.get(f"/s/{token(found)}/").content.decode()
    assert "谢谢您的评价" in thanks and "24 小时内可以修改" in thanks


@pytest.mark.req("R132")
def test_an_answer_may_be_changed_for_a_day_and_then_not(cast, clock):
    found, client = invited(cast, clock), Client()
    commands.answer(found.id, points=BOTH)
    clock.set(clock.now + timedelta(hours=23, minutes=59))
    assert "81" in client.get(f"/s/{token(found)}/?change=1").content.decode()
    client.post(f"/s/{token(found)}/", {"sales_points": 100, "service_points": 100})
    scope.set_stores([cast.a.id])
    found.refresh_from_db()
    assert found.joint_points == 100 and found.changed_at is not None
    assert Event.objects.filter(name="survey.answered").count() == 1
    assert Event.objects.get(name="survey.changed").facts["joint_points_count"] == 100
    clock.set(clock.now + timedelta(minutes=1))
    assert client.post(f"/s/{token(found)}/", {"sales_points": 0, "service_points": 0}).status_code == 410
    assert 'name="sales_points"' not in client.get(f"/s/{token(found)}/?change=1").content.decode()
    scope.set_stores([cast.a.id])
    found.refresh_from_db()
    assert found.joint_points == 100


@pytest.mark.req("R132")
def test_a_link_ends_after_fourteen_days_says_so_and_a_wrong_one_opens_nothing(cast, clock):
    found, client = invited(cast, clock), Client()
    clock.set(found.expires_at - timedelta(minutes=1))
    assert 'name="sales_points"' in client.get(f"/s/{token(found)}/").content.decode()
    clock.set(found.expires_at)
    assert "已经过期" in client.get(f"/s/{token(found)}/").content.decode()
    assert client.post(f"/s/{token(found)}/", BOTH).status_code == 410
    assert client.get(f"/s/{cast.a.id}.aaaaaaaaaaaaaaaaaaaaaa/").status_code == 404
    # a link of another kind, of the same row, opens nothing either
    other = owner_links.token_of("conversation", found.id, store_id=cast.a.id)
    assert client.get(f"/s/{other}/").status_code == 404


@pytest.mark.req("R132")
@pytest.mark.parametrize(
    ("points", "wrong"),
    [
        ({"sales_points": "", "service_points": "80"}, {"sales_points"}),
        ({"sales_points": "101", "service_points": "-1"}, {"sales_points", "service_points"}),
        ({"sales_points": "8.5", "service_points": "八十"}, {"sales_points", "service_points"}),
        ({"sales_points": "٣", "service_points": "100"}, {"sales_points"}),
        ({}, {"sales_points", "service_points"}),
    ],
)
def test_points_that_are_none_are_named_and_what_was_typed_stays(cast, clock, points, wrong):
    found = invited(cast, clock)
    with pytest.raises(errors.Invalid) as refusal:
        commands.answer(found.id, points=points)
    assert set(refusal.value.facts) == wrong
    answer = Client().post(f"/s/{token(found)}/", points | {"said": "写了一半"})
    shown = answer.content.decode()
    assert answer.status_code == 422 and "写了一半" in shown
    assert all(f'id="{name}-wrong"' in shown for name in wrong)
    assert all(f'value="{value}"' in shown for value in points.values() if value)
    scope.set_stores([cast.a.id])
    assert Survey.objects.get().answered_at is None
    with pytest.raises(errors.Invalid):
        commands.answer(found.id, points=BOTH, said="长" * 1001)


@pytest.mark.req("R132")
def test_a_low_score_is_called_back_within_a_day_by_the_specialist_then_the_manager_knows(cast, clock):
    clock.set(talk.at("2026-11-23 12:00"))
    found = invited(cast, clock)
    assert clock.now == talk.at("2026-11-23 12:00")
    commands.answer(found.id, points={"sales_points": 95, "service_points": 59}, said="没人理我")
    talk.work(cast)
    task = Task.objects.get(rule="low_score")
    assert task.assignee_id == cast.staff[Role.SERVICE_SPECIALIST].id
    assert (task.starts_at, task.due_at) == (clock.now, clock.now + timedelta(hours=24))
    assert task.facts == {"sales_points": 95, "service_points": 59}
    clock.set(clock.now + timedelta(hours=24))
    talk.work(cast)
    task.refresh_from_db()
    assert task.told_id == cast.staff[Role.STORE_MANAGER].id


@pytest.mark.req("R132")
def test_sixty_is_not_low_and_a_change_to_low_owes_the_call_once(cast, clock):
    found = invited(cast, clock)
    commands.answer(found.id, points={"sales_points": 60, "service_points": 60})
    talk.work(cast)
    assert not Task.objects.filter(rule="low_score").exists()
    for low in (10, 20, 15):
        clock.set(clock.now + timedelta(minutes=5))
        commands.answer(found.id, points={"sales_points": 60, "service_points": low})
        talk.work(cast)
    assert Task.objects.filter(rule="low_score").count() == 1
    assert Event.objects.filter(name="survey.low").count() == 1
    assert Event.objects.filter(name="survey.changed", facts__low=True).count() == 3


@pytest.mark.req("R132")
def test_eight_answers_to_one_link_at_once_are_one_answer(committed, clock):
    cast = given.cast(scoped=False)
    with scope.use([cast.a.id]):
        found = invited(cast, clock)
    barrier = threading.Barrier(8)

    def press() -> None:
        try:
            with real_clock.frozen(clock.now), scope.use([cast.a.id]):
                barrier.wait()
                commands.answer(found.id, points=BOTH)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with scope.use([cast.a.id]):
        assert Event.objects.filter(name="survey.answered").count() == 1
        assert not Event.objects.filter(name="survey.changed").exists()


def test_two_who_invite_at_once_invite_once(committed, clock):
    cast = given.cast(scoped=False)
    with scope.use([cast.a.id]):
        buyer = given.customer(cast.a)
        store = Store.objects.get(id=cast.a.id)
    barrier, made = threading.Barrier(6), []

    def ask(number: int) -> None:
        try:
            with real_clock.frozen(clock.now), scope.use([cast.a.id]):
                barrier.wait()
                made.append(
                    commands.invite(
                        ASKING.plans["repair_order"],
                        store=store,
                        cause=f"order:{number % 3}",
                        customer_id=buyer.id,
                        vehicle_id=None,
                        happened_at=clock.now,
                        sales_staff_id=None,
                        service_staff_id=None,
                    )
                )
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6 and sum(one is not None for one in made) == 1
    with scope.use([cast.a.id]):
        assert Survey.objects.count() == Message.objects.filter(kind="survey.invited").count() == 1


def test_the_table_itself_refuses_points_beyond_100_and_a_mean_that_is_none(cast, clock):
    found = invited(cast, clock)
    for wrong in ({"sales_points": 101, "service_points": 100, "joint_points": 101}, BOTH | {"joint_points": 90}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Survey.objects.filter(id=found.id).update(answered_at=clock.now, **wrong)


@pytest.mark.req("R135", "R167")
def test_the_figures_are_honest_about_who_was_reached_and_how_few_answered(cast, clock):
    asked = [invited(cast, clock, name=f"客户{n}", vin=f"LSVAA4187E20001{n:02d}", cause=f"order:{n}") for n in range(4)]
    Message.objects.filter(dedupe_key=f"survey:{asked[0].id}").update(state="delivered")
    Message.objects.filter(dedupe_key=f"survey:{asked[1].id}").update(state="failed", why="no_address")
    commands.answer(asked[2].id, points={"sales_points": 100, "service_points": 90})
    figures = queries.figures((cast.a.id,), at=clock.now)
    assert (figures.due, figures.reached, figures.answered, figures.rate) == (4, 2, 1, 50)
    assert (figures.joint, figures.sales, figures.service, figures.is_thin) == (95.0, 100.0, 90.0, True)
    assert [band["count"] for band in figures.bands] == [1, 0, 0, 0]
    assert queries.figures((cast.b.id,), at=clock.now).rate is None


@pytest.mark.req("R132")
def test_the_invitation_carries_a_link_that_works_and_goes_through_the_gate(cast, clock, settings):
    from cheban.messaging import claiming, gate

    settings.SITE_ADDRESS = "https://crm.example"
    found = invited(cast, clock)
    row = Message.objects.get(kind="survey.invited")
    who = gate.recipient_of(row.customer_id, row.channel, row.vehicle_id)
    assert f"https://crm.example/s/{token(found)}/" in claiming.text_of(row, who)
    Customer.objects.filter(id=found.customer_id).update(refused_purposes=["service"])
    facts = gate.facts_of_many([row], at=clock.now)[row.id]
    assert gate.decide(facts, at=clock.now) == gate.Never("refused")
    assert messaging.send(messaging.Owed(key=row.dedupe_key, kind=row.kind, channel="sms", store_id=cast.a.id)) is False


def test_pages_of_surveys_for_colleagues_and_their_query_counts(cast, clock, client):
    from django.test.utils import CaptureQueriesContext

    found = invited(cast, clock)
    client.force_login(cast.staff[Role.STORE_MANAGER])
    commands.answer(found.id, points={"sales_points": 30, "service_points": 70}, said="说好的脚垫没有给")
    talk.work(cast)
    client.get("/voice/surveys/?all=1")
    with CaptureQueriesContext(connection) as one:
        page = client.get("/voice/surveys/?all=1").content.decode()
    assert "说好的脚垫没有给" in page and "不足 10 份" in page
    scope.set_stores([cast.a.id])
    for n in range(12):
        invited(cast, clock, name=f"客户{n}", vin=f"LSVAA4187E20001{n:02d}", cause=f"order:{n}")
    with CaptureQueriesContext(connection) as many:
        assert client.get("/voice/surveys/?all=1").content.decode().count("data-row=") == 13
    assert len(many) <= len(one)
    for query, rows in (("low=1", 1), ("band=0-59", 1), ("band=90-100", 0), ("words=1", 1), ("state=waiting", 12)):
        assert client.get(f"/voice/surveys/?{query}").content.decode().count("data-row=") == rows, query
    shown = client.get(f"/voice/surveys/{found.id}/").content.decode()
    assert "联合满意度 50 分" in shown and "回电" in shown
    assert f"/voice/surveys/{found.id}/" in client.get(f"/customers/{found.customer_id}/").content.decode()
    scope.set_stores([cast.b.id])
    with pytest.raises(NotFound):
        queries.survey(found.id)
