"""Two lists: the outbox (every message, its state, and why it did not go out) and my notices. Y09, reliability 5.2."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy

from cheban.core import clock, slots
from cheban.lists.common import named, recent
from cheban.lists.spec import Column, Filter, ListSpec, Out, Sort, declare
from cheban.messaging import gate, queries, texts
from cheban.messaging.models import InboxItem, Message

LOOKS = {"info": ("", ""), "warning": ("amber", "alert-triangle"), "red": ("red", "alert-octagon")}
"""How urgent notices look: tone and icon of their badge."""


def _dress(rows: list[Any]) -> None:
    """`title`, `to`, `reason`, `tone`, `icon`, `now`. Three queries."""
    cards, names = queries.cards(rows), queries.colleagues(rows)
    now = clock.now()
    for row in rows:
        told = queries.as_told(row, cards.get(row.customer_id), names)
        row.title, row.to, row.reason = told["title"], told["to"], str(told["why"])
        row.tone, row.icon, row.now = told["tone"], told["icon"], now


def _found(text: str, today: date) -> Q:
    """By what it is about (title of its kind), the customer (name, pinyin, plate, VIN) or the colleague."""
    asked = text.casefold()
    kinds = [kind.code for kind in texts.kinds() if asked in str(kind.title).casefold()]
    customers = slots.ask("customer.few", text, default=[])
    return Q(kind__in=kinds) | Q(staff_id__in=named(text)) | Q(customer_id__in=customers)


def _dress_notices(rows: list[Any]) -> None:
    """`title`, `about`, `tone`, `icon`, `now`. Two queries, and one for each contact's words."""
    cards, now = queries.cards(rows), clock.now()
    for row in rows:
        row.title, row.about = queries.notice_words(row, cards.get(row.customer_id))
        row.tone, row.icon = LOOKS[row.level]
        row.now = now


def _told(text: str, today: date) -> Q:
    """By what it is about (title of its kind) or the customer (name, pinyin, plate, VIN)."""
    asked = text.casefold()
    kinds = [kind.code for kind in texts.kinds() if asked in str(kind.title).casefold()]
    return Q(kind__in=kinds) | Q(customer_id__in=slots.ask("customer.few", text, default=[]))


def _kinds(_stores: Sequence[int]) -> list[tuple[str, str]]:
    return sorted(((kind.code, str(kind.title)) for kind in texts.kinds()), key=lambda pair: pair[1])


def _notice_kinds(_stores: Sequence[int]) -> list[tuple[str, str]]:
    inside = (Message.Class.STAFF, Message.Class.RED_ALERT)
    return sorted(
        ((k.code, str(k.title)) for k in texts.kinds() if k.message_class in inside), key=lambda pair: pair[1]
    )


OUTBOX = declare(
    ListSpec(
        code="outbox",
        title=gettext_lazy("发件箱"),
        permission="outbox.see",
        url="messaging:outbox",
        model=Message,
        cells="messaging/outbox_cells",
        dress=_dress,
        row_name="message",
        columns=[
            Column("title", gettext_lazy("消息"), css="s-main", fixed=True, out=[Out(gettext_lazy("消息"), "title")]),
            Column("to", gettext_lazy("发给"), css="s-sub", out=[Out(gettext_lazy("发给"), "to")]),
            Column(
                "channel",
                gettext_lazy("渠道"),
                css="not-phone",
                out=[Out(gettext_lazy("渠道"), lambda row: row.get_channel_display())],
            ),
            Column("state", gettext_lazy("状态"), out=[Out(gettext_lazy("状态"), lambda row: row.get_state_display())]),
            Column("why", gettext_lazy("原因"), css="not-phone", out=[Out(gettext_lazy("原因"), "reason")]),
            Column(
                "at",
                gettext_lazy("时间"),
                sort="newest",
                css="nowrap s-end",
                out=[
                    Out(gettext_lazy("时间"), "created_at", "moment"),
                    Out(gettext_lazy("发出时间"), "sent_at", "moment"),
                ],
            ),
        ],
        filters=[
            Filter("q", gettext_lazy("找消息、客户、同事"), "search", _found),
            Filter("state", gettext_lazy("状态"), "choice", lambda v, today: Q(state=v), choices=Message.State.choices),
            Filter(
                "channel",
                gettext_lazy("渠道"),
                "choice",
                lambda v, today: Q(channel=v),
                choices=Message.Channel.choices,
            ),
            Filter("kind", gettext_lazy("消息"), "choice", lambda v, today: Q(kind=v), choices=_kinds),
            Filter(
                "class",
                gettext_lazy("哪一类"),
                "choice",
                lambda v, today: Q(message_class=v),
                choices=Message.Class.choices,
            ),
            Filter(
                "why", gettext_lazy("原因"), "choice", lambda v, today: Q(why=v), choices=list(gate.REASONS.items())
            ),
            recent("created_at"),
        ],
        sorts=[Sort("newest", "id", "uuid", gettext_lazy("最新在前"), gettext_lazy("最早在前"))],
    )
)
NOTICES = declare(
    ListSpec(
        code="notices",
        title=gettext_lazy("提醒"),
        permission="inbox.use",
        url="messaging:inbox",
        model=InboxItem,
        cells="messaging/notice_cells",
        dress=_dress_notices,
        base=Q(staff_id=RawSQL("nullif(current_setting('app.actor', true), '')::int", [])),  # one's own only
        by_store=False,
        row_name="notice",
        columns=[
            Column(
                "title", gettext_lazy("什么事"), css="s-main", fixed=True, out=[Out(gettext_lazy("什么事"), "title")]
            ),
            Column("about", gettext_lazy("关于"), css="s-sub", out=[Out(gettext_lazy("关于"), "about")]),
            Column("level", gettext_lazy("程度"), out=[Out(gettext_lazy("程度"), lambda row: row.get_level_display())]),
            Column(
                "at",
                gettext_lazy("时间"),
                sort="newest",
                css="nowrap s-end",
                out=[Out(gettext_lazy("时间"), "at", "moment"), Out(gettext_lazy("已读于"), "read_at", "moment")],
            ),
        ],
        filters=[
            Filter("q", gettext_lazy("找事情、客户、车牌"), "search", _told),
            Filter("unread", gettext_lazy("未读"), "flag", lambda v, today: Q(read_at=None)),
            Filter(
                "level", gettext_lazy("程度"), "choice", lambda v, today: Q(level=v), choices=InboxItem.Level.choices
            ),
            Filter("kind", gettext_lazy("什么事"), "choice", lambda v, today: Q(kind=v), choices=_notice_kinds),
            recent("at"),
        ],
        sorts=[Sort("newest", "id", "uuid", gettext_lazy("最新在前"), gettext_lazy("最早在前"))],
    )
)
