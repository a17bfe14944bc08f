"""What conversations offer the house: facts, holdings, links, live topics, slots, words of customers."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import live, said, slots
from cheban.core.links import Link, link
from cheban.core.personal import Holding, Person, Row, hold
from cheban.core.subjects import name, of_rows
from cheban.customers.importing import undo
from cheban.voice.conversations import events, facts, kinds, lists, queries, reactions  # noqa: F401
from cheban.voice.conversations.models import Conversation, Said

_HANGS_ON = {
    "customers_vehicle": "EXISTS (SELECT 1 FROM voice_conversation k WHERE k.vehicle_id = t.id)",
    "customers_customer": "EXISTS (SELECT 1 FROM voice_conversation k WHERE k.customer_id = t.id)",
}


def _collect(person: Person) -> list[Row]:
    rows = Said.objects.filter(conversation__customer_id__in=person.ids).order_by("at", "id")
    return [
        {_("时间"): m.at, _("谁"): _("客户") if m.author_id is None else _("门店"), _("内容"): m.text}
        for m in rows
        if m.text
    ]


def _erase(person: Person) -> int:
    """What was said goes, on both sides; the owner's link opens nothing any more (the file is erased)."""
    return Said.objects.filter(conversation__customer_id__in=person.ids).update(text="")


def offer() -> None:
    """Register (called when the app is ready)."""
    facts.offer()
    hold(
        Holding(
            "conversations",
            gettext_lazy("服务群里的对话"),
            ("voice_conversation", "voice_said", "voice_question"),
            _collect,
            _erase,
            kept=gettext_lazy("提问与回复的时间留存，文字清空"),
            order=47,
        )
    )
    name(
        "conversation",
        gettext_lazy("客户服务群"),
        of_rows(
            Conversation,
            lambda row: f"{row.opened_at:%Y-%m-%d}",
            lambda row: reverse("conversations:conversation", args=[row.id]),
        ),
    )
    link(Link("voice_conversation", "customer_id", gettext_lazy("服务群"), vehicle="vehicle_id", added="opened_at"))
    undo.follow(
        undo.Follower(lambda cursor, batch_id: (0, [], []), lambda cursor, vehicles, customers: None, _HANGS_ON)
    )
    live.topic("conversation", queries.may_hear)
    live.topic("conversations", queries.may_hear_store)
    slots.provide("customer.conversations", queries.conversations_of, rows="voice_conversation WHERE customer_id = %s")
    said.offer("conversation.asked", reactions.words_of)
