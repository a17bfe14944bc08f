"""The token itself, stores, staff, figures."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from cheban.api import schemas
from cheban.api.door import needs
from cheban.core import clock
from cheban.org import queries as org
from cheban.scorecard import metrics

router = Router(tags=["house"])


@router.get("/me", response=schemas.Me, auth=needs(), summary="This token")
def me(request: HttpRequest) -> dict[str, Any]:
    """Whose token this is, what it may do, until when."""
    token = request.token
    return {
        "name": token.name,
        "maker": request.actor.name,
        "store_ids": list(request.actor.stores),
        "scopes": token.scopes,
        "expires_at": token.expires_at,
        "per_minute": token.per_minute,
    }


@router.get("/stores", response=schemas.Stores, auth=needs(), summary="Stores")
def list_stores(request: HttpRequest) -> dict[str, Any]:
    """The token's stores."""
    return {"data": org.stores(request.actor)}


@router.get("/staff", response=schemas.StaffPage, auth=needs("staff:read"), summary="Staff")
def list_staff(request: HttpRequest) -> dict[str, Any]:
    """Who works in the token's stores, with their roles there. One query."""
    return {
        "data": [
            {
                "id": row["staff"].id,
                "name": row["staff"].name,
                "is_active": row["staff"].is_active,
                "roles": [{"store_id": held["store"].id, "role": held["role"]} for held in row["roles"]],
            }
            for row in org.staff_list(request.actor)
        ]
    }


@router.get("/metrics", response=schemas.Metrics, auth=needs("metrics:read"), summary="Figures")
def list_metrics(request: HttpRequest) -> dict[str, Any]:
    """Are we keeping our word: figures of the last eight weeks with their formulas."""
    page = metrics.kept_page(request.actor, at=clock.now())
    return {
        "from_on": page["from_on"],
        "to_on": page["to_on"],
        "data": [
            {
                "code": tile["metric"].code,
                **{name: tile[name] for name in ("title", "formula", "target", "value", "trend")},
            }
            for tile in page["tiles"]
        ],
    }
