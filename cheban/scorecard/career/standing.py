"""Who stands where, and what the next grade still asks of them: set-based, nine queries for a store whatever its size.

R179, R182 (whoever is measured sees how), R183.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db import connection
from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cheban.org.models import Staff, StaffRole
from cheban.org.roles import Role
from cheban.org.training.models import TrainingInvitation
from cheban.scorecard.career.ladder import HIGHEST, LOWEST, TITLES, Asked, Ladders
from cheban.scorecard.career.models import CareerStep
from cheban.scorecard.cells import cell
from cheban.scorecard.definitions import BY_CODE, LISTED
from cheban.scorecard.targets import Goals
from cheban.scorecard.weeks import monday_of

MONTHS = 3
"""Full calendar months whose figures count."""
NO_CAREER = frozenset([Role.GROUP_ADMIN, Role.OPERATIONS, Role.AUDITOR])
"""Roles of the group, which no store grades."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that the next grade asks: how much there is, how much it takes. `has` None: nothing to measure yet."""

    name: str
    words: str
    has: int | None
    asked: int
    is_met: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """A person of a store: grade, since when, what the next one asks. `steps`: how they came here, newest first."""

    store_id: int
    person_id: int
    person: str
    roles: str
    grade: int
    since: date | None
    steps: tuple[CareerStep, ...]
    conditions: tuple[Condition, ...]
    store: str = ""

    @property
    def title(self) -> str:
        """The grade in words."""
        return str(TITLES[self.grade])

    @property
    def next_title(self) -> str:
        """The next grade in words; '' at the top."""
        return str(TITLES.get(self.grade + 1, ""))

    @property
    def missing(self) -> list[Condition]:
        """What the next grade still asks."""
        return [c for c in self.conditions if not c.is_met]

    @property
    def is_ready(self) -> bool:
        """Whether they fulfil all that the next grade asks."""
        return bool(self.conditions) and not self.missing


def standings(store_id: int, *, today: date, person_id: int | None = None) -> list[Standing]:
    """The people of a store (or one of them), who is ready first, then by name."""
    held = StaffRole.objects.filter(store_id=store_id, staff__is_active=True).exclude(role__in=NO_CAREER)
    if person_id is not None:
        held = held.filter(staff_id=person_id)
    people: dict[int, tuple[str, list[str], date | None]] = {}
    for staff_id, name, role, joined in held.values_list("staff_id", "staff__name", "role", "staff__joined_on"):
        people.setdefault(staff_id, (name, [], joined))[1].append(role)
    ids, order = list(people), list(Role.values)
    steps = _steps(store_id, ids)
    certificates, figures, cases = _certificates(ids, today), _figures(store_id, ids, today), _cases(store_id, ids)
    asked = Ladders([store_id]).of(store_id)
    found = []
    for staff_id, (name, roles, joined) in people.items():
        own = steps.get(staff_id, ())
        grade = own[0].grade if own else LOWEST
        since = own[0].since if own else joined
        found.append(
            Standing(
                store_id,
                staff_id,
                name,
                _("、").join(str(Role(r).label) for r in sorted(roles, key=order.index)),
                grade,
                since,
                own,
                _conditions(
                    asked.get(grade + 1),
                    grade=grade,
                    months=_months(since, today),
                    certificates=certificates.get(staff_id, 0),
                    figures=figures.get(staff_id),
                    cases=cases.get(staff_id, 0),
                ),
            )
        )
    return sorted(found, key=lambda s: (not s.is_ready, -s.grade, s.person))


def own(store_ids: Iterable[int], person_id: int, *, today: date) -> list[Standing]:
    """Where a person stands in each of these stores that they work in; the stores are those of the scope, whose rows
    alone are seen."""
    held = StaffRole.objects.filter(store_id__in=list(store_ids), staff_id=person_id).exclude(role__in=NO_CAREER)
    stores = dict(held.values_list("store_id", "store__name").order_by("store_id"))
    return [
        replace(found, store=name)
        for store_id, name in stores.items()
        for found in standings(store_id, today=today, person_id=person_id)
    ]


def name_graders(found: Iterable[Standing]) -> None:
    """Give each step the name of who graded (`by_name`). One query."""
    steps = [step for standing in found for step in standing.steps]
    names = dict(Staff.objects.filter(id__in={step.by_id for step in steps}).values_list("id", "name")) if steps else {}
    for step in steps:
        step.by_name = names.get(step.by_id, _("系统"))


