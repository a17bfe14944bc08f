"""The list of leads. Y09, R104-R112."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy, pgettext_lazy

from cheban.core import clock
from cheban.lists.spec import Column, Filter, ListSpec, Out, Sort, declare
from cheban.playbook.models import Task
from cheban.sales import queries as sales
from cheban.sales.leads import joining, queries, states, telling
from cheban.sales.leads.models import ENDED, FOLLOWED, OPEN, Lead, LeadTurn, LeadWords
from cheban.sales.lists import _found, _names

STUCK = timedelta(days=7)
"""A lead that was not answered and did not move for so long is where the way narrows (R112)."""
WHICH = [
    ("open", gettext_lazy("进行中")),
    ("followed", gettext_lazy("销售在跟进")),
    ("ended", gettext_lazy("已结束")),
]
CLOCKS = [
    ("late", gettext_lazy("已超时")),
    ("today", gettext_lazy("今天要联系")),
    ("stuck", gettext_lazy("7 天没有进展")),
]


def _dress(rows: list[Any]) -> None:
    """Names, words, holder, clock, likes. Eight queries."""
    _names(rows)
    ids, now, today = [row.id for row in rows], clock.now(), clock.today()
    words, tasks, likes = queries.heard(ids), queries.clocks(rows), joining.with_likes(ids) if ids else {}
    who = sales.names(i for row in rows for i in (row.holder_id, row.finder_id))
    for row in rows:
        row.now, row.said, row.more_words = now, next(iter(words.get(row.id, ())), None), len(words.get(row.id, ())) - 1
        row.task, row.has_like = tasks.get(row.id), row.id in likes
        row.holder, row.finder = who.get(row.holder_id, ""), who.get(row.finder_id, "")
        row.is_open = row.state in OPEN
        row.is_due = row.next_contact_on is not None and row.next_contact_on <= today
        row.days = telling.hours(row.pushed_at, row.closed_at or now) // 24 if row.pushed_at else None
        row.reason = states.LOST.get(row.reason_code) or states.NO_LEAD.get(row.reason_code) or ""


def _which(value: str, today: date) -> Q:
    return Q(state__in={"open": OPEN, "followed": FOLLOWED, "ended": ENDED}[value])


def _clock(value: str, today: date) -> Q:
    now = clock.now()
    if value == "today":
        return Q(state__in=FOLLOWED, next_contact_on__lte=today)
    if value == "stuck":
        moved = Q(answers__at__gte=now - STUCK)
        recent = Lead.objects.filter(moved).values("id")
        return Q(state__in=FOLLOWED, pushed_at__lt=now - STUCK) & ~Q(id__in=recent)
    late = Task.objects.filter(state="open", due_at__lt=now)
    turns = LeadTurn.objects.filter(lead=OuterRef("pk"), ended_at__isnull=True, id__in=late.values("subject_id"))
    return Q(Exists(late.filter(subject_id=OuterRef("pk")))) | Q(Exists(turns))


def _people(stores: Sequence[int]) -> list[tuple[int, str]]:
    found = dict(queries.consultants(stores))
    return sorted(found.items(), key=lambda pair: pair[1])


def _text(row: Any) -> str:
    return row.said.text if row.said else ""


LEADS = declare(
    ListSpec(
        code="leads",
        title=gettext_lazy("线索"),
        permission="lead.see",
        url="sales:leads",
        model=Lead,
        cells="sales/lead_cells",
        dress=_dress,
        columns=[
            Column(
                "lead",
                gettext_lazy("客户与车辆"),
                css="nowrap s-main",
                fixed=True,
                out=[
                    Out(gettext_lazy("客户"), "customer_name"),
                    Out(gettext_lazy("车牌"), "plate"),
                    Out(gettext_lazy("车型"), "car"),
                ],
            ),
            Column("said", gettext_lazy("客户的话"), css="lead-said", out=[Out(gettext_lazy("客户的话"), _text)]),
            Column(
                "kind",
                gettext_lazy("类别"),
                css="nowrap s-sub",
                out=[
                    Out(gettext_lazy("类别"), lambda r: r.get_kind_display()),
                    Out(gettext_lazy("分级"), lambda r: r.grade.upper()),
                ],
            ),
            Column(
                "state",
                gettext_lazy("阶段"),
                css="nowrap",
                out=[
                    Out(gettext_lazy("阶段"), lambda r: r.get_state_display()),
                    Out(gettext_lazy("原因"), lambda r: str(r.reason)),
                ],
            ),
            Column(
                "clock",
                pgettext_lazy("column", "时限"),
                css="nowrap s-end",
                out=[
                    Out(gettext_lazy("最晚"), lambda r: r.task.due_at if r.task else None, "moment"),
                    Out(gettext_lazy("下次联系"), "next_contact_on", "date"),
                ],
            ),
            Column(
                "holder", gettext_lazy("销售顾问"), css="nowrap c-more", out=[Out(gettext_lazy("销售顾问"), "holder")]
            ),
            Column(
                "finder",
                gettext_lazy("谁听到的"),
                css="nowrap c-more",
                shown=False,
                out=[Out(gettext_lazy("谁听到的"), "finder")],
            ),
            Column(
                "found",
                gettext_lazy("发现时间"),
                sort="newest",
                css="nowrap c-more",
                out=[Out(gettext_lazy("发现时间"), "proposed_at", "moment")],
            ),
            Column(
                "cycle",
                gettext_lazy("周期"),
                css="nowrap num c-more",
                shown=False,
                out=[Out(gettext_lazy("推送起的天数"), "days", "number")],
            ),
            Column(
                "deal",
                gettext_lazy("成交金额"),
                css="nowrap num c-more",
                shown=False,
                out=[
                    Out(gettext_lazy("成交金额"), "deal_fen", "yuan"),
                    Out(gettext_lazy("成交车型"), "deal_what"),
                    Out(gettext_lazy("售后份额 %"), "service_share_percent", "number"),
                ],
            ),
        ],
        filters=[
            Filter(
                "q",
                gettext_lazy("找客户、车牌、客户的话"),
                "search",
                lambda v, t: _found(v, t) | Q(id__in=LeadWords.objects.filter(text__icontains=v).values("lead_id")),
            ),
            Filter("which", gettext_lazy("进行到"), "choice", _which, choices=WHICH),
            Filter("state", gettext_lazy("阶段"), "choice", lambda v, t: Q(state=v), choices=Lead.State.choices),
            Filter("kind", gettext_lazy("类别"), "choice", lambda v, t: Q(kind=v), choices=Lead.Kind.choices),
            Filter("grade", gettext_lazy("分级"), "choice", lambda v, t: Q(grade=v), choices=Lead.Grade.choices),
            Filter("clock", gettext_lazy("时限"), "choice", _clock, choices=CLOCKS),
            Filter("person", gettext_lazy("销售顾问"), "choice", lambda v, t: Q(holder_id=int(v)), choices=_people),
            Filter(
                "reason",
                gettext_lazy("未成交原因"),
                "choice",
                lambda v, t: Q(state="lost", reason_code=v),
                choices=list(states.LOST.items()),
            ),
            Filter(
                "heard",
                gettext_lazy("在哪里听到"),
                "choice",
                lambda v, t: Q(Exists(LeadWords.objects.filter(lead=OuterRef("pk"), source=v))),
                choices=list(states.WHERE.items()),
            ),
            Filter("origin", gettext_lazy("来自"), "choice", lambda v, t: Q(origin=v), choices=Lead.Origin.choices),
        ],
        sorts=[Sort("newest", "proposed_at", "timestamptz", gettext_lazy("最新在前"), gettext_lazy("最早在前"))],
        row_name="row",
    )
)
