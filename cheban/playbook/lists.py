"""The list of open contacts of a team, declared: one row for each contact, its first task. Y09, R208."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import clock, slots
from cheban.lists.spec import Column, Filter, ListSpec, Out, Sort, declare
from cheban.org.models import Staff, StaffRole, Store
from cheban.playbook import contacts
from cheban.playbook.models import Task
from cheban.playbook.rules import HANDBOOK

_PARTS = Task.objects.filter(contact_id=OuterRef("contact_id"), state=Task.State.OPEN)
_EARLIER = Q(due_at__lt=OuterRef("due_at")) | Q(due_at=OuterRef("due_at"), id__lt=OuterRef("id"))
DUE = [("today", gettext_lazy("今天到期")), ("3", gettext_lazy("3 天内到期")), ("7", gettext_lazy("7 天内到期"))]
ONLY = [
    ("late", gettext_lazy("超时")),
    ("escalated", gettext_lazy("已上报")),
    ("unassigned", gettext_lazy("没有人负责")),
]


def _any(**conditions: Any) -> Q:
    """Contacts with an open task like this."""
    return Q(Exists(_PARTS.filter(**conditions)))


def _only(value: str, today: date) -> Q:
    return {"late": Q(due_at__lt=clock.now()), "escalated": _any(escalation__gt=0)}.get(value, Q(assignee_id=None))


def _due(value: str, today: date) -> Q:
    last = today + timedelta(days=0 if value == "today" else int(value))
    return Q(due_at__lte=datetime.combine(last, time.max, tzinfo=clock.now().tzinfo))


def _people(stores: Sequence[int]) -> list[tuple[str, str]]:
    found = StaffRole.objects.filter(store_id__in=stores, staff__is_active=True)
    rows = found.values_list("staff_id", "staff__name").distinct().order_by("staff__name", "staff_id")
    return [("0", _("没有人负责")), *((str(staff_id), name) for staff_id, name in rows)]


def _rules(_stores: Sequence[int]) -> list[tuple[str, str]]:
    return [(code, _(rule.short)) for code, rule in HANDBOOK.rules.items()]


def _stores(stores: Sequence[int]) -> list[tuple[str, str]]:
    rows = Store.objects.filter(id__in=stores).order_by("name").values_list("id", "name")
    return [(str(store_id), name) for store_id, name in rows] if len(stores) > 1 else []


def _dress(rows: Sequence[Task]) -> None:
    """Each row's whole contact, with names and plates, who has it, and the store. Five queries."""
    tasks = Task.objects.filter(contact_id__in=[t.contact_id for t in rows], state=Task.State.OPEN)
    whole = {c.id: c for c in contacts.fold(tasks, at=clock.now())}
    people = dict(Staff.objects.filter(id__in={t.assignee_id for t in rows if t.assignee_id}).values_list("id", "name"))
    stores = dict(Store.objects.filter(id__in={t.store_id for t in rows}).values_list("id", "name"))
    for task in rows:
        task.contact = whole[task.contact_id]
        task.contact.assignee_name = people.get(task.assignee_id, "")
        task.store_name = stores.get(task.store_id, "")


SPEC = declare(
    ListSpec(
        code="team",
        title=gettext_lazy("团队看板"),
        permission="task.see_team",
        url="playbook:team",
        model=Task,
        cells="playbook/team_cells",
        dress=_dress,
        base=Q(state=Task.State.OPEN) & ~Q(Exists(_PARTS.filter(_EARLIER))),
        export_permission="customer.export",
        columns=[
            Column(
                "customer",
                gettext_lazy("客户"),
                css="nowrap s-main",
                fixed=True,
                out=[
                    Out(gettext_lazy("客户"), "contact.customer_name"),
                    Out(gettext_lazy("车牌"), "contact.plate"),
                ],
            ),
            Column("what", gettext_lazy("事由"), out=[Out(gettext_lazy("事由"), "contact.title")]),
            Column(
                "who",
                gettext_lazy("负责人"),
                css="nowrap s-sub",
                out=[Out(gettext_lazy("负责人"), "contact.assignee_name")],
            ),
            Column(
                "due",
                gettext_lazy("到期"),
                sort="due",
                css="num s-end",
                out=[Out(gettext_lazy("到期"), "due_at", "moment")],
            ),
            Column(
                "value",
                gettext_lazy("累计消费"),
                sort="value",
                css="num c-more",
                shown=False,
                out=[Out(gettext_lazy("累计消费"), "value_fen", "yuan")],
            ),
            Column(
                "store",
                gettext_lazy("门店"),
                css="c-more",
                shown=False,
                out=[Out(gettext_lazy("门店"), "store_name")],
            ),
            Column(
                "planned",
                gettext_lazy("列入计划"),
                sort="newest",
                css="num c-more",
                shown=False,
                out=[Out(gettext_lazy("列入计划"), "created_at", "moment")],
            ),
        ],
        filters=[
            Filter(
                "q",
                gettext_lazy("找客户姓名、拼音、车牌"),
                "search",
                lambda v, today: Q(customer_id__in=slots.ask("customer.few", v, default=[])),
            ),
            Filter("only", gettext_lazy("状态"), "choice", _only, choices=ONLY, words=lambda v: str(dict(ONLY)[v])),
            Filter(
                "person",
                gettext_lazy("负责人"),
                "choice",
                lambda v, today: Q(assignee_id=int(v) or None),
                choices=_people,
            ),
            Filter("rule", gettext_lazy("事由"), "choice", lambda v, today: _any(rule=v), choices=_rules),
            Filter("due", gettext_lazy("到期"), "choice", _due, choices=DUE, words=lambda v: str(dict(DUE)[v])),
            Filter("store", gettext_lazy("门店"), "choice", lambda v, today: Q(store_id=int(v)), choices=_stores),
            Filter("snoozed", gettext_lazy("推迟过"), "flag", lambda v, today: _any(snoozes__gt=0)),
        ],
        sorts=[
            Sort("due", "due_at", "timestamptz", gettext_lazy("最晚到期在前"), gettext_lazy("最急的在前"), up=True),
            Sort("value", "value_fen", "bigint", gettext_lazy("消费最多在前"), gettext_lazy("消费最少在前")),
            Sort("newest", "created_at", "timestamptz", gettext_lazy("最近列入在前"), gettext_lazy("最早列入在前")),
        ],
    )
)
