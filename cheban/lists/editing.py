"""One cell of a list, changed where it stands: compared with what was shown, by the room's own command, taken back. Y09."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from cheban.core.errors import NotFound, Refused
from cheban.lists import commands, queries
from cheban.lists.models import BulkDeed
from cheban.lists.spec import Column, Edit, Input, ListSpec
from cheban.org.access import Actor, command, require_permission

DEED = "cell:"
"""Before a column's code: the action under which a changed cell is remembered."""


class NotSo(Refused):
    """A text that this field does not take."""

    status = 422


class Changed(Refused):
    """Somebody else changed the cell since it was shown; `now` is what it holds."""

    status = 409


def editable(code: str, column_code: str, actor: Actor) -> tuple[ListSpec, Column]:
    """A column that the asker may change in its list. Raises NotFound, NotPermitted."""
    spec = queries.spec_for(code, actor)
    column = spec.column(column_code)
    if column is None or column.edit is None:
        raise NotFound(_("这一列不能在列表里修改。"))
    require_permission(actor, column.edit.permission)
    return spec, column


def row_of(spec: ListSpec, row_id: str, *, lock: bool = False) -> Any:
    """One row of the list, of the scope. Raises NotFound."""
    try:
        key = UUID(row_id) if spec.id_type == "uuid" else int(row_id)
    except ValueError:
        raise NotFound() from None
    rows = spec.model.objects.select_for_update(of=("self",)) if lock else spec.model.objects
    found = rows.filter(spec.base, pk=key).first()
    if found is None:
        raise NotFound()
    return found


def fields(edit: Edit, row: Any, texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """What the cell's small form shows: code, label, kind, value, options of each input."""
    return [
        {
            "code": one.code,
            "label": one.label,
            "kind": one.kind,
            "most": one.most,
            "value": texts.get(one.code, ""),
            "options": one.options(row) if one.kind == "choice" else [],
        }
        for one in edit.inputs
    ]


def as_text(texts: Mapping[str, str]) -> str:
    """Texts of a cell as its form carries them along."""
    return json.dumps(texts, ensure_ascii=False, sort_keys=True)


def _check(one: Input, row: Any, text: str) -> str:
    text = text.strip()
    if one.kind == "choice" and text not in dict(one.options(row)):
        raise NotSo(_("%(label)s：请从列出的里面选一个。") % {"label": one.label})
    if one.kind == "date" and text:
        try:
            date.fromisoformat(text)
        except ValueError:
            raise NotSo(_("%(label)s：请填日期，例如 2026-12-31。") % {"label": one.label}) from None
    if one.kind == "words":
        words = [" ".join(word.split()) for word in text.replace(",", "、").replace("，", "、").split("、")]
        if any(len(word) > one.most for word in words):
            raise NotSo(_("%(label)s：每个最多 %(n)d 个字。") % {"label": one.label, "n": one.most})
        return "、".join(sorted({word for word in words if word}))
    if len(text) > one.most:
        raise NotSo(_("%(label)s：最多 %(n)d 个字。") % {"label": one.label, "n": one.most})
    return text


@command("view.save")
def change(
    spec: ListSpec, column: Column, row_id: str, *, by: Actor, was: str, texts: Mapping[str, str]
) -> tuple[Any, BulkDeed | None]:
    """Change a cell that still holds `was` (`as_text` of what was shown): the row, and how to take it back.

    The row is locked, compared, then given to the room's own command, which asks its own permission and records its own
    event. Raises Changed, NotSo, NotFound, and what the room's command refuses.
    """
    edit = column.edit
    require_permission(by, edit.permission)
    row = row_of(spec, row_id, lock=True)
    before = edit.read(row)
    if as_text(before) != was:
        raise Changed(
            _("刚才有人改过这一格，现在是“%(now)s”。再按一次 Enter 改成您填的，Esc 保留现在的。")
            % {"now": words(edit, row)}
        )
    wanted = {one.code: _check(one, row, texts.get(one.code, "")) for one in edit.inputs}
    if wanted == before:
        return row, None
    edit.save(row, wanted, by=by)
    changed = (row.store_id, row.pk, before, edit.read(row))
    return row, commands.remember(spec.code, DEED + column.code, [changed], by=by)


def words(edit: Edit, row: Any) -> str:
    """What a cell holds, for people: '金卡 · 常客、保养'."""
    held = edit.read(row)
    said = [dict(one.options(row)).get(held[one.code], held[one.code]) for one in edit.inputs]
    return " · ".join(each for each in said if each) or _("空")


def restore(spec: ListSpec, column: Column, rows: Sequence[tuple[UUID, Any, Any]], *, by: Actor) -> int:
    """Put a changed cell back where nobody changed it since, by the room's own command; returns how many."""
    back = 0
    for row_id, before, after in rows:
        row = row_of(spec, str(row_id), lock=True)
        if column.edit.read(row) == after:
            column.edit.save(row, before, by=by)
            back += 1
    return back
