"""Repair orders read one by one and page by page. Y03."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from cheban.core.errors import NotFound
from cheban.org.entry import ZONE
from cheban.workshop.models import RepairOrder


def order(order_id: UUID) -> RepairOrder:
    """One repair order of the scope with its lines. Raises NotFound. Two queries."""
    found = RepairOrder.objects.filter(id=order_id).prefetch_related("lines").first()
    if found is None:
        raise NotFound(_("没有这张工单，或不属于您的门店。"))
    return found


def page(
    *,
    customer_id: UUID | None = None,
    vehicle_id: UUID | None = None,
    order_no: str = "",
    from_on: date | None = None,
    to_on: date | None = None,
    after: str = "",
    limit: int = 50,
) -> dict[str, Any]:
    """One keyset page of repair orders, the newest visit first; orders without a moment are left out. One query.

    `from_on` and `to_on` are days of check-in in Shanghai, half-open.
    """
    rows = RepairOrder.objects.filter(in_at__isnull=False)
    if customer_id:
        rows = rows.filter(customer_id=customer_id)
    if vehicle_id:
        rows = rows.filter(vehicle_id=vehicle_id)
    if order_no:
        rows = rows.filter(order_no=order_no)
    if from_on:
        rows = rows.filter(in_at__gte=datetime.combine(from_on, time(), tzinfo=ZONE))
    if to_on:
        rows = rows.filter(in_at__lt=datetime.combine(to_on, time(), tzinfo=ZONE))
    if after:
        moment, _sep, last = after.rpartition("~")
        before = "(workshop_repairorder.in_at, workshop_repairorder.id) < (%s::timestamptz, %s::uuid)"
        rows = rows.filter(RawSQL(before, [moment, last], output_field=BooleanField()))
    found = list(rows.order_by("-in_at", "-id")[: limit + 1])
    last_one = found[limit - 1] if len(found) > limit else None
    return {"rows": found[:limit], "after": f"{last_one.in_at.isoformat()}~{last_one.id}" if last_one else ""}


def ids_of(numbers: list[str], *, store_id: int) -> dict[str, UUID]:
    """Ids of a store's orders by their numbers. One query."""
    return dict(RepairOrder.objects.filter(store_id=store_id, order_no__in=numbers).values_list("order_no", "id"))
