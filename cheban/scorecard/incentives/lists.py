"""The list of statements. Y09, R183."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import clock
from cheban.core.money import format_fen
from cheban.lists.spec import Column, Filter, ListSpec, Out, Sort, declare
from cheban.org.models import Staff, StaffRole, Store
from cheban.org.roles import Role
from cheban.scorecard.incentives import months
from cheban.scorecard.incentives.reckoning import MEASURED
from cheban.scorecard.incentives.terms import factor_words
from cheban.scorecard.models import PayMonth, Statement


def _dress(rows: list[Any]) -> None:
    """Names, words and amounts. Two queries."""
    people = {i for r in rows for i in (r.person_id, r.approved_by_id) if i is not None}
    names = dict(Staff.objects.filter(id__in=people).values_list("id", "name"))
    stores = dict(Store.objects.filter(id__in={r.store_id for r in rows}).values_list("id", "name"))
    this = months.first_of(clock.today())
    for row in rows:
        row.person = names.get(row.person_id, "—")
        row.approver = names.get(row.approved_by_id, "")
        row.store_name = stores.get(row.store_id, "")
        row.role_words = str(Role(row.role).label) if row.role else _("已离店")
        row.month_words = months.words(row.month)
        row.factor_words = factor_words(row.factor)
        row.is_neutral = row.content["step"] is None
        row.pay = format_fen(row.pay_fen) if row.pay_fen is not None else ""
        row.bonus = format_fen(row.bonus_fen) if row.bonus_fen else ""
        row.correction = format_fen(row.correction_fen) if row.correction_fen else ""
        row.corrections = len(row.content["late"]) + len(row.content["made_up"])
        row.total = format_fen(row.total_fen)
        row.is_over = row.month < this


def _people(stores: Sequence[int]) -> list[tuple[int, str]]:
    held = StaffRole.objects.filter(store_id__in=stores, role__in=MEASURED).values_list("staff_id", "staff__name")
    return sorted(set(held), key=lambda pair: pair[1])


def _stores(stores: Sequence[int]) -> list[tuple[int, str]]:
    return list(Store.objects.filter(id__in=stores).order_by("name").values_list("id", "name"))


def _months(stores: Sequence[int]) -> list[tuple[str, str]]:
    known = PayMonth.objects.filter(store_id__in=stores).order_by("-month").values_list("month", flat=True).distinct()
    return [(f"{month:%Y-%m}", months.words(month)) for month in known[:60]]


def _month(value: str, today: date) -> Q:
    found = months.read(value)
    return Q(month=found) if found else Q(pk__in=[])


STATEMENTS = declare(
    ListSpec(
        code="statements",
        title=gettext_lazy("对账单"),
        permission="incentive.see",
        url="scorecard:statements",
        model=Statement,
        cells="scorecard/statement_cells",
        dress=_dress,
        columns=[
            Column(
                "person",
                gettext_lazy("姓名"),
                css="nowrap s-main",
                fixed=True,
                out=[Out(gettext_lazy("姓名"), "person"), Out(gettext_lazy("岗位"), "role_words")],
            ),
            Column(
                "month",
                gettext_lazy("月份"),
                sort="newest",
                css="nowrap s-sub",
                out=[Out(gettext_lazy("月份"), lambda s: f"{s.month:%Y-%m}")],
            ),
            Column(
                "state",
                gettext_lazy("状态"),
                css="nowrap s-end",
                out=[
                    Out(gettext_lazy("状态"), lambda s: s.get_state_display()),
                    Out(gettext_lazy("核定人"), "approver"),
                    Out(gettext_lazy("核定时间"), "approved_at", "moment"),
                ],
            ),
            Column(
                "factor",
                gettext_lazy("系数"),
                css="num nowrap",
                out=[Out(gettext_lazy("系数"), lambda s: s.factor / 10_000, "decimal")],
            ),
            Column(
                "pay",
                gettext_lazy("提成"),
                css="num nowrap c-more",
                out=[Out(gettext_lazy("提成（元）"), "pay_fen", "yuan")],
            ),
            Column(
                "bonus",
                gettext_lazy("线索奖励"),
                css="num nowrap c-more",
                out=[Out(gettext_lazy("线索奖励（元）"), "bonus_fen", "yuan")],
            ),
            Column(
                "correction",
                gettext_lazy("上月补记"),
                css="num nowrap c-more",
                out=[Out(gettext_lazy("上月补记（元）"), "correction_fen", "yuan")],
            ),
            Column(
                "total",
                gettext_lazy("合计"),
                sort="largest",
                css="num nowrap",
                out=[Out(gettext_lazy("合计（元）"), "total_fen", "yuan")],
            ),
            Column(
                "store", gettext_lazy("门店"), css="c-more", shown=False, out=[Out(gettext_lazy("门店"), "store_name")]
            ),
        ],
        filters=[
            Filter(
                "q",
                gettext_lazy("找姓名"),
                "search",
                lambda v, today: Q(person_id__in=Staff.objects.filter(name__icontains=v).values("id")),
            ),
            Filter("month", gettext_lazy("月份"), "choice", _month, choices=_months),
            Filter(
                "state", gettext_lazy("状态"), "choice", lambda v, today: Q(state=v), choices=Statement.State.choices
            ),
            Filter("person", gettext_lazy("姓名"), "choice", lambda v, today: Q(person_id=int(v)), choices=_people),
            Filter(
                "role",
                gettext_lazy("岗位"),
                "choice",
                lambda v, today: Q(role=v),
                choices=[(role.value, role.label) for role in MEASURED],
            ),
            Filter("corrected", gettext_lazy("有补记"), "flag", lambda v, today: ~Q(correction_fen=0)),
            Filter(
                "ready",
                gettext_lazy("可以核定"),
                "flag",
                lambda v, today: Q(state="draft", month__lt=months.first_of(today)),
            ),
            Filter("store", gettext_lazy("门店"), "choice", lambda v, today: Q(store_id=int(v)), choices=_stores),
        ],
        sorts=[
            Sort("newest", "month", "date", gettext_lazy("最近的月份在前"), gettext_lazy("最早的月份在前")),
            Sort("largest", "total_fen", "bigint", gettext_lazy("金额大的在前"), gettext_lazy("金额小的在前")),
        ],
        row_name="statement",
    )
)
