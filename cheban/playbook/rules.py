"""The rule language: data that a manager can read aloud and the planner can turn into one SQL statement.

A rule says: when (a trigger), only if (conditions), who owes what within which time, the reason and the script
as sentences with {fields}, what counts as done, and to whom it goes when late. Rules live in `cheban.handbook`;
nothing here knows a customer. R035, R085-R090, R101, R208.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from cheban.core import facts
from cheban.org.roles import Role

WORKING_DAY = timedelta(hours=8)
"""What `working(days=1)` means: eight hours of the store's own opening time."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A length of time and the clock it runs on: 'working' (opening hours) or 'wall' (every minute counts)."""

    clock: str
    amount: timedelta

    def __str__(self) -> str:
        hours = self.amount.total_seconds() / 3600
        if self.clock == "working":
            return f"{hours / 8:g} 个工作日" if hours % 8 == 0 else f"{hours:g} 个工作小时"
        return f"{hours / 24:g} 天" if hours % 24 == 0 else f"{hours:g} 小时"


def working(*, days: float = 0, hours: float = 0) -> Budget:
    """Working time of the store."""
    return Budget("working", WORKING_DAY * days + timedelta(hours=hours))


def wall(*, days: float = 0, hours: float = 0) -> Budget:
    """Time by the wall clock."""
    return Budget("wall", timedelta(days=days, hours=hours))


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A date fact lies at most `days` ahead, more than `beyond` days ahead, or at most `late` days ago.

    `late` lets a run after days of standstill, or a file imported late, catch up.
    """

    fact: str
    days: int
    late: int = 14
    beyond: int | None = None

    def read(self) -> str:
        """The trigger as a sentence."""
        label = facts.fact(self.fact).label
        if self.beyond is not None:
            return f"{label}还有 {self.days} 到 {self.beyond + 1} 天"
        return f"{label}前 {self.days} 天起" if self.days else f"{label}当天起"


@dataclass(frozen=True, slots=True)
class Since:
    """A date fact lies `months` months back, and not more than `late` days longer."""

    fact: str
    months: int
    late: int = 14

    def read(self) -> str:
        """The trigger as a sentence."""
        return f"{facts.fact(self.fact).label}满 {self.months} 个月"


@dataclass(frozen=True, slots=True)
class Birthday:
    """Today is the customer's birthday by the solar or the lunar calendar, whichever they keep."""

    solar: str
    lunar: str

    def read(self) -> str:
        """The trigger as a sentence."""
        return "客户生日当天（公历或农历，按客户习惯）"


@dataclass(frozen=True, slots=True)
class Festival:
    """Today is one of these festivals (codes of `core.lunar.festivals`), for this subject."""

    subject: str
    codes: tuple[str, ...]
    names: str

    def read(self) -> str:
        """The trigger as a sentence."""
        return f"节日当天：{self.names}"


Trigger = Upcoming | Since | Birthday | Festival


@dataclass(frozen=True, slots=True)
class If:
    """A condition on a fact: `If("vehicle.services_done", "=", 0)`. `says` is how it reads aloud."""

    fact: str
    op: str  # = <> < <= > >= in | is_set | is_empty | within_days (the last N days)
    value: object = None
    says: str = ""


@dataclass(frozen=True, slots=True)
class Owes:
    """Who owes what within which time; `escalate` is the ladder: (when, to which role)."""

    role: Role
    duty: str
    title: str
    within: Budget
    escalate: tuple[tuple[Budget, Role], ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the handbook. `reason` and `script` are sentences with {fields}; fields are facts by their
    short name, and {due}. `occasion` is the fact that tells one time round from the next."""

    code: str
    title: str
    short: str
    requirement: str
    when: Trigger
    occasion: str | None
    purpose: str
    owes: tuple[Owes, ...]
    reason: str
    script: str
    weight: int
    only_if: tuple[If, ...] = ()
    shows: tuple[str, ...] = ()
    done_when: tuple[str, ...] = ("booked", "settled")
    joined: bool = False
    keeps_gap: bool = True

    @property
    def subject(self) -> str:
        """'vehicle' or 'customer': what the rule is about."""
        trigger = self.when
        if isinstance(trigger, Festival):
            return trigger.subject
        return (trigger.solar if isinstance(trigger, Birthday) else trigger.fact).split(".")[0]


@dataclass(slots=True)
class Handbook:
    """All rules by code. Registered once by `cheban.handbook`."""

    rules: dict[str, Rule] = field(default_factory=dict)

    def add(self, rules: Iterable[Rule]) -> None:
        """Add rules; a second one of the same code is an error."""
        for rule in rules:
            if rule.code in self.rules:
                raise ValueError(f"two rules named {rule.code}")
            self.rules[rule.code] = rule

    def check(self) -> None:
        """Raises KeyError when a rule names a fact that no room offers."""
        for rule in self.rules.values():
            subject = facts.subject(rule.subject)
            named = [*rule.shows, *(condition.fact for condition in rule.only_if)]
            if rule.occasion:
                named.append(rule.occasion)
            if isinstance(rule.when, Birthday):
                named += [rule.when.solar, rule.when.lunar]
            elif not isinstance(rule.when, Festival):
                named.append(rule.when.fact)
            for path in named:
                if path.split(".")[0] != subject.name:
                    raise KeyError(f"{rule.code}: {path} is not a fact of {subject.name}")
                facts.fact(path)

    def version(self) -> str:
        """A hash that changes when any rule changes."""
        return hashlib.sha256(repr(sorted(self.rules.items())).encode()).hexdigest()[:16]


HANDBOOK = Handbook()
