"""Values of custom fields into a row: checked, written to `extra` or sealed. Called by the commands of this room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from cheban.core import clock, privacy
from cheban.core.errors import BadValue
from cheban.core.ids import new_id
from cheban.customers.fields import definitions, values
from cheban.customers.fields.models import FieldDefinition, SealedValue


@dataclass(slots=True)
class Change:
    """What a row's custom fields come to: the whole `extra`, what is to be sealed, codes that differ, what is wrong.

    `wrong`: 'custom.<code>' -> sentence, as forms and programs name the fields.
    """

    extra: dict[str, Any]
    sealed: dict[int, str | None] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)


def read(
    extra: Mapping[str, Any],
    asked: Mapping[str, Any],
    fields: Iterable[FieldDefinition],
    *,
    customer_id: UUID | None = None,
) -> Change:
    """What `asked` (code -> value as `values.check` takes it, None empties) makes of a row's `extra`.

    Codes that are no field of this store in use are wrong, never ignored (mass assignment).
    """
    known = {d.code: d for d in fields}
    found = Change(dict(extra))
    held: dict[int, str] = {}
    if customer_id and any(known[code].is_personal for code in asked if code in known):
        held = {row.field_id: definitions.opened(row) for row in SealedValue.objects.filter(customer_id=customer_id)}
    for code, raw in asked.items():
        place = f"custom.{code}"
        if code not in known:
            found.wrong[place[:80]] = _("没有这个字段，或已停用。")
            continue
        one = known[code]
        try:
            value = values.check(one.shape.keeping(extra.get(one.key)), raw, is_personal=one.is_personal)
        except BadValue as error:
            found.wrong[place] = f"{error.problem} {error.expected}".strip()
            continue
        if one.is_personal:
            if value != held.get(one.id):
                found.sealed[one.id] = value
                found.changed.append(place)
        elif value != extra.get(one.key):
            found.extra.pop(one.key, None)
            if value is not None:
                found.extra[one.key] = value
            found.changed.append(place)
    return found


def seal(change: Change, *, store_id: int, customer_id: UUID) -> None:
    """Write what is to be sealed, in the running transaction."""
    for field_id, value in change.sealed.items():
        SealedValue.objects.filter(customer_id=customer_id, field_id=field_id).delete()
        if value is not None:
            row_id = new_id()
            SealedValue.objects.create(
                id=row_id,
                store_id=store_id,
                customer_id=customer_id,
                field_id=field_id,
                value_sealed=privacy.seal(value, bound_to=f"customers_sealedvalue.value:{row_id}"),
                changed_at=clock.now(),
            )