def _steps(store_id: int, ids: list[int]) -> dict[int, tuple[CareerStep, ...]]:
    found: dict[int, tuple[CareerStep, ...]] = {}
    for step in CareerStep.objects.filter(store_id=store_id, person_id__in=ids).order_by("person_id", "-number"):
        step.title = str(TITLES[step.grade])
        found[step.person_id] = (*found.get(step.person_id, ()), step)
    return found


def _certificates(ids: list[int], today: date) -> dict[int, int]:
    """Certificates that hold, by person."""
    held = TrainingInvitation.objects.filter(staff_id__in=ids, certificate__isnull=False, lapses_on__gt=today)
    return dict(held.values_list("staff_id").annotate(n=Count("id")).values_list("staff_id", "n"))


def _cases(store_id: int, ids: list[int]) -> dict[int, int]:
    """Benchmark cases in the handbook now, by who put them forward."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT p.nominated_by_id, count(*) FROM scorecard_practice p
                WHERE p.store_id = %s AND p.nominated_by_id = ANY (%s) AND p.withdrawn_at IS NULL
                  AND (SELECT v.title <> '' FROM scorecard_practicepage v
                       WHERE v.practice_id = p.id ORDER BY v.number DESC LIMIT 1) GROUP BY 1""",
            [store_id, ids],
        )
        return dict(cursor.fetchall())


def _figures(store_id: int, ids: list[int], today: date) -> dict[int, tuple[int, int]]:
    """(on target, measured) of a person's own figures in the last full months; figures of too few things are left out."""
    last = today.replace(day=1) - timedelta(days=1)
    first = last.replace(day=1)
    for _month in range(MONTHS - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    goals, found = Goals([store_id]), dict[int, tuple[int, int]]()
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT person_id, metric, sum(part)::bigint, sum(whole)::bigint FROM scorecard_tally
               WHERE store_id = %s AND metric = ANY (%s) AND person_id = ANY (%s) AND day >= %s AND day <= %s
               GROUP BY 1, 2""",
            [store_id, [d.code for d in LISTED], ids, first, last],
        )
        for person_id, metric, part, whole in cursor.fetchall():
            light = cell(part, whole, BY_CODE[metric], goals, store_id, monday_of(last))["light"]
            if light:
                kept, measured = found.get(person_id, (0, 0))
                found[person_id] = kept + (light == "kept"), measured + 1
    return found


def _months(since: date | None, today: date) -> int | None:
    """Whole calendar months since a day; None where nobody wrote down when."""
    if since is None:
        return None
    return max(0, (today.year - since.year) * 12 + today.month - since.month - (today.day < since.day))


def _conditions(
    asked: Asked | None,
    *,
    grade: int,
    months: int | None,
    certificates: int,
    figures: tuple[int, int] | None,
    cases: int,
) -> tuple[Condition, ...]:
    """What the next grade asks, without what it asks nothing of. Somebody whose work no figure measures is not held
    back by that."""
    if asked is None or grade >= HIGHEST:
        return ()
    title = TITLES[grade]
    reached = round(100 * figures[0] / figures[1]) if figures else None
    found = [
        Condition(
            "months",
            ngettext("%(title)s满 %(n)d 个月", "%(title)s满 %(n)d 个月", asked.months)
            % {"title": title, "n": asked.months},
            months,
            asked.months,
            months is not None and months >= asked.months,
        ),
        Condition(
            "certificates",
            ngettext("有效证书 %(n)d 张", "有效证书 %(n)d 张", asked.certificates) % {"n": asked.certificates},
            certificates,
            asked.certificates,
            certificates >= asked.certificates,
        ),
        Condition(
            "reached",
            _("近三个月自己的指标 %(n)d%% 达标") % {"n": asked.reached},
            reached,
            asked.reached,
            reached is None or reached >= asked.reached,
        ),
        Condition(
            "cases",
            ngettext("进手册的案例 %(n)d 个", "进手册的案例 %(n)d 个", asked.cases) % {"n": asked.cases},
            cases,
            asked.cases,
            cases >= asked.cases,
        ),
    ]
    return tuple(c for c in found if c.asked)
