"""An import from file to rows: check, write, correct, undo. Each step may be killed anywhere and go on.

The uploaded file is kept sealed; while it is read a clear copy of mode 0600 lies in the data folder's `tmp` and
goes when the step ends. Chunks are read in order; each is written in one transaction that also moves the
batch's counters, so that a step that starts again knows which chunks are done. One import writes at a time
per store (advisory lock), so that two people with the same file make one set of rows. R021, reliability F.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _

from cheban.core import clock, privacy
from cheban.core.errors import NotFound, WrongState
from cheban.core.events import record
from cheban.core.ids import new_id
from cheban.customers import care
from cheban.customers.fields import definitions
from cheban.customers.importing import kinds, reading, workers
from cheban.customers.importing.files import Unreadable
from cheban.customers.importing.prepare import Context
from cheban.customers.importing.undo import Undone, undo_batch
from cheban.customers.importing.workers import Worked
from cheban.customers.importing.writing import Written
from cheban.customers.models import ImportBatch, ImportRow
from cheban.org import scope
from cheban.org.models import Staff, StaffRole

log = structlog.get_logger("cheban.import")
CHUNK = 10_000
POOL_FROM = 30_000
"""Rows from which worker processes pay."""
CORES = min(os.cpu_count() or 2, 4)
"""Worker processes: lines of orders cost more to read than to write, so all cores read them; for customers and
vehicles PostgreSQL works hardest, and a worker fewer writes faster (measured)."""

Progress = Callable[[int, int], None]


def create(
    path: Path,
    *,
    store_id: int,
    file_name: str,
    kind: str = "auto",
    mapping: dict | None = None,
    source_system: str = "",
    by_id: int | None = None,
    keep: bool = True,
) -> ImportBatch:
    """Look into a file and open a batch for it, inside a scope. Raises Unreadable with what to do."""
    plan = reading.inspect_file(path, kind=kind, mapping=mapping, custom=definitions.importable(store_id))
    for table in plan.tables:
        if table.sheet == path.stem:  # a text file: people know it by the name they gave it, not by the copy's
            table.sheet = Path(file_name).stem[:100]
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    batch = ImportBatch(
        id=new_id(),
        store_id=store_id,
        file_name=file_name[:200],
        file_sha256=digest.digest(),
        file_bytes=path.stat().st_size,
        source_system=source_system[:64],
        kind=plan.kind,
        plan=plan.to_json(),
        by_id=by_id,
        state=ImportBatch.State.READY,
    )
    if keep:
        folder = settings.DATA_DIR / "files" / "imports"
        folder.mkdir(parents=True, exist_ok=True)
        batch.stored_as = f"{batch.id}{path.suffix.lower()[:6]}"
        target = folder / batch.stored_as
        try:
            with path.open("rb") as file:
                privacy.seal_file(file, target, bound_to=f"import:{batch.id}")
            batch.save(force_insert=True)
        except BaseException:
            target.unlink(missing_ok=True)  # a full disk, a lost database: half a file without its row helps nobody
            raise
        return batch
    batch.save(force_insert=True)
    return batch


@contextmanager
def language_of(batch_id: UUID | str, *, store_id: int) -> Iterator[None]:
    """The language of the person who began the import: what is wrong with a row is kept as a sentence."""
    with scope.use([store_id]):
        by = ImportBatch.objects.filter(id=batch_id).values_list("by_id", flat=True).first()
        found = Staff.objects.filter(id=by).values_list("language", flat=True).first()
    with translation.override(found or settings.LANGUAGE_CODE):
        yield


@contextmanager
def opened(batch: ImportBatch) -> Iterator[Path]:
    """The batch's file in the clear, for as long as it is read."""
    folder = settings.DATA_DIR / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, suffix=Path(batch.stored_as).suffix)
    try:
        with os.fdopen(handle, "wb") as target:
            privacy.unseal_file(
                settings.DATA_DIR / "files" / "imports" / batch.stored_as, target, bound_to=f"import:{batch.id}"
            )
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def context_of(batch: ImportBatch) -> Context:
    """What preparing needs: today, the store's people by name, its care intervals."""
    staff = dict(
        StaffRole.objects.filter(store_id=batch.store_id, staff__is_active=True).values_list("staff__name", "staff_id")
    )
    return Context(
        store_id=batch.store_id,
        batch_id=batch.id,
        today=clock.today(),
        staff=staff,
        intervals=care.intervals_of([batch.store_id]),
    )


