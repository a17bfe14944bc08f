"""Reads of the list machine: views that somebody may open, their arrangement, deeds they may take back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from cheban.core.errors import NotFound
from cheban.lists.models import BulkDeed, SavedView
from cheban.lists.spec import ListSpec, get
from cheban.org.access import Actor, require_permission

UNDO_FOR = timedelta(minutes=10)


def spec_for(code: str, actor: Actor) -> ListSpec:
    """A declared list that the asker may see. Raises NotFound, NotPermitted."""
    spec = get(code)
    if spec is None:
        raise NotFound(_("没有这个列表。"))
    require_permission(actor, spec.permission)
    return spec.of_stores(actor.stores)


def views_of(code: str, actor: Actor) -> QuerySet[SavedView]:
    """The asker's own views of a list and the shared ones of their stores, shared first."""
    mine = Q(owner_id=actor.staff_id) | Q(is_shared=True)
    return SavedView.objects.filter(mine, list_code=code).order_by("-is_shared", "id")


def may_change(view: SavedView, actor: Actor) -> bool:
    """Whether the asker may rename, share or delete this view: its owner, or who shares views of a store."""
    return view.owner_id == actor.staff_id or (view.is_shared and actor.may("view.share"))


def view_to_change(view_id: int, actor: Actor) -> SavedView:
    """A view the asker may change. One of somebody else does not exist for them. Raises NotFound."""
    found = SavedView.objects.filter(id=view_id).first()
    if found is None or not may_change(found, actor):
        raise NotFound(_("没有这个视图，或不是您的。"))
    return found


def default_view(views: list[SavedView], actor: Actor) -> SavedView | None:
    """The view that one of the asker's roles opens with."""
    return next((v for v in views if v.default_for and v.default_for in actor.all_roles), None)


def arrangement(spec: ListSpec, actor: Actor) -> dict[str, Any]:
    """The asker's columns and density of a list: {columns, is_dense}."""
    with connection.cursor() as cursor:  # written out: two hundred open boards ask this at once
        cursor.execute(
            "SELECT columns, is_dense FROM lists_arrangement WHERE staff_id = %s AND list_code = %s",
            [actor.staff_id, spec.code],
        )
        columns, is_dense = cursor.fetchone() or ([], False)
    return {"columns": columns, "is_dense": is_dense}


def shown_columns(spec: ListSpec, chosen: list[str]) -> list[str]:
    """Codes of the columns to show, in order: fixed ones first, then the chosen ones that exist, or the usual ones."""
    fixed = [c.code for c in spec.columns if c.fixed]
    wanted = [code for code in chosen if spec.column(code)] or [c.code for c in spec.columns if c.shown]
    return [*fixed, *dict.fromkeys(code for code in wanted if code not in fixed)]


def deed_to_undo(deed_id: UUID, actor: Actor, *, at: datetime) -> BulkDeed:
    """A deed that the asker did in the last ten minutes and did not take back yet. Raises NotFound."""
    found = (
        BulkDeed.objects.select_for_update()
        .filter(id=deed_id, by_id=actor.staff_id, undone_at=None, at__gt=at - UNDO_FOR)
        .first()
    )
    if found is None:
        raise NotFound(_("这一步已经不能撤回：过了十分钟、已撤回，或不是您做的。"))
    return found
