"""What customers said is read out for them, emptied on request, follows a merge, and keeps their file from an undo."""

from __future__ import annotations

import pytest

from cheban.core import links, personal
from cheban.core.errors import WrongState
from cheban.core.ids import new_id
from cheban.customers.importing import undo
from cheban.org import scope
from cheban.voice.conversations.models import Said
from cheban.voice.surveys import commands
from cheban.voice.surveys.models import Survey
from cheban.voice.tests import given as talk
from cheban.voice.tests.test_surveys import invited


@pytest.mark.req("R018")
def test_the_copy_holds_both_sides_and_an_erasure_empties_words_not_figures(cast, clock):
    found = talk.conversation(cast)
    talk.asks(found, "我住在世纪大道")
    talk.answers(cast, found, "好的王先生")
    survey = invited(cast, clock, name="李娜", vin="LSVAA4187E2000077")
    commands.answer(survey.id, points={"sales_points": 80, "service_points": 90}, said="很好")
    holdings = {h.code: h for h in personal.holdings()}
    one = personal.Person((found.customer_id,), cast.a.id)
    other = personal.Person((survey.customer_id,), cast.a.id)
    assert [row["内容"] for row in holdings["conversations"].collect(one)] == ["我住在世纪大道", "好的王先生"]
    assert holdings["surveys"].collect(other)[0]["留言"] == "很好"
    assert holdings["conversations"].collect(other) == []
    assert holdings["conversations"].erase(one) == 2 and holdings["surveys"].erase(other) == 1
    assert set(Said.objects.values_list("text", flat=True)) == {""}
    assert list(Survey.objects.values_list("said", "joint_points")) == [("", 85)]


def test_conversations_and_surveys_follow_a_merge():
    moving = {(link.table, link.column) for link in links.moving()}
    assert {("voice_conversation", "customer_id"), ("voice_survey", "customer_id")} <= moving


def test_an_erased_owner_is_not_reached_by_the_link(cast, client):
    from cheban.customers.models import Customer
    from cheban.voice.conversations.commands import token_of

    found = talk.conversation(cast)
    talk.asks(found, "x", key=new_id())
    Customer.objects.filter(id=found.customer_id).update(erased_at=talk.at("2026-11-23 10:00"))
    assert client.get(f"/c/{token_of(found)}/").status_code == 404
    scope.set_stores([cast.a.id])
    with pytest.raises(WrongState):
        talk.answers(cast, found)


def test_undo_knows_what_hangs_on_people_and_cars():
    for table in ("customers_customer", "customers_vehicle"):
        text = str(undo._hangs(table))
        assert "voice_conversation" in text and "voice_survey" in text
