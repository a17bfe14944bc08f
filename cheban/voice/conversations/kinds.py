"""What conversations write: to the owner that there is one and that there is an answer, to colleagues that one waits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from cheban.core import owner_links
from cheban.messaging.models import InboxItem, Message
from cheban.messaging.texts import Field, Kind, declare
from cheban.voice.conversations.commands import KIND


def _link(store_id: int, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The owner's link, made when the message goes out: it is kept nowhere in the clear."""
    token = owner_links.token_of(
        KIND, facts.get("conversation_id"), store_id=store_id, number=facts.get("link_number", 1)
    )
    return {"link": owner_links.address(reverse("talk:page", args=[token]))}


_LINK = {"link": Field(_("对话的链接"), "https://crm.example/c/1.Xk3…/")}
OPENED = declare(
    Kind(
        "conversation.opened",
        _("客户服务群的邀请"),
        Message.Class.SERVICE,
        _("{name}您好，您的销售顾问和售后专员都在这里，用车有问题随时问，营业时间 {minutes} 分钟内回复：{link}"),
        purpose="service",
        lives=timedelta(days=3),
        works_out=_link,
    ),
    fields={**_LINK, "minutes": Field(_("几分钟内回复"), "10")},
)
ANSWERED = declare(
    Kind(
        "conversation.answered",
        _("提问有了回复"),
        Message.Class.SERVICE,
        _("{name}您好，您的提问有回复了，点开就看到：{link}"),
        purpose="service",
        lives=timedelta(hours=24),
        works_out=_link,
    ),
    fields=_LINK,
)
ASKED = declare(
    Kind(
        "conversation.asked",
        _("客户在服务群提问，等您回复"),
        Message.Class.STAFF,
        _("有客户在服务群提问，请在 {until} 前回复。"),
        level=InboxItem.Level.WARNING,
        lives=timedelta(hours=24),
        page=("conversations:conversation", "conversation_id"),
    ),
    fields={"until": Field(_("最晚几点回复"), "14:10")},
)
