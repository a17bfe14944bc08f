"""The rule language: data that a manager can read aloud and the planner can turn into one SQL statement.

A rule says: when (a trigger), only if (conditions), who owes what within which time, the reason and the script
as sentences with {fields}, what counts as done, and to whom it goes when late. Rules live in `cheban.handbook`;
nothing here knows a customer. R035, R085-R090, R101, R208.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cheban.core import events, facts
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
        n, is_worked = hours, self.clock == "working"
        if hours % 1:
            n = self.amount.total_seconds() / 60
            words = _("%(n)s 个工作分钟") if is_worked else _("%(n)s 分钟")
        elif is_worked and hours % 8 == 0:
            n = hours / 8
            words = ngettext("%(n)s 个工作日", "%(n)s 个工作日", int(n))
        elif is_worked:
            words = ngettext("%(n)s 个工作小时", "%(n)s 个工作小时", int(n))
        elif hours % 24 == 0:
            n, words = hours / 24, _("%(n)s 天")
        else:
            words = _("%(n)s 小时")
        return words % {"n": f"{n:g}"}


def working(*, days: float = 0, hours: float = 0, minutes: float = 0) -> Budget:
    """Working time of the store."""
    return Budget("working", WORKING_DAY * days + timedelta(hours=hours, minutes=minutes))


def wall(*, days: float = 0, hours: float = 0, minutes: float = 0) -> Budget:
    """Time by the wall clock."""
    return Budget("wall", timedelta(days=days, hours=hours, minutes=minutes))


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
        label = _(facts.fact(self.fact).label)
        if self.beyond is not None:
            return _("%(what)s还有 %(most)d 到 %(least)d 天") % {
                "what": label,
                "most": self.days,
                "least": self.beyond + 1,
            }
        if self.days:
            return _("%(what)s前 %(days)d 天起") % {"what": label, "days": self.days}
        return _("%(what)s当天起") % {"what": label}


@dataclass(frozen=True, slots=True)
class Since:
    """A date fact lies `months` months back, and not more than `late` days longer."""

    fact: str
    months: int
    late: int = 14

    def read(self) -> str:
        """The trigger as a sentence."""
        return _("%(what)s满 %(n)d 个月") % {"what": _(facts.fact(self.fact).label), "n": self.months}


@dataclass(frozen=True, slots=True)
class Birthday:
    """Today is the customer's birthday by the solar or the lunar calendar, whichever they keep."""

    solar: str
    lunar: str

    def read(self) -> str:
        """The trigger as a sentence."""
        return _("客户生日当天（公历或农历，按客户习惯）")


@dataclass(frozen=True, slots=True)
class Festival:
    """Today is one of these festivals (codes of `core.lunar.festivals`), for this subject."""

    subject: str
    codes: tuple[str, ...]
    names: str

    def read(self) -> str:
        """The trigger as a sentence."""
        return _("节日当天：%(names)s") % {"names": _(self.names)}


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of this name was told about the subject, at most `late` days ago. `where` are facts it must carry.

    Such a rule is planned as soon as the event is committed; the daily run finds what a standstill left out.
    """

    subject: str
    event: str
    late: int = 3
    where: tuple[tuple[str, str], ...] = ()
    tells: tuple[str, ...] = ()  # facts of the event that the sentences may use

    def read(self) -> str:
        """The trigger as a sentence."""
        return _("发生“%(what)s”之后") % {"what": events.declared(self.event).title}


@dataclass(frozen=True, slots=True)
class Red:
    """A store's measure was red in each of the last `weeks` full weeks (Monday to Sunday)."""

    measure: str
    weeks: int = 2
    subject: str = "store"

    def read(self) -> str:
        """The trigger as a sentence."""
        measure = facts.measure(self.measure)
        return _("%(what)s连续 %(n)d 周低于 %(bound)d%%") % {
            "what": _(measure.label),
            "n": self.weeks,
            "bound": measure.target - measure.slack,
        }


