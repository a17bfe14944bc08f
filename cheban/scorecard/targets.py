"""Targets: which one judges which week, and how they are changed, with history and undo. R165-R168, R182.

A week is judged by the target that is valid on its Monday, so a change in the middle of a week or a month never moves
the goal of a week that has begun. A longer period is judged by the target of the newest week in it. A store's own
target stands before its group's, that before the house's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound
from cheban.core.events import record
from cheban.core.live import announce_all
from cheban.org import levels
from cheban.org.access import Actor, audit, command
from cheban.org.levels import Level
from cheban.org.models import Staff, Store
from cheban.scorecard.definitions import BY_CODE, Definition
from cheban.scorecard.errors import Invalid, JudgedAlready
from cheban.scorecard.models import Target, WeekLight

FURTHEST = timedelta(days=366)
MOST = {"percent": Decimal(100), "points": Decimal(100), "hours": Decimal(9999)}


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure has to reach, and how few things give no light."""

    value: Decimal
    least: int


class Goals:
    """All targets of some stores, read once; asked for a figure, a store and a week."""

    def __init__(self, store_ids: Iterable[int]) -> None:
        """Two queries."""
        self._group = dict(Store.objects.filter(id__in=list(store_ids)).values_list("id", "group_id"))
        groups = set(self._group.values())
        self._shared = min(groups) if len(groups) == 1 else None
        self._rows: dict[tuple[int, int | None, str], list[Target]] = {}
        found = Target.objects.filter(group_id__in=set(self._group.values()), withdrawn_at__isnull=True)
        for row in found.order_by("-valid_from", "-id"):
            self._rows.setdefault((row.group_id, row.store_id, row.metric), []).append(row)

    def of(self, metric: str, store_id: int | None, on: date) -> Goal:
        """The goal of the week that `on` lies in. `store_id` None: of the group that all these stores share."""
        monday = on - timedelta(days=on.weekday())
        group = self._group.get(store_id) if store_id is not None else self._shared
        for level in (store_id, None) if store_id is not None else (None,):
            for row in self._rows.get((group, level, metric), ()) if self._rows else ():
                if row.valid_from <= monday:
                    return Goal(row.value, row.least)
        definition = BY_CODE[metric]
        return Goal(definition.target, definition.least)


def _number(text: str, definition: Definition) -> Decimal:
    try:
        value = Decimal(text.strip()).quantize(Decimal("0.1"))
    except (InvalidOperation, AttributeError):
        raise Invalid(_("请填目标值，例如 95 或 97.5。"), value=_("请填一个数。")) from None
    if not 0 < value <= MOST[definition.unit]:
        most = MOST[definition.unit]
        raise Invalid(_("目标值要大于 0、不超过 %(n)s。") % {"n": most}, value=_("请改目标值。"))
    return value


def level_of(text: str, actor: Actor) -> Level:
    """'group' or a store's id. Raises NotFound, NotPermitted."""
    return levels.level_of(text, actor, permission="target.change")


@command("target.change")
def change(
    metric: str, *, by: Actor, level: Level, value: str, least: str, valid_from: date | None, reason: str
) -> Target:
    """Another target from a day on (today at the earliest); weeks that have begun keep theirs.

    Raises NotFound, Invalid naming the field.
    """
    definition = BY_CODE.get(metric)
    if definition is None or not definition.is_listed:
        raise NotFound(_("没有这项指标。"))
    number = _number(value, definition)
    if not (least.isascii() and least.isdigit() and 1 <= int(least) <= 1000):
        raise Invalid(_("亮灯所需的最少数量要在 1 到 1000 之间。"), least=_("请改数量。"))
    today = clock.today()
    if valid_from is None or not today <= valid_from <= today + FURTHEST:
        raise Invalid(_("生效日期要在今天或以后、一年之内：已经开始的周不改目标。"), valid_from=_("请改日期。"))
    why = " ".join((reason or "").split())
    if not 2 <= len(why) <= 200:
        raise Invalid(_("请写明为什么调整，200 字以内。"), reason=_("请写一句原因。"))
    levels.one_at_a_time(level)
    before = Goals(level.stores).of(metric, level.store_id, valid_from)
    made = Target.objects.create(
        group_id=level.group_id,
        store_id=level.store_id,
        metric=metric,
        value=number,
        least=int(least),
        valid_from=valid_from,
        reason=why,
        by_id=by.staff_id,
        at=clock.now(),
    )
    _tell(made, level.stores, by=by, before=before.value, after=number, action="target.changed")
    return made


