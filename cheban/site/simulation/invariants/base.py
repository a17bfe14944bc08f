"""What an invariant is, and how one is registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MOST = 100
Found = list[str]


@dataclass(frozen=True, slots=True)
class Invariant:
    """One thing that must hold: `says` is the sentence, `check(cursor, stores, world)` what breaks it."""

    name: str
    says: str
    check: Callable[..., Found]


INVARIANTS: dict[str, Invariant] = {}


def invariant(says: str) -> Callable:
    """Register a function as an invariant under its own name."""

    def register(function: Callable) -> Callable:
        INVARIANTS[function.__name__] = Invariant(function.__name__, says, function)
        return function

    return register


def rows(cursor: Any, sql: str, params: dict[str, Any] | None = None) -> Found:
    """The rows of a query that finds what is wrong, as text."""
    cursor.execute(f"{sql} LIMIT {MOST}", params or {})
    names = [c.name for c in cursor.description]
    return [", ".join(f"{n}={v}" for n, v in zip(names, row, strict=True)) for row in cursor.fetchall()]
