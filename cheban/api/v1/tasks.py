"""Tasks: what is owed to whom by when, and what came of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status

from cheban.api import cursors, schemas
from cheban.api.door import needs
from cheban.core import clock
from cheban.org.access import require_permission
from cheban.playbook import commands, queries, teams

router = Router(tags=["tasks"])
TEAM = needs("tasks:read_team")


def _row(row: Any) -> dict[str, Any]:
    return {"contact_id": row.id} | {
        name: getattr(row, name) for name in schemas.TaskOut.model_fields if name != "contact_id"
    }


@router.get("/tasks", response=schemas.TaskPage, auth=needs(), summary="List open tasks")
def list_tasks(request: HttpRequest, filters: Query[schemas.TaskFilter]) -> dict[str, Any]:
    """The open tasks of the token's maker (`of=mine`, tasks:read) or of the team (`of=team`, tasks:read_team)."""
    at = clock.now()
    if filters.of == "mine":
        needs("tasks:read")(request)
        require_permission(request.actor, "task.see_own")
        found = queries.my_day(request.actor, at=at)
        rows = [_row(row) for group in found["groups"] for row in group.contacts]
        return {"data": rows, "next": None}
    TEAM(request)
    given = filters.model_dump()
    page = teams.team(
        request.actor,
        at=at,
        person=filters.assignee_id,
        only=filters.only or "",
        limit=filters.limit,
        after=cursors.read(filters.cursor, what="tasks", filters=given),
    )
    return {
        "data": [_row(row) for row in page["contacts"]],
        "next": cursors.write(page["after"], what="tasks", filters=given),
    }


@router.post(
    "/tasks/{uuid:contact_id}/outcome",
    response={201: schemas.Recorded},
    auth=needs("tasks:write"),
    summary="Record an outcome",
)
def record_task_outcome(request: HttpRequest, contact_id: UUID, payload: schemas.OutcomeIn) -> Status:
    """What came of a contact: 409 AlreadyTold, 422 NeedsMore (a time or a reason is missing) or QuietHours."""
    event = commands.record_outcome(contact_id, by=request.actor, **payload.model_dump())
    return Status(201, {"event_id": event.id, "name": event.name, "at": event.at})
