"""The demo's statements: last month approved in one store, begun in another, one lead made up. R158-R160, R183."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from cheban.core import clock
from cheban.org import dispatch, scope
from cheban.org.access import Actor
from cheban.org.models import Store
from cheban.scorecard import tally
from cheban.scorecard.incentives import months, reckoning, statements
from cheban.scorecard.models import Statement
from cheban.site.demo import staff

ZONE = ZoneInfo("Asia/Shanghai")
BASES = ("8,600", "11,240.50", "7,980", "9,315", "6,850", "10,400")
"""Commissions of sales consultants and performance pay, yuan."""


def live(stores: list[Store], *, today: date) -> None:
    """Statements of last month and this one; managers enter bases and approve. Sets the scope itself."""
    ids = [store.id for store in stores]
    last = months.before(today)
    with scope.use(ids):
        tally.count_tasks(ids, weeks=12)
        statements.refresh(ids, today=today)
    begins = datetime.combine(months.first_of(today), time(10), tzinfo=ZONE)
    for number, store in enumerate(stores):
        with scope.use([store.id]), clock.frozen(min(begins + timedelta(days=1), clock.now())):
            manager = staff.manager_of(store)
            if manager is None:
                continue
            rows = list(Statement.objects.filter(store=store, month=last).order_by("role", "person_id"))
            for index, row in enumerate(rows):
                if number < 2 and row.person_id != manager.staff_id:
                    statements.set_base(row, by=manager, yuan=BASES[(index + number) % len(BASES)])
            earlier = list(
                Statement.objects.filter(store=store, month__lt=last, state=Statement.State.DRAFT)
                .exclude(person_id=manager.staff_id)
                .order_by("month", "role", "person_id")
            )
            if earlier and number < 2:  # deals of the month before: they come first
                statements.approve(earlier, by=manager, seen=statements.look(earlier, by=manager).seen)
            chosen = [r for r in rows if r.person_id != manager.staff_id]
            chosen = chosen if number == 0 else chosen[: len(chosen) // 2] if number == 1 else []
            if number == 0:
                chosen = _hold_one_back(store, chosen, by=manager)
            if chosen:
                statements.approve(chosen, by=manager, seen=statements.look(chosen, by=manager).seen)
            while dispatch.run_pending(limit=200) == 200:
                pass
    with scope.use(ids):
        statements.refresh(ids, today=today)


def _hold_one_back(store: Store, rows: list[Statement], *, by: Actor) -> list[Statement]:
    """One lead as if its deal had been told after the approval: it is made up in the next month."""
    for row in rows:
        books = reckoning.Books([store.id], today=clock.today(), people=[row.person_id])
        draft = next(iter(books.drafts(row.month)), None)
        if draft is not None and draft.bonuses:
            with transaction.atomic():
                draft.bonuses.pop()
                statements.close(row, draft, by=by)
            return [other for other in rows if other.id != row.id]
    return rows
