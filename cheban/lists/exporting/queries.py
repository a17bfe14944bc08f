"""Reads of exports: one's own only."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from cheban.core.errors import NotFound
from cheban.lists import spec, state
from cheban.lists.exporting import limits
from cheban.lists.models import Export
from cheban.org.access import Actor

MOST = 100
"""Exports on the page: the newest."""


def folder(export_id: UUID | str) -> Path:
    """Where an export's parts and its file lie; nobody else may read them."""
    return Path(settings.DATA_DIR) / "exports" / str(export_id)


def one(export_id: UUID, actor: Actor) -> Export:
    """An own export. Somebody else's does not exist. Raises NotFound."""
    found = Export.objects.filter(id=export_id, staff_id=actor.staff_id).first()
    if found is None:
        raise NotFound(_("没有这次导出，或不是您的。"))
    return found


def may_hear(actor: Actor, export_id: str) -> bool:
    """Whether an open page of this person may hear that this export went on (live topic)."""
    return Export.objects.filter(id=UUID(export_id), staff_id=actor.staff_id).exists()


def mine(actor: Actor) -> list[dict[str, Any]]:
    """One's own exports, newest first: {export, title, chips, is_open, until_at}. One query."""
    found = []
    for export in Export.objects.filter(staff_id=actor.staff_id).order_by("-asked_at")[:MOST]:
        listed = spec.get(export.list_code)
        listed = listed.of_stores(actor.stores) if listed else None
        asked = asked_of(export)
        found.append(
            {
                "export": export,
                "title": listed.title if listed else export.list_code,
                "chips": state.chips(listed, asked, actor.stores) if listed and asked.values else [],
                "is_open": export.state in Export.OPEN,
                "until_at": export.asked_at + timedelta(days=limits.KEPT_DAYS),
            }
        )
    return found


def asked_of(export: Export) -> state.Asked:
    """What an export asks of its list."""
    from django.http import QueryDict

    listed = spec.get(export.list_code)
    if listed is None:
        return state.Asked()
    return state.read(listed.of_stores(export.stores), QueryDict(export.query), export.stores)


def lately(actor: Actor, *, at: datetime) -> int:
    """How many exports the asker made within the last hour. One query."""
    return Export.objects.filter(staff_id=actor.staff_id, asked_at__gt=at - timedelta(hours=1)).count()


def file_of(export: Export) -> Path:
    """The finished file."""
    return folder(export.id) / f"list.{export.form}"
