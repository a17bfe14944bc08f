"""Changing a rule for a store or a group: numbers, on and off, one click back. R085-R090, R208."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, WrongState
from cheban.core.events import record
from cheban.core.live import announce
from cheban.org import levels
from cheban.org.access import Actor, audit, command
from cheban.org.levels import Level
from cheban.playbook import effective, knobs
from cheban.playbook.commands import NeedsMore
from cheban.playbook.models import RuleSetting, Task
from cheban.playbook.rules import HANDBOOK, Rule

SWITCHED_OFF = "switched_off"
"""Outcome of open tasks that were dropped together with their rule."""


def level_of(text: str, actor: Actor) -> Level:
    """'group' or a store's id, as far as it lies in the actor's scope. Raises NotFound, NotPermitted."""
    refusal = _("全集团的规则由集团管理员或运营调整，请先选“全部门店”。")
    return levels.level_of(text, actor, permission="playbook.change", refusal=refusal)


def may_for_group(actor: Actor, of_group: set[int]) -> bool:
    """Whether they may change rules in every store of the group, and chose all of them."""
    return levels.may_for_group(actor, of_group, permission="playbook.change")


def newest(rule: str, level: Level) -> RuleSetting | None:
    """What holds at this level now."""
    return (
        RuleSetting.objects.filter(rule=rule, group_id=level.group_id, store_id=level.store_id).order_by("-id").first()
    )


def _rule(code: str) -> Rule:
    if code not in HANDBOOK.rules:
        raise NotFound(_("没有这条规则。"))
    return HANDBOOK.rules[code]


@command("playbook.change")
def change_rule(
    code: str,
    *,
    by: Actor,
    level: Level,
    values: Mapping[str, Any],
    reason: str,
    drops_open: bool = False,
    seen: int | None = None,
) -> RuleSetting:
    """Choose a rule's values for a level; what equals the level above is left to that level. Takes effect with the
    next plan. Open tasks keep their clocks; with `drops_open` and the rule switched off they end.

    `seen` is the setting that the form was filled from. Raises NotFound, OutOfBounds, NeedsMore (no reason), WrongState
    (a colleague changed it meanwhile, or nothing is different).
    """
    rule = _rule(code)
    if not reason.strip():
        raise NeedsMore(_("请写一句为什么调整，同事以后看得到。"))
    levels.one_at_a_time(level)
    former = newest(code, level)
    if seen is not None and seen != (former.id if former else 0):
        raise WrongState(_("同事刚刚调整过这条规则，请刷新页面看过再改。"))
    above = knobs.defaults(rule)
    if level.store_id is not None:
        of_group = newest(code, Level(level.group_id, None, ()))
        above |= of_group.values if of_group else {}
    wanted = {k: v for k, v in knobs.checked(rule, values).items() if above.get(k) != v}
    if wanted == (former.values if former else {}):
        raise WrongState(_("没有改动，不用保存。"))
    knobs.checked(rule, above | wanted)
    return _write(rule, level, wanted, by=by, reason=reason, former=former, drops_open=drops_open)


@command("playbook.change")
def restore_rule(code: str, *, by: Actor, level: Level) -> RuleSetting:
    """One click back: the values before the newest change hold again, and tasks that ended with it open again.

    Raises WrongState when nothing was ever changed at this level.
    """
    rule = _rule(code)
    levels.one_at_a_time(level)
    rows = list(
        RuleSetting.objects.filter(rule=code, group_id=level.group_id, store_id=level.store_id).order_by("-id")[:2]
    )
    if not rows:
        raise WrongState(_("这条规则在这里没有调整过。"))
    former = rows[0]
    if former.dropped:
        Task.objects.filter(
            rule=code, store_id__in=level.stores, outcome=SWITCHED_OFF, closed_at=former.at, state=Task.State.DROPPED
        ).update(state=Task.State.OPEN, outcome="", closed_at=None, closed_by_id=None)
    values = rows[1].values if len(rows) > 1 else {}
    return _write(rule, level, values, by=by, reason=_("撤回上一次调整"), former=former, drops_open=False)


def _write(
    rule: Rule,
    level: Level,
    values: dict[str, Any],
    *,
    by: Actor,
    reason: str,
    former: RuleSetting | None,
    drops_open: bool,
) -> RuleSetting:
    at, before = clock.now(), former.values if former else {}
    off = list(level.stores) if drops_open and not values.get("on", 1) else []
    if level.store_id is None and off:  # a store that chose to keep the rule on keeps its tasks
        own = effective.chosen(off)
        off = [s for s in off if dict(own.get(s, {}).get(rule.code, ())).get("store", {}).get("on", 0) != 1]
    dropped = (
        Task.objects.filter(rule=rule.code, store_id__in=off, state=Task.State.OPEN).update(
            state=Task.State.DROPPED, outcome=SWITCHED_OFF, closed_at=at, closed_by_id=by.staff_id
        )
        if off
        else 0
    )
    made = RuleSetting.objects.create(
        group_id=level.group_id,
        store_id=level.store_id,
        rule=rule.code,
        values=values,
        reason=reason.strip()[:200],
        by_id=by.staff_id,
        at=at,
        dropped=dropped,
    )
    where = "group" if level.store_id is None else "store"
    for store_id in level.stores:
        record(
            "rule.changed",
            store_id=store_id,
            at=at,
            actor_id=by.staff_id,
            rule=rule.code,
            level=where,
            before=before,
            after=values,
            why=made.reason,
            dropped=dropped,
        )
        announce("store", store_id)
    audit(
        "rule.changed",
        by=by,
        subject=f"rule:{rule.code}",
        store_id=level.stores[0],
        reason=made.reason,
        level=where,
        before=before,
        after=values,
        dropped=dropped,
    )
    return made
