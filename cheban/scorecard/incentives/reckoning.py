"""What each person's month comes to: figures, bonuses of won leads, what is made up for a month approved before.

Everything is worked out from events, kept figures and what managers entered; nothing here writes. Set-based: the number
of queries does not depend on the number of people or stores. Needs scope.

A bonus belongs to the month in which its lead was won. Once that month is approved for the person (or closed for the
store), an event that comes late stands in their next open month as a correction, until a statement paid it. R158-R160.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from cheban.org.models import StaffRole
from cheban.org.roles import Role
from cheban.scorecard.incentives.months import before, begin_of, first_of, following
from cheban.scorecard.incentives.schemes import Schemes, Valid
from cheban.scorecard.incentives.terms import (
    METRICS,
    OF_SALES,
    Factor,
    Measured,
    Terms,
    exact,
    from_json,
    sales_factor,
    service_factor,
    split,
    times,
)
from cheban.scorecard.models import CommissionBase, PaidLine, PayMonth, Statement, Tally
from cheban.scorecard.targets import Goals

MEASURED = (Role.SALES_CONSULTANT, Role.SERVICE_SPECIALIST, Role.SERVICE_ADVISOR)
"""Roles that get a statement; of several held in one store the first counts."""
CORRECTED_MONTHS = 3
"""So many months back another factor is made up for."""
VERSION = 1
Key = tuple[int, int, date]
"""Store, person, first day of the month."""


@dataclass(frozen=True, slots=True)
class Bonus:
    """One side of a won lead. `month`: the one in which it was won, by the store's clock."""

    store_id: int
    person_id: int
    lead: str
    side: str
    event_id: int
    kind: str
    on: date
    whole_fen: int
    share: int
    fen: int

    @property
    def month(self) -> date:
        """Its first day."""
        return first_of(self.on)

    def as_json(self) -> dict[str, Any]:
        """A line of a statement."""
        return {
            "lead": self.lead,
            "side": self.side,
            "event": self.event_id,
            "kind": self.kind,
            "on": self.on.isoformat(),
            "whole_fen": self.whole_fen,
            "share": self.share,
            "fen": self.fen,
        }


@dataclass(frozen=True, slots=True)
class MadeUp:
    """A month approved before whose factor is another one by now; `fen` is the difference, 0 without a base."""

    month: date
    was: int
    now: int
    base_fen: int | None
    fen: int

    def as_json(self) -> dict[str, Any]:
        """A line of a statement."""
        return {
            "month": self.month.isoformat(),
            "was": self.was,
            "now": self.now,
            "base_fen": self.base_fen,
            "fen": self.fen,
        }


@dataclass(slots=True)
class Draft:
    """A statement as it is worked out now."""

    store_id: int
    person_id: int
    month: date
    role: str
    valid: Valid
    factor: Factor
    base_fen: int | None
    bonuses: list[Bonus] = field(default_factory=list)
    late: list[Bonus] = field(default_factory=list)
    made_up: list[MadeUp] = field(default_factory=list)

    @property
    def pay_fen(self) -> int | None:
        """Base x factor; never an invented amount."""
        return None if self.base_fen is None else times(self.base_fen, self.factor.value)

    @property
    def bonus_fen(self) -> int:
        """Bonuses of leads won in this month."""
        return sum(b.fen for b in self.bonuses)

    @property
    def correction_fen(self) -> int:
        """What is made up for months approved before."""
        return sum(b.fen for b in self.late) + sum(m.fen for m in self.made_up)

    @property
    def total_fen(self) -> int:
        """All amounts together."""
        return (self.pay_fen or 0) + self.bonus_fen + self.correction_fen

    def content(self) -> dict[str, Any]:
        """As `Statement.content` keeps it: enough to tell every figure again in words."""
        return {
            "version": VERSION,
            "store": self.store_id,
            "person": self.person_id,
            "month": self.month.isoformat(),
            "role": self.role,
            "scheme": self.valid.scheme_id,
            "terms": self.valid.terms.as_json(),
            "figures": [
                {
                    "metric": s.metric,
                    "part": s.part,
                    "whole": s.whole,
                    "weight": s.weight,
                    "target": str(s.target),
                    "least": s.least,
                    "points": exact(s.points),
                }
                for s in self.factor.scored
            ],
            "points": exact(self.factor.points),
            "step": list(self.factor.step) if self.factor.step else None,
            "factor": self.factor.value,
            "base_fen": self.base_fen,
            "pay_fen": self.pay_fen,
            "bonuses": [b.as_json() for b in self.bonuses],
            "late": [b.as_json() for b in self.late],
            "made_up": [m.as_json() for m in self.made_up],
            "total_fen": self.total_fen,
        }


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of a statement's content, in hex; the same however JSON orders it."""
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


