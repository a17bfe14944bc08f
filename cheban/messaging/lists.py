"""The outbox as a list: every message, its state, and why it did not go out. Y09, reliability 5.2."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.translation import gettext_lazy

from cheban.core import clock, slots
from cheban.lists.spec import Column, Filter, ListSpec, Out, Sort, declare
from cheban.messaging import gate, queries, texts
from cheban.messaging.models import Message
from cheban.org.models import Staff

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = [("1", gettext_lazy("今天")), ("7", gettext_lazy("最近 7 天")), ("30", gettext_lazy("最近 30 天"))]
MOST_NAMED = 50
"""So many colleagues of one name are looked for at most."""


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
    people = Staff.objects.filter(name__icontains=text).order_by("id").values_list("id", flat=True)[:MOST_NAMED]
    customers = slots.ask("customer.few", text, default=[])
    return Q(kind__in=kinds) | Q(staff_id__in=list(people)) | Q(customer_id__in=customers)


def _kinds(_stores: Sequence[int]) -> list[tuple[str, str]]:
    return sorted(((kind.code, str(kind.title)) for kind in texts.kinds()), key=lambda pair: pair[1])


def _since(days: str, today: date) -> Q:
    return Q(created_at__gte=datetime.combine(today - timedelta(days=int(days) - 1), time(), tzinfo=ZONE))


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
                "channel", gettext_lazy("渠道"), out=[Out(gettext_lazy("渠道"), lambda row: row.get_channel_display())]
            ),
            Column("state", gettext_lazy("状态"), out=[Out(gettext_lazy("状态"), lambda row: row.get_state_display())]),
            Column("why", gettext_lazy("原因"), out=[Out(gettext_lazy("原因"), "reason")]),
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
            Filter(
                "since",
                gettext_lazy("时间"),
                "choice",
                _since,
                choices=DAYS,
                words=lambda value: str(dict(DAYS)[value]),
            ),
        ],
        sorts=[Sort("newest", "id", "uuid", gettext_lazy("最新在前"), gettext_lazy("最早在前"))],
    )
)