@dataclass(frozen=True, slots=True)
class ByHand:
    """Never by itself: a template for what somebody writes down for a colleague or themselves."""

    subject: str = "customer"

    def read(self) -> str:
        """The trigger as a sentence."""
        return _("同事手工新建")


Trigger = Upcoming | Since | Birthday | Festival | Happened | Red | ByHand


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
    may_be: tuple[Role, ...] = ()  # roles that a store may give this duty to instead; only for rules of one duty

    @property
    def warns_ahead(self) -> bool:
        """Whether its ladder begins before its time limit, so that somebody can still help (R117, R168)."""
        first = self.escalate[0][0] if self.escalate else self.within
        return first.clock == self.within.clock and first.amount < self.within.amount

    def goes_up(self, first: datetime, due_at: datetime) -> datetime:
        """When the ladder's first step, reckoned on its own clock, is taken: not before the time limit, which may lie
        behind it on another clock (five working days over a long holiday and fourteen by the wall)."""
        return first if self.warns_ahead else max(first, due_at)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the handbook. `reason` and `script` are sentences with {fields}; fields are facts by their
    short name, and {due}; of a `Red` rule also {value} and {target}. `done_label` is how its first outcome reads,
    when the outcome's own name would not do. `occasion` is the fact that tells one time round from the next."""

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
    done_label: str = ""
    joined: bool = False
    keeps_gap: bool = True
    bounds: tuple[tuple[str, int, int], ...] = ()  # (knob, least, most) where the usual bounds would not do
    variant: str = ""  # tells the SQL parameters of a store's own numbers from the house's; see `effective`
    done_by: tuple[str, ...] = ()  # events about the subject that fulfil it; then no outcome of a call can

    void_by: tuple[str, ...] = ()  # events about the subject after which it is not owed any more, or anew

    @property
    def is_duty(self) -> bool:
        """Whether it is done on the page of its subject, and by its event, instead of by speaking to a customer."""
        return bool(self.done_by)

    @property
    def key(self) -> str:
        """Prefix of this rule's SQL parameters."""
        return self.code + self.variant

    @property
    def subject(self) -> str:
        """'vehicle', 'customer' or 'store': what the rule is about."""
        trigger = self.when
        if isinstance(trigger, (Festival, Happened, Red, ByHand)):
            return trigger.subject
        return (trigger.solar if isinstance(trigger, Birthday) else trigger.fact).split(".")[0]


@dataclass(slots=True)
class Handbook:
    """All rules by code. Registered once by `cheban.handbook`."""

    rules: dict[str, Rule] = field(default_factory=dict)
    chapters: dict[str, list[str]] = field(default_factory=dict)  # title -> codes, as the business groups them

    def add(self, rules: Iterable[Rule], *, chapter: str = "") -> None:
        """Add rules of a chapter; a second one of the same code is an error."""
        for rule in rules:
            if rule.code in self.rules:
                raise ValueError(f"two rules named {rule.code}")
            self.rules[rule.code] = rule
            self.chapters.setdefault(chapter, []).append(rule.code)

    def check(self) -> None:
        """Raises KeyError when a rule names a fact, an event or a measure that no room offers."""
        for rule in self.rules.values():
            subject = facts.subject(rule.subject)
            for name in (*rule.done_by, *rule.void_by):
                events.declared(name)
            named = [*rule.shows, *(condition.fact for condition in rule.only_if)]
            if rule.occasion:
                named.append(rule.occasion)
            if isinstance(rule.when, Birthday):
                named += [rule.when.solar, rule.when.lunar]
            elif isinstance(rule.when, Happened):
                events.declared(rule.when.event)
            elif isinstance(rule.when, Red):
                facts.measure(rule.when.measure)
            elif not isinstance(rule.when, (Festival, ByHand)):
                named.append(rule.when.fact)
            for path in named:
                if path.split(".")[0] != subject.name:
                    raise KeyError(f"{rule.code}: {path} is not a fact of {subject.name}")
                facts.fact(path)

    def version(self) -> str:
        """A hash that changes when any rule changes."""
        return hashlib.sha256(repr(sorted(self.rules.items())).encode()).hexdigest()[:16]


HANDBOOK = Handbook()
