"""Telling open pages that something changed: NOTIFY 'topic:id' with the commit, nothing more. R020.

The payload carries no data: the page fetches its fragment again, and the permissions apply there. PostgreSQL
delivers at commit, drops equal payloads of one transaction, and forgets them on rollback.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

CHANNEL = "cheban_live"


def announce(topic: str, id: Any) -> None:
    """Tell open pages that `topic:id` changed, once this transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, f"{topic}:{id}"])
