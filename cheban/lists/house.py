"""Who works here, as a list of a room below this one: its page asks the slot `list.page` (the others: house_*.py).

org cannot import the list machine, which needs org for stores and permissions; so its lists are declared here. R019, Y09.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.lists.spec import Column, Filter, ListSpec, Out, Sort, declare
from cheban.org import scope
from cheban.org.models import Staff, StaffRole, Store
from cheban.org.roles import Role

_IN_SCOPE = RawSQL(f"SELECT s FROM {scope.STORES} s", [])  # noqa: S608 - SQL of ours
"""The stores of the running scope: roles lie in an open table, so the list narrows them itself."""


def _held(**conditions: Any) -> Q:
    """People with a role in one of the scope's stores."""
    return Q(Exists(StaffRole.objects.filter(staff=OuterRef("pk"), store_id__in=_IN_SCOPE, **conditions)))


def _dress_staff(rows: list[Any]) -> None:
    """Each person's roles in the scope: `roles` [{id, role, label, store}], `roles_text`. One query."""
    held: dict[int, list[dict[str, Any]]] = defaultdict(list)
    found = StaffRole.objects.filter(staff_id__in=[p.id for p in rows], store_id__in=_IN_SCOPE)
    for one in found.select_related("store").order_by("store__name", "id"):
        held[one.staff_id].append({"id": one.id, "role": one.role, "label": Role(one.role).label, "store": one.store})
    for person in rows:
        person.held = held[person.id]
        person.held_text = _("、").join(f"{h['label']}（{h['store'].name}）" for h in person.held)


def _stores(stores: Sequence[int]) -> list[tuple[str, str]]:
    return [
        (str(i), name) for i, name in Store.objects.filter(id__in=stores).order_by("name").values_list("id", "name")
    ]


STAFF = declare(
    ListSpec(
        code="staff",
        title=gettext_lazy("人员与角色"),
        permission="staff.see",
        url="org:staff",
        model=Staff,
        cells="lists/staff",
        dress=_dress_staff,
        base=_held(),
        by_store=False,
        counts_people=True,
        columns=[
            Column(
                "name", gettext_lazy("同事"), css="nowrap s-main", fixed=True, out=[Out(gettext_lazy("同事"), "name")]
            ),
            Column("login", gettext_lazy("登录名"), out=[Out(gettext_lazy("登录名"), "login")]),
            Column("roles", gettext_lazy("角色"), css="s-sub", out=[Out(gettext_lazy("角色"), "held_text")]),
            Column(
                "active",
                gettext_lazy("登录"),
                out=[Out(gettext_lazy("登录"), lambda p: _("可以") if p.is_active else _("已停用"))],
            ),
            Column(
                "created",
                gettext_lazy("添加时间"),
                sort="newest",
                css="num",
                shown=False,
                out=[Out(gettext_lazy("添加时间"), "created_at", "moment")],
            ),
        ],
        filters=[
            Filter(
                "q",
                gettext_lazy("找姓名或登录名"),
                "search",
                lambda v, today: Q(name__icontains=v) | Q(login__icontains=v),
            ),
            Filter("role", gettext_lazy("角色"), "choice", lambda v, today: _held(role=v), choices=Role.choices),
            Filter("store", gettext_lazy("门店"), "choice", lambda v, today: _held(store_id=int(v)), choices=_stores),
            Filter(
                "active",
                gettext_lazy("登录"),
                "choice",
                lambda v, today: Q(is_active=v == "yes"),
                choices=[("yes", gettext_lazy("可以登录")), ("no", gettext_lazy("已停用"))],
            ),
        ],
        sorts=[
            Sort("newest", "id", "bigint", gettext_lazy("最近添加在前"), gettext_lazy("最早添加在前")),
            Sort("name", "name", "text", gettext_lazy("姓名从后往前"), gettext_lazy("姓名从前往后")),
        ],
    )
)
