"""What runs in worker processes: reading and preparing a chunk. No model is imported before Django is set up,
as a spawned process first imports this module to find its functions.
"""

from __future__ import annotations

import gc
import json
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Worked:
    """One chunk after reading and preparing (what a worker process sends back)."""

    kind: str
    ready: list[Any]
    kept: list[tuple[str, int, str, bool, bytes]]  # sheet, row, kind, is_rejected, content as JSON
    rows: int
    rejected: int
    flagged: int
    skipped: dict[str, int]


def start(language: str = "") -> None:
    """Make a fresh process ready: Django, its language, and the key ring (its one read of the database)."""
    import django

    django.setup()
    from django.db import connection
    from django.utils import translation

    if language:
        translation.activate(language)

    from cheban.core import privacy

    privacy.keyring()
    connection.close()
    # A chunk is a hundred thousand small objects without cycles; looking for cycles among them costs a fifth.
    gc.freeze()
    gc.disable()


def work(chunk: Any, context: Any, prepare: bool) -> Worked:
    """Read and prepare one chunk; no database. Runs here or in a worker process."""
    from cheban.customers.importing import kinds, reading

    converted = reading.convert_chunk(chunk, today=context.today)
    good = [row for row in converted.rows if not row.problems]
    kept = []
    for row in converted.rows:
        if row.problems or row.flags:
            content = {
                "raw": row.raw,
                "problems": [
                    {"column": p.column, "value": p.value, "problem": str(p.problem), "expected": str(p.expected)}
                    for p in (row.problems or row.flags)
                ],
            }
            kept.append(
                (row.sheet, row.row, chunk.kind, bool(row.problems), json.dumps(content, ensure_ascii=False).encode())
            )
    writer = kinds.WRITERS[chunk.kind]
    return Worked(
        chunk.kind,
        writer.prepare(good, context) if prepare else [],
        kept,
        len(converted.rows),
        len(converted.rows) - len(good),
        sum(1 for row in good if row.flags),
        dict(converted.skipped),
    )
