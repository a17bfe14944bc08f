"""Batches from another system: sales CRM, after-sales ERP. Safe to send again."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Path, Router

from cheban.api import inbound
from cheban.api.door import needs
from cheban.api.v1.customers import one_store
from cheban.customers.commands import Invalid

router = Router(tags=["inbound"])
Source = Annotated[str, Path(min_length=2, max_length=20, pattern=r"^[a-z0-9][a-z0-9_-]*$", description="e.g. erp")]
WRITE = needs("inbound:write")


def _bring(request: HttpRequest, how: Any, source: str, payload: Any) -> Any:
    store_id = one_store(request.actor, payload.store_id)
    numbers = [row.external_id for row in payload.rows]
    if len(numbers) != len(set(numbers)):
        raise Invalid(_("同一批里 external_id 不能重复。"), rows=_("external_id 重复。"))
    return how(payload, by=request.actor, store_id=store_id, source=source)


@router.put("/inbound/{source}/customers", response=inbound.Brought, auth=WRITE, summary="Upsert customers")
def put_customers(request: HttpRequest, source: Source, payload: inbound.CustomerBatch) -> Any:
    """At most 1,000 customers, each known again by source and external_id. Refused rows are told one by one."""
    return _bring(request, inbound.customers, source, payload)


@router.put("/inbound/{source}/vehicles", response=inbound.Brought, auth=WRITE, summary="Upsert vehicles")
def put_vehicles(request: HttpRequest, source: Source, payload: inbound.VehicleBatch) -> Any:
    """At most 1,000 vehicles with their owners, each known again by VIN or plate."""
    return _bring(request, inbound.vehicles, source, payload)


@router.put("/inbound/{source}/repair-orders", response=inbound.Brought, auth=WRITE, summary="Upsert repair orders")
def put_repair_orders(request: HttpRequest, source: Source, payload: inbound.OrderBatch) -> Any:
    """At most 1,000 repair orders with their lines, each known again by its number."""
    return _bring(request, inbound.repair_orders, source, payload)
