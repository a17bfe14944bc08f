"""The list of surveys: who was asked, who answered, with how many points. R132, R135, Y09."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy

from cheban.core import clock
from cheban.lists.spec import Column, Filter, ListSpec, Out, Sort, declare
from cheban.voice import people
from cheban.voice.surveys.models import Survey
from cheban.voice.surveys.plans import ASKING
from cheban.voice.surveys.queries import BANDS

STATES = (
    ("answered", gettext_lazy("已评价")),
    ("waiting", gettext_lazy("等客户评价")),
    ("planned", gettext_lazy("还没到邀请时间")),
    ("over", gettext_lazy("过期没有评价")),
)


def state_of(row: Survey, *, at: Any) -> str:
    """Code of STATES."""
    if row.answered_at:
        return "answered"
    if row.invited_at > at:
        return "planned"
    return "over" if row.expires_at <= at else "waiting"


def _state(value: str, today: date) -> Q:
    at, open_ones = clock.now(), Q(answered_at__isnull=True)
    return {
        "answered": Q(answered_at__isnull=False),
        "waiting": open_ones & Q(invited_at__lte=at, expires_at__gt=at),
        "planned": open_ones & Q(invited_at__gt=at),
        "over": open_ones & Q(expires_at__lte=at),
    }[value]


def _dress(rows: list[Any]) -> None:
    """Names, people, state. Three queries."""
    people.dress(rows)
    who = people.staff_names(i for r in rows for i in (r.sales_staff_id, r.service_staff_id))
    now, words, low = clock.now(), dict(STATES), ASKING.terms.low
    for row in rows:
        row.now = now
        row.state = state_of(row, at=now)
        row.state_label = words[row.state]
        row.sales_name = who.get(row.sales_staff_id, "")
        row.service_name = who.get(row.service_staff_id, "")
        row.is_low = row.answered_at is not None and min(row.sales_points, row.service_points) < low
        row.is_high = row.answered_at is not None and row.joint_points >= ASKING.terms.target


def _staff(stores: Sequence[int]) -> list[tuple[int, str]]:
    return people.colleagues(stores, "survey.see")


def _band(value: str, today: date) -> Q:
    low, _dash, high = value.partition("-")
    return Q(joint_points__range=(int(low), int(high)))


LIST = declare(
    ListSpec(
        code="surveys",
        title=gettext_lazy("客户评价"),
        permission="survey.see",
        url="surveys:list",
        model=Survey,
        cells="surveys/cells",
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
                "joint",
                gettext_lazy("联合满意度"),
                sort="joint",
                css="nowrap s-end",
                out=[Out(gettext_lazy("联合满意度"), "joint_points", "number")],
            ),
            Column(
                "points",
                gettext_lazy("销售 · 售后"),
                css="nowrap c-more",
                out=[
                    Out(gettext_lazy("销售得分"), "sales_points", "number"),
                    Out(gettext_lazy("售后得分"), "service_points", "number"),
                ],
            ),
            Column("said", gettext_lazy("客户的话"), css="s-sub", out=[Out(gettext_lazy("客户的话"), "said")]),
            Column(
                "kind",
                gettext_lazy("场合"),
                css="nowrap",
                out=[Out(gettext_lazy("场合"), lambda s: s.get_kind_display())],
            ),
            Column("state", gettext_lazy("状态"), out=[Out(gettext_lazy("状态"), lambda s: str(s.state_label))]),
            Column(
                "answered",
                gettext_lazy("评价时间"),
                sort="answered",
                css="nowrap c-more",
                out=[Out(gettext_lazy("评价时间"), "answered_at", "moment")],
            ),
            Column(
                "invited",
                gettext_lazy("邀请"),
                sort="newest",
                css="nowrap c-more",
                shown=False,
                out=[Out(gettext_lazy("邀请"), "invited_at", "moment")],
            ),
            Column(
                "staff",
                gettext_lazy("销售顾问 · 售后专员"),
                css="c-more",
                shown=False,
                out=[Out(gettext_lazy("销售顾问"), "sales_name"), Out(gettext_lazy("售后专员"), "service_name")],
            ),
        ],
        filters=[
            Filter(
                "q",
                gettext_lazy("找客户、车牌、客户的话"),
                "search",
                lambda v, today: people.found(v) | Q(said__icontains=v),
            ),
            Filter("state", gettext_lazy("状态"), "choice", _state, choices=STATES),
            Filter(
                "band",
                gettext_lazy("联合满意度"),
                "choice",
                _band,
                choices=[(f"{low}-{high}", f"{low}–{high}") for low, high in BANDS],
            ),
            Filter("low", gettext_lazy("有一项偏低"), "flag", lambda v, today: Q(low_at__isnull=False)),
            Filter("words", gettext_lazy("写了话的"), "flag", lambda v, today: ~Q(said="")),
            Filter("kind", gettext_lazy("场合"), "choice", lambda v, today: Q(kind=v), choices=Survey.Kind.choices),
            Filter(
                "since",
                gettext_lazy("邀请于"),
                "choice",
                lambda v, today: Q(invited_at__gte=clock.now() - timedelta(days=int(v))),
                choices=[
                    ("7", gettext_lazy("7 天内")),
                    ("30", gettext_lazy("30 天内")),
                    ("90", gettext_lazy("90 天内")),
                ],
            ),
            Filter(
                "person",
                gettext_lazy("经办人"),
                "choice",
                lambda v, today: Q(sales_staff_id=int(v)) | Q(service_staff_id=int(v)),
                choices=_staff,
            ),
        ],
        sorts=[
            Sort("newest", "invited_at", "timestamptz", gettext_lazy("最近邀请在前"), gettext_lazy("最早邀请在前")),
            Sort(
                "answered",
                "answered_at",
                "timestamptz",
                gettext_lazy("最近评价在前"),
                gettext_lazy("最早评价在前"),
                skips_empty=True,
            ),
            Sort(
                "joint", "joint_points", "bigint", gettext_lazy("高分在前"), gettext_lazy("低分在前"), skips_empty=True
            ),
        ],
    )
)
