"""How often and how much a program may ask: requests a minute per token, size and depth of a body. Rows 34, API4."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from cheban.api.models import ApiToken

MOST_BYTES = 4 * 1024 * 1024
MOST_DEPTH = 12
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a token's running minute; `reset` is in seconds."""

    limit: int
    left: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """As the draft 'RateLimit header fields for HTTP' writes them."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(self.left, 0)),
            "RateLimit-Reset": str(self.reset),
        }


def count(token: ApiToken, *, at: datetime) -> Allowance:
    """Count one request; `left` below 0 means too many. One statement, committed at once: all processes share it."""
    seconds = int(at.timestamp())
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO api_askedcount AS a (token_id, minute, count) VALUES (%s, %s, 1)
               ON CONFLICT (token_id) DO UPDATE SET minute = excluded.minute,
                 count = CASE WHEN a.minute = excluded.minute THEN least(a.count, 1000000) + 1 ELSE 1 END
               RETURNING count""",
            [token.id, seconds // 60],
        )
        asked = cursor.fetchone()[0]
    return Allowance(token.per_minute, token.per_minute - asked, 60 - seconds % 60)


def depth(body: bytes) -> int:
    """How deep the arrays and objects of a JSON text lie in each other; strings do not count."""
    deepest = now = 0
    for bracket in _BRACKETS.findall(_STRINGS.sub(b"", body)):
        now += 1 if bracket in b"[{" else -1
        deepest = max(deepest, now)
    return deepest