_WON = """
SELECT DISTINCT ON (e.store_id, e.facts ->> 'lead_id') e.store_id, e.facts ->> 'lead_id', e.id,
  coalesce(e.facts ->> 'kind', ''), (e.at AT TIME ZONE s.time_zone)::date,
  (e.facts ->> 'service_staff_id')::int, coalesce((e.facts ->> 'owner_id')::int, e.actor_id),
  (e.facts ->> 'service_share_percent')::int
FROM core_event e JOIN org_store s ON s.id = e.store_id
WHERE e.name = 'lead.won' AND e.store_id = ANY (%(stores)s) AND e.at >= %(since)s
  AND e.facts ->> 'lead_id' IS NOT NULL AND coalesce(e.facts ->> 'source', 'service') = 'service'
ORDER BY e.store_id, e.facts ->> 'lead_id', e.id"""


def won(store_ids: Collection[int], since: date, schemes: Schemes, *, all_kinds: bool = False) -> list[Bonus]:
    """Both sides of every lead of service won since a day, each lead once (its first event), by the scheme of its month.

    Without an agreed share all of it is service's. A side that nobody has, and a kind that a scheme does not pay for,
    make no line (`all_kinds`: the latter do, of 0 fen). One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WON, {"stores": list(store_ids), "since": begin_of(before(since), ZoneInfo("Asia/Shanghai"))})
        rows = cursor.fetchall()
    found = []
    for store_id, lead, event_id, kind, on, finder, seller, share in rows:
        whole = schemes.of(store_id, on).terms.bonus.get(kind, 0)
        percent = min(max(share if share is not None else 100, 0), 100)
        parts = split(whole, percent)
        for side, person, own, fen in (
            ("service", finder, percent, parts[0]),
            ("sales", seller, 100 - percent, parts[1]),
        ):
            if person is not None and own and (whole or all_kinds):
                found.append(Bonus(store_id, person, lead, side, event_id, kind, on, whole, own, fen))
    return found


def measured(store_ids: Collection[int], months: Iterable[date]) -> Callable[[int, int, date], dict[str, Measured]]:
    """(store, person, month) -> figure -> what was measured. One query and those of the targets."""
    wanted = sorted(set(months))
    goals = Goals(store_ids)
    sums: dict[tuple[str, int, int, date], tuple[int, int]] = {}
    if wanted:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""SELECT store_id, metric, person_id, date_trunc('month', day)::date, sum(part)::bigint, sum(whole)::bigint
                   FROM {Tally._meta.db_table} WHERE store_id = ANY (%s) AND metric = ANY (%s) AND person_id > 0
                     AND day >= %s AND day < %s GROUP BY 1, 2, 3, 4""",  # noqa: S608 - SQL of ours
                [list(store_ids), [OF_SALES, *METRICS], wanted[0], following(wanted[-1])],
            )
            for store_id, metric, person, month, part, whole in cursor.fetchall():
                sums[metric, store_id, person, month] = (part, whole)

    def of(store_id: int, person_id: int, month: date) -> dict[str, Measured]:
        found = {}
        for metric in (OF_SALES, *METRICS):
            part, whole = sums.get((metric, store_id, person_id, month), (0, 0))
            goal = goals.of(metric, store_id, month)
            found[metric] = Measured(part, whole, goal.value, goal.least)
        return found

    return of


def side_of(role: str) -> str:
    """Which factor a role has: '' for none."""
    return "sales" if role == Role.SALES_CONSULTANT else "service" if role in MEASURED else ""


