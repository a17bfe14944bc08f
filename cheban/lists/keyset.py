"""One page of rows by moment and id, the newest first: for programs and short lists that are no list of `spec`."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet


def newest(rows: QuerySet, moment: str, *, after: str, limit: int) -> dict[str, Any]:
    """Rows whose `moment` column is set, and the place after the last one ('' at the end). One query.

    `after` is a place that this function gave.
    """
    if after:
        at, _sep, last = after.rpartition("~")
        edge = datetime.fromisoformat(at)
        rows = rows.filter(Q(**{f"{moment}__lt": edge}) | Q(**{moment: edge, "id__lt": UUID(last)}))
    found = list(rows.order_by(f"-{moment}", "-id")[: limit + 1])
    last_one = found[limit - 1] if len(found) > limit else None
    place = f"{getattr(last_one, moment).isoformat()}~{last_one.id}" if last_one else ""
    return {"rows": found[:limit], "after": place}
