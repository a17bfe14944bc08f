"""The list of imports, declared. Y09, R021."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy

from cheban.customers.importing import kinds
from cheban.customers.models import ImportBatch
from cheban.lists.spec import Column, Filter, ListSpec, Out, Sort, declare
from cheban.org.models import Staff

_DONE = ("done",)
_LOOKED_THROUGH = ("done", "ready")


def _dress(rows: list[Any]) -> None:
    """What kind of rows, and who brought them in. One query."""
    names = dict(Staff.objects.filter(id__in={b.by_id for b in rows if b.by_id}).values_list("id", "name"))
    for batch in rows:
        batch.kind_label, batch.by_name = kinds.label(batch.kind), names.get(batch.by_id, "")


def _kinds(_stores: Sequence[int]) -> list[tuple[str, Any]]:
    return [(code, writer.label) for code, writer in kinds.WRITERS.items()]


def _people(stores: Sequence[int]) -> list[tuple[str, str]]:
    found = Staff.objects.filter(roles__store_id__in=stores).distinct().order_by("name").values_list("id", "name")
    return [(str(i), name) for i, name in found]


def _count(attribute: str, states: tuple[str, ...]) -> Any:
    """A count that means something in these states only."""
    return lambda batch: getattr(batch, attribute) if batch.state in states else None


SPEC = declare(
    ListSpec(
        code="imports",
        title=gettext_lazy("导入记录"),
        permission="import.see",
        url="customers:imports",
        model=ImportBatch,
        cells="customers/import_cells",
        dress=_dress,
        columns=[
            Column(
                "file", gettext_lazy("文件"), css="s-main", fixed=True, out=[Out(gettext_lazy("文件"), "file_name")]
            ),
            Column("kind", gettext_lazy("种类"), css="s-sub", out=[Out(gettext_lazy("种类"), "kind_label")]),
            Column(
                "state", gettext_lazy("状态"), out=[Out(gettext_lazy("状态"), lambda batch: batch.get_state_display())]
            ),
            Column(
                "total", gettext_lazy("总行数"), css="num", out=[Out(gettext_lazy("总行数"), "rows_total", "number")]
            ),
            Column(
                "accepted",
                gettext_lazy("写入"),
                css="num",
                out=[Out(gettext_lazy("写入"), _count("accepted", _DONE), "number")],
            ),
            Column(
                "unchanged",
                gettext_lazy("无变化"),
                css="num",
                out=[Out(gettext_lazy("无变化"), _count("unchanged", _DONE), "number")],
            ),
            Column(
                "rejected",
                gettext_lazy("待改正"),
                css="num",
                out=[Out(gettext_lazy("待改正"), _count("rejected", _LOOKED_THROUGH), "number")],
            ),
            Column("by", gettext_lazy("谁"), out=[Out(gettext_lazy("谁"), "by_name")]),
            Column(
                "created",
                gettext_lazy("时间"),
                sort="newest",
                css="num s-end",
                out=[Out(gettext_lazy("时间"), "created_at", "moment")],
            ),
        ],
        filters=[
            Filter("q", gettext_lazy("找文件名"), "search", lambda v, today: Q(file_name__icontains=v)),
            Filter(
                "state", gettext_lazy("状态"), "choice", lambda v, today: Q(state=v), choices=ImportBatch.State.choices
            ),
            Filter("kind", gettext_lazy("种类"), "choice", lambda v, today: Q(kind=v), choices=_kinds),
            Filter("by", gettext_lazy("谁"), "choice", lambda v, today: Q(by_id=int(v)), choices=_people),
            Filter(
                "wrong",
                gettext_lazy("有待改正的行"),
                "flag",
                lambda v, today: Q(rejected__gt=0, state__in=_LOOKED_THROUGH),
            ),
        ],
        sorts=[Sort("newest", "created_at", "timestamptz", gettext_lazy("最新在前"), gettext_lazy("最早在前"))],
    )
)
