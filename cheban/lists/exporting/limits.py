"""How much of a list may leave as a file: one table. Reliability row 7 (OWASP ASVS 2.4.1: no exfiltration by machine).

The alarm at ten exports of customers an hour (org/alarms.py) comes first; here it ends.
"""

from __future__ import annotations

from dataclasses import dataclass

from cheban.org.access import Actor
from cheban.org.roles import Role


@dataclass(frozen=True, slots=True)
class Limit:
    """Rows of one export; exports within an hour, all lists together."""

    rows: int
    per_hour: int


LIMITS: dict[str, Limit] = {
    # role: rows of one export, exports in an hour
    Role.GROUP_ADMIN: Limit(2_000_000, 30),
    Role.OPERATIONS: Limit(1_000_000, 20),
    Role.STORE_MANAGER: Limit(200_000, 12),
    Role.AUDITOR: Limit(100_000, 12),
}
OTHERS = Limit(10_000, 6)
"""Roles that the table does not name."""
KEPT_DAYS = 7
"""Days after which a file is deleted."""


def of(actor: Actor) -> Limit:
    """What this person may take: of several roles the widest, of several stores the narrowest."""
    per_store = [
        [LIMITS.get(role, OTHERS) for role in actor.roles.get(store, ())] or [OTHERS] for store in actor.stores
    ]
    return Limit(
        rows=min((max(limit.rows for limit in held) for held in per_store), default=OTHERS.rows),
        per_hour=min((max(limit.per_hour for limit in held) for held in per_store), default=OTHERS.per_hour),
    )
