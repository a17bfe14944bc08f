"""A sheet's rows in stretches that can be read apart from each other, in other processes."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cheban.customers.importing.cells import plain
from cheban.customers.importing.fields import normalise
from cheban.customers.importing.kindsofrow import Judge
from cheban.customers.importing.rows import AMOUNTS, TableRules, fill_down
from cheban.customers.importing.table import Table


@dataclass(slots=True)
class RawChunk:
    """A stretch of one sheet's rows and how to read them; picklable."""

    kind: str
    rules: TableRules
    rows: list[tuple[int, list[Any]]]


def cut(table: Table, rules: TableRules, *, heading_row: int, size: int) -> Iterator[RawChunk]:
    """The rows below the headings in chunks of about `size`, merged cells filled down."""
    columns: dict[str, int] = {}
    for index, _h, code, _u in rules.columns:
        columns.setdefault(code, index)
    key = columns.get("order_no", columns.get("vin", columns.get("plate", 0)))
    is_order = rules.kind == "repair_orders"
    chunk: list[tuple[int, list[Any]]] = []
    widths: Counter[int] = Counter()
    titles: set[str] = set()
    last: Any = None
    judge = Judge(rules)
    for number, row in _filled_down(table, columns):
        if number <= heading_row:
            titles.update(normalise(plain(c)) for c in row if c not in ("", None))
            if number == heading_row:
                known = frozenset(titles - rules.leafs - {""})
                rules = dataclasses.replace(rules, titles=known, wide=_wide_rows(table, rules, heading_row))
                judge = Judge(rules)
            continue
        now = row[key] if key < len(row) else ""
        if len(chunk) >= size:
            begins = now not in ("", None, last) and not judge.why_no_data(number, row)
            if begins or not is_order or len(chunk) >= size * 4:
                yield RawChunk(rules.kind, rules, chunk)
                chunk = []
        if now not in ("", None):
            last = now
        chunk.append((number, row))
        if table.is_text:
            widths[len(row)] += 1
    if chunk:
        number, row = chunk[-1]
        if table.is_text and 0 < len(row) < widths.most_common(1)[0][0] and not _ends_with_line(table):
            rules = dataclasses.replace(rules, cut_row=number)
        yield RawChunk(rules.kind, rules, chunk)


def _filled_down(table: Table, columns: dict[str, int]) -> Iterator[tuple[int, list[Any]]]:
    """Rows with merged cells filled down; amounts count once, a total beside its parts not at all."""
    if not table.merged:
        return table.rows
    amounts = {i for code, i in columns.items() if code in AMOUNTS}
    beside = columns.keys() & {"labour_fen", "material_fen"}
    never = {columns["total_fen"]} if "total_fen" in columns and beside else set()
    return fill_down(table.rows, table.merged, once=amounts - never, never=never)


def _wide_rows(table: Table, rules: TableRules, heading_row: int) -> frozenset[int]:
    """Rows below the headings with a cell merged over half of the columns: titles and notes."""
    wide = max(3, len(rules.headings) // 2)
    return frozenset(top for top, left, _b, right in table.merged if right - left + 1 >= wide and top > heading_row)


def _ends_with_line(table: Table) -> bool:
    """Whether a text file ends as a whole one does, with the end of a line."""
    if table.path is None:
        return True
    with table.path.open("rb") as file:
        file.seek(max(file.seek(0, 2) - 2, 0))
        end = file.read(2)
    return end[-1:] in (b"\n", b"\r") or end in (b"\n\x00", b"\x00\n", b"\r\x00")
