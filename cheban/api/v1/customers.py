"""Customers, their consent, notes and timeline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Router, Status

from cheban.api import cursors, schemas
from cheban.api.door import needs
from cheban.api.v1 import custom
from cheban.core import clock
from cheban.core.errors import BadValue
from cheban.customers import commands, lists, queries, search
from cheban.customers.fields import lists as fields
from cheban.lists import paging
from cheban.lists.state import Asked
from cheban.org.access import Actor

router = Router(tags=["customers"])


def one_store(actor: Actor, store_id: int | None) -> int:
    """The store that is meant: the token's only one, or the one that is named. Raises Invalid."""
    if store_id is None and len(actor.stores) == 1:
        return actor.stores[0]
    if store_id not in actor.stores:
        raise commands.Invalid(
            _("请选择令牌范围内的门店。"), store_id=_("令牌有几个门店时要写明；只能是令牌范围内的。")
        )
    return store_id


def _row(customer: Any) -> dict[str, Any]:
    return {
        **{
            name: getattr(customer, name)
            for name in schemas.CustomerOut.model_fields
            if name not in ("phones", "vehicles")
        },
        "phones": customer.reach,
        "vehicles": customer.cars,
    }


@router.get("/customers", response=schemas.CustomerPage, auth=needs("customers:read"), summary="List customers")
def list_customers(request: HttpRequest, filters: Query[schemas.CustomerFilter]) -> dict[str, Any]:
    """A page of customers with masked phones and their vehicles. At most seven queries, one more with `custom`."""
    given = filters.model_dump()
    after = cursors.read(filters.cursor, what="customers", filters=given)
    asked = {
        "tier": filters.tier,
        "kind": filters.kind,
        "source": filters.source,
        "tag": filters.tag,
        "series": filters.series,
        "quiet": filters.quiet_months,
        "refused": filters.refused,
    }
    spec = lists.SPEC
    if filters.custom:
        try:
            spec = replace(spec, base=spec.base & fields.by_code(request.actor.stores, filters.custom))
        except BadValue as error:
            raise commands.Invalid(_("有几处需要改正。"), custom=f"{error.problem} {error.expected}".strip()) from None
    found = paging.page(
        spec,
        Asked(values={code: value for code, value in asked.items() if value}, sort=filters.sort, after=after),
        today=clock.today(),
        limit=filters.limit,
    )
    return {
        "data": [_row(c) for c in custom.fill(found["rows"], request.actor.stores)],
        "next": cursors.write(found["after"], what="customers", filters=given),
    }


def whole(customer_id: UUID) -> dict[str, Any]:
    """One customer as `CustomerWhole` has it."""
    customer = queries.customer(customer_id)
    page = queries.page_360(customer)
    customer.reach, customer.cars = page["reach"], page["vehicles"]
    custom.fill([customer], [customer.store_id])
    return _row(customer) | {
        **{name: getattr(customer, name) for name in ("family", "habits", "special_requests", "remarks")},
        "has_id_number": customer.id_number_sealed is not None,
        "has_address": customer.address_sealed is not None,
        "consents": page["consents"],
    }


@router.post("/customers", response={201: schemas.CustomerWhole}, auth=needs("customers:write"), summary="Create")
def create_customer(request: HttpRequest, payload: schemas.CustomerIn) -> Status:
    """A new file. A phone that is known already is no error: look it up first with /customers/search."""
    sent = payload.model_dump(exclude_unset=True, exclude={"store_id"})
    sent = {name: value for name, value in sent.items() if value is not None}
    made = commands.create_customer(by=request.actor, store_id=one_store(request.actor, payload.store_id), **sent)
    return Status(201, whole(made.id))


@router.post("/customers/search", response=schemas.Hits, auth=needs("customers:read"), summary="Search")
def search_customers(request: HttpRequest, payload: schemas.SearchIn) -> dict[str, Any]:
    """By name, pinyin, phone or its last four, plate or VIN. What was typed stands in no address (POST)."""
    return {
        "data": [
            {
                "customer_id": hit.customer_id,
                "name": hit.title,
                "about": hit.subtitle,
                "plate_number": hit.plate,
                "found_by": hit.group,
            }
            for hit in search.find(payload.q, request.actor)
        ]
    }


