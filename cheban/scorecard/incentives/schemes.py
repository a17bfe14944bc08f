"""Which scheme holds in which month, and how it is changed: versions with who and why, never of a month that has begun.
R182-R183.

The newest version valid on a month's first day holds for the whole of it; a store's own stands before its group's,
that before the house's. Whoever is measured knows the rules before the month begins; only the very first scheme may
still hold from this month on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import BadValue
from cheban.core.events import record
from cheban.core.live import announce_all
from cheban.core.money import parse_fen
from cheban.org import levels
from cheban.org.access import Actor, audit, command
from cheban.org.levels import Level
from cheban.org.models import Staff, Store
from cheban.scorecard.definitions import BY_CODE
from cheban.scorecard.errors import Invalid
from cheban.scorecard.incentives.months import first_of, following, words
from cheban.scorecard.incentives.terms import HOUSE, KINDS, METRICS, Terms, check_steps, from_json
from cheban.scorecard.models import IncentiveScheme

ROWS = 6
"""Rows of a table in the form."""
FURTHEST_MONTHS = 12
MOST_BONUS_FEN = 10_000_000


@dataclass(frozen=True, slots=True)
class Valid:
    """Terms with the version they come from; None: the house's own."""

    terms: Terms
    scheme_id: int | None


class Schemes:
    """All versions of some stores, read once; asked for a store and a month."""

    def __init__(self, store_ids: Iterable[int]) -> None:
        """Two queries."""
        self._group = dict(Store.objects.filter(id__in=list(store_ids)).values_list("id", "group_id"))
        self._rows: dict[tuple[int, int | None], list[IncentiveScheme]] = {}
        found = IncentiveScheme.objects.filter(group_id__in=set(self._group.values()))
        for row in found.order_by("-valid_from", "-id"):
            self._rows.setdefault((row.group_id, row.store_id), []).append(row)

    def of(self, store_id: int | None, month: date) -> Valid:
        """What holds in a month (any day of it). `store_id` None: of the group that all these stores share."""
        first = first_of(month)
        groups = set(self._group.values())
        group = self._group.get(store_id) if store_id is not None else (min(groups) if len(groups) == 1 else None)
        for level in (store_id, None) if store_id is not None else (None,):
            row = next((r for r in self._rows.get((group, level), ()) if r.valid_from <= first), None)
            if row is not None and row.terms:
                return Valid(from_json(row.terms), row.id)
        return Valid(HOUSE, None)

    def is_first(self, level: Level) -> bool:
        """Whether nobody ever chose a scheme for this level."""
        return not self._rows.get((level.group_id, level.store_id))


def level_of(text: str, actor: Actor) -> Level:
    """'group' or a store's id. Raises NotFound, NotPermitted."""
    return levels.level_of(text, actor, permission="incentive.change")


def choices(actor: Actor) -> list[tuple[str, str]]:
    """For whom this person may change the scheme: (value, words), the whole group first. Three queries at most."""
    stores = list(Store.objects.filter(id__in=actor.stores).order_by("name"))
    found = [(str(s.id), s.name) for s in stores]
    groups = {s.group_id for s in stores}
    if len(groups) == 1:
        of_group = set(Store.objects.filter(group_id__in=groups).values_list("id", flat=True))
        if levels.may_for_group(actor, of_group, permission="incentive.change"):
            found.insert(0, ("group", _("全集团")))
    return found


def months_ahead(today: date, *, with_this: bool) -> list[date]:
    """First days of months from which on a scheme may hold."""
    found = [first_of(today)]
    while len(found) <= FURTHEST_MONTHS:
        found.append(following(found[-1]))
    return found if with_this else found[1:]


