"""What must hold after any history: one function and one sentence each. Reliability 5.1, 5.2, D, E, G.

An invariant reads rows only, and tells what breaks it (at most a hundred examples by id, never personal data).
It works out anew what the house keeps: the SQL here is deliberately not the house's own. A cursor is handed in, so that a test can break a
row as the owner, see the named failure, and roll back.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from cheban.org import scope
from cheban.site.simulation.invariants import (  # noqa: F401 - they register
    careers,
    dealings,
    figures,
    griefs,
    leads,
    pay,
    people,
    recorded,
    scopes,
    tasks,
    voices,
)
from cheban.site.simulation.invariants.base import INVARIANTS, Found, Invariant

__all__ = ["INVARIANTS", "Invariant", "broken"]


def broken(world: Any = None, *, stores: list[int] | None = None) -> dict[str, Found]:
    """Every invariant by name with what breaks it (empty: it holds). Sets the scope itself."""
    ids = stores or world.stores
    told: dict[str, Found] = {}
    for known in INVARIANTS.values():
        with scope.use(ids), connection.cursor() as cursor:
            told[known.name] = known.check(cursor, ids, world)
    return told
