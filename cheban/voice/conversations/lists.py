"""The list of conversations: an inbox with who waits first. R037, R038, Y09."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import clock
from cheban.lists.spec import Column, Filter, ListSpec, Out, Sort, declare
from cheban.playbook.models import Task
from cheban.voice import people
from cheban.voice.conversations import queries
from cheban.voice.conversations.answering import RULES
from cheban.voice.conversations.models import Conversation, Question


def _dress(rows: list[Any]) -> None:
    """Names, last words, clocks. Six queries."""
    people.dress(rows)
    last = queries.last_words([r.id for r in rows])
    who = people.staff_names(
        [i for r in rows for i in (r.sales_consultant_id, r.service_specialist_id)]
        + [m.author_id for m in last.values()]
    )
    open_questions = Question.objects.filter(
        conversation_id__in=[r.id for r in rows if r.waiting_since], answered_at__isnull=True
    )
    of_question = dict(open_questions.values_list("message_id", "conversation_id"))
    tasks = Task.objects.filter(subject_id__in=of_question, rule__in=RULES.values(), state=Task.State.OPEN)
    due = {of_question[q]: at for q, at in tasks.values_list("subject_id", "due_at")} if of_question else {}
    now = clock.now()
    for row in rows:
        said = last.get(row.id)
        row.now = now
        row.text = said.text if said else ""
        row.author = "" if said is None else who.get(said.author_id, _("门店")) if said.author_id else _("客户")
        row.due_at = due.get(row.id)
        row.is_unread = row.heard_at is not None and (row.staff_seen_at is None or row.staff_seen_at < row.heard_at)
        row.sales_name = who.get(row.sales_consultant_id, "")
        row.service_name = who.get(row.service_specialist_id, "")


def _late(value: Any, today: date) -> Q:
    late = Task.objects.filter(rule__in=RULES.values(), state=Task.State.OPEN, due_at__lt=clock.now())
    questions = Question.objects.filter(message_id__in=late.values("subject_id"), answered_at__isnull=True)
    return Q(id__in=questions.values("conversation_id"))


def _since(value: str, today: date) -> Q:
    return Q(last_at__gte=clock.now() - timedelta(days=int(value)))


def _members(stores: Sequence[int]) -> list[tuple[int, str]]:
    return people.colleagues(stores, "conversation.answer")


LIST = declare(
    ListSpec(
        code="conversations",
        title=gettext_lazy("客户服务群"),
        permission="conversation.see",
        url="conversations:list",
        model=Conversation,
        cells="conversations/cells",
        dress=_dress,
        columns=[
            Column(
                "customer",
                gettext_lazy("客户与车辆"),
                css="nowrap s-main",
                fixed=True,
                out=[
                    Out(gettext_lazy("客户"), "customer_name"),
                    Out(gettext_lazy("车牌"), "plate"),
                    Out(gettext_lazy("车型"), "car"),
                ],
            ),
            Column(
                "waiting",
                gettext_lazy("等回复"),
                sort="waiting",
                css="nowrap s-end",
                out=[Out(gettext_lazy("等回复自"), "waiting_since", "moment")],
            ),
            Column(
                "last", gettext_lazy("最近一条"), css="s-sub talk-last", out=[Out(gettext_lazy("最近一条"), "text")]
            ),
            Column(
                "last_at",
                gettext_lazy("时间"),
                sort="newest",
                css="nowrap c-more",
                out=[Out(gettext_lazy("时间"), "last_at", "moment")],
            ),
            Column("sales", gettext_lazy("销售顾问"), css="c-more", out=[Out(gettext_lazy("销售顾问"), "sales_name")]),
            Column(
                "service", gettext_lazy("售后专员"), css="c-more", out=[Out(gettext_lazy("售后专员"), "service_name")]
            ),
        ],
        filters=[
            Filter("q", gettext_lazy("找客户、车牌、VIN 尾号"), "search", lambda v, today: people.found(v)),
            Filter("waiting", gettext_lazy("等回复"), "flag", lambda v, today: Q(waiting_since__isnull=False)),
            Filter("late", gettext_lazy("超过时限"), "flag", _late),
            Filter(
                "unread",
                gettext_lazy("未读"),
                "flag",
                lambda v, today: (
                    Q(heard_at__isnull=False) & (Q(staff_seen_at__isnull=True) | Q(staff_seen_at__lt=F("heard_at")))
                ),
            ),
            Filter(
                "since",
                gettext_lazy("最近一条"),
                "choice",
                _since,
                choices=[
                    ("1", gettext_lazy("24 小时内")),
                    ("7", gettext_lazy("7 天内")),
                    ("30", gettext_lazy("30 天内")),
                ],
            ),
            Filter(
                "person",
                gettext_lazy("成员"),
                "choice",
                lambda v, today: Q(sales_consultant_id=int(v)) | Q(service_specialist_id=int(v)),
                choices=_members,
            ),
        ],
        sorts=[
            Sort("newest", "last_at", "timestamptz", gettext_lazy("最近的在前"), gettext_lazy("最早的在前")),
            Sort(
                "waiting",
                "waiting_since",
                "timestamptz",
                gettext_lazy("刚等的在前"),
                gettext_lazy("等得最久的在前"),
                skips_empty=True,
                up=True,
            ),
        ],
    )
)
