"""The table of stores beside the board: those with red figures first, or by one figure; found by name; page by page. R161, R168.

A group may have hundreds of stores: lights and values are worked out for all of them, words for those of the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cheban.customers import stores
from cheban.scorecard import cells
from cheban.scorecard.definitions import BY_CODE, LISTED, light, values
from cheban.scorecard.targets import Goals

A_PAGE = 25
SEARCHED = 8
"""From so many stores on the table has a box to find one."""
BEST = ".best"
"""Behind an order's name: the best first."""
COLUMNS = [d for d in LISTED if d.is_tile] + [BY_CODE["kept_word"]]


@dataclass(frozen=True, slots=True)
class Place:
    """A store as the table knows it."""

    id: int
    name: str
    code: str
    city: str


@dataclass(slots=True)
class _Line:
    """A store with its figures in numbers: (part, whole, value, light) by column."""

    place: Place
    figures: list[tuple[int, int, Decimal | None, str]]
    red: int
    amber: int
    is_judged: bool

    @property
    def light(self) -> str:
        """The worst of its lights; kept only where something was judged."""
        return "broken" if self.red else "close" if self.amber else "kept" if self.is_judged else ""


def _lines(places: list[Place], sums: dict[tuple[int, str], tuple[int, int]], goals: Goals, on: date) -> list[_Line]:
    lines = []
    for place in places:
        figures, red, amber, kept = [], 0, 0, 0
        for definition in COLUMNS:
            part, whole = sums.get((place.id, definition.code), (0, 0))
            value, lit = None, ""
            if whole:
                goal = goals.of(definition.code, place.id, on)
                value = values(part, whole, definition.unit)
                lit = light(value, whole, definition=definition, target=goal.value, least=goal.least)
                red, amber, kept = red + (lit == "broken"), amber + (lit == "close"), kept + (lit == "kept")
            figures.append((part, whole, value, lit))
        lines.append(_Line(place, figures, red, amber, bool(red or amber or kept)))
    return lines


def _ordered(lines: list[_Line], sort: str) -> str:
    """Put the lines in order; returns the order in force, '' for red lights first."""
    code, best = sort.removesuffix(BEST), sort.endswith(BEST)
    index = next((i for i, d in enumerate(COLUMNS) if d.code == code), None)
    if code == "name":
        lines.sort(key=lambda r: r.place.name, reverse=best)
        return sort
    if index is None:
        lines.sort(key=lambda r: (-r.red, -r.amber, not r.is_judged, r.place.name))
        return ""
    sign = 1 if (COLUMNS[index].better == "more") is not best else -1
    lines.sort(key=lambda r: (r.figures[index][2] is None, sign * (r.figures[index][2] or 0), r.place.name))
    return sort


def table(
    places: list[Place],
    sums: dict[tuple[int, str], tuple[int, int]],
    goals: Goals,
    on: date,
    *,
    sort: str = "",
    words: str = "",
    page: int = 1,
) -> dict[str, Any]:
    """A page of stores in their order. `sums` holds (part, whole) by store and figure; `on` lies in the week whose
    targets judge; `sort` is a column, 'name' or '' (red lights first), with `BEST` behind it the other way round."""
    lines = _lines(places, sums, goals, on)
    red = sum(line.red > 0 for line in lines)
    if words.strip():
        left = {place.id for place in stores.found(places, words)}
        lines = [line for line in lines if line.place.id in left]
    sort = _ordered(lines, sort)
    pages = max(-(-len(lines) // A_PAGE), 1)
    page = min(max(page, 1), pages)
    first = (page - 1) * A_PAGE
    rows = lines[first : first + A_PAGE]
    return {
        "columns": [_heading("name", _("门店"), sort)] + [_heading(d.code, _(d.short), sort) for d in COLUMNS],
        "rows": [_row(line) for line in rows],
        "all": len(places),
        "count": len(lines),
        "red": red,
        "first": first + 1,
        "last": first + len(rows),
        "page": page,
        "pages": pages,
        "sort": sort,
        "words": words.strip(),
        "is_searched": len(places) >= SEARCHED,
    }


def _heading(code: str, title: str, sort: str) -> dict[str, Any]:
    """A column's heading: asked once it puts the worst (of names the first) in front, asked again the other end."""
    on, best = sort.removesuffix(BEST) == code, sort.endswith(BEST)
    more = code == "name" or BY_CODE[code].better == "more"
    return {
        "code": code,
        "title": title,
        "next": code + BEST if on and not best else code,
        "direction": ("descending" if best is more else "ascending") if on else "",
    }


def _row(line: _Line) -> dict[str, Any]:
    return {
        "id": line.place.id,
        "name": line.place.name,
        "light": line.light,
        "cells": [
            {"code": d.code, "shown": cells.number(value, d), "whole": whole, "light": lit}
            for d, (_part, whole, value, lit) in zip(COLUMNS, line.figures, strict=True)
        ],
    }