@router.get(
    "/customers/{uuid:customer_id}", response=schemas.CustomerWhole, auth=needs("customers:read"), summary="Read one"
)
def get_customer(request: HttpRequest, customer_id: UUID) -> dict[str, Any]:
    """One customer: file, masked phones, vehicles, consent."""
    return whole(customer_id)


@router.patch(
    "/customers/{uuid:customer_id}", response=schemas.CustomerWhole, auth=needs("customers:write"), summary="Change"
)
def change_customer(request: HttpRequest, customer_id: UUID, payload: schemas.CustomerChange) -> dict[str, Any]:
    """Change the fields that are sent. An unchanged file leaves no event."""
    sent = payload.model_dump(exclude_unset=True)
    for name in sent.keys() - {"birth_on", "lunar_birthday", "custom"}:
        if sent[name] is None:
            sent[name] = [] if name == "tags" else ""
    for name in ("name", "kind", "source", "tier"):
        if sent.get(name) == "":
            raise commands.Invalid(_("有几处需要改正。"), **{name: _("这一项不能清空。")})
    commands.edit_customer(queries.customer(customer_id), by=request.actor, **sent)
    return whole(customer_id)


@router.post(
    "/customers/{uuid:customer_id}/reveal",
    response=schemas.Revealed,
    auth=needs("customers:reveal"),
    summary="Reveal a masked value",
)
def reveal(request: HttpRequest, customer_id: UUID, payload: schemas.RevealIn) -> dict[str, str]:
    """The full value behind a mask; who, what and why stand in the audit trail."""
    queries.customer(customer_id)
    if payload.field != "phone":
        return {"value": commands.reveal(payload.field, customer_id, by=request.actor, reason=payload.reason)}
    own = [phone["id"] for phone in queries.phones([customer_id]).get(customer_id, [])]
    if payload.phone_id is not None and payload.phone_id not in own or not own:
        raise commands.NotFound(_("没有这个联系方式，或不属于您的门店。"))
    wanted = payload.phone_id or own[0]
    return {"value": commands.reveal("contact_point", wanted, by=request.actor, reason=payload.reason)}


@router.post(
    "/customers/{uuid:customer_id}/notes",
    response={201: schemas.Recorded},
    auth=needs("customers:write"),
    summary="Add a note",
)
def add_customer_note(request: HttpRequest, customer_id: UUID, payload: schemas.NoteIn) -> Status:
    """A note in the timeline."""
    event = commands.add_note(queries.customer(customer_id), by=request.actor, text=payload.text)
    return Status(201, {"event_id": event.id, "name": event.name, "at": event.at})


@router.get(
    "/customers/{uuid:customer_id}/consents", response=schemas.Consents, auth=needs("consent:read"), summary="Consent"
)
def list_consents(request: HttpRequest, customer_id: UUID) -> dict[str, Any]:
    """The newest answer for each purpose and channel."""
    return {"data": queries.page_360(queries.customer(customer_id))["consents"]}


@router.post(
    "/customers/{uuid:customer_id}/consents",
    response={201: schemas.Recorded},
    auth=needs("consent:write"),
    summary="Record consent or refusal",
)
def record_consent(request: HttpRequest, customer_id: UUID, payload: schemas.ConsentIn) -> Status:
    """What the customer said, with its proof; obeyed from the next run on."""
    event = commands.change_consent(queries.customer(customer_id), by=request.actor, **payload.model_dump())
    return Status(201, {"event_id": event.id, "name": event.name, "at": event.at})


@router.get(
    "/customers/{uuid:customer_id}/timeline",
    response=schemas.TimelinePage,
    auth=needs("events:read"),
    summary="Timeline",
)
def customer_timeline(
    request: HttpRequest, customer_id: UUID, filters: Query[schemas.TimelineFilter]
) -> dict[str, Any]:
    """What happened to a customer, newest first, in the words of the page."""
    queries.customer(customer_id)
    given, what = filters.model_dump(), f"timeline:{customer_id}"
    found = queries.timeline(
        customer_id,
        most=filters.limit,
        before=cursors.read(filters.cursor, what=what, filters=given),
        group=filters.group or "",
    )
    return {
        "data": [
            {
                "id": item.id,
                "name": item.name,
                "group": item.group,
                "title": item.title,
                "about": item.subtitle,
                "at": item.at,
                "vehicle_id": item.event.vehicle_id,
            }
            for item in found["items"]
        ],
        "next": cursors.write(found["before"], what=what, filters=given),
    }
