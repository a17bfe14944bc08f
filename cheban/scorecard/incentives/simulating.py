"""What another scheme would have made of last month, person by person, before anybody saves it. R183."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from cheban.org.models import Staff, Store
from cheban.scorecard.incentives import reckoning
from cheban.scorecard.incentives.months import following
from cheban.scorecard.incentives.schemes import Schemes
from cheban.scorecard.incentives.terms import Terms, split, times
from cheban.scorecard.models import CommissionBase, Statement


@dataclass(frozen=True, slots=True)
class Side:
    """One person's month under one scheme."""

    factor: int
    pay_fen: int | None
    bonus_fen: int

    @property
    def total_fen(self) -> int:
        """All amounts; without a base the bonuses alone."""
        return (self.pay_fen or 0) + self.bonus_fen


def simulate(terms: Terms | None, store_ids: Collection[int], month: date) -> dict[str, Any]:
    """A month's factors and amounts by the schemes that held and by `terms` (None: the group's own), with totals.

    Corrections are left out: they belong to other months. Works out both sides from the same records, whether the
    month is approved or not. About ten queries.
    """
    schemes = Schemes(store_ids)
    roles = {(s, p): role for (s, p), role in reckoning.roles_now(store_ids).items()}
    for store, person, role in Statement.objects.filter(store_id__in=store_ids, month=month).values_list(
        "store_id", "person_id", "role"
    ):
        roles[store, person] = role
    bases = {
        (b.store_id, b.person_id): b.fen for b in CommissionBase.objects.filter(store_id__in=store_ids, month=month)
    }
    found = reckoning.measured(store_ids, [month])
    wins = [w for w in reckoning.won(store_ids, month, schemes, all_kinds=True) if w.month == month]
    people = sorted({*roles, *bases, *((w.store_id, w.person_id) for w in wins)})
    rows = []
    for store_id, person_id in people:
        role = roles.get((store_id, person_id), "")
        measured = found(store_id, person_id, month)
        mine = [w for w in wins if (w.store_id, w.person_id) == (store_id, person_id)]
        old = schemes.of(store_id, month).terms
        new = terms or schemes.of(None, month).terms
        sides = [_side(each, role, measured, bases.get((store_id, person_id)), mine) for each in (old, new)]
        rows.append(
            {
                "store_id": store_id,
                "person_id": person_id,
                "role": role,
                "old": sides[0],
                "new": sides[1],
                "difference_fen": sides[1].total_fen - sides[0].total_fen,
                "has_base": (store_id, person_id) in bases,
                "differs": sides[0] != sides[1],
            }
        )
    names = dict(Staff.objects.filter(id__in={r["person_id"] for r in rows}).values_list("id", "name"))
    stores = dict(Store.objects.filter(id__in=list(store_ids)).values_list("id", "name"))
    for row in rows:
        row["person"], row["store"] = names.get(row["person_id"], "—"), stores.get(row["store_id"], "")
    rows.sort(key=lambda r: (-abs(r["difference_fen"]), not r["differs"], r["store"], r["person"]))
    return {
        "month": month,
        "until": following(month),
        "rows": rows,
        "changed": sum(r["differs"] for r in rows),
        "old_fen": sum(r["old"].total_fen for r in rows),
        "new_fen": sum(r["new"].total_fen for r in rows),
        "difference_fen": sum(r["difference_fen"] for r in rows),
        "without_base": sum(not r["has_base"] and bool(r["role"]) for r in rows),
    }


def _side(terms: Terms, role: str, measured: Any, base: int | None, wins: list[reckoning.Bonus]) -> Side:
    factor = reckoning.factor_of(terms, role, measured).value
    bonus = 0
    for win in wins:
        percent = win.share if win.side == "service" else 100 - win.share
        parts = split(terms.bonus.get(win.kind, 0), percent)
        bonus += parts[0] if win.side == "service" else parts[1]
    return Side(factor, None if base is None else times(base, factor), bonus)