def factor_of(terms: Terms, role: str, found: Mapping[str, Measured]) -> Factor:
    """The factor of a role's month."""
    side = side_of(role)
    if side == "sales":
        mine = found[OF_SALES]
        return sales_factor(terms, mine.part, mine.whole)
    return service_factor(terms, found) if side else Factor(10_000, None, None, ())


def again(content: Mapping[str, Any], found: Mapping[str, Measured]) -> Factor:
    """The factor of an approved month by its own scheme and targets, with the figures of today."""
    kept = {f["metric"]: f for f in content["figures"]}
    by_then = {
        metric: Measured(now.part, now.whole, Decimal(kept[metric]["target"]), kept[metric]["least"])
        for metric, now in found.items()
        if metric in kept
    }
    return factor_of(from_json(content["terms"]), content["role"], by_then)


def roles_now(store_ids: Collection[int]) -> dict[tuple[int, int], str]:
    """(store, person) -> the role that is measured. One query."""
    found: dict[tuple[int, int], str] = {}
    held = StaffRole.objects.filter(store_id__in=list(store_ids), role__in=MEASURED, staff__is_active=True)
    for store_id, person, role in held.values_list("store_id", "staff_id", "role"):
        had = found.get((store_id, person))
        if had is None or MEASURED.index(Role(role)) < MEASURED.index(Role(had)):
            found[store_id, person] = role
    return found