def chunks_worked(path: Path, plan: Any, context: Context, *, prepare: bool, size: int = CHUNK) -> Iterator[Worked]:
    """All chunks in order, in worker processes when the file is large; few are in flight."""
    chunks = reading.plan_chunks(path, plan, chunk_size=size)
    first = next(iter_chunks := iter(chunks), None)
    if first is None:
        return
    second = next(iter_chunks, None)
    if second is None or plan.row_estimate < POOL_FROM:
        yield workers.work(first, context, prepare)
        if second is not None:
            yield workers.work(second, context, prepare)
        for chunk in iter_chunks:
            yield workers.work(chunk, context, prepare)
        return
    count = CORES if plan.kind == "repair_orders" else max(CORES - 1, 1)
    with ProcessPoolExecutor(
        max_workers=count,
        mp_context=get_context("spawn"),
        initializer=workers.start,
        initargs=(translation.get_language() or "",),
    ) as pool:
        waiting: deque[Future[Worked]] = deque(
            pool.submit(workers.work, chunk, context, prepare) for chunk in (first, second)
        )
        for chunk in iter_chunks:
            waiting.append(pool.submit(workers.work, chunk, context, prepare))
            if len(waiting) > count + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def keep_rows(batch: ImportBatch, worked: Worked) -> None:
    """Keep refused and doubtful rows, sealed; those kept already stay as they are."""
    rows = []
    for sheet, number, kind, is_rejected, content in worked.kept:
        row_id = new_id()
        rows.append(
            ImportRow(
                id=row_id,
                store_id=batch.store_id,
                batch_id=batch.id,
                sheet=sheet[:100],
                row=number,
                kind=kind,
                is_rejected=is_rejected,
                content_sealed=privacy.seal(content.decode(), bound_to=f"customers_importrow.content:{row_id}"),
            )
        )
    ImportRow.objects.bulk_create(rows, ignore_conflicts=True, batch_size=2000)


def row_content(row: ImportRow) -> dict[str, Any]:
    """What a kept row holds: {raw: heading -> text, problems: [...]}."""
    return json.loads(privacy.unseal(row.content_sealed, bound_to=f"customers_importrow.content:{row.id}"))


def _locked(batch_id: UUID | str, *states: str) -> ImportBatch:
    batch = ImportBatch.objects.select_for_update().filter(id=batch_id).first()
    if batch is None:
        raise NotFound(_("没有这次导入，或不属于您的门店。"))
    if states and batch.state not in states:
        raise WrongState(_("这次导入现在是“%(state)s”，不能这样做。") % {"state": batch.get_state_display()})
    return batch


def check(batch_id: UUID | str, *, store_id: int, progress: Progress | None = None) -> None:
    """Read everything, count, keep the wrong rows for correction; writes nothing else."""
    S = ImportBatch.State
    with scope.use([store_id]):
        batch = _locked(batch_id, S.CHECKING, S.READY)
        ImportRow.objects.filter(batch=batch).delete()
        ImportBatch.objects.filter(id=batch.id).update(state=S.CHECKING, rows_done=0, rejected=0, flagged=0, skipped={})
        context, plan = context_of(batch), reading.plan_from_json(batch.plan)
    sums = {"rows": 0, "rejected": 0, "flagged": 0}
    skipped: dict[str, int] = {}
    with opened(batch) as path:
        try:
            for worked in chunks_worked(path, plan, context, prepare=False):
                sums = {k: sums[k] + getattr(worked, k) for k in sums}
                for reason, count in worked.skipped.items():
                    skipped[reason] = skipped.get(reason, 0) + count
                with scope.use([store_id]):
                    keep_rows(batch, worked)
                    ImportBatch.objects.filter(id=batch.id).update(rows_done=sums["rows"])
                if progress:
                    progress(sums["rows"], plan.row_estimate)
        except Unreadable as error:
            _fail(batch, store_id, str(error.problem))
            return
    with scope.use([store_id]):
        ImportBatch.objects.filter(id=batch.id).update(
            state=S.READY,
            rows_total=sums["rows"],
            rows_done=0,
            rejected=sums["rejected"],
            flagged=sums["flagged"],
            skipped=skipped,
        )


def _fail(batch: ImportBatch, store_id: int, problem: str) -> None:
    with scope.use([store_id]):
        ImportBatch.objects.filter(id=batch.id).update(
            state=ImportBatch.State.FAILED, problem=problem[:300], finished_at=clock.now()
        )


def begin_writing(batch: ImportBatch) -> None:
    """From checked to writing: counters start anew, no chunk is done."""
    batch.state = ImportBatch.State.WRITING
    batch.rows_done = batch.rejected = batch.flagged = 0
    batch.skipped = {}
    batch.plan = batch.plan | {"chunks_done": 0}
    batch.save(update_fields=["state", "rows_done", "rejected", "flagged", "skipped", "plan"])


def write(
    batch_id: UUID | str, *, store_id: int, path: Path | None = None, progress: Progress | None = None
) -> ImportBatch:
    """Write the good rows of every chunk that is not written yet, then what follows from them. Resumable."""
    S = ImportBatch.State
    with scope.use([store_id]):
        batch = _locked(batch_id, S.READY, S.WRITING)
        if batch.state == S.READY:
            begin_writing(batch)
        context, plan = context_of(batch), reading.plan_from_json(batch.plan)
    with opened(batch) if path is None else nullcontext(path) as clear, _without_search_for_cycles():
        return _write_file(batch, clear, context, plan, progress)


