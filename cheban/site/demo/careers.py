"""The demo's grades: who was graded when the store began with it, who rose since, one against the rule. R179, R183."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cheban.core import clock
from cheban.org import scope
from cheban.org.access import Actor
from cheban.org.models import Store
from cheban.org.roles import Role
from cheban.scorecard.career import grading, standing
from cheban.site.demo import staff

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = (3, 2, 4, 2, 1, 3)
"""Grades of the first grading, in turn; 1 is where everybody begins and needs no step."""
MANAGERS = 4
MONTHS_AGO = 14


def live(stores: list[Store], *, today: date) -> None:
    """Managers grade their people. Sets the scope itself."""
    begin = datetime.combine(today - timedelta(days=MONTHS_AGO * 30), time(16), tzinfo=ZONE)
    for number, store in enumerate(stores):
        with scope.use([store.id]):
            manager = staff.manager_of(store)
            if manager is None:
                continue
            with clock.frozen(begin):
                admin = staff.admin_of(store)
                for one in standing.standings(store.id, today=begin.date(), person_id=manager.staff_id):
                    _grade(one, MANAGERS, by=admin, reason="任店长两年，团队指标稳定")
                people = [
                    s for s in standing.standings(store.id, today=begin.date()) if s.person_id != manager.staff_id
                ]
                for index, one in enumerate(sorted(people, key=lambda s: s.person_id)):
                    _grade(
                        one,
                        FIRST[(index + number) % len(FIRST)],
                        by=manager,
                        reason="开始评定职级，按入职以来的表现定级",
                    )
            if number == 0:
                with clock.frozen(begin + timedelta(days=300)):
                    _one_leaps(store, by=manager)


def _one_leaps(store: Store, *, by: Actor) -> None:
    """The sales consultant whose trade-in customers come back: graded before the months are full."""
    people = standing.standings(store.id, today=clock.today())
    chosen = next(
        (s for s in people if s.roles == str(Role.SALES_CONSULTANT.label) and s.person_id != by.staff_id), None
    )
    if chosen is not None and chosen.next_title:
        _grade(chosen, chosen.grade + 1, by=by, reason="连续两个季度置换线索成交第一，提前晋级，班组一致同意")


def _grade(one: standing.Standing, grade: int, *, by: Actor, reason: str) -> None:
    if grade != one.grade:
        grading.give(one.store_id, one.person_id, by=by, grade=grade, seen=len(one.steps), reason=reason)
