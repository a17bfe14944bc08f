"""The watched folder: a file put into <data>/inbox/<store code>/ is imported by itself. Y02, Y03, R030.

inbox/PD1/         any file; columns recognised as in the browser
inbox/PD1/erp/     files of the source system 'erp': the mapping saved for it is used
   done/           files that were read, with '<name>.refused.xlsx' beside those that had wrong rows
   refused/        files that could not be read, with '<name>.refused.xlsx' that says why

A file is taken once it has not changed for two seconds. The same content twice is imported once; a worker that is
killed in the middle goes on with the same import a minute later. Links and hidden or unfinished files are left alone.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog
import xlsxwriter
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.disk import is_full_disk
from cheban.customers.importing import pipeline, reports
from cheban.customers.importing.files import Unreadable
from cheban.customers.models import ImportBatch, ImportMapping
from cheban.org import queries as org
from cheban.org import scope
from cheban.org.entry import ZONE
from cheban.org.models import Store

log = structlog.get_logger("cheban.inbox")
STABLE_SECONDS = 2
ENDINGS = (".xlsx", ".xls", ".csv", ".txt", ".xlsm")
KEPT_APART = ("done", "refused")
MOST_FILES = 50


@dataclass(frozen=True, slots=True)
class Found:
    """A file that waits, the store it belongs to, the source system its folder names ('' = none)."""

    path: Path
    store: Store
    source: str


def folder() -> Path:
    """The watched folder."""
    return settings.DATA_DIR / "inbox"


def waiting() -> Iterator[Found]:
    """Files that wait now, by store."""
    if not folder().is_dir():
        return
    for store in Store.objects.filter(id__in=org.store_ids()).order_by("id"):
        own = folder() / store.code
        if "/" in store.code or not own.is_dir() or own.is_symlink():
            continue
        for place in [own, *sorted(p for p in own.iterdir() if p.is_dir() and p.name not in KEPT_APART)]:
            if place.is_symlink():
                continue
            for path in sorted(place.iterdir()):
                if path.suffix.lower() in ENDINGS and not path.name.startswith((".", "~$")) and _is_plain(path):
                    yield Found(path, store, "" if place == own else place.name[:64])


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _size(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def look(*, sleep=time.sleep) -> int:
    """Import every file that is wholly there; returns how many were dealt with."""
    before = {found: _size(found.path) for found in list(waiting())[:MOST_FILES]}
    if not before:
        return 0
    sleep(STABLE_SECONDS)
    whole = [found for found, size in before.items() if size and size[0] and _size(found.path) == size]
    for found in whole:
        _take(found)
    return len(whole)


def _take(found: Found) -> None:
    """One file, alone: an error of one does not keep the others."""
    try:
        with scope.use([found.store.id]), connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('inbox'), %s)", [found.store.id])
            if not cursor.fetchone()[0]:
                return
        batch = _batch_of(found)
        if batch.state in (ImportBatch.State.READY, ImportBatch.State.WRITING):
            batch = pipeline.write(batch.id, store_id=found.store.id)
        if batch.state == ImportBatch.State.FAILED:
            _put_away(found, "refused", _one_sentence(batch.problem))
            return
        with scope.use([found.store.id]):
            report = reports.xlsx(batch) if batch.rejected else None
        _put_away(found, "done", report)
    except Unreadable as error:
        _put_away(found, "refused", _one_sentence(str(error.problem)))
    except Exception as error:
        if is_full_disk(error):
            raise
        log.error("inbox file failed", store=found.store.code, error=type(error).__name__)


def _batch_of(found: Found) -> ImportBatch:
    """The import of this content: the one that was begun or done before, or a new one. Raises Unreadable."""
    digest = hashlib.sha256()
    with found.path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    S = ImportBatch.State
    with scope.use([found.store.id]):
        known = (
            ImportBatch.objects.filter(store_id=found.store.id, file_sha256=digest.digest(), by_id=None)
            .filter(state__in=(S.READY, S.WRITING, S.DONE, S.FAILED))
            .exclude(stored_as="")
            .order_by("-created_at")
            .first()
        )
        if known is not None:
            return known
        saved = ImportMapping.objects.filter(store_id=found.store.id, source_system=found.source).first()
        return pipeline.create(
            found.path,
            store_id=found.store.id,
            file_name=found.path.name,
            mapping=saved.mapping if saved and found.source else None,
            source_system=found.source,
        )


def _put_away(found: Found, where: str, report: bytes | None) -> None:
    """Move the file to done/ or refused/ beside it, under a name that is free, with its report."""
    target = found.path.parent / where
    target.mkdir(exist_ok=True)
    stamp = clock.now().astimezone(ZONE).strftime("%Y%m%d-%H%M%S")
    name, number = f"{stamp}-{found.path.name}", 1
    while (target / name).exists():
        number += 1
        name = f"{stamp}-{number}-{found.path.name}"
    if report is not None:
        half = target / f".{name}.part"
        half.write_bytes(report)
        os.replace(half, target / f"{name}.refused.xlsx")
    os.replace(found.path, target / name)
    log.info("inbox file taken", store=found.store.code, where=where, with_report=report is not None)


def _one_sentence(problem: str) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True})
    sheet = book.add_worksheet(_("问题"))
    sheet.set_column(0, 0, 100)
    sheet.write_string(0, 0, problem)
    book.close()
    return buffer.getvalue()
