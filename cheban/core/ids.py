"""Row ids made by the application: UUID version 7 (RFC 9562), so that new rows sit together in the index.

Sealed values are bound to their row's id (`core.privacy`), so the id must be known before the insert.
"""

from __future__ import annotations

import os
import time
import uuid


def new_id() -> uuid.UUID:
    """One UUIDv7: 48 bits of Unix milliseconds, 74 random bits."""
    return uuid.UUID(int=_value(time.time_ns() // 1_000_000, int.from_bytes(os.urandom(10), "big")))


def new_ids(count: int) -> list[uuid.UUID]:
    """`count` UUIDv7 of one moment, for bulk paths; one call for randomness."""
    millis = time.time_ns() // 1_000_000
    noise = os.urandom(10 * count)
    return [uuid.UUID(int=_value(millis, int.from_bytes(noise[i : i + 10], "big"))) for i in range(0, 10 * count, 10)]


def _value(millis: int, noise: int) -> int:
    return (
        (millis & 0xFFFFFFFFFFFF) << 80
        | 0x7 << 76
        | ((noise >> 64) & 0xFFF) << 64
        | 0x2 << 62
        | (noise & 0x3FFFFFFFFFFFFFFF)
    )
