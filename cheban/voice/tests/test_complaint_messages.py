"""Owners hear by message where their complaint stands, once for each step, as far as the gate lets it out. R118, R121."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from cheban.core import clock as house
from cheban.core.errors import NotPermitted, WrongState
from cheban.core.models import AuditEntry
from cheban.customers import commands as customers
from cheban.messaging import gate, texts, wording
from cheban.messaging.models import Message
from cheban.org import scope
from cheban.org.roles import Role
from cheban.voice.complaints import commands, links, solving, telling
from cheban.voice.models import OwnerLink
from cheban.voice.tests import griefs as voice


def owed(kind: str) -> list[Message]:
    return list(Message.objects.filter(kind=kind).order_by("not_before_at", "id"))


def said(message: Message) -> str:
    """What goes out, with the customer's name and the link put in."""
    kind = texts.kind(message.kind)
    facts = dict(message.facts)
    values = facts | dict(kind.works_out(message.store_id, facts)) | {"name": "王小明"}
    return texts.fill(kind.house_text, values)


@pytest.mark.req("R118", "R121")
def test_the_first_answer_sends_the_link_that_opens_the_complaint(cast):
    made = voice.answered(cast)
    voice.work(cast)
    [message] = owed("complaint.answered")
    assert (message.customer_id, message.channel, message.purpose) == (made.customer_id, "sms", "service")
    assert message.facts["speaker"] == cast.staff[Role.SALES_CONSULTANT].name
    text = said(message)
    token = text.split("/k/")[1].split("/")[0]
    assert links.opened(token, at=house.now()).complaint == made
    assert token.split(".")[1] not in str(message.facts)


@pytest.mark.req("R121")
def test_each_round_that_was_carried_out_asks_once_whether_it_is_solved(cast):
    made = voice.carried_out(cast)
    voice.work(cast)
    [first] = owed("complaint.carried_out")
    assert OwnerLink.objects.filter(complaint=made).count() == 1  # the same page all along
    solving.object_to(voice.round_of(made), by=voice.sales(cast), said="没有装好")
    solving.propose(voice.round_of(made), by=voice.sales(cast), **voice.proposal(cast))
    solving.carry_out(voice.round_of(made), by=voice.service(cast), how="重新装好")
    voice.work(cast)
    assert [m.id for m in owed("complaint.carried_out")][0] == first.id and len(owed("complaint.carried_out")) == 2


@pytest.mark.req("R093", "R118")
def test_a_customer_who_said_no_is_not_written_to_and_the_outbox_says_why(cast):
    owner = voice.owner(cast)
    customers.change_consent(
        owner, by=cast.actor(Role.CALLER), purpose="service", channel="any", is_given=False, proof="电话里说的"
    )
    made = voice.filed(cast, owner)
    commands.answer(made, by=voice.sales(cast), text="已道歉")
    voice.work(cast)
    [message] = owed("complaint.answered")
    [facts] = gate.facts_of_many([message], at=house.now()).values()
    assert gate.decide(facts, at=house.now()) == gate.Never("refused")


@pytest.mark.req("R118", "R123")
def test_a_colleague_sends_the_link_again_once_a_day(cast, clock):
    made = voice.answered(cast)
    voice.work(cast)
    telling.send_link(made, by=voice.sales(cast))
    assert len(owed("complaint.answered")) == 2
    with pytest.raises(WrongState, match="今天已经发过"):
        telling.send_link(made, by=voice.sales(cast))
    clock.set(clock.now + timedelta(days=1))
    telling.send_link(made, by=voice.sales(cast))
    assert len(owed("complaint.answered")) == 3
    assert AuditEntry.objects.filter(action="complaint.link_sent").count() == 2
    with pytest.raises(NotPermitted):
        telling.send_link(made, by=cast.actor(Role.CALLER))


@pytest.mark.req("R123", "R125")
def test_the_page_of_an_invitation_sends_it(cast):
    owner = voice.owner(cast)
    client = Client(raise_request_exception=False)
    client.force_login(cast.staff[Role.CALLER], backend="cheban.site.accounts.Backend")
    path = f"/voice/complaints/invite/{owner.id}/"
    assert client.post(path, {"send": "1"}).status_code == 302
    page = client.get(path)
    assert page.status_code == 200 and "用短信发给客户" in page.content.decode()
    assert client.post(path, {"send": "1"}).status_code == 409
    scope.set_stores([cast.a.id])
    [message] = owed("complaint.invited")
    assert message.customer_id == owner.id and "/k/" in said(message)


def test_the_words_are_the_groups_to_change_with_their_fields_only():
    kind = texts.kind("complaint.answered")
    assert {"name", "plate", "link", "speaker"} == set(kind.offered)
    assert wording.wrong_in(kind, "{name}，{amount}") and not wording.wrong_in(kind, "{name}，{speaker}：{link}")
