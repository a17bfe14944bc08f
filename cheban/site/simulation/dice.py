"""Chance that can be told again: every question has its own dice, named by what is asked.

A roll is a keyed hash of the seed and the question's name, never the next number of a shared stream. So a new
behaviour, or one question more, does not shift what any other question answers.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """All chance of one simulation; `seed` names it."""

    def __init__(self, seed: int | str) -> None:
        self.seed = str(seed)
        self._key = self.seed.encode()[:64]

    def roll(self, *about: object) -> float:
        """A number in [0, 1) for this question; the same question always gets the same."""
        text = "/".join(map(str, about)).encode()
        return int.from_bytes(blake2b(text, digest_size=7, key=self._key).digest(), "big") / (1 << 56)

    def happens(self, chance: float, *about: object) -> bool:
        """Whether something of this chance (0-1) happens."""
        return self.roll(*about) < chance

    def whole(self, low: int, high: int, *about: object) -> int:
        """A whole number from `low` to `high`, both possible."""
        return low + int(self.roll(*about) * (high - low + 1))

    def pick(self, values: Sequence[T], *about: object) -> T:
        """One of the values, each as likely."""
        return values[int(self.roll(*about) * len(values))]

    def weighed(self, table: Iterable[tuple[T, float]], *about: object) -> T:
        """One value of (value, weight) rows."""
        rows = list(table)
        left = self.roll(*about) * sum(weight for _value, weight in rows)
        for value, weight in rows:
            left -= weight
            if left < 0:
                return value
        return rows[-1][0]

    def stream(self, *about: object) -> random.Random:
        """A generator of its own, for code that wants many numbers (names, VINs, ids)."""
        return random.Random("/".join(map(str, (self.seed, *about))))
