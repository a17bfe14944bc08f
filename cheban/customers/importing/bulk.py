"""COPY speed under row-level security: COPY is refused on a table with a policy, so rows go into a temporary
table first and from there by INSERT ... SELECT (policy cost there: 5 %, measured); few rows need no table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x00": ""})


def cell(value: Any) -> str:
    """One value as COPY text wants it."""
    if value is None:
        return "\\N"
    if value.__class__ is str:
        return value if value.isprintable() and "\\" not in value else value.translate(_ESCAPES)
    if value is True:
        return "t"
    if value is False:
        return "f"
    if isinstance(value, (bytes, memoryview)):
        return "\\\\x" + bytes(value).hex()
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (int, float, Decimal, UUID)):
        return str(value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False).translate(_ESCAPES)
    if isinstance(value, (list, tuple)):
        inner = ",".join('"' + str(v).replace("\\", "\\\\").replace('"', '\\"') + '"' for v in value)
        return ("{" + inner + "}").translate(_ESCAPES)
    return str(value).translate(_ESCAPES)


def line(values: Iterable[Any]) -> str:
    """One COPY line without its end."""
    return "\t".join([cell(v) for v in values])


FEW = 500
"""Up to so many lines go in as one JSON value: a temporary table costs more than the rows (measured: nightly files)."""
JSON = frozenset({"extra"})
"""Columns whose text is JSON: as text within JSON it would become a string."""
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CONTROL = {"t": "\t", "n": "\n", "r": "\r"}


def insert(cursor, table: str, columns: Sequence[str], lines: Sequence[str], *, conflict: str = "") -> int:
    """Insert prepared COPY lines into `table`; returns how many rows went in. Table and columns are our own names.

    The lines are called `stage_<table>` in `conflict`.
    """
    if not lines:
        return 0
    names = ", ".join(columns)
    if len(lines) > FEW:
        stage = f"stage_{table}"
        cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {stage} (LIKE {table} INCLUDING DEFAULTS) ON COMMIT DROP")
        cursor.execute(f"TRUNCATE {stage}")
        with cursor.copy(f"COPY {stage} ({names}) FROM STDIN") as copy:
            for start in range(0, len(lines), 2000):
                copy.write(("\n".join(lines[start : start + 2000]) + "\n").encode())
    source, params = staged(table, columns, lines)
    cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {source} {conflict}", params)  # noqa: S608
    return cursor.rowcount


def staged(table: str, columns: Sequence[str], lines: Sequence[str]) -> tuple[str, dict[str, str]]:
    """What to select the lines from that `insert` has just put in, with its parameters: so that events can be told
    from them in the same transaction."""
    if len(lines) > FEW:
        return f"stage_{table}", {}
    rows = [{name: _of(name, text) for name, text in zip(columns, line.split("\t"), strict=True)} for line in lines]
    source = f"jsonb_populate_recordset(NULL::{table}, %(lines)s::jsonb) AS stage_{table}"
    return source, {"lines": json.dumps(rows, ensure_ascii=False)}


def _of(column: str, text: str) -> Any:
    value = _uncell(text)
    return json.loads(value) if value is not None and column in JSON else value


def _uncell(text: str) -> str | None:
    """The text of a value that `cell` wrote, as the type's input function reads it."""
    if text == "\\N":
        return None
    return _ESCAPED.sub(lambda m: _CONTROL.get(m[1], m[1]), text) if "\\" in text else text


def keep_before(cursor, *, store_id: int, batch_id: UUID | None, table: str, ids: Sequence[UUID]) -> None:
    """Keep what these rows look like now, once per import, so that the import can be undone."""
    if ids and batch_id is not None:
        cursor.execute(
            f"""INSERT INTO customers_importchange (store_id, batch_id, "table", row_id, before)
                SELECT %s, %s, %s, t.id, to_jsonb(t) FROM {table} t WHERE t.id = ANY (%s)
                ON CONFLICT DO NOTHING""",  # noqa: S608
            [store_id, batch_id, table, list(ids)],
        )
