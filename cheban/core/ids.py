"""Row ids made by the application: UUID version 7 (RFC 9562), so that new rows sit together in the index.

Sealed values are bound to their row's id (`core.privacy`), so the id must be known before the insert.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from cheban.core import clock

_noise: ContextVar[Callable[[int], bytes] | None] = ContextVar("ids_noise", default=None)


@contextmanager
def drawn_from(noise: Callable[[int], bytes]) -> Iterator[None]:
    """Ids by the house's clock and `noise(bytes)`, so that a simulation told twice makes the same ids."""
    token = _noise.set(noise)
    try:
        yield
    finally:
        _noise.reset(token)


def _drawn(count: int) -> tuple[int, bytes]:
    """(milliseconds, 10 random bytes for each of `count` ids)."""
    if noise := _noise.get():
        return int(clock.now().timestamp() * 1000), noise(10 * count)
    return time.time_ns() // 1_000_000, os.urandom(10 * count)


def new_id() -> uuid.UUID:
    """One UUIDv7: 48 bits of Unix milliseconds, 74 random bits."""
    millis, noise = _drawn(1)
    return uuid.UUID(int=_value(millis, int.from_bytes(noise, "big")))


def new_ids(count: int) -> list[uuid.UUID]:
    """`count` UUIDv7 of one moment, for bulk paths; one call for randomness."""
    millis, noise = _drawn(count)
    return [uuid.UUID(int=_value(millis, int.from_bytes(noise[i : i + 10], "big"))) for i in range(0, 10 * count, 10)]


def _value(millis: int, noise: int) -> int:
    return (
        (millis & 0xFFFFFFFFFFFF) << 80
        | 0x7 << 76
        | ((noise >> 64) & 0xFFF) << 64
        | 0x2 << 62
        | (noise & 0x3FFFFFFFFFFFFFFF)
    )