@command("incentive.change")
def change(terms: Terms | None, *, by: Actor, level: Level, valid_from: date | None, reason: str) -> IncentiveScheme:
    """Another scheme from a month on; None: the store follows its group again. Raises Invalid naming the field."""
    levels.one_at_a_time(level)
    known = Schemes(level.stores)
    allowed = months_ahead(clock.today(), with_this=known.is_first(level))
    if valid_from not in allowed:
        raise Invalid(
            _("方案从还没有开始的月份起用，最早 %(month)s：被考核的人月初就知道规则，已经开始的月份不变。")
            % {"month": words(allowed[0])},
            valid_from=_("请改月份。"),
        )
    if terms is None and level.store_id is None:
        raise Invalid(_("集团的方案不能跟随集团，请填写方案。"), level=_("请选一家门店。"))
    why = " ".join((reason or "").split())
    if not 2 <= len(why) <= 200:
        raise Invalid(_("请写明为什么调整，200 字以内：被考核的人会看到。"), reason=_("请写一句原因。"))
    made = IncentiveScheme.objects.create(
        group_id=level.group_id,
        store_id=level.store_id,
        valid_from=valid_from,
        terms=terms.as_json() if terms else {},
        reason=why,
        by_id=by.staff_id,
        at=clock.now(),
    )
    for store_id in level.stores:
        record(
            "incentive.scheme_changed",
            store_id=store_id,
            actor_id=by.staff_id,
            scheme_id=made.id,
            valid_on=valid_from.isoformat(),
        )
    audit(
        "incentive.scheme_changed",
        by=by,
        subject=f"scheme:{made.id}",
        store_id=level.store_id or level.stores[0],
        reason=why,
        valid_from=valid_from.isoformat(),
    )
    announce_all(("pay", store_id) for store_id in level.stores)
    return made


def history(store_ids: Iterable[int]) -> list[dict[str, Any]]:
    """All versions in this scope, the newest first: from when, for whom, what, why, who. Three queries."""
    groups = set(Store.objects.filter(id__in=list(store_ids)).values_list("group_id", flat=True))
    rows = list(IncentiveScheme.objects.filter(group_id__in=groups).order_by("-valid_from", "-id")[:100])
    stores = dict(Store.objects.filter(id__in={r.store_id for r in rows if r.store_id}).values_list("id", "name"))
    people = dict(Staff.objects.filter(id__in={r.by_id for r in rows if r.by_id}).values_list("id", "name"))
    first = first_of(clock.today())
    return [
        {
            "scheme": row,
            "where": stores.get(row.store_id, "") if row.store_id else _("全集团"),
            "by": people.get(row.by_id, _("系统")),
            "is_coming": row.valid_from > first,
            "terms": from_json(row.terms) if row.terms else None,
        }
        for row in rows
    ]


def read(typed: dict[str, str]) -> Terms:
    """Terms out of a form: weight, least, step_from_1, step_gives_1 and so on. Raises Invalid naming what and where."""
    wrong: dict[str, str] = {}
    weight = _whole(typed, "weight", 0, 50, wrong)
    least = _whole(typed, "least", 1, 1000, wrong)
    bonus = {kind: _yuan(typed, f"bonus_{kind}", wrong) for kind in KINDS}
    weights = {metric: _whole(typed, f"weight_{metric}", 0, 100, wrong) for metric in METRICS}
    steps = _table(typed, "step", 0, 100, 1, wrong, _("满意度表"))
    coefficients = _table(typed, "rate", 0, 3, 1000, wrong, _("系数表"))
    if not wrong and sum(weights.values()) != 100:
        total = sum(weights.values())
        wrong[f"weight_{METRICS[0]}"] = _("三项权重合起来是 %(n)d，要等于 100。") % {"n": total}
    if wrong:
        raise Invalid(next(iter(wrong.values())), **wrong)
    return Terms(weight, steps, least, bonus, weights, coefficients)


def typed_of(terms: Terms) -> dict[str, str]:
    """What stands in the form for terms."""
    found = {"weight": str(terms.weight), "least": str(terms.least)}
    found |= {f"bonus_{kind}": f"{fen / 100:.2f}".removesuffix(".00") for kind, fen in terms.bonus.items()}
    found |= {f"weight_{metric}": str(share) for metric, share in terms.weights.items()}
    for number in range(1, ROWS + 1):
        step = terms.steps[number - 1] if number <= len(terms.steps) else None
        rate = terms.coefficients[number - 1] if number <= len(terms.coefficients) else None
        found[f"step_from_{number}"], found[f"step_gives_{number}"] = (str(step[0]), str(step[1])) if step else ("", "")
        found[f"rate_from_{number}"], found[f"rate_gives_{number}"] = (
            (str(rate[0]), f"{rate[1] / 1000:.3f}".removesuffix("0")) if rate else ("", "")
        )
    return found


