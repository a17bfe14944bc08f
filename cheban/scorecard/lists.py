"""Lists of the scorecard: the records a figure is made of, improvement cases, actions. Y09, R161, R170-R171."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import F, Q
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import clock, events, facts
from cheban.core.models import Event
from cheban.customers.models import Customer
from cheban.lists.spec import Column, Filter, ListSpec, Out, Sort, declare
from cheban.org.models import Staff, StaffRole, Store
from cheban.scorecard import board, cells
from cheban.scorecard.definitions import BY_CODE, DEFINITIONS, LISTED
from cheban.scorecard.models import Action, Counted, ImprovementCase


def names_of(staff_ids: Sequence[int | None] | set[int | None]) -> dict[int | None, str]:
    """Staff names by id. One query, none for nobody."""
    wanted = {i for i in staff_ids if i}
    return dict(Staff.objects.filter(id__in=wanted).values_list("id", "name")) if wanted else {}


def page_of(event: Event | None) -> str:
    """The page of the thing that an event is about, by the subjects that rooms register; '' where there is none."""
    if event is None:
        return ""
    for subject in facts.subjects():
        if subject.page and subject.told_by in event.facts:
            try:
                return reverse(subject.page, args=[subject.told(event)])
            except NoReverseMatch:
                continue
    return reverse("customers:customer", args=[event.customer_id]) if event.customer_id else ""


def dress_counted(rows: list[Any]) -> None:
    """Event, customer, person, store and page of each record. Four queries."""
    told = Event.objects.in_bulk({i for r in rows for i in (r.opened_id, r.closed_id) if i})
    customers = {e.customer_id for e in told.values() if e.customer_id}
    people = dict(Customer.objects.filter(id__in=customers).values_list("id", "name"))
    staff = names_of({r.person_id for r in rows})
    stores = dict(Store.objects.filter(id__in={r.store_id for r in rows}).values_list("id", "name"))
    now = clock.now()
    for row in rows:
        event = told.get(row.opened_id)
        definition = BY_CODE[row.metric]
        row.now = now
        row.customer_name = people.get(event.customer_id, "") if event else ""
        row.happened = str(events.declared(event.name).title) if event else ""
        row.url = page_of(event)
        row.person = staff.get(row.person_id, "")
        row.store_name = stores.get(row.store_id, "")
        row.metric_title = _(definition.title)
        row.thing = _(definition.thing)
        row.unit = definition.unit
        waits = row.closed_at is None and row.due_at is not None and row.due_at > now
        row.is_good = row.part >= row.whole if definition.unit == "percent" and not waits else None
        row.result = _("还没到时限") if waits else _result(row, definition.unit)


def _result(row: Any, unit: str) -> str:
    if unit == "points":
        return _("%(value)s 分") % {"value": row.part}
    if unit == "hours":
        return _("%(n)d 小时") % {"n": row.part}
    if row.whole > 1:
        return _("%(part)d / %(whole)d 项正确") % {"part": row.part, "whole": row.whole}
    if row.worth is not None:
        return _("计入") if row.part else _("未成")
    if row.closed_at is None:
        return _("没有完成")
    return _("按时") if row.part else _("超时完成")


def _people(stores: Sequence[int]) -> list[tuple[int, str]]:
    held = StaffRole.objects.filter(store_id__in=stores, staff__is_active=True).values_list("staff_id", "staff__name")
    return sorted(set(held), key=lambda pair: pair[1])


def _stores(stores: Sequence[int]) -> list[tuple[int, str]]:
    return list(Store.objects.filter(id__in=stores).order_by("name").values_list("id", "name"))


def _when(value: str, today: date) -> Q:
    asked = board.period(value, today)
    return Q(day__gte=asked.first, day__lte=asked.last)


def _found(words: str, today: date) -> Q:
    who = Customer.objects.filter(Q(name__icontains=words) | Q(name_initials__startswith=words.lower()))
    told = Event.objects.filter(customer_id__in=who.values("id"), name__in=_NAMES)
    return Q(opened_id__in=told.values("id"))


_NAMES = sorted({name for d in DEFINITIONS for name in d.reads})
_METRICS = [(d.code, gettext_lazy(d.title)) for d in LISTED if not d.from_tasks] + [
    (d.code, gettext_lazy(d.title)) for d in DEFINITIONS if not d.is_listed
]

COUNTED = declare(
    ListSpec(
        code="counted",
        title=gettext_lazy("指标明细"),
        permission="metric.see",
        url="scorecard:records",
        model=Counted,
        cells="scorecard/counted_cells",
        dress=dress_counted,
        base=Q(day__isnull=False),
        columns=[
            Column(
                "thing",
                gettext_lazy("记录"),
                css="nowrap s-main",
                fixed=True,
                out=[Out(gettext_lazy("记录"), "thing"), Out(gettext_lazy("客户"), "customer_name")],
            ),
            Column(
                "day",
                gettext_lazy("计入的一天"),
                sort="newest",
                css="nowrap s-end",
                out=[Out(gettext_lazy("计入的一天"), "day", "date")],
            ),
            Column(
                "result",
                gettext_lazy("结果"),
                out=[
                    Out(gettext_lazy("结果"), "result"),
                    Out(gettext_lazy("分子"), "part", "number"),
                    Out(gettext_lazy("分母"), "whole", "number"),
                ],
            ),
            Column(
                "opened",
                gettext_lazy("开始"),
                css="nowrap c-more",
                out=[
                    Out(gettext_lazy("开始"), "opened_at", "moment"),
                    Out(gettext_lazy("时限"), "due_at", "moment"),
                    Out(gettext_lazy("完成"), "closed_at", "moment"),
                ],
            ),
            Column("person", gettext_lazy("负责人"), css="s-sub", out=[Out(gettext_lazy("负责人"), "person")]),
            Column("metric", gettext_lazy("指标"), css="c-more", out=[Out(gettext_lazy("指标"), "metric_title")]),
            Column(
                "store", gettext_lazy("门店"), css="c-more", shown=False, out=[Out(gettext_lazy("门店"), "store_name")]
            ),
        ],
        filters=[
            Filter("q", gettext_lazy("找客户"), "search", _found),
            Filter("metric", gettext_lazy("指标"), "choice", lambda v, today: Q(metric=v), choices=_METRICS),
            Filter(
                "when",
                gettext_lazy("期间"),
                "choice",
                _when,
                choices=[(code, words) for code, words in board.PERIODS.items()],
            ),
            Filter("bad", gettext_lazy("只看没做到的"), "flag", lambda v, today: Q(part__lt=F("whole"))),
            Filter("person", gettext_lazy("负责人"), "choice", lambda v, today: Q(person_id=int(v)), choices=_people),
            Filter("store", gettext_lazy("门店"), "choice", lambda v, today: Q(store_id=int(v)), choices=_stores),
        ],
        sorts=[Sort("newest", "day", "date", gettext_lazy("最近的在前"), gettext_lazy("最早的在前"))],
    )
)


def dress_cases(rows: list[Any]) -> None:
    """Title, store, figures and what is owed next. Two queries."""
    stores = dict(Store.objects.filter(id__in={r.store_id for r in rows}).values_list("id", "name"))
    owed = {r["case"].id: r["due_at"] for r in board.open_cases([*stores], names=stores, most=1000)}
    now = clock.now()
    for row in rows:
        definition = BY_CODE[row.metric]
        row.now, row.title, row.store_name = now, _(definition.title), stores.get(row.store_id, "")
        row.before = cells.number(row.value_before, definition)
        row.after = cells.number(row.value_after, definition) if row.value_after is not None else ""
        row.goal = cells.goal_words(row.target, definition)
        row.due_at = owed.get(row.id)


CASES = declare(
    ListSpec(
        code="improvements",
        title=gettext_lazy("应急改进"),
        permission="metric.see",
        url="scorecard:cases",
        model=ImprovementCase,
        cells="scorecard/case_cells",
        dress=dress_cases,
        columns=[
            Column(
                "metric",
                gettext_lazy("指标"),
                css="nowrap s-main",
                fixed=True,
                out=[Out(gettext_lazy("指标"), "title"), Out(gettext_lazy("门店"), "store_name")],
            ),
            Column(
                "opened",
                gettext_lazy("启动"),
                sort="newest",
                css="nowrap s-end",
                out=[Out(gettext_lazy("启动"), "opened_at", "moment")],
            ),
            Column("state", gettext_lazy("状态"), out=[Out(gettext_lazy("状态"), lambda c: c.get_state_display())]),
            Column(
                "values",
                gettext_lazy("启动时、目标、之后"),
                css="c-more",
                out=[
                    Out(gettext_lazy("启动时的数值"), "before"),
                    Out(gettext_lazy("目标值"), "goal"),
                    Out(gettext_lazy("之后"), "after"),
                ],
            ),
            Column(
                "next",
                gettext_lazy("下一步"),
                css="s-sub",
                out=[Out(gettext_lazy("下一步时限"), "due_at", "moment")],
            ),
        ],
        filters=[
            Filter(
                "q",
                gettext_lazy("找原因、方案"),
                "search",
                lambda v, today: Q(cause__icontains=v) | Q(plan__icontains=v),
            ),
            Filter(
                "state",
                gettext_lazy("状态"),
                "choice",
                lambda v, today: Q(state=v),
                choices=ImprovementCase.State.choices,
            ),
            Filter(
                "metric",
                gettext_lazy("指标"),
                "choice",
                lambda v, today: Q(metric=v),
                choices=[(d.code, gettext_lazy(d.title)) for d in LISTED],
            ),
            Filter(
                "effect",
                gettext_lazy("效果"),
                "choice",
                lambda v, today: Q(is_effective=v == "yes"),
                choices=[("yes", gettext_lazy("达到目标")), ("no", gettext_lazy("没有达到"))],
            ),
            Filter("store", gettext_lazy("门店"), "choice", lambda v, today: Q(store_id=int(v)), choices=_stores),
        ],
        sorts=[
            Sort("newest", "opened_at", "timestamptz", gettext_lazy("最近启动的在前"), gettext_lazy("最早启动的在前"))
        ],
    )
)


def dress_actions(rows: list[Any]) -> None:
    """Owner, origin, lateness. Two queries."""
    staff = names_of({r.owner_id for r in rows})
    stores = dict(Store.objects.filter(id__in={r.store_id for r in rows}).values_list("id", "name"))
    today = clock.today()
    for row in rows:
        row.now, row.owner, row.store_name = clock.now(), staff.get(row.owner_id, ""), stores.get(row.store_id, "")
        row.is_late = row.state == "open" and row.due_on < today
        row.origin = _("应急改进") if row.case_id else _("攻坚小组") if row.force_id else _("周度例会")


ACTIONS = declare(
    ListSpec(
        code="actions",
        title=gettext_lazy("行动项"),
        permission="action.do",
        url="scorecard:actions",
        model=Action,
        cells="scorecard/action_cells",
        dress=dress_actions,
        columns=[
            Column("what", gettext_lazy("做什么"), css="s-main", fixed=True, out=[Out(gettext_lazy("做什么"), "what")]),
            Column(
                "due",
                gettext_lazy("完成日期"),
                sort="due",
                css="nowrap s-end",
                out=[Out(gettext_lazy("完成日期"), "due_on", "date")],
            ),
            Column("owner", gettext_lazy("负责人"), css="nowrap s-sub", out=[Out(gettext_lazy("负责人"), "owner")]),
            Column(
                "state",
                gettext_lazy("状态"),
                out=[
                    Out(gettext_lazy("状态"), lambda a: a.get_state_display()),
                    Out(gettext_lazy("结果"), "result"),
                ],
            ),
            Column("origin", gettext_lazy("来自"), css="c-more", out=[Out(gettext_lazy("来自"), "origin")]),
        ],
        filters=[
            Filter(
                "q", gettext_lazy("找行动项"), "search", lambda v, today: Q(what__icontains=v) | Q(result__icontains=v)
            ),
            Filter("state", gettext_lazy("状态"), "choice", lambda v, today: Q(state=v), choices=Action.State.choices),
            Filter("late", gettext_lazy("已过期"), "flag", lambda v, today: Q(state="open", due_on__lt=today)),
            Filter("person", gettext_lazy("负责人"), "choice", lambda v, today: Q(owner_id=int(v)), choices=_people),
            Filter("store", gettext_lazy("门店"), "choice", lambda v, today: Q(store_id=int(v)), choices=_stores),
        ],
        sorts=[Sort("due", "due_on", "date", gettext_lazy("最晚到期在前"), gettext_lazy("最早到期在前"))],
    )
)
