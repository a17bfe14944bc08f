"""How much compensation a role may grant by itself: the house's table, changed by a group, changed by a store. R124.

Rows are only added: of each role and level the newest counts, all of them are the history. A row without an amount goes
back to the level above. Nobody gives more than they may grant themselves, so nobody raises their own limit but the
group's administrator, up to the house's most; and a higher rung of the ladder never grants less than a lower one.
What waits for an approval stays where it was asked: the limit of the moment of approving decides, and the ladder of
its rule takes it up when that person's is too low now.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.events import record
from cheban.core.money import format_fen
from cheban.org import levels
from cheban.org.access import Actor, audit, command
from cheban.org.levels import Level
from cheban.org.models import Staff, Store
from cheban.org.roles import Role
from cheban.voice.complaints.errors import Invalid
from cheban.voice.complaints.tables import LADDER, LIMITS
from cheban.voice.models import GoodwillLimit

PERMISSION = "goodwill.change"
MOST_FEN = LIMITS[Role.GROUP_ADMIN]
"""What the house lets anybody grant."""
WHY = 200


def of_store(store_id: int) -> dict[str, int]:
    """Role -> fen, as it holds in a store now. One query."""
    found = GoodwillLimit.objects.filter(
        Q(store_id=store_id) | Q(store=None, group__store=store_id), role__in=LIMITS
    ).distinct()
    return _merged(found, store_id)


def _merged(rows: Any, store_id: int | None) -> dict[str, int]:
    """The newest row of each level over the house's table; of the group's level for `store_id` None."""
    newest: dict[tuple[bool, str], int | None] = {}
    for row in sorted(rows, key=lambda row: row.id):
        if row.store_id in (None, store_id):
            newest[row.store_id is not None, row.role] = row.fen
    held = {role: fen for (is_store, role), fen in newest.items() if not is_store and fen is not None}
    own = {role: fen for (is_store, role), fen in newest.items() if is_store and fen is not None}
    return dict(LIMITS) | held | own


def of_actor(actor: Actor, store_id: int) -> int:
    """What this person may grant in a store, in fen; the house itself grants nothing. One query."""
    return most(actor.roles.get(store_id, frozenset()), of_store(store_id))


def most(roles: frozenset[str] | set[str], limits: Mapping[str, int]) -> int:
    """What somebody with these roles may grant, in fen."""
    return max((limits.get(role, 0) for role in roles), default=0)


def approver(fen: int, limits: Mapping[str, int]) -> str | None:
    """The lowest role of the ladder that may grant so much; None when nobody may."""
    return next((role for role in LADDER if limits[role] >= fen), None)


@command(PERMISSION)
def change(*, by: Actor, level: Level, role: str, fen: int | None, reason: str) -> GoodwillLimit:
    """Another limit for a role, from now on; `fen` None: as the level above says. Raises Invalid naming the field."""
    if role not in LIMITS:
        raise Invalid(_("请选择岗位。"), role=_("请选择。"))
    why = " ".join((reason or "").split())
    if not 2 <= len(why) <= WHY:
        raise Invalid(_("请写明为什么调整，200 字以内。"), reason=_("请写一句原因。"))
    levels.one_at_a_time(level)
    rows = list(GoodwillLimit.objects.filter(group_id=level.group_id))
    before = _merged(rows, level.store_id)
    draft = GoodwillLimit(
        id=max((row.id for row in rows), default=0) + 1, group_id=level.group_id, store_id=level.store_id, role=role,
        fen=fen, reason=why, by_id=by.staff_id, at=clock.now(),
    )  # fmt: skip
    after = {store: _merged([*rows, draft], store) for store in (level.store_id, *level.stores)}
    if after[level.store_id][role] == before[role] and (fen is None) == _is_above(rows, level, role):
        raise Invalid(_("和现在一样，不用保存。"), fen=_("没有改动。"))
    _check(after, role, by=by, level=level)
    draft.id = None
    draft.save(force_insert=True)
    for store in level.stores:
        was, is_now = _merged(rows, store)[role], after[store][role]
        if was != is_now:
            record(
                "goodwill.changed", store_id=store, actor_id=by.staff_id, role=role, before_fen=was, limit_fen=is_now
            )
    audit(
        "goodwill.changed", by=by, subject=f"store:{level.store_id or level.stores[0]}",
        store_id=level.store_id or level.stores[0], reason=why, role=role, before_fen=before[role], limit_fen=fen,
        level="store" if level.store_id else "group",
    )  # fmt: skip
    return draft


def _is_above(rows: list[GoodwillLimit], level: Level, role: str) -> bool:
    """Whether this level leaves the role to the level above."""
    own = [row for row in rows if row.store_id == level.store_id and row.role == role]
    return not own or max(own, key=lambda row: row.id).fen is None


def _check(after: dict[int | None, dict[str, int]], role: str, *, by: Actor, level: Level) -> None:
    """What must hold in every store that this touches. Raises Invalid."""
    value = after[level.store_id][role]
    if not 0 <= value <= MOST_FEN:
        raise Invalid(_("额度要在 0 到 %(most)s 之间。") % {"most": format_fen(MOST_FEN)}, fen=_("请改金额。"))
    for store in level.stores:
        if by.staff_id is not None and Role.GROUP_ADMIN not in by.roles.get(store, ()):
            own = of_actor(by, store)
            if after[store][role] > own or role in by.roles.get(store, ()):
                raise Invalid(
                    _("您自己能批 %(own)s：只能调整别的岗位，而且不超过它。更高的由集团管理员调整。")
                    % {"own": format_fen(own)},
                    fen=_("超过您自己的额度。"),
                )
    names = dict(Store.objects.filter(id__in=level.stores).values_list("id", "name"))
    for store, limits in after.items():
        below = max(fen for each, fen in limits.items() if each not in LADDER)
        for rung in LADDER:
            if limits[rung] < below:
                raise Invalid(
                    _("%(where)s：%(role)s的额度会低于下一级，超出的补偿就没有人批。请先改上一级。")
                    % {"where": names.get(store, _("全集团")), "role": Role(rung).label},
                    fen=_("上级不能比下级低。"),
                )
            below = limits[rung]


def page(actor: Actor) -> dict[str, Any]:
    """The limits of the scope's stores, side by side with what they come from, and their history. Four queries."""
    stores = list(Store.objects.filter(id__in=actor.stores).order_by("name"))
    rows = list(GoodwillLimit.objects.filter(role__in=LIMITS).order_by("-id")[:500])
    names, who = {s.id: s.name for s in stores}, {row.by_id for row in rows}
    people = dict(Staff.objects.filter(id__in=who - {None}).values_list("id", "name"))
    of_group = {s.group_id for s in stores}
    may = actor.may(PERMISSION)
    choices = [(str(s.id), s.name) for s in stores] if may else []
    if may and len(of_group) == 1:
        every = set(Store.objects.filter(group_id__in=of_group).values_list("id", flat=True))
        if levels.may_for_group(actor, every, permission=PERMISSION):
            choices.insert(0, ("group", _("全集团")))
    groups = [row for row in rows if row.store_id is None]
    own_stores = {row.store_id for row in rows if row.store_id in names}
    shown = [(_("全集团"), _merged(groups, None), {})]
    for store_id in sorted(own_stores, key=names.__getitem__):
        shown.append((names[store_id], _merged(rows, store_id), shown[0][1]))
    return {
        "columns": [where for where, _limits, _above in shown],
        "rows": [
            {
                "role": Role(role).label,
                "is_rung": role in LADDER,
                "cells": [
                    {"fen": limits[role], "is_own": bool(above) and limits[role] != above[role]}
                    for _where, limits, above in shown
                ],
            }
            for role in LIMITS
        ],
        "history": [
            {
                "row": row,
                "role": Role(row.role).label,
                "where": names.get(row.store_id, "") if row.store_id else _("全集团"),
                "by": people.get(row.by_id, _("系统")),
            }
            for row in rows
            if row.store_id is None or row.store_id in names
        ],
        "levels": choices,
        "roles": [(role, Role(role).label) for role in LIMITS],
        "can_change": bool(choices),
        "most_fen": MOST_FEN,
    }
