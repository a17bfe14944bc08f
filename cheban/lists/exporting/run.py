"""Writing an export: part by part, each in a short transaction, from where the last one ended. R019, Y09.

The order of the whole list is fixed once, in a cursor of the database that outlives transactions: ids only. Each part
asks anew whether the person still may, reads its rows, and moves `parts`, `place` and `rows_done` in one step; a part
whose step failed is written again. Killed anywhere, the next run goes on behind `place`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from cheban.core import clock, live
from cheban.core.errors import NotPermitted, Refused
from cheban.core.retries import can_go_on_later
from cheban.lists import paging, spec
from cheban.lists.exporting import book, commands, limits, parts, queries
from cheban.lists.models import Export
from cheban.lists.spec import ListSpec, Out
from cheban.org import scope
from cheban.org.access import Actor, actor_for, audit
from cheban.org.models import Staff

PART_ROWS = 10_000
"""Rows of a part: what is in memory at once, and written again after a kill."""
_CURSOR = "lists_export"
_TELL_SECONDS = 1.0

log = structlog.get_logger("cheban.exports")


class _Over(Exception):
    """The export was called off, or another worker has it."""


def write(export_id: UUID) -> None:
    """Write an export, or go on with it. Safe to run twice, and at once."""
    export = Export.objects.filter(id=export_id, state__in=Export.OPEN).first()
    if export is None:
        return
    staff = Staff.objects.filter(id=export.staff_id).first()
    with translation.override(staff.language if staff else None):
        try:
            _write(export)
        except _Over:
            log.info("export is over", export=str(export_id))
        except Refused as refusal:
            _stop(export, Export.State.REFUSED, refusal.message)
        except Exception as error:
            if can_go_on_later(error):
                raise
            # A folder that went with a cancelled export is no failure.
            if _stop(export, Export.State.FAILED, _("服务器上出错，管理员能在日志里看到。请稍后再导出一次。")):
                raise


def _stop(export: Export, state: str, problem: str) -> bool:
    with transaction.atomic():
        return commands.stop(export.id, state, problem)


def actor_of(export: Export) -> Actor:
    """The maker with the roles of now, in the stores of then. Raises NotPermitted when any of it was withdrawn."""
    staff = Staff.objects.filter(id=export.staff_id, is_active=True).first()
    listed = spec.get(export.list_code)
    actor = actor_for(staff) if staff else None
    if actor is None or listed is None or not set(export.stores) <= set(actor.roles):
        raise NotPermitted(_("导出期间您的门店或登录有变动，没有导出。"))
    actor = replace(actor, stores=tuple(export.stores))
    commands.require_export(listed, actor)
    return actor


def vectors_of(listed: ListSpec, ids: Sequence[Any], columns: Sequence[str]) -> list[Sequence[Any]]:
    """The rows of these ids that still belong to the list, in this order: one vector of values for each cell."""
    if listed.light is not None:
        return listed.light(ids, columns)
    key = listed.model._meta.pk.to_python
    found = listed.model.objects.filter(listed.base).in_bulk(list(ids))
    rows = [row for each in ids if (row := found.get(key(each)))]
    listed.dress(rows)
    return [list(map(out.reader(), rows)) for code in columns for out in listed.column(code).out]


def _write(export: Export) -> None:
    listed = spec.get(export.list_code)
    if listed is None:
        raise Refused(_("没有这个列表。"))
    with scope.use(export.stores, actor_id=export.staff_id):
        listed = listed.of_stores(export.stores)
        asked = queries.asked_of(export).query()
    if set(parse_qsl(asked)) != set(parse_qsl(export.query)) or not all(map(listed.column, export.columns)):
        # Without that condition the file would hold more than was asked for.
        raise Refused(_("列表里有一项条件或一列已经停用，没有导出。请打开列表重新筛选、再导出。"))
    outs = [out for code in export.columns for out in listed.column(code).out]
    place = queries.folder(export.id)
    place.parent.mkdir(mode=0o700, exist_ok=True)
    place.mkdir(mode=0o700, exist_ok=True)
    Export.objects.filter(id=export.id, state=Export.State.QUEUED).update(state=Export.State.RUNNING)
    export.state = Export.State.RUNNING
    written = _written(export, place)
    told = 0.0
    with closing(_ids(export, listed)) as batches:
        for pairs in batches:
            with scope.use(export.stores, actor_id=export.staff_id):
                actor = actor_of(export)
                vectors = vectors_of(listed, [row_id for _value, row_id in pairs], export.columns)
                count = len(vectors[0])
                if export.rows_done + count > limits.of(actor).rows:
                    raise commands.too_many(limits.of(actor))
                sheet, on_sheet = _where(written, count)
                if export.form == "csv":
                    blob = parts.csv_part(vectors, outs)
                else:
                    blob = parts.sheet_part(vectors, outs, book.styles(), first=book.HEAD_ROWS + on_sheet + 1)
                name = place / f"{export.parts:06d}.{sheet}.{count}.part"
                draft = name.with_name(f".{name.name}.{time.monotonic_ns()}")
                book.write_part(draft, blob)
                _step(export, paging.place_of(*pairs[-1]), count)
                draft.replace(name)
                written.append(name)
                if time.monotonic() - told > _TELL_SECONDS:
                    live.announce("export", export.id)
                    told = time.monotonic()
    with scope.use(export.stores, actor_id=export.staff_id):
        actor = actor_of(export)
    _bind(export, listed, outs, written, actor)


def _written(export: Export, place: Path) -> list[Path]:
    """The parts that count, in order; what a kill left besides them is deleted.

    If one is gone (a power cut before the disk had its name), the export begins again from its first row.
    """
    found = {int(path.name.partition(".")[0]): path for path in place.glob("[0-9]*.part")}
    if set(range(export.parts)) - set(found):
        Export.objects.filter(id=export.id, state=Export.State.RUNNING).update(parts=0, place="", rows_done=0)
        export.parts, export.place, export.rows_done = 0, "", 0
    kept = [found[number] for number in range(export.parts)]
    for path in set(place.iterdir()) - set(kept):
        path.unlink()
    return kept


def _sheet_and_rows(path: Path) -> tuple[int, int]:
    _number, sheet, rows, _suffix = path.name.split(".")
    return int(sheet), int(rows)


def _where(written: Sequence[Path], rows: int) -> tuple[int, int]:
    """Number of the sheet on which so many more rows go, and rows that it holds already."""
    if not written:
        return 1, 0
    sheet = _sheet_and_rows(written[-1])[0]
    held = sum(n for s, n in map(_sheet_and_rows, written) if s == sheet)
    return (sheet, held) if held + rows <= book.SHEET_ROWS - book.HEAD_ROWS else (sheet + 1, 0)


def _step(export: Export, place: str, rows: int) -> None:
    """The part counts from here on. Raises _Over when somebody else ended the export or wrote this part."""
    at = clock.now()
    moved = Export.objects.filter(id=export.id, state=Export.State.RUNNING, parts=export.parts).update(
        parts=export.parts + 1, place=place, rows_done=export.rows_done + rows, changed_at=at
    )
    if not moved:
        raise _Over
    export.parts, export.place, export.rows_done = export.parts + 1, place, export.rows_done + rows


def _ids(export: Export, listed: ListSpec) -> Iterator[list[tuple[Any, Any]]]:
    """(value, id) of the rows behind `place`, a part at a time."""
    asked = replace(queries.asked_of(export), after=export.place)
    with scope.use(export.stores, actor_id=export.staff_id):
        limit = limits.of(actor_of(export))
        rows = commands.count(listed, replace(asked, after=""), export.chosen, most=limit.rows)
        if rows > limit.rows:
            raise commands.too_many(limit)
        Export.objects.filter(id=export.id).update(rows_total=rows)
        found = paging.all_ids(listed, asked, today=clock.today(), chosen=export.chosen)
        sql, params = found.query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute("CLOSE ALL")
            cursor.execute(f"DECLARE {_CURSOR} NO SCROLL CURSOR WITH HOLD FOR {sql}", params)
    try:
        while True:
            with connection.cursor() as cursor:
                cursor.execute(f"FETCH {int(PART_ROWS)} FROM {_CURSOR}")
                pairs = cursor.fetchall()
            if not pairs:
                return
            yield pairs
    finally:
        with suppress(Exception), connection.cursor() as cursor:
            cursor.execute(f"CLOSE {_CURSOR}")


def _bind(export: Export, listed: ListSpec, outs: Sequence[Out], written: Sequence[Path], actor: Actor) -> None:
    """Parts to one file, which then is the person's."""
    mark = _("%(name)s 于 %(at)s 导出 %(n)s 行，用途：%(purpose)s，仅供内部使用") % {
        "name": actor.name,
        "at": export.asked_at.astimezone(parts.ZONE).strftime("%Y-%m-%d %H:%M"),
        "n": f"{export.rows_done:,}",
        "purpose": export.purpose,
    }
    file = queries.file_of(export)
    draft = file.with_name(f".{file.name}")
    if export.form == "csv":
        book.write_csv(draft, mark, outs, written)
    else:
        sheets: dict[int, list[Path]] = {}
        for path in written:
            sheets.setdefault(_sheet_and_rows(path)[0], []).append(path)
        whole = [(sum(_sheet_and_rows(p)[1] for p in found), found) for _sheet, found in sorted(sheets.items())]
        book.write_xlsx(draft, str(listed.title), mark, outs, whole)
    size = draft.stat().st_size
    with scope.use(export.stores, actor_id=export.staff_id):
        ended = Export.objects.filter(id=export.id, state=Export.State.RUNNING).update(
            state=Export.State.DONE, chosen=[], file_bytes=size, changed_at=clock.now()
        )
        if not ended:
            raise _Over
        draft.replace(file)
        audit(
            "export.written",
            by=actor,
            subject=f"export:{export.id}",
            store_id=actor.stores[0],
            list=listed.code,
            rows=export.rows_done,
        )
        live.announce("export", export.id)
    for path in written:
        path.unlink(missing_ok=True)
