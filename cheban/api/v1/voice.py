"""Conversations, complaints, surveys. R037-R038, R113-R132, Y02."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status

from cheban.api import cursors
from cheban.api.door import needs
from cheban.api.schemas import Recorded
from cheban.api.schemas import voice as schemas
from cheban.core.ids import new_id
from cheban.voice.complaints import commands as complaining
from cheban.voice.complaints import queries as complaints
from cheban.voice.conversations import commands as talking
from cheban.voice.conversations import queries as conversations
from cheban.voice.surveys import queries as surveys

router = Router(tags=["voice"])


def _page(what: str, filters: Any, read: Any) -> dict[str, Any]:
    """One page of a list: its filters, the place of its cursor, the next place."""
    given = filters.model_dump()
    wanted = filters.model_dump(exclude={"cursor"}, exclude_none=True)
    found = read(**wanted, after=cursors.read(filters.cursor, what=what, filters=given))
    return {"data": found["rows"], "next": cursors.write(found["after"], what=what, filters=given)}


@router.get(
    "/conversations", response=schemas.ConversationPage, auth=needs("conversations:read"), summary="List conversations"
)
def list_conversations(request: HttpRequest, filters: Query[schemas.ConversationFilter]) -> dict[str, Any]:
    """A page of conversations, the one with the newest message first. One query."""
    return _page("conversations", filters, conversations.listed)


@router.get(
    "/conversations/{uuid:conversation_id}",
    response=schemas.ConversationOut,
    auth=needs("conversations:read"),
    summary="Read one",
)
def get_conversation(request: HttpRequest, conversation_id: UUID) -> Any:
    """One conversation; what was said is under `messages`."""
    return conversations.conversation(conversation_id)


@router.get(
    "/conversations/{uuid:conversation_id}/messages",
    response=schemas.MessagePage,
    auth=needs("conversations:read"),
    summary="Read messages",
)
def list_messages(request: HttpRequest, conversation_id: UUID, filters: Query[schemas.PageIn]) -> dict[str, Any]:
    """A page of what was said, the newest first. Two queries."""
    found = conversations.conversation(conversation_id)
    return _page(f"messages {found.id}", filters, lambda **how: conversations.messages(found, **how))


@router.post(
    "/conversations/{uuid:conversation_id}/messages",
    response={201: schemas.MessageOut},
    auth=needs("conversations:write"),
    summary="Answer",
)
def answer_conversation(request: HttpRequest, conversation_id: UUID, payload: schemas.MessageIn) -> Status:
    """A colleague answers; the waiting period of the customer ends."""
    found = conversations.conversation(conversation_id)
    return Status(201, talking.answer(found.id, by=request.actor, text=payload.text, key=new_id()))


@router.get("/complaints", response=schemas.ComplaintPage, auth=needs("complaints:read"), summary="List complaints")
def list_complaints(request: HttpRequest, filters: Query[schemas.ComplaintFilter]) -> dict[str, Any]:
    """A page of complaints, the newest first. One query."""
    return _page("complaints", filters, complaints.listed)


@router.post("/complaints", response={201: schemas.ComplaintOut}, auth=needs("complaints:write"), summary="File")
def file_complaint(request: HttpRequest, payload: schemas.ComplaintIn) -> Status:
    """Put a complaint on record in the customer's own words."""
    made = complaining.file(by=request.actor, **payload.model_dump())
    return Status(201, complaints.complaint(made.id))


@router.get(
    "/complaints/{uuid:complaint_id}",
    response=schemas.ComplaintWhole,
    auth=needs("complaints:read"),
    summary="Read one",
)
def get_complaint(request: HttpRequest, complaint_id: UUID) -> dict[str, Any]:
    """One complaint with its findings and solutions. Three queries."""
    found = complaints.complaint(complaint_id)
    own = {name: getattr(found, name) for name in schemas.ComplaintOut.model_fields}
    return own | complaints.whole(found)


@router.post(
    "/complaints/{uuid:complaint_id}/answer",
    response={201: Recorded},
    auth=needs("complaints:answer"),
    summary="Answer first",
)
def answer_complaint(request: HttpRequest, complaint_id: UUID, payload: schemas.AnswerIn) -> Status:
    """The customer was spoken to for the first time; 409 WrongState when somebody did so before."""
    event = complaining.answer(complaints.complaint(complaint_id), by=request.actor, text=payload.text)
    return Status(201, {"event_id": event.id, "name": event.name, "at": event.at})


@router.get("/surveys", response=schemas.SurveyPage, auth=needs("surveys:read"), summary="List surveys")
def list_surveys(request: HttpRequest, filters: Query[schemas.SurveyFilter]) -> dict[str, Any]:
    """A page of surveys, the newest invitation first. One query."""
    return _page("surveys", filters, surveys.listed)


@router.get("/surveys/{uuid:survey_id}", response=schemas.SurveyOut, auth=needs("surveys:read"), summary="Read one")
def get_survey(request: HttpRequest, survey_id: UUID) -> Any:
    """One survey."""
    return surveys.survey(survey_id)
