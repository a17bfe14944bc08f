"""What happened, to be fetched: for those who cannot receive webhooks, or want to check that none was lost."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from cheban.api import cursors, feed, schemas
from cheban.api.door import needs

router = Router(tags=["events"])


@router.get("/events", response=schemas.EventPage, auth=needs("events:read"), summary="Events")
def list_events(request: HttpRequest, filters: Query[schemas.EventFilter]) -> dict[str, Any]:
    """Events in the order in which they were written, ids and facts only, as webhooks tell them. One query.

    Keep `next` and ask again with it later: without new events it stays as it is. The last minute is left out, so that nothing that is being
    written at this moment is passed over.
    """
    given = filters.model_dump()
    after = cursors.read(filters.cursor, what="events", filters=given)
    rows, last = feed.page(name=filters.type or "", after=int(after or 0), limit=filters.limit)
    return {"data": rows, "next": cursors.write(str(last), what="events", filters=given) if last else filters.cursor}
