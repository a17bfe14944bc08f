"""More than one person usually does: looking at many customers' numbers, or exporting often, is told at once.

Who watches: managers, on the audit page and through the event. Reliability rows 7 and 39, MLPS 2.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from cheban.core import clock, events
from cheban.core.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Threshold:
    """So many rows of an action by one person within a time raise one alarm."""

    most: int
    within: timedelta


THRESHOLDS = {
    "pii.revealed": Threshold(50, timedelta(hours=1)),
    "proof.opened": Threshold(50, timedelta(hours=1)),
    "customers.exported": Threshold(10, timedelta(hours=1)),
}
ALARM = "audit.alarmed"
"""Action of the audit row, and name of the event."""


def watch(action: str, *, actor_id: int | None, store_id: int | None) -> int | None:
    """After an audit row was written: the count if it is time for an alarm, else None. One alarm per time span."""
    threshold = THRESHOLDS.get(action)
    if threshold is None or actor_id is None or store_id is None:
        return None
    rows = AuditEntry.objects.filter(actor_id=actor_id, at__gt=clock.now() - threshold.within)
    count = rows.filter(action=action).count()
    if count < threshold.most or rows.filter(action=ALARM, facts__what=action).exists():
        return None
    events.record(ALARM, store_id=store_id, actor_id=actor_id, action=action, count=count)
    return count
