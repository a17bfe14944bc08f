"""What a person does to an import: upload, correct the mapping, write, fix a row, undo. R021."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from cheban.core.errors import NotFound, Refused, WrongState
from cheban.customers.fields import definitions
from cheban.customers.importing import pipeline, reading
from cheban.customers.importing.files import Unreadable
from cheban.customers.models import ImportBatch, ImportMapping, ImportRow
from cheban.org.access import Actor, audit, command


class FileRefused(Refused):
    """The file cannot be read; the message says why and what to do."""

    status = 422


@command("import.run")
def upload(
    chunks: Iterable[bytes],
    *,
    by: Actor,
    store_id: int,
    file_name: str,
    size: int,
    kind: str = "auto",
    source_system: str = "",
) -> ImportBatch:
    """Take a file in, look into it, and start the check. Raises FileRefused."""
    if store_id not in by.stores:
        raise NotFound(_("请选择您所在的门店。"))
    if size > settings.IMPORT_FILE_LIMIT:
        raise FileRefused(
            _("文件有 %(mb)d MB，超过 %(most)d MB。请按月份或门店拆开导出，再分别导入。")
            % {"mb": size >> 20, "most": settings.IMPORT_FILE_LIMIT >> 20}
        )
    saved = (
        ImportMapping.objects.filter(source_system=source_system, store_id=store_id).first() if source_system else None
    )
    folder = settings.DATA_DIR / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, suffix=Path(file_name).suffix[:6])
    try:
        with os.fdopen(handle, "wb") as target:
            for block in chunks:
                target.write(block)
        batch = pipeline.create(
            Path(name),
            store_id=store_id,
            file_name=file_name,
            kind=kind,
            by_id=by.staff_id,
            mapping=saved.mapping if saved else None,
            source_system=source_system,
        )
    except Unreadable as error:
        raise FileRefused(str(error.problem)) from None
    finally:
        Path(name).unlink(missing_ok=True)
    audit("import.uploaded", by=by, subject=f"import:{batch.id}", store_id=store_id, kind=batch.kind, bytes=size)
    _start("check_import", batch, ImportBatch.State.CHECKING)
    return batch


def _start(job: str, batch: ImportBatch, state: str) -> None:
    """Move the batch and queue its job when this commits."""
    from cheban.customers import jobs

    ImportBatch.objects.filter(id=batch.id).update(state=state, rows_done=0)
    transaction.on_commit(lambda: getattr(jobs, job).defer(batch_id=str(batch.id), store_id=batch.store_id))


@command("import.run")
def correct_mapping(
    batch: ImportBatch, *, by: Actor, columns: dict[str, dict[str, str]], kinds: dict[str, str], save_as: str = ""
) -> None:
    """Use the corrected columns (sheet -> column index -> field) and check again. Raises WrongState once written."""
    if batch.state not in (ImportBatch.State.READY, ImportBatch.State.CHECKING):
        raise WrongState(_("这次导入已经写入，不能再改对应关系。可以先撤销。"))
    try:
        custom = definitions.importable(batch.store_id)
        plan = reading.corrected(reading.plan_from_json(batch.plan), columns=columns, kinds=kinds, custom=custom)
    except Unreadable as error:
        raise FileRefused(str(error.problem)) from None
    batch.plan, batch.kind = plan.to_json(), plan.kind
    if save_as.strip():
        batch.source_system = save_as.strip()[:64]
        ImportMapping.objects.update_or_create(
            store_id=batch.store_id,
            source_system=batch.source_system,
            kind=batch.kind,
            defaults={"mapping": plan.mapping_json()},
        )
    batch.save(update_fields=["plan", "kind", "source_system"])
    _start("check_import", batch, ImportBatch.State.CHECKING)


@command("import.run")
def start_writing(batch: ImportBatch, *, by: Actor) -> None:
    """Write the good rows in the background."""
    if batch.state != ImportBatch.State.READY:
        raise WrongState(_("这次导入现在是“%(state)s”，不能写入。") % {"state": batch.get_state_display()})
    from cheban.customers import jobs

    pipeline.begin_writing(batch)
    audit("import.written", by=by, subject=f"import:{batch.id}", store_id=batch.store_id)
    transaction.on_commit(lambda: jobs.write_import.defer(batch_id=str(batch.id), store_id=batch.store_id))


@command("import.undo")
def start_undo(batch: ImportBatch, *, by: Actor) -> None:
    """Undo the whole import in the background."""
    if batch.state != ImportBatch.State.DONE:
        raise WrongState(_("只有已完成的导入可以撤销。"))
    audit("import.undone", by=by, subject=f"import:{batch.id}", store_id=batch.store_id)
    _start("undo_import", batch, ImportBatch.State.UNDOING)


@command("import.run")
def fix_row(row: ImportRow, raw: dict[str, str], *, by: Actor) -> Sequence[Any]:
    """Write a corrected row; returns the problems that are left (then nothing is written)."""
    if row.fixed_at is not None:
        raise WrongState(_("这一行已经改正并导入。"))
    return pipeline.fix(row, raw, by_id=by.staff_id)


def get(batch_id: UUID) -> ImportBatch:
    """An import of the scope. Raises NotFound."""
    batch = ImportBatch.objects.filter(id=batch_id).first()
    if batch is None:
        raise NotFound(_("没有这次导入，或不属于您的门店。"))
    return batch


def get_row(batch_id: UUID, row_id: UUID) -> ImportRow:
    """A kept row. Raises NotFound."""
    row = ImportRow.objects.filter(batch_id=batch_id, id=row_id).first()
    if row is None:
        raise NotFound(_("没有这一行。"))
    return row


def newest(*, limit: int = 50) -> list[ImportBatch]:
    """The newest imports of the scope."""
    return list(ImportBatch.objects.order_by("-created_at")[:limit])


def kept_rows(batch: ImportBatch, *, is_rejected: bool, limit: int = 100) -> list[dict[str, Any]]:
    """Kept rows with their content for the page, at most `limit`."""
    found = []
    for row, content in pipeline.rows_of(batch, is_rejected=is_rejected):
        found.append(
            {"id": row.id, "sheet": row.sheet, "row": row.row, "raw": content["raw"], "problems": content["problems"]}
        )
        if len(found) >= limit:
            break
    return found


def sources(store_ids: Sequence[int]) -> list[str]:
    """Source systems with a saved mapping."""
    return sorted(set(ImportMapping.objects.filter(store_id__in=store_ids).values_list("source_system", flat=True)))
