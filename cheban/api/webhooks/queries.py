"""Reads about webhooks: endpoints of the scope, their deliveries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from cheban.api.models import WebhookDelivery, WebhookEndpoint
from cheban.core.errors import NotFound
from cheban.org.access import Actor
from cheban.org.models import Store

PAGE = 50
S = WebhookDelivery.State


def endpoint(endpoint_id: UUID, actor: Actor) -> WebhookEndpoint:
    """An endpoint whose stores all lie in the scope. Raises NotFound."""
    found = WebhookEndpoint.objects.filter(
        id=endpoint_id, removed_at=None, store_ids__contained_by=list(actor.stores)
    ).first()
    if found is None:
        raise NotFound(_("没有这个推送，或不属于您的门店。"))
    return found


def delivery(endpoint_id: UUID, delivery_id: UUID, actor: Actor) -> WebhookDelivery:
    """A delivery of such an endpoint. Raises NotFound."""
    own = endpoint(endpoint_id, actor)
    found = WebhookDelivery.objects.select_related("endpoint").filter(endpoint=own, id=delivery_id).first()
    if found is None:
        raise NotFound(_("没有这次推送。"))
    return found


def listed(actor: Actor, *, at: datetime) -> list[dict[str, Any]]:
    """Endpoints of the scope with what happened in the last day. Three queries."""
    rows = list(
        WebhookEndpoint.objects.filter(removed_at=None, store_ids__contained_by=list(actor.stores)).order_by(
            "created_at"
        )
    )
    counts = {
        row["endpoint_id"]: row
        for row in WebhookDelivery.objects.filter(
            endpoint_id__in=[r.id for r in rows], created_at__gt=at - timedelta(days=1)
        )
        .values("endpoint_id")
        .annotate(done=Count("id", filter=Q(state=S.DONE)), waiting=Count("id", filter=Q(state=S.WAITING)))
    }
    names = dict(Store.objects.filter(id__in=actor.stores).values_list("id", "name"))
    return [
        {
            "endpoint": row,
            "stores": [names[s] for s in row.store_ids],
            "done": counts.get(row.id, {}).get("done", 0),
            "waiting": counts.get(row.id, {}).get("waiting", 0),
        }
        for row in rows
    ]


def log(endpoint: WebhookEndpoint, *, before: str = "", only: str = "") -> dict[str, Any]:
    """One keyset page of an endpoint's deliveries, the newest first: {rows, before}. One query."""
    rows = WebhookDelivery.objects.filter(endpoint=endpoint)
    if only in S.values:
        rows = rows.filter(state=only)
    moment, _sep, last = before.rpartition("~")
    if moment:
        try:
            place = (datetime.fromisoformat(moment), UUID(last))
        except ValueError:
            raise NotFound(_("没有这一页。")) from None
        rows = rows.filter(Q(created_at__lt=place[0]) | Q(created_at=place[0], id__lt=place[1]))
    found = list(rows.order_by("-created_at", "-id")[: PAGE + 1])
    last_one = found[PAGE - 1] if len(found) > PAGE else None
    return {"rows": found[:PAGE], "before": f"{last_one.created_at.isoformat()}~{last_one.id}" if last_one else ""}
