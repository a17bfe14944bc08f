"""Custom fields in forms: what stands in each box, and what was typed as values of programs (`values.check`)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from cheban.core.errors import BadValue
from cheban.customers.fields import values
from cheban.customers.fields.models import FieldDefinition
from cheban.customers.fields.values import CHOOSING, Kind

PREFIX = "custom."


@dataclass(frozen=True, slots=True)
class Box:
    """One field of a form: its name there, what stands in it, what is wrong, what can be chosen."""

    field: FieldDefinition
    name: str
    value: Any
    error: str
    options: Sequence[tuple[str, str]]
    is_held: bool = False  # a sealed value is kept: it is changed, not shown


def boxes(
    fields: Sequence[FieldDefinition],
    extra: Mapping[str, Any],
    *,
    held: Collection[int] = (),
    post: QueryDict | None = None,
    errors: Mapping[str, Any] | None = None,
) -> list[Box]:
    """The boxes of these fields: what was typed (`post`), or what the row has. `held`: fields with a sealed value."""
    found = []
    for field in fields:
        name, stored = PREFIX + field.code, extra.get(field.key)
        shape = field.shape.keeping(stored)
        value = "" if field.is_personal else values.typed(shape, stored)
        if post is not None and name in post:
            value = [v for v in post.getlist(name) if v] if field.kind == Kind.CHOICES else post.get(name, "")
        options = [("yes", _("是")), ("no", _("否"))] if field.kind == Kind.YES_NO else shape.offered
        found.append(Box(field, name, value, str((errors or {}).get(name, "")), options, field.id in held))
    return found


def read(
    post: QueryDict, fields: Sequence[FieldDefinition], extra: Mapping[str, Any], *, held: Collection[int] = ()
) -> tuple[dict[str, Any], dict[str, str]]:
    """(code -> value for the command, box -> what is wrong). A box that was not sent stays as it is."""
    asked: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for field in fields:
        name = PREFIX + field.code
        if name not in post:
            continue
        shape = field.shape.keeping(extra.get(field.key))
        try:
            if field.kind == Kind.CHOICES:
                value = values.read_many(shape, post.getlist(name))
            else:
                value = values.read(shape, post.get(name, ""), is_personal=field.is_personal)
        except BadValue as error:
            wrong[name] = f"{error.problem} {error.expected}".strip()
            continue
        if value is None and field.is_personal:  # left empty: what is kept stays
            if field.is_required and field.id not in held:
                wrong[name] = _("请填写这一项。")
            continue
        if value is None and field.is_required:
            wrong[name] = _("请选择。") if field.kind in (*CHOOSING, Kind.YES_NO) else _("请填写这一项。")
            continue
        asked[field.code] = value
    return asked, wrong
