"""What somebody asks of a list: filters, order, place; read from an address, and written as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from cheban.lists.spec import Filter, ListSpec, Sort

UP = ".up"
"""Behind an order's name: the smallest first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Filters in force by code (typed), the order, whether the smallest comes first, the place, the saved view."""

    values: Mapping[str, Any] = field(default_factory=dict)
    sort: str = ""
    up: bool = False
    after: str = ""
    view: int | None = None

    def query(self, **changes: Any) -> str:
        """The address's query of this, without the place; so that it can be kept and opened again."""
        asked = replace(self, **changes) if changes else self
        parts = {code: "1" if value is True else str(value) for code, value in asked.values.items()}
        if asked.sort:
            parts["sort"] = asked.sort + (UP if asked.up else "")
        return urlencode(parts)


def read(spec: ListSpec, got: Mapping[str, str], stores: Sequence[int]) -> Asked:
    """What an address asks of a list. Unknown names and values are left out: they mean nothing here."""
    values = {}
    for each in spec.filters:
        if text := got.get(each.code, ""):
            value = each.read(text, stores)
            if value is not None:
                values[each.code] = value
    sort = got.get("sort", "")
    up, code = sort.endswith(UP), sort.removesuffix(UP)
    view = got.get("view", "")
    known = spec.sort(code) is not None
    return Asked(
        values=values,
        sort=code if known else "",
        up=up if known else spec.sorts[0].up,
        after=got.get("after", "")[:200],
        view=int(view) if view.isascii() and view.isdigit() and len(view) < 18 else None,
    )


def order(spec: ListSpec, asked: Asked) -> Sort:
    """The order in force: the asked one or the list's first."""
    return spec.sort(asked.sort) or spec.sorts[0]


def chip_words(each: Filter, value: Any, stores: Sequence[int]) -> str:
    """'等级：金卡', '12 个月未到店'."""
    if each.words is not None:
        return each.words(value)
    if each.kind == "flag":
        return str(each.label)
    if each.kind == "search":
        return _("含“%(words)s”") % {"words": value}
    words = dict(each.options(stores)).get(value, value) if each.kind == "choice" else f"{value} {each.unit}".strip()
    return _("%(label)s：%(words)s") % {"label": each.label, "words": words}


def chips(spec: ListSpec, asked: Asked, stores: Sequence[int]) -> list[dict[str, str]]:
    """The filters in force: code, words, and the address that takes each off."""
    found = []
    for code, value in asked.values.items():
        rest = {k: v for k, v in asked.values.items() if k != code}
        found.append(
            {
                "code": code,
                "label": chip_words(spec.filter(code), value, stores),
                "url": "?" + (asked.query(values=rest) or "all=1"),
            }
        )
    return found


def headings(spec: ListSpec, asked: Asked, codes: Sequence[str]) -> list[dict[str, Any]]:
    """The heading of each shown column: label, css, and for an order its address and direction."""
    found, now = [], order(spec, asked)
    for code in codes:
        column = spec.column(code)
        one: dict[str, Any] = {"code": code, "label": column.label, "css": column.css}
        if column.sort:
            on = now.code == column.sort
            one |= {
                "url": "?" + asked.query(sort=column.sort, up=on and not asked.up),
                "direction": ("ascending" if asked.up else "descending") if on else "",
            }
        found.append(one)
    return found
