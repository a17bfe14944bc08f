"""Conversations: opened on a delivery, asked and answered, by the people they belong to. R037, R038, R041."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from cheban.core import clock as real_clock
from cheban.core import owner_links, said
from cheban.core.errors import NotFound, NotPermitted
from cheban.core.ids import new_id
from cheban.core.models import AuditEntry, Event
from cheban.messaging.models import ChannelAccount, InboxItem, Message
from cheban.org import scope
from cheban.org.roles import Role
from cheban.sales.tests import given as deal
from cheban.voice.conversations import commands, errors, queries, reactions
from cheban.voice.conversations.models import Conversation, Question, Said
from cheban.voice.tests import given as talk
from tests import given

POST = "/c/{}/say/"


def link(found: Conversation) -> str:
    return commands.token_of(Conversation.objects.get(id=found.id))


@pytest.mark.req("R037")
def test_a_delivery_opens_the_conversation_with_its_two_people_and_invites_the_owner(cast):
    delivery = deal.delivered(cast)
    deal.work(cast)
    found = Conversation.objects.get()
    assert (found.customer_id, found.vehicle_id) == (delivery.customer_id, delivery.vehicle_id)
    assert found.sales_consultant_id == cast.staff[Role.SALES_CONSULTANT].id
    assert found.service_specialist_id == cast.staff[Role.SERVICE_SPECIALIST].id
    told = Event.objects.get(name="conversation.opened")
    assert told.facts == {"conversation_id": str(found.id)}
    invitation = Message.objects.get(kind="conversation.opened")
    assert (invitation.customer_id, invitation.purpose, invitation.message_class) == (
        delivery.customer_id,
        "service",
        "service",
    )
    reactions.open_on_delivery(Event.objects.get(name="delivery.completed"))  # told twice
    reactions.invite_the_owner(told)
    assert Conversation.objects.count() == Message.objects.filter(kind="conversation.opened").count() == 1


@pytest.mark.req("R037", "R041")
def test_an_older_customer_gets_one_by_hand_once_per_car(cast):
    found = talk.conversation(cast)
    again = commands.open_by_hand(by=talk.actor(cast), customer_id=found.customer_id, vehicle_id=found.vehicle_id)
    assert again.id == found.id
    with pytest.raises(NotFound):
        commands.open_by_hand(by=talk.actor(cast), customer_id=new_id(), vehicle_id=None)
    other = given.customer(cast.a, "李娜", phone="13700001111")
    with pytest.raises(NotFound):
        commands.open_by_hand(by=talk.actor(cast), customer_id=other.id, vehicle_id=found.vehicle_id)
    with pytest.raises(NotPermitted):
        commands.open_by_hand(by=talk.actor(cast, Role.TECHNICIAN), customer_id=other.id, vehicle_id=None)


@pytest.mark.req("R038")
def test_the_owner_asks_from_the_link_and_the_answer_stands_on_their_page(cast):
    found, client = talk.conversation(cast), Client()
    token = link(found)
    page = client.get(f"/c/{token}/")
    assert page.status_code == 200 and page["Cache-Control"] == "no-store"
    key = str(new_id())
    sent = client.post(POST.format(token), {"text": "<b>胎压灯</b>亮了", "key": key})
    assert (sent.status_code, sent["Location"]) == (302, f"/c/{token}/")
    client.post(POST.format(token), {"text": "<b>胎压灯</b>亮了", "key": key})  # pressed twice
    scope.set_stores([cast.a.id])
    message = Said.objects.get()
    assert (message.author_id, message.text) == (None, "<b>胎压灯</b>亮了")
    talk.answers(cast, found, "可以慢开")
    shown = client.get(f"/c/{token}/").content.decode()
    assert "&lt;b&gt;胎压灯&lt;/b&gt;" in shown and "<b>胎压灯" not in shown and "可以慢开" in shown
    scope.set_stores([cast.a.id])
    asked, answered = (Event.objects.get(name=f"conversation.{what}") for what in ("asked", "answered"))
    assert asked.facts == {
        "conversation_id": str(found.id),
        "message_id": str(message.id),
        "question_id": str(message.id),
    }
    assert answered.facts == {
        "conversation_id": str(found.id),
        "message_id": str(message.id),
        "minutes_count": 0,
        "kept": True,
        "by": cast.staff[Role.SERVICE_SPECIALIST].id,
    }


@pytest.mark.req("R038")
def test_words_that_cannot_be_sent_stay_in_the_field_and_say_why(cast):
    found, client = talk.conversation(cast), Client()
    token = link(found)
    long = client.post(POST.format(token), {"text": "长" * 4001, "key": str(new_id())})
    assert long.status_code == 422
    assert "最多 4000 字，现在 4001 字" in long.content.decode() and "长" * 4001 in long.content.decode()
    assert client.post(POST.format(token), {"text": "  \n ", "key": "x"}).status_code == 422
    assert client.post(POST.format(token), {"text": "长" * 4000, "key": "x"}).status_code == 302
    scope.set_stores([cast.a.id])
    with pytest.raises(errors.Unsendable):
        talk.answers(cast, found, "\x00  ")
    staff = Client()
    staff.force_login(cast.staff[Role.SERVICE_SPECIALIST])
    refused = staff.post(f"/voice/conversations/{found.id}/answer/", {"text": "答" * 4001, "key": str(new_id())})
    assert refused.status_code == 422 and "答" * 4001 in refused.content.decode()
    fragment = staff.post(f"/voice/conversations/{found.id}/answer/", {"text": ""}, headers={"HX-Request": "true"})
    assert fragment.status_code == 422 and 'id="talk"' in fragment.content.decode()


@pytest.mark.req("R038")
def test_nobody_floods_the_store_and_the_link_says_so(cast, clock):
    found = talk.conversation(cast)
    for _ in range(commands.MOST_A_MINUTE):
        talk.asks(found)
    with pytest.raises(errors.TooMany):
        talk.asks(found)
    clock.set(clock.now + timedelta(minutes=1, seconds=1))
    talk.asks(found)


@pytest.mark.req("R038")
def test_a_link_is_kept_as_a_digest_ends_after_a_year_and_the_renewed_one_closes_the_old(cast, clock):
    found, client = talk.conversation(cast), Client()
    old = link(found)
    assert bytes(Conversation.objects.get().link_digest) == owner_links.digest(old)
    commands.renew_link(found, by=talk.actor(cast))
    assert AuditEntry.objects.filter(action="conversation.link_renewed").count() == 1
    talk.work(cast)
    numbers = [m.facts["link_number"] for m in Message.objects.filter(kind="conversation.opened").order_by("id")]
    assert sorted(set(numbers))[-1] == 2  # the owner gets the new one without anybody copying it
    new = link(found)
    assert client.get(f"/c/{old}/").status_code == 404 and client.get(f"/c/{new}/").status_code == 200
    assert client.post(POST.format(old), {"text": "x", "key": str(new_id())}).status_code == 404
    clock.set(clock.now + timedelta(days=366))
    assert "已经过期" in client.get(f"/c/{new}/").content.decode()
    assert client.post(POST.format(new), {"text": "还能用吗", "key": str(new_id())}).status_code == 422
    scope.set_stores([cast.a.id])
    assert not Said.objects.exists()


@pytest.mark.req("R038")
@pytest.mark.parametrize(
    "token", ["x", "1.", "1.aaaaaaaaaaaaaaaaaaaaaa", "999999999999.aaaaaaaaaaaaaaaaaaaaaa", "1.'--aaaaaaaaa"]
)
def test_what_is_no_link_opens_nothing(cast, token):
    assert Client().get(f"/c/{token}/").status_code == 404


@pytest.mark.req("R038")
def test_a_link_of_one_store_does_not_open_in_anothers_scope_and_guessing_is_slowed_down(cast):
    found, client = talk.conversation(cast), Client()
    secret = link(found).partition(".")[2]
    assert client.get(f"/c/{cast.b.id}.{secret}/").status_code == 404
    statuses = [
        client.get(f"/c/{cast.a.id}.{'a' * 20}{n:02d}/").status_code for n in range(owner_links.WRONG_A_MINUTE + 3)
    ]
    assert statuses[0] == 404 and statuses[-1] == 429


@pytest.mark.req("R038")
def test_a_page_that_is_open_may_hear_of_its_own_conversation_only(cast):
    from cheban.site.streams import tickets

    found, client = talk.conversation(cast), Client()
    answer = client.post(f"/c/{link(found)}/ticket/").json()
    assert tickets.read(answer["ticket"]) == tickets.Ticket(0, (f"conversation:{found.id}",))


@pytest.mark.req("R038")
def test_what_the_customer_writes_is_offered_to_whoever_listens_every_message_of_it(cast):
    found = talk.conversation(cast)
    talk.asks(found, "刹车有异响")
    talk.asks(found, "越来越响了")
    told = Event.objects.filter(name="conversation.asked").order_by("id")
    assert [said.words(event) for event in told] == ["刹车有异响", "越来越响了"]
    assert "刹车" not in str(list(told.values_list("facts", flat=True)))


@pytest.mark.req("R038")
def test_an_owner_who_went_away_is_told_of_the_answer_once_until_they_look_again(cast, clock):
    found, client = talk.conversation(cast), Client()
    token = link(found)
    client.post(POST.format(token), {"text": "能开吗", "key": str(new_id())})
    scope.set_stores([cast.a.id])
    clock.set(clock.now + timedelta(minutes=3))
    talk.answers(cast, found)
    assert reactions.tell_answers(at=real_clock.now()) == 0  # the page may be open
    clock.set(clock.now + timedelta(minutes=2, seconds=1))
    assert reactions.tell_answers(at=real_clock.now()) == 1
    talk.answers(cast, found, "补充一句")
    clock.set(clock.now + timedelta(minutes=3))
    assert reactions.tell_answers(at=real_clock.now()) == 0  # told already, has not looked
    client.get(f"/c/{token}/")
    scope.set_stores([cast.a.id])
    clock.set(clock.now + timedelta(minutes=1))
    talk.answers(cast, found, "还有一句")
    client.get(f"/c/{token}/")
    scope.set_stores([cast.a.id])
    clock.set(clock.now + timedelta(minutes=5))
    assert reactions.tell_answers(at=real_clock.now()) == 0  # seen on the open page
    assert Message.objects.filter(kind="conversation.answered").count() == 1


@pytest.mark.req("R038", "Y07")
def test_who_is_asked_has_it_in_the_inbox_and_the_group_robot_only_where_it_is_set_so(cast):
    found = talk.conversation(cast)
    talk.asks(found, "机密的一句话")
    talk.work(cast)
    notice = InboxItem.objects.get(kind="conversation.asked")
    assert notice.staff_id == cast.staff[Role.SERVICE_SPECIALIST].id
    staff = Client()
    staff.force_login(cast.staff[Role.SERVICE_SPECIALIST])
    assert staff.get(f"/inbox/{notice.id}/", follow=True).redirect_chain[-1][0] == f"/voice/conversations/{found.id}/"
    scope.set_stores([cast.a.id])
    assert not Message.objects.filter(channel="robot").exists()
    ChannelAccount.objects.create(
        group=cast.a.group, only_store=cast.a, channel="robot", provider="wecom_robot",
        settings={"endpoint": "https://127.0.0.1:9", "also": "conversations"}, changed_at=real_clock.now(),
    )  # fmt: skip
    talk.answers(cast, found)
    talk.asks(found, "又一句机密")
    talk.work(cast)
    told = Message.objects.get(channel="robot")
    assert (told.kind, told.message_class, told.customer_id) == ("conversation.asked", "staff", None)
    assert set(told.facts) == {"conversation_id", "until"} and "机密" not in str(told.facts)


@pytest.mark.req("R038", "R135")
def test_the_text_of_a_message_carries_a_link_that_works_and_the_outbox_hides_its_secret(cast, settings):
    from cheban.messaging import claiming, gate
    from cheban.messaging import queries as messaging

    settings.SITE_ADDRESS = "https://crm.example"
    found = talk.conversation(cast)
    talk.work(cast)
    row = Message.objects.get(kind="conversation.opened")
    who = gate.recipient_of(row.customer_id, row.channel, row.vehicle_id)
    assert f"https://crm.example/c/{link(found)}/" in claiming.text_of(row, who)
    shown = messaging.message_page(row.id)["text"]
    assert f"/c/{cast.a.id}.…" in shown and link(found) not in shown
    settings.SITE_ADDRESS = ""
    with pytest.raises(claiming.texts.MissingField):
        claiming.text_of(row, who)


@pytest.mark.req("R038")
def test_of_eight_sends_of_one_message_one_stays_and_one_waiting_period_runs(committed, clock):
    cast = given.cast(scoped=False)
    with scope.use([cast.a.id]):
        found = talk.conversation(cast)
    barrier, key, told = threading.Barrier(8), new_id(), []

    def send(number: int) -> None:
        try:
            with real_clock.frozen(clock.now), scope.use([cast.a.id]):
                barrier.wait()
                # four browsers press twice the same, four others say something else at once
                told.append(talk.asks(found, "同一句", key=key if number < 4 else new_id()).id)
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 8 and len(set(told)) == 5
    with scope.use([cast.a.id]):
        assert Said.objects.count() == 5 and Question.objects.count() == 1
        assert Event.objects.filter(name="conversation.asked").count() == 5


def test_the_table_itself_holds_one_open_waiting_period_and_one_message_per_key(cast):
    found = talk.conversation(cast)
    first = talk.asks(found)
    with pytest.raises(IntegrityError), transaction.atomic():
        Said.objects.create(store_id=cast.a.id, conversation=found, text="x", key=first.key, at=real_clock.now())
    second = Said.objects.create(store_id=cast.a.id, conversation=found, text="x", key=new_id(), at=real_clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Question.objects.create(store_id=cast.a.id, message=second, conversation=found, asked_at=real_clock.now())


@pytest.mark.req("R041")
def test_the_customers_page_shows_the_conversation_or_offers_to_open_one(cast, client):
    found = talk.conversation(cast)
    talk.asks(found, "钥匙没电了怎么办")
    client.force_login(cast.staff[Role.SALES_CONSULTANT])
    shown = client.get(f"/customers/{found.customer_id}/").content.decode()
    assert f"/voice/conversations/{found.id}/" in shown and "钥匙没电了怎么办" in shown
    scope.set_stores([cast.a.id])
    other = given.customer(cast.a, "李娜", phone="13700001111")
    assert "建服务群" in client.get(f"/customers/{other.id}/").content.decode()
    made = client.post("/voice/conversations/open/", {"customer": str(other.id)})
    assert made.status_code == 302 and client.get(made["Location"]).status_code == 200


def test_another_stores_conversation_does_not_exist(cast):
    found = talk.conversation(cast)
    scope.set_stores([cast.b.id])
    with pytest.raises(NotFound):
        queries.conversation(found.id)
    with pytest.raises(NotFound):
        talk.asks(found)
    assert queries.may_hear(talk.actor(cast), str(found.id)) is False


def test_the_list_costs_the_same_queries_whatever_its_length_and_finds_who_waits(cast, client):
    from django.test.utils import CaptureQueriesContext

    client.force_login(cast.staff[Role.STORE_MANAGER])
    first = talk.conversation(cast)
    talk.asks(first)
    client.get("/voice/conversations/?all=1")
    with CaptureQueriesContext(connection) as one:
        assert client.get("/voice/conversations/?all=1").status_code == 200
    scope.set_stores([cast.a.id])
    for number in range(12):
        talk.asks(talk.conversation(cast, name=f"客户{number}", vin=f"LSVAA4187E20001{number:02d}"))
    answered = talk.conversation(cast, name="已回复", vin="LSVAA4187E2000200")
    talk.asks(answered)
    talk.answers(cast, answered)
    with CaptureQueriesContext(connection) as many:
        page = client.get("/voice/conversations/?all=1").content.decode()
    assert len(many) <= len(one) and page.count("data-row=") == 14
    waiting = client.get("/voice/conversations/?waiting=1&sort=waiting.up").content.decode()
    assert waiting.count("data-row=") == 13 and "已回复" not in waiting
    assert client.get("/voice/conversations/?late=1").content.decode().count("data-row=") == 0
    assert client.get("/voice/conversations/?unread=1").content.decode().count("data-row=") == 13


def test_a_page_costs_few_queries_and_reading_it_takes_the_unread_mark_away(cast, client):
    from django.test.utils import CaptureQueriesContext

    found = talk.conversation(cast)
    for number in range(5):
        talk.asks(found, f"第 {number} 句")
    talk.work(cast)
    client.force_login(cast.staff[Role.SERVICE_SPECIALIST])
    client.get("/voice/conversations/")
    address = f"/voice/conversations/{found.id}/"
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    scope.set_stores([cast.a.id])
    assert len(asked) <= 40
    assert "is-unread" not in client.get("/voice/conversations/").content.decode()
