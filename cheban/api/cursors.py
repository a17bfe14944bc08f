"""Places in a list, for the next page: opaque to the caller, signed, and good only for the same list and filters."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _

from cheban.core.errors import Refused

SALT = "cheban.api.cursor"


class BadCursor(Refused):
    """The cursor is not ours, was changed, or belongs to another list."""

    status = 422


def _about(what: str, filters: dict[str, Any]) -> str:
    text = json.dumps([what, {k: str(v) for k, v in filters.items() if k not in ("cursor", "limit")}], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write(place: str, *, what: str, filters: dict[str, Any]) -> str | None:
    """The cursor after `place`, or None at the end ('')."""
    return signing.dumps([place, _about(what, filters)], salt=SALT, compress=True) if place else None


def read(cursor: str | None, *, what: str, filters: dict[str, Any]) -> str:
    """The place of a cursor; '' without one. Raises BadCursor."""
    if not cursor:
        return ""
    try:
        place, about = signing.loads(cursor, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        about = place = ""
    if not place or about != _about(what, filters):
        raise BadCursor(_("这个游标不属于这份列表。请从第一页重新开始。"), cursor=_("不可用。"))
    return place
