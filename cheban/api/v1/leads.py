"""Leads to and from the sales CRM: JSON, and ADF 1.0 XML."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Status

from cheban.api import cursors
from cheban.api.door import needs
from cheban.api.schemas import Recorded
from cheban.api.schemas import leads as schemas
from cheban.api.v1.customers import one_store
from cheban.core import clock
from cheban.lists import paging
from cheban.lists.state import Asked
from cheban.sales.leads import commands, inbound, joining, lists, queries

router = Router(tags=["leads"])
XML = "application/xml"
OWN = [name for name in schemas.LeadOut.model_fields if name not in ("words", "may_be_same_as")]


def _rows(leads: list[Any]) -> list[dict[str, Any]]:
    """Leads with their words and the ids of those like them. Two queries."""
    words, likes = queries.heard([lead.id for lead in leads]), joining.with_likes([lead.id for lead in leads])
    return [
        {name: getattr(lead, name) for name in OWN}
        | {
            "words": words.get(lead.id, []),
            "may_be_same_as": likes.get(lead.id, []),
        }
        for lead in leads
    ]


@router.get("/leads", response=schemas.LeadPage, auth=needs("leads:read"), summary="List leads")
def list_leads(request: HttpRequest, filters: Query[schemas.LeadFilter]) -> dict[str, Any]:
    """A page of leads, the newest first, with the customers' words."""
    given = filters.model_dump()
    after = cursors.read(filters.cursor, what="leads", filters=given)
    asked = {code: value for code, value in given.items() if value and code not in ("limit", "cursor")}
    found = paging.page(
        lists.LEADS, Asked(values=asked, sort="newest", after=after), today=clock.today(), limit=filters.limit
    )
    return {"data": _rows(found["rows"]), "next": cursors.write(found["after"], what="leads", filters=given)}


@router.post(
    "/leads", response={200: schemas.LeadOut, 201: schemas.LeadOut}, auth=needs("leads:write"), summary="Bring"
)
def bring_lead(request: HttpRequest, payload: schemas.LeadIn) -> Status:
    """A lead of another system; a consultant has 24 hours from now. 200 when `external_id` is known already."""
    sent = payload.model_dump(exclude={"store_id"})
    store_id = one_store(request.actor, payload.store_id)
    lead, is_new = inbound.take_in(by=request.actor, store_id=store_id, **sent)
    return Status(201 if is_new else 200, _rows([lead])[0])


@router.post(
    "/leads/adf",
    response={201: schemas.Leads},
    auth=needs("leads:write"),
    summary="Bring an ADF 1.0 file",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {XML: {"schema": {"type": "string", "description": "ADF 1.0, UTF-8, at most 100 prospects"}}},
        }
    },
)
def bring_adf(request: HttpRequest, store_id: int | None = None) -> Status:
    """Every prospect becomes a lead, all or none. 422 AdfWrong names each line and what is wrong there."""
    found = inbound.take_in_adf(request.body, by=request.actor, store_id=one_store(request.actor, store_id))
    return Status(201, {"data": _rows(found)})


@router.get("/leads/{uuid:lead_id}", response=schemas.LeadWhole, auth=needs("leads:read"), summary="Read one")
def get_lead(request: HttpRequest, lead_id: UUID) -> dict[str, Any]:
    """One lead with its answers."""
    found = queries.lead(lead_id)
    return _rows([found])[0] | {"answers": list(found.answers.order_by("-at", "-id"))}


@router.get(
    "/leads/{uuid:lead_id}/adf",
    auth=needs("leads:reveal"),
    summary="Read one as ADF 1.0",
    openapi_extra={"responses": {200: {"description": "OK", "content": {XML: {"schema": {"type": "string"}}}}}},
)
def get_adf(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """The lead as an ADF file with the customer's full phone; the audit trail says who took it."""
    return HttpResponse(
        inbound.as_adf(queries.lead(lead_id), by=request.actor, reason=_("以 ADF 送往销售系统")), content_type=XML
    )


@router.post(
    "/leads/{uuid:lead_id}/answers", response={201: Recorded}, auth=needs("leads:answer"), summary="Report back"
)
def answer_lead(request: HttpRequest, lead_id: UUID, payload: schemas.LeadAnswerIn) -> Status:
    """What sales says of a lead. 409 WrongState when it has ended or waits for service to confirm it."""
    lead, by = queries.lead(lead_id), request.actor
    if payload.stage == "won":
        event = commands.win(
            lead,
            by=by,
            deal_fen=payload.deal_fen or 0,
            deal_what=payload.deal_what,
            service_share_percent=payload.service_share_percent,
        )
    elif payload.stage == "lost":
        event = commands.lose(lead, by=by, reason=payload.reason_code or "", why=payload.words)
    else:
        event = commands.answer(
            lead,
            by=by,
            words=payload.words,
            stage=payload.stage,
            next_contact_on=payload.next_contact_on,
            appraised_fen=payload.appraised_fen,
        )
    return Status(201, {"event_id": event.id, "name": event.name, "at": event.at})
