"""What each grade asks. The sources give no numbers (R179): these are the house's, changed on the page, with history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core import clock
from cheban.org import levels
from cheban.org.access import Actor, audit, command
from cheban.org.levels import Level
from cheban.org.models import Store
from cheban.scorecard.career.models import CareerLadder
from cheban.scorecard.errors import Invalid
from cheban.scorecard.improvement.cases import clean

TITLES = {
    1: gettext_lazy("见习"),
    2: gettext_lazy("初级"),
    3: gettext_lazy("中级"),
    4: gettext_lazy("高级"),
    5: gettext_lazy("专家"),
}
"""Grade -> its name. Everybody begins with the first."""
LOWEST, HIGHEST = min(TITLES), max(TITLES)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a grade asks: whole months in the grade below, certificates that hold, percent of one's own measured figures
    on target in the last three full months, benchmark cases of one's own in the handbook."""

    months: int
    certificates: int
    reached: int
    cases: int


HOUSE = {2: Asked(3, 1, 60, 0), 3: Asked(12, 2, 75, 0), 4: Asked(18, 3, 85, 0), 5: Asked(24, 4, 90, 1)}
"""Grade -> what it asks, where nobody chose otherwise."""
MOST = Asked(months=120, certificates=20, reached=100, cases=20)
FIELDS = {
    "months": gettext_lazy("在上一级满几个月"),
    "certificates": gettext_lazy("有效证书几张"),
    "reached": gettext_lazy("近三个月指标达标 %"),
    "cases": gettext_lazy("进手册的案例几个"),
}
"""Field of `Asked` -> its words."""


class Ladders:
    """All ladders of some stores, read once; asked for a store."""

    def __init__(self, store_ids: Iterable[int]) -> None:
        """Two queries."""
        self._group = dict(Store.objects.filter(id__in=list(store_ids)).values_list("id", "group_id"))
        rows = CareerLadder.objects.filter(group_id__in=set(self._group.values())).order_by("group", "store", "-id")
        self._newest = {(row.group_id, row.store_id): row for row in reversed(list(rows))}

    def row(self, store_id: int) -> CareerLadder | None:
        """The row that holds in a store: its own, else its group's; None: the house's."""
        own = self._newest.get((self._group[store_id], store_id))
        found = own if own is not None and own.terms else self._newest.get((self._group[store_id], None))
        return found if found is not None and found.terms else None

    def of(self, store_id: int) -> dict[int, Asked]:
        """Grade -> what it asks in a store."""
        row = self.row(store_id)
        return {int(grade): Asked(**asked) for grade, asked in row.terms.items()} if row is not None else HOUSE


def level_of(text: str, actor: Actor) -> Level:
    """'group' or a store's id. Raises NotFound, NotPermitted."""
    return levels.level_of(text, actor, permission="target.change")


@command("target.change")
def change(*, by: Actor, level: Level, typed: Mapping[str, str], reason: str) -> CareerLadder:
    """Another ladder from now on; grades that were given stay. Raises Invalid naming the field."""
    levels.one_at_a_time(level)
    terms = {grade: _asked(grade, typed) for grade in HOUSE}
    why = clean(reason, name="reason", asked=_("请写明为什么调整，200 字以内：同事会看到。"), most=200)
    made = CareerLadder.objects.create(
        group_id=level.group_id,
        store_id=level.store_id,
        terms={str(grade): asdict(asked) for grade, asked in terms.items()},
        reason=why,
        by_id=by.staff_id,
        at=clock.now(),
    )
    audit(
        "career.ladder_changed",
        by=by,
        subject=f"store:{level.store_id or level.stores[0]}",
        store_id=level.store_id or level.stores[0],
        reason=why,
    )
    return made


def _asked(grade: int, typed: Mapping[str, str]) -> Asked:
    found: dict[str, int] = {}
    for name in FIELDS:
        key, most = f"{name}_{grade}", getattr(MOST, name)
        text = typed.get(key, "").strip()
        if not (text.isascii() and text.isdigit() and int(text) <= most):
            said = _("%(grade)s的“%(what)s”要填 0 到 %(most)d 的整数。") % {
                "grade": TITLES[grade],
                "what": FIELDS[name],
                "most": most,
            }
            raise Invalid(said, **{key: said})
        found[name] = int(text)
    return Asked(**found)


def rows(
    asked: Mapping[int, Asked], *, typed: Mapping[str, str] | None = None, wrong: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The ladder as a table: each grade with its name and a cell for each thing it asks (none for the first grade);
    after a refusal with what was typed and which cell is wrong."""
    return [
        {
            "title": title,
            "cells": [
                {
                    "key": f"{name}_{grade}",
                    "label": label,
                    "value": (typed or {}).get(f"{name}_{grade}", getattr(asked[grade], name)),
                    "most": getattr(MOST, name),
                    "is_wrong": f"{name}_{grade}" in (wrong or {}),
                }
                for name, label in FIELDS.items()
            ]
            if grade in asked
            else [],
        }
        for grade, title in TITLES.items()
    ]