@contextmanager
def _without_search_for_cycles() -> Iterator[None]:
    """Chunks hold no cycles: looking for some among their many small objects costs a tenth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _write_file(batch: ImportBatch, path: Path, context: Context, plan: Any, progress: Progress | None) -> ImportBatch:
    store_id, total = batch.store_id, {kind: Written() for kind in kinds.WRITERS}
    counters: dict = {}
    done_before = batch.plan.get("chunks_done", 0)
    try:
        for number, worked in enumerate(chunks_worked(path, plan, context, prepare=True), 1):
            writer = kinds.WRITERS[worked.kind]
            if number <= done_before:
                writer.count(worked.ready, counters)
                continue
            with scope.use([store_id]):
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(hashtext('import'), %s)", [store_id])
                written = writer.write(worked.ready, context, counters)
                keep_rows(batch, worked)
                _advance(batch, worked, written, number)
                if plan.row_estimate >= POOL_FROM * 4:
                    writer.finish(written, context)
                    written.touched_vehicles.clear()
                    written.touched_customers.clear()
            total[worked.kind].add(written)
            if progress:
                progress(batch.rows_done, plan.row_estimate)
    except Unreadable as error:
        _fail(batch, store_id, str(error.problem))
        return batch
    with scope.use([store_id]):
        resumed = done_before > 0
        for kind, written in total.items():
            if resumed:
                written.touched_vehicles |= _vehicles_of(batch)
            kinds.WRITERS[kind].finish(written, context)
        batch.state, batch.finished_at = ImportBatch.State.DONE, clock.now()
        batch.rows_total = batch.rows_done
        batch.save(update_fields=["state", "finished_at", "rows_total"])
        record(
            "import.finished",
            store_id=store_id,
            actor_id=batch.by_id,
            import_id=str(batch.id),
            accepted=batch.accepted,
            rejected=batch.rejected,
            kind=batch.kind,
        )
    return batch


def _vehicles_of(batch: ImportBatch) -> set[UUID]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM customers_vehicle WHERE batch_id = %s", [batch.id])
        return {row[0] for row in cursor.fetchall()}


def _advance(batch: ImportBatch, worked: Worked, written: Written, number: int) -> None:
    batch.rows_done += worked.rows
    batch.accepted += written.accepted
    batch.unchanged += written.unchanged
    batch.merged += written.merged
    batch.rejected += worked.rejected
    batch.flagged += worked.flagged
    batch.plan = batch.plan | {"chunks_done": number}
    for reason, count in worked.skipped.items():
        batch.skipped[reason] = batch.skipped.get(reason, 0) + count
    batch.save(update_fields=["rows_done", "accepted", "unchanged", "merged", "rejected", "flagged", "plan", "skipped"])


def rows_of(batch: ImportBatch, *, is_rejected: bool) -> Iterator[tuple[ImportRow, dict[str, Any]]]:
    """Kept rows with their content, in the file's order, those corrected since left out."""
    for row in (
        ImportRow.objects.filter(batch=batch, is_rejected=is_rejected, fixed_at=None)
        .order_by("sheet", "row")
        .iterator(chunk_size=2000)
    ):
        yield row, row_content(row)


def report_entries(batch: ImportBatch, *, is_rejected: bool) -> list[dict[str, Any]]:
    """[{sheet, row, column, value, problem}] for the command line and the page."""
    return [
        {
            "sheet": row.sheet,
            "row": row.row,
            "column": p["column"],
            "value": p["value"],
            "problem": p["problem"] + (f" {p['expected']}" if p["expected"] else ""),
        }
        for row, content in rows_of(batch, is_rejected=is_rejected)
        for p in content["problems"]
    ]


def fix(row: ImportRow, raw: dict[str, str], *, by_id: int | None) -> Sequence[Any]:
    """Try a corrected row: writes it and returns [], or returns the problems that are left. In a scope."""
    batch = _locked(row.batch_id, ImportBatch.State.DONE)
    converted = reading.convert_fixed(
        reading.plan_from_json(batch.plan), sheet=row.sheet, row=row.row, raw=raw, today=clock.today()
    )
    if converted.problems:
        return converted.problems
    context, writer = context_of(batch), kinds.WRITERS[row.kind]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('import'), %s)", [batch.store_id])
    written = writer.write(writer.prepare([converted], context), context, {})
    writer.finish(written, context)
    row.fixed_at = clock.now()
    row.save(update_fields=["fixed_at"])
    batch.rejected = max(batch.rejected - 1, 0)
    batch.accepted += written.accepted
    batch.unchanged += written.unchanged
    batch.merged += written.merged
    batch.save(update_fields=["rejected", "accepted", "unchanged", "merged"])
    return []


def undo(batch_id: UUID | str, *, store_id: int) -> Undone:
    """Undo the whole import in one transaction. Raises WrongState unless it is finished."""
    S = ImportBatch.State
    with scope.use([store_id]):
        return undo_batch(_locked(batch_id, S.DONE, S.UNDOING))