def _label(name: str) -> str:
    labels = {"weight": _("满意度权重"), "least": _("最少评价份数")}
    labels |= {f"bonus_{kind}": str(word) for kind, word in KINDS.items()}
    labels |= {f"weight_{metric}": _(BY_CODE[metric].short) for metric in METRICS}
    return labels[name]


def _whole(typed: dict[str, str], name: str, least: int, most: int, wrong: dict[str, str]) -> int:
    text = typed.get(name, "").strip().removesuffix("%").strip()
    if text.isascii() and text.isdigit() and least <= int(text[:9]) <= most:
        return int(text)
    wrong[name] = _("“%(what)s”要填 %(least)d 到 %(most)d 的整数。") % {
        "what": _label(name),
        "least": least,
        "most": most,
    }
    return 0


def _yuan(typed: dict[str, str], name: str, wrong: dict[str, str]) -> int:
    try:
        fen = parse_fen(typed.get(name, ""))
    except BadValue as refusal:
        wrong[name] = f"{_label(name)}：{refusal.problem}"
        return 0
    if not 0 <= fen <= MOST_BONUS_FEN:
        wrong[name] = _("“%(what)s”的奖励要在 0 到 100,000 元之间。") % {"what": _label(name)}
    return fen


def _table(
    typed: dict[str, str], name: str, least: int, most: int, times: int, wrong: dict[str, str], title: str
) -> tuple[tuple[int, int], ...]:
    """Rows of a table, the highest first; rows without any text are left out."""
    found: list[tuple[int, int]] = []
    places: list[int] = []
    for number in range(1, ROWS + 1):
        floor, gives = (typed.get(f"{name}_{part}_{number}", "").strip() for part in ("from", "gives"))
        if not floor and not gives:
            continue
        if not (floor.isascii() and floor.isdigit() and int(floor[:6]) <= 100):
            wrong[f"{name}_{number}"] = _("%(table)s第 %(row)d 行：“从多少分起”要填 0 到 100 的整数。") % {
                "table": title,
                "row": number,
            }
            continue
        value = _decimal(gives, times)
        if value is None or not least * times <= value <= most * times:
            wrong[f"{name}_{number}"] = _("%(table)s第 %(row)d 行：“得多少”要在 %(least)d 到 %(most)d 之间。") % {
                "table": title,
                "row": number,
                "least": least,
                "most": most,
            }
            continue
        found.append((int(floor), value))
        places.append(number)
    if not any(key.startswith(f"{name}_") for key in wrong) and (problem := check_steps(found)):
        _tell_table(problem, places, name, title, wrong)
    return tuple(sorted(found, reverse=True))


def _tell_table(
    problem: tuple[str, dict[str, int]], places: list[int], name: str, title: str, wrong: dict[str, str]
) -> None:
    what, facts = problem
    if what == "overlap":
        row, other = places[facts["row"] - 1], places[facts["other"] - 1]
        wrong[f"{name}_{row}"] = _("%(table)s重叠：第 %(other)d 行和第 %(row)d 行都从 %(points)d 分起。") % {
            "table": title,
            "other": other,
            "row": row,
            "points": facts["points"],
        }
    elif what == "gap":
        wrong[f"{name}_{places[-1]}"] = _("%(table)s有空档：低于 %(points)d 分没有规定，最后一行要从 0 分起。") % {
            "table": title,
            "points": facts["points"],
        }
    else:
        wrong[f"{name}_1"] = _("%(table)s是空的：至少要有一行，从 0 分起。") % {"table": title}


def _decimal(text: str, times: int) -> int | None:
    """'1.05' x 1000 -> 1050; None for anything that is not exact."""
    whole, _point, part = text.removesuffix("%").strip().partition(".")
    digits = len(str(times)) - 1
    if not (whole.isascii() and whole.isdigit() and len(whole) < 5 and len(part) <= digits):
        return None
    if part and not (part.isascii() and part.isdigit()):
        return None
    return int(whole) * times + int((part or "0").ljust(digits, "0") or 0)