@command("target.change")
def withdraw(target: Target, *, by: Actor, level: Level) -> Target:
    """Undo: as if it had not been set. Raises JudgedAlready once a week was judged while it was valid."""
    levels.one_at_a_time(level)
    locked = Target.objects.select_for_update().get(id=target.id)
    monday = locked.valid_from + timedelta(days=-locked.valid_from.weekday() % 7)
    judged = WeekLight.objects.filter(store_id__in=level.stores, metric=locked.metric, week__gte=monday)
    if locked.withdrawn_at is not None or judged.filter(judged_at__gte=locked.at).exists():
        raise JudgedAlready(_("已经有一周按这个目标评过灯（或它已被撤销），不能再撤销；请另设一个新目标。"))
    locked.withdrawn_at, locked.withdrawn_by_id = clock.now(), by.staff_id
    locked.save(update_fields=["withdrawn_at", "withdrawn_by_id"])
    after = Goals(level.stores).of(locked.metric, level.store_id, max(monday, clock.today()))
    _tell(locked, level.stores, by=by, before=locked.value, after=after.value, action="target.withdrawn")
    return locked


def _tell(target: Target, stores: tuple[int, ...], *, by: Actor, before: Decimal, after: Decimal, action: str) -> None:
    for store_id in stores:
        record(
            "target.changed",
            store_id=store_id,
            actor_id=by.staff_id,
            metric=target.metric,
            percent=str(after),
            valid_on=target.valid_from.isoformat(),
            **{"from": str(before)},
        )
    audit(
        action,
        by=by,
        subject=f"target:{target.id}",
        store_id=target.store_id or stores[0],
        reason=target.reason,
        metric=target.metric,
        value=str(target.value),
    )
    announce_all(("board", store_id) for store_id in stores)


def target(target_id: int) -> Target:
    """One target of the scope. Raises NotFound."""
    found = Target.objects.filter(id=target_id).first()
    if found is None:
        raise NotFound(_("没有这个目标，或不属于您的门店。"))
    return found


def choices(actor: Actor) -> list[tuple[str, str]]:
    """For whom this person may set targets: (value, words), the whole group first."""
    stores = list(Store.objects.filter(id__in=actor.stores).order_by("name"))
    found = [(str(s.id), s.name) for s in stores]
    groups = {s.group_id for s in stores}
    if len(groups) == 1:
        of_group = set(Store.objects.filter(group_id__in=groups).values_list("id", flat=True))
        if levels.may_for_group(actor, of_group, permission="target.change"):
            found.insert(0, ("group", _("全集团")))
    return found


def history(metric: str) -> list[dict[str, Any]]:
    """All targets a figure ever had in this scope, the newest first: value, from when, for whom, who, why. Three queries."""
    rows = list(Target.objects.filter(metric=metric).order_by("-valid_from", "-id")[:200])
    stores = dict(Store.objects.filter(id__in={r.store_id for r in rows if r.store_id}).values_list("id", "name"))
    people = {r.by_id for r in rows} | {r.withdrawn_by_id for r in rows}
    names = dict(Staff.objects.filter(id__in=people - {None}).values_list("id", "name"))
    today = clock.today()
    return [
        {
            "target": row,
            "where": stores.get(row.store_id, "") if row.store_id else _("全集团"),
            "level": str(row.store_id) if row.store_id else "group",
            "by": names.get(row.by_id, _("系统")),
            "withdrawn_by": names.get(row.withdrawn_by_id, ""),
            "judges_from": row.valid_from + timedelta(days=-row.valid_from.weekday() % 7),
            "is_coming": row.valid_from > today,
        }
        for row in rows
    ]
