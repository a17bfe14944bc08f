"""When an answer is due and whether it came in time, by the store's calendar and the rule's own number. R038.

The ten minutes are the handbook's (`handbook/conversations.py`), and a store may have changed them: nothing here knows
the number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cheban.core.calendars import calendar_of
from cheban.core.worktime import Calendar, NoWorkingTime, due, elapsed
from cheban.org.models import Store
from cheban.playbook import effective
from cheban.playbook.rules import Budget
from cheban.voice.conversations.models import Topic

RULES = {Topic.SERVICE: "answer_customer", Topic.SALES: "answer_customer_sales"}
"""Topic -> the rule that says who owes the answer, and within which time."""
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Clock:
    """A store's answer clock for one topic."""

    calendar: Calendar | None  # none: wall time
    budget: timedelta

    def due(self, asked_at: datetime) -> datetime | None:
        """When the answer to a question of that moment is due; None for a store that never opens."""
        try:
            return due(asked_at, self.budget, self.calendar)
        except NoWorkingTime:
            return None

    def opens(self, at: datetime) -> datetime | None:
        """When the store is open next; the moment itself while it is."""
        try:
            return due(at, timedelta(), self.calendar)
        except NoWorkingTime:
            return None

    def judged(self, asked_at: datetime, answered_at: datetime) -> tuple[int, bool]:
        """(working minutes, begun ones counted; whether within the promised time)."""
        took = elapsed(asked_at, answered_at, self.calendar)
        return -(-took // MINUTE), took <= self.budget

    @property
    def minutes(self) -> int:
        """The promised time in whole minutes."""
        return round(self.budget / MINUTE)


def clock_of(store: Store, topic: str = Topic.SERVICE) -> Clock:
    """The answer clock of a store. Two queries."""
    budget: Budget = effective.promised(store.id, RULES[Topic(topic)])
    calendar = calendar_of(store.id, tz=store.time_zone) if budget.clock == "working" else None
    return Clock(calendar, budget.amount)
