"""Deliveries with their handover sheets, and promises. R028-R039, Y02."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Router, Status

from cheban.api import cursors
from cheban.api.door import needs
from cheban.api.schemas import Recorded
from cheban.api.schemas import sales as schemas
from cheban.core import files
from cheban.sales import queries
from cheban.sales.deliveries import commands as delivering
from cheban.sales.errors import Invalid
from cheban.sales.promises import commands as promising
from cheban.sales.promises import proofs as proving

router = Router(tags=["sales"])
KINDS = [content_type for content_type, _suffix in files.TYPES.values()]
FILE = {"schema": {"type": "string", "format": "binary"}}
PROOF = [name for name in schemas.ProofOut.model_fields if name not in ("kind", "bytes")]
OWN = [name for name in schemas.DeliveryOut.model_fields if name != "handover_state"]


def _brief(delivery: Any) -> dict[str, Any]:
    return {name: getattr(delivery, name) for name in OWN} | {"handover_state": delivery.sheet.state}


def _proof(proof: Any) -> dict[str, Any]:
    return {name: getattr(proof, name) for name in PROOF} | {
        "kind": proof.file and proof.file.kind,
        "bytes": proof.file and proof.file.bytes,
    }


def _recorded(event: Any) -> Status:
    return Status(201, {"event_id": event.id, "name": event.name, "at": event.at})


@router.get("/deliveries", response=schemas.DeliveryPage, auth=needs("deliveries:read"), summary="List deliveries")
def list_deliveries(request: HttpRequest, filters: Query[schemas.DeliveryFilter]) -> dict[str, Any]:
    """A page of deliveries, the latest appointment first. One query."""
    given = filters.model_dump()
    wanted = filters.model_dump(exclude={"cursor"}, exclude_none=True)
    found = queries.deliveries(**wanted, after=cursors.read(filters.cursor, what="deliveries", filters=given))
    return {
        "data": [_brief(row) for row in found["rows"]],
        "next": cursors.write(found["after"], what="deliveries", filters=given),
    }


@router.post("/deliveries", response={201: schemas.DeliveryOut}, auth=needs("deliveries:write"), summary="Appoint")
def plan_delivery(request: HttpRequest, payload: schemas.DeliveryIn) -> Status:
    """Appoint the delivery of a car to its owner. 409 PlannedAlready when there is one."""
    made = delivering.plan(by=request.actor, **payload.model_dump())
    return Status(201, _brief(queries.delivery(made.id)))


@router.get(
    "/deliveries/{uuid:delivery_id}", response=schemas.DeliveryWhole, auth=needs("deliveries:read"), summary="Read one"
)
def get_delivery(request: HttpRequest, delivery_id: UUID) -> dict[str, Any]:
    """One delivery with its checklist, handover sheet and first feedback. Three queries."""
    found = queries.delivery(delivery_id)
    return _brief(found) | {
        "checks": list(found.checks.order_by("at", "point")),
        "handover": list(found.sheet.revisions.order_by("-number")),
        "feedback": getattr(found, "feedback", None),
    }


@router.post(
    "/deliveries/{uuid:delivery_id}/move", response={201: Recorded}, auth=needs("deliveries:write"), summary="Move"
)
def move_delivery(request: HttpRequest, delivery_id: UUID, payload: schemas.MoveIn) -> Status:
    """Another moment; 409 WrongState when it is over."""
    found = queries.delivery(delivery_id)
    return _recorded(delivering.move(found, by=request.actor, scheduled_at=payload.scheduled_at))


@router.post(
    "/deliveries/{uuid:delivery_id}/cancel", response={201: Recorded}, auth=needs("deliveries:write"), summary="Cancel"
)
def cancel_delivery(request: HttpRequest, delivery_id: UUID, payload: schemas.CancelIn) -> Status:
    """The buyer does not take the car; 409 WrongState when it is over."""
    return _recorded(delivering.cancel(queries.delivery(delivery_id), by=request.actor, reason=payload.reason))


@router.get("/promises", response=schemas.PromisePage, auth=needs("promises:read"), summary="List promises")
def list_promises(request: HttpRequest, filters: Query[schemas.PromiseFilter]) -> dict[str, Any]:
    """A page of promises, the newest first. One query."""
    given = filters.model_dump()
    wanted = filters.model_dump(exclude={"cursor"}, exclude_none=True)
    found = queries.promises(**wanted, after=cursors.read(filters.cursor, what="promises", filters=given))
    return {"data": found["rows"], "next": cursors.write(found["after"], what="promises", filters=given)}


@router.post("/promises", response={201: schemas.PromiseOut}, auth=needs("promises:write"), summary="Promise")
def make_promise(request: HttpRequest, payload: schemas.PromiseIn) -> Status:
    """Put a promise on record; files that prove it are attached afterwards."""
    made = promising.make(by=request.actor, **payload.model_dump())
    return Status(201, queries.promise_whole(made.id))


@router.get("/promises/{uuid:promise_id}", response=schemas.PromiseOut, auth=needs("promises:read"), summary="Read one")
def get_promise(request: HttpRequest, promise_id: UUID) -> Any:
    """One promise."""
    return queries.promise_whole(promise_id)


@router.post(
    "/promises/{uuid:promise_id}/settle", response={201: Recorded}, auth=needs("promises:settle"), summary="Settle"
)
def settle_promise(request: HttpRequest, promise_id: UUID, payload: schemas.SettleIn) -> Status:
    """It was kept, or cannot be; 409 WrongState when it is settled."""
    settle = promising.keep if payload.outcome == "kept" else promising.give_up
    return _recorded(settle(queries.promise(promise_id), by=request.actor, how=payload.how))


@router.get(
    "/promises/{uuid:promise_id}/proofs", response=schemas.ProofList, auth=needs("promises:read"), summary="List proofs"
)
def list_proofs(request: HttpRequest, promise_id: UUID) -> dict[str, Any]:
    """The photos and PDFs of a promise, without their content. Two queries."""
    return {"data": [_proof(each) for each in queries.proofs_of(queries.promise(promise_id))]}


@router.post(
    "/promises/{uuid:promise_id}/proofs",
    response={201: schemas.ProofOut},
    auth=needs("promises:prove"),
    summary="Attach a proof",
)
def add_proof(request: HttpRequest, promise_id: UUID, payload: schemas.ProofIn) -> Status:
    """Attach one file. 422 for what is no photo or PDF, is not whole, or is the ninth."""
    found = queries.promise(promise_id)
    try:
        content = base64.b64decode(payload.content, validate=True)
    except ValueError:
        raise Invalid(_("content 不是 Base64。"), content=_("请按 RFC 4648 第 4 节编码。")) from None
    [made] = proving.add(found, by=request.actor, uploads=[SimpleUploadedFile("content", content)])
    return Status(201, _proof(made))


@router.get(
    "/promises/{uuid:promise_id}/proofs/{uuid:proof_id}/file",
    auth=needs("promises:reveal"),
    summary="Read a proof",
    openapi_extra={"responses": {200: {"description": "OK", "content": dict.fromkeys(KINDS, FILE)}}},
)
def get_proof(request: HttpRequest, promise_id: UUID, proof_id: UUID) -> HttpResponse:
    """The file itself; the audit trail says who took it. 404 when it was taken out."""
    return files.response(proving.opened(queries.proof(proof_id, of=promise_id), by=request.actor), name="proof")


@router.post(
    "/promises/{uuid:promise_id}/proofs/{uuid:proof_id}/remove",
    response={201: schemas.ProofOut},
    auth=needs("promises:prove"),
    summary="Take a proof out",
)
def remove_proof(request: HttpRequest, promise_id: UUID, proof_id: UUID, payload: schemas.ProofRemoveIn) -> Status:
    """Destroy a file that does not belong here. One's own; another's needs the right to make promises."""
    proving.remove(queries.proof(proof_id, of=promise_id), by=request.actor, why=payload.why)
    return Status(201, _proof(queries.proof(proof_id)))
