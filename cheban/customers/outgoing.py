"""Customers as columns of a file: what the list shows, masked as it shows it, ten thousand at once. R018, R019, Y09.

One statement reads a part, and a column at a time is turned into values: rows as objects cost four times as much.
Words and masks are the screen's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import clock, privacy
from cheban.customers import choices, quality, queries
from cheban.customers.fields import lists as fields
from cheban.customers.plate import display_plate
from cheban.lists.spec import Out

OUT: dict[str, tuple[Out, ...]] = {
    "name": (
        Out(gettext_lazy("姓名"), "name"),
        Out(gettext_lazy("类型"), "kind"),
        Out(gettext_lazy("拒绝联系"), "refused"),
    ),
    "cars": (Out(gettext_lazy("车牌"), "plates"), Out(gettext_lazy("车系"), "series")),
    "phone": (Out(gettext_lazy("电话"), "phone"),),
    "marks": (Out(gettext_lazy("等级"), "tier"), Out(gettext_lazy("标签"), "tags")),
    "last_visit": (Out(gettext_lazy("上次到店"), "last_visit_on", "date"),),
    "visits": (Out(gettext_lazy("到店次数"), "visits", "number"),),
    "spent": (Out(gettext_lazy("累计消费（元）"), "spent_fen", "yuan"),),
    "complete": (Out(gettext_lazy("档案完整度"), "score", "number"), Out(gettext_lazy("缺少"), "missing")),
    "keeper": (Out(gettext_lazy("档案负责人"), "keeper"),),
    "review": (Out(gettext_lazy("下次核查"), "review_on", "date"),),
    "source": (Out(gettext_lazy("来源"), "source"),),
    "channel": (Out(gettext_lazy("偏好渠道"), "channel"),),
    "preferred_time": (Out(gettext_lazy("偏好时间"), "preferred_time"),),
    "region": (Out(gettext_lazy("地区"), "region"),),
    "customer_no": (Out(gettext_lazy("客户编号"), "customer_no"),),
    "created": (Out(gettext_lazy("建档"), "created_at", "moment"),),
}
"""Column of the list -> its cells in a file."""

_APART = "\x1f"
_READ: dict[str, tuple[str, ...]] = {
    "name": ("c.name",),
    "kind": ("c.kind",),
    "refused": (
        "CASE WHEN 'all' = ANY (c.refused_purposes) THEN 'all' WHEN c.refused_purposes <> '{}' THEN 'some' END",
    ),
    "plates": ("v.plates",),
    "series": ("v.series",),
    "phone": ("p.own", "p.kind", "p.value_sealed"),
    "tier": ("c.tier",),
    "tags": (f"array_to_string(c.tags, '{_APART}')",),
    "score": ("c.id::text",),
    "missing": ("c.id::text",),
    "keeper": ("c.keeper_id",),
    "source": ("c.source",),
    "channel": ("c.preferred_channel",),
}
"""Cell -> the expressions that it is made of; the others are columns of their own name."""
_CUSTOMER = """CROSS JOIN LATERAL (SELECT * FROM customers_customer WHERE id = i.id AND erased_at IS NULL OFFSET 0) c"""
"""OFFSET 0 keeps the planner to one look-up for each id: joined plainly, it reads all customers for every part."""
_PHONE = """LEFT JOIN LATERAL (SELECT id::text AS own, kind, value_sealed FROM customers_contactpoint
            WHERE customer_id = c.id ORDER BY is_primary DESC, created_at, id LIMIT 1) p ON true"""
_CARS = f"""LEFT JOIN LATERAL (SELECT string_agg(nullif(plate_number, ''), '{_APART}' ORDER BY last_visit_on DESC) AS plates,
            string_agg(coalesce(nullif(series, ''), nullif(brand, '')), '{_APART}' ORDER BY last_visit_on DESC) AS series
            FROM customers_vehicle WHERE owner_id = c.id) v ON true"""  # noqa: S608 - SQL of ours

Vector = Sequence[Any]


def vectors(ids: Sequence[UUID | str], columns: Sequence[str]) -> list[Vector]:
    """The customers of these ids that are still there, in this order: one vector for each cell of the columns.

    One query; one more for each of completeness, keepers and custom fields where it is wanted.
    """
    own = fields.cells_of(columns)
    cells = [cell for code in columns for cell in ([out.value for out in OUT[code]] if code in OUT else [code])]
    reads = [(own[cell][0],) if cell in own else _READ.get(cell, (f"c.{cell}",)) for cell in cells]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT {", ".join(e for each in reads for e in each)}
                FROM unnest(%s::uuid[]) WITH ORDINALITY i(id, n) {_CUSTOMER} {_PHONE if "phone" in cells else ""}
                {_CARS if "plates" in cells else ""} ORDER BY i.n""",  # noqa: S608
            [list(map(str, ids))],
        )
        found = cursor.fetchall()
    if not found:
        return [() for _cell in cells]
    raw, at = list(zip(*found, strict=True)), 0
    result: list[Vector] = []
    makers = {**_makers(), **{name: maker for name, (_sql, maker) in own.items()}}
    for cell, read in zip(cells, reads, strict=True):
        own = raw[at : at + len(read)]
        at += len(read)
        result.append(makers[cell](*own) if cell in makers else own[0])
    return result


def _makers() -> Mapping[str, Callable[..., Vector]]:
    """Cell -> how raw vectors become its values, in the reader's language."""
    joint = _("、")
    return {
        "kind": _words(choices.KIND),
        "tier": _words(choices.TIER),
        "source": _words(choices.SOURCE),
        "channel": _words(choices.CHANNEL),
        "refused": _words((("all", _("勿扰")), ("some", _("有拒绝")))),
        "plates": lambda raw: [
            display_plate(v) if v and _APART not in v else joint.join(map(display_plate, v.split(_APART))) if v else ""
            for v in raw
        ],
        "series": lambda raw: [joint.join(dict.fromkeys(v.split(_APART))) if v else "" for v in raw],
        "tags": lambda raw: [v.replace(_APART, joint) if v else "" for v in raw],
        "phone": _phones,
        "keeper": _keepers,
        "score": lambda ids: [c.score if c else None for c in _complete(ids)],
        "missing": lambda ids: [joint.join(str(f.label) for f in c.missing) if c else "" for c in _complete(ids)],
    }


def _words(pairs: Iterable[tuple[str, Any]]) -> Callable[[Vector], Vector]:
    """Codes -> their words, translated once and not for every row."""
    known = {code: str(label) for code, label in pairs}
    return lambda raw: [known.get(code, code) for code in raw]


def _phones(ids: Vector, kinds: Vector, sealed: Vector) -> Vector:
    """The first contact point of each, masked: the one that the list shows."""
    masked, unseal = queries.masked, privacy.unseal
    return [
        masked(kind, unseal(blob, bound_to=f"customers_contactpoint.value:{own}")) if own else ""
        for own, kind, blob in zip(ids, kinds, sealed, strict=True)
    ]


def _keepers(raw: Vector) -> Vector:
    names = quality.names({keeper for keeper in raw if keeper})
    return [names.get(keeper, "") for keeper in raw]


def _complete(ids: Vector) -> list[quality.Completeness | None]:
    found = quality.of([UUID(each) for each in ids], today=clock.today())
    return [found.get(UUID(each)) for each in ids]
