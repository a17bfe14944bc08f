"""What a store or group may change about a rule: its numbers with their bounds, and back into a `Rule`.

A rule's knobs are read off the rule itself, so a new rule is adjustable without a further line. `bounds` of a rule
narrow them where the usual ones would let two rules overlap. R085-R090, R208.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from cheban.core.errors import Refused
from cheban.org.roles import Role
from cheban.playbook.rules import Budget, Owes, Red, Rule, Since, Upcoming

MOST_HOURS = 400
"""No promise lies further away than this; a working year has some 2,000 hours."""

Values = Mapping[str, Any]


class OutOfBounds(Refused):
    """A number lies outside what the rule allows. `knob` names the field."""

    status = 422


@dataclass(frozen=True, slots=True)
class Knob:
    """One thing that may be changed. Numbers are whole; `unit` is days, months, weeks, hours, minutes or none.

    `clock` is 'working' or 'wall' for hours and minutes. `choices` are roles where the knob is a role.
    """

    key: str
    label: str
    value: int | str
    least: int = 0
    most: int = 0
    unit: str = ""
    clock: str = ""
    choices: tuple[str, ...] = ()

    def read(self, value: Any) -> str:
        """A value of this knob in words."""
        if self.key == "on":
            return _("开启") if value else _("停用")
        if self.choices:
            return str(Role(value).label)
        if self.unit in ("hours", "minutes"):
            return str(Budget(self.clock, timedelta(**{self.unit: value})))
        forms = {"days": _("%(n)s 天"), "months": _("%(n)s 个月"), "weeks": _("%(n)s 周")}
        return forms.get(self.unit, "%(n)s") % {"n": value}


def knobs(rule: Rule) -> list[Knob]:
    """What may be changed about this rule, in the order of the form; `value` is the house's default."""
    found = [Knob("on", _("这条规则"), 1, 0, 1)]
    when = rule.when
    if isinstance(when, Upcoming) and when.days:
        least = 1 if when.beyond is None else when.beyond + 1
        found.append(Knob("days", _("提前多少天"), when.days, least, max(when.days * 2, 14), "days"))
    elif isinstance(when, Since):
        found.append(Knob("months", _("满多少个月"), when.months, 1, 36, "months"))
    elif isinstance(when, Red):
        found.append(Knob("weeks", _("连续几周"), when.weeks, 1, 4, "weeks"))
    for owed in rule.owes:
        about = {"who": _(owed.title)}
        if owed.may_be:
            found.append(
                Knob(
                    f"role.{owed.duty}",
                    _("%(who)s：谁来做") % about,
                    owed.role,
                    choices=tuple(dict.fromkeys((owed.role, *owed.may_be))),
                )
            )
        found.append(_hours(f"within.{owed.duty}", _("%(who)s：时限") % about, owed.within))
        for step, (budget, role) in enumerate(owed.escalate):
            label = _("%(who)s：多久未办上报%(role)s") % (about | {"role": Role(role).label})
            found.append(_hours(f"escalate.{owed.duty}.{step}", label, budget))
    found.append(Knob("weight", _("紧急程度（0—100）"), rule.weight, 0, 100))
    narrow = {key: (least, most) for key, least, most in rule.bounds}
    return [replace(k, least=narrow[k.key][0], most=narrow[k.key][1]) if k.key in narrow else k for k in found]


def _hours(key: str, label: str, budget: Budget) -> Knob:
    if _in_minutes(budget):
        minutes = round(budget.amount.total_seconds() / 60)
        return Knob(key, label, minutes, 1, max(minutes * 4, 60), "minutes", budget.clock)
    hours = round(budget.amount.total_seconds() / 3600)
    return Knob(key, label, hours, 1, min(MOST_HOURS, max(hours * 4, 24)), "hours", budget.clock)


def _in_minutes(budget: Budget) -> bool:
    """Short ladders (a safety matter: 5, 10, 15 minutes) are told and changed in minutes."""
    return bool(budget.amount % timedelta(hours=1))


def defaults(rule: Rule) -> dict[str, Any]:
    """The house's values of all knobs."""
    return {knob.key: knob.value for knob in knobs(rule)}


def checked(rule: Rule, values: Values) -> dict[str, Any]:
    """The values as the rule takes them, those that are the same as the house's default too.

    Raises OutOfBounds for an unknown knob, a value outside its bounds, or a ladder whose step comes before the
    one below it.
    """
    known, found = {knob.key: knob for knob in knobs(rule)}, {}
    for key, value in values.items():
        if key not in known:
            raise OutOfBounds(_("这条规则没有这一项可以调整。"), knob=key)
        knob = known[key]
        if knob.choices:
            if value not in knob.choices:
                raise OutOfBounds(_("%(what)s：请从列出的角色里选。") % {"what": knob.label}, knob=key)
            found[key] = str(value)
            continue
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise OutOfBounds(_("%(what)s：请填整数。") % {"what": knob.label}, knob=key) from None
        if not knob.least <= number <= knob.most:
            raise OutOfBounds(
                _("%(what)s要在 %(least)d 到 %(most)d 之间。")
                % {"what": knob.label, "least": knob.least, "most": knob.most},
                knob=key,
            )
        found[key] = number
    for owed in applied(rule, found).owes:
        last, clock = owed.within.amount, owed.within.clock
        for budget, _role in owed.escalate:
            if budget.clock == clock and budget.amount < last:
                raise OutOfBounds(
                    _("%(what)s：上报不能早于时限，也不能早于前一级。") % {"what": _(owed.title)},
                    knob=f"escalate.{owed.duty}.0",
                )
            last, clock = budget.amount, budget.clock
    return found


def applied(rule: Rule, values: Values) -> Rule:
    """The rule with these values instead of its own; the same object when nothing differs."""
    if not values:
        return rule
    house = defaults(rule)
    differs = {key: value for key, value in values.items() if key in house and house[key] != value}
    if not differs.keys() - {"on"}:
        return rule
    when = rule.when
    if "days" in differs or "months" in differs or "weeks" in differs:
        when = replace(when, **{key: differs[key] for key in ("days", "months", "weeks") if key in differs})
    return replace(
        rule, when=when, weight=differs.get("weight", rule.weight), owes=tuple(_owed(o, differs) for o in rule.owes)
    )


def _owed(owed: Owes, differs: Values) -> Owes:
    def budget(key: str, usual: Budget) -> Budget:
        if key not in differs:
            return usual
        unit = "minutes" if _in_minutes(usual) else "hours"
        return Budget(usual.clock, timedelta(**{unit: differs[key]}))

    return replace(
        owed,
        role=Role(differs.get(f"role.{owed.duty}", owed.role)),
        within=budget(f"within.{owed.duty}", owed.within),
        escalate=tuple(
            (budget(f"escalate.{owed.duty}.{step}", usual), role) for step, (usual, role) in enumerate(owed.escalate)
        ),
    )