class Books:
    """Everything that statements of some stores are worked out from, read once."""

    def __init__(self, store_ids: Collection[int], *, today: date, people: Collection[int] | None = None) -> None:
        """`people`: only theirs. About twelve queries."""
        self.stores = list(store_ids)
        self.this_month = first_of(today)
        self.schemes = Schemes(self.stores)
        self.months: dict[int, list[PayMonth]] = defaultdict(list)
        for month in PayMonth.objects.filter(store_id__in=self.stores).order_by("month"):
            self.months[month.store_id].append(month)
        where: dict[str, Any] = {"store_id__in": self.stores}
        if people is not None:
            where["person_id__in"] = list(people)
        self.people = set(people) if people is not None else None
        self.roles = roles_now(self.stores)
        self.bases = {(b.store_id, b.person_id, b.month): b.fen for b in CommissionBase.objects.filter(**where)}
        self.kept: dict[Key, tuple[str, str]] = {}  # -> (state, role)
        for row in Statement.objects.filter(**where).values_list("store_id", "person_id", "month", "state", "role"):
            self.kept[row[:3]] = (row[3], row[4])
        self.paid: dict[tuple[int, str, str], int] = {}
        self.told: dict[Key, list[PaidLine]] = defaultdict(list)
        for line in PaidLine.objects.filter(**where).order_by("id"):
            if line.what == "bonus":
                self.paid[line.store_id, line.lead, line.side] = line.person_id
            else:
                self.told[line.store_id, line.person_id, line.of_month].append(line)
        opened = [rows[0].month for rows in self.months.values() if rows]
        self.wins = [
            win
            for win in (won(self.stores, min(opened), self.schemes) if opened else [])
            if win.month >= self.months[win.store_id][0].month and (people is None or win.person_id in people)
        ]
        wanted = {m.month for rows in self.months.values() for m in rows if m.closed_at is None}
        for month in sorted(wanted):
            for _back in range(CORRECTED_MONTHS):
                month = before(month)
                wanted.add(month)
        self.measured = measured(self.stores, wanted)

    def is_settled(self, store_id: int, person_id: int, month: date) -> bool:
        """Whether nothing can be added to a person's month any more."""
        if self.kept.get((store_id, person_id, month), ("", ""))[0] == Statement.State.APPROVED:
            return True
        return any(m.month == month and m.closed_at is not None for m in self.months[store_id])

    def open_month(self, store_id: int, person_id: int, month: date) -> date | None:
        """Where something of a month is paid: in that month, or in the person's next one that is still open."""
        for each in self.months[store_id]:
            if each.month >= month and not self.is_settled(store_id, person_id, each.month):
                return each.month
        return None

    def drafts(self, month: date | None = None) -> list[Draft]:
        """Every statement that is open (of one month), by store, month and person. At most one query more."""
        owed: dict[Key, list[Bonus]] = defaultdict(list)
        for win in self.wins:
            if (win.store_id, win.lead, win.side) not in self.paid:
                at = self.open_month(win.store_id, win.person_id, win.month)
                if at is not None:
                    owed[win.store_id, win.person_id, at].append(win)
        approved = self._approved()
        found = []
        for store_id in self.stores:
            for each in self.months[store_id]:
                if each.closed_at is not None or (month is not None and each.month != month):
                    continue
                for person_id, role in sorted(self._who(store_id, each.month, owed).items()):
                    if not self.is_settled(store_id, person_id, each.month):
                        found.append(self._draft(store_id, person_id, each.month, role, owed, approved))
        return found

    def _who(self, store_id: int, month: date, owed: Mapping[Key, list[Bonus]]) -> dict[int, str]:
        """Who has a statement: whoever holds a measured role at the end of the month, and whoever is owed something."""
        had = {p: role for (s, p, m), (_state, role) in self.kept.items() if s == store_id and m == month}
        if month >= self.this_month or not had:
            now = {p: role for (s, p), role in self.roles.items() if s == store_id}
            held = now if month >= self.this_month else now | had
        else:
            held = {p: role for p, role in had.items() if role}
        for s, p, m in [*owed, *self.bases]:
            if s == store_id and m == month and p not in held:
                held[p] = had.get(p) or self.roles.get((store_id, p), "")
        return {p: role for p, role in held.items() if self.people is None or p in self.people}

    def _draft(
        self,
        store_id: int,
        person_id: int,
        month: date,
        role: str,
        owed: Mapping[Key, list[Bonus]],
        approved: Mapping[tuple[int, int], list[dict[str, Any]]],
    ) -> Draft:
        valid = self.schemes.of(store_id, month)
        found = self.measured(store_id, person_id, month)
        draft = Draft(
            store_id,
            person_id,
            month,
            role,
            valid,
            factor_of(valid.terms, role, found),
            self.bases.get((store_id, person_id, month)),
        )
        for win in sorted(owed.get((store_id, person_id, month), ()), key=lambda w: (w.on, w.event_id, w.side)):
            (draft.bonuses if win.month == month else draft.late).append(win)
        if month <= self.this_month and self.open_month(store_id, person_id, date.min) == month:
            draft.made_up = [m for c in approved.get((store_id, person_id), ()) if (m := self._made_up(c, month))]
        return draft

    def _approved(self) -> dict[tuple[int, int], list[dict[str, Any]]]:
        """Contents of statements that may still be made up for, the oldest first."""
        open_months = [m.month for rows in self.months.values() for m in rows if m.closed_at is None]
        if not open_months:
            return {}
        since = min(open_months)
        for _back in range(CORRECTED_MONTHS):
            since = before(since)
        where: dict[str, Any] = {"store_id__in": self.stores, "state": Statement.State.APPROVED, "month__gte": since}
        if self.people is not None:
            where["person_id__in"] = list(self.people)
        found: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
        for content in Statement.objects.filter(**where).order_by("month").values_list("content", flat=True):
            found[content["store"], content["person"]].append(content)
        return found

    def _made_up(self, content: Mapping[str, Any], month: date) -> MadeUp | None:
        """What an approved month lacks by the figures of today; None when nothing changed."""
        of, oldest = date.fromisoformat(content["month"]), month
        for _back in range(CORRECTED_MONTHS):
            oldest = before(oldest)
        if not side_of(content["role"]) or not oldest <= of < month:
            return None
        store_id, person_id = content["store"], content["person"]
        now = again(content, self.measured(store_id, person_id, of)).value
        lines = self.told[store_id, person_id, of]
        was = lines[-1].factor if lines else content["factor"]
        if now == was:
            return None
        base = content["base_fen"]
        had = (content["pay_fen"] or 0) + sum(line.fen for line in lines)
        return MadeUp(of, was, now, base, 0 if base is None else times(base, now) - had)
