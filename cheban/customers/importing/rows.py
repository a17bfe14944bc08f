"""From cells to typed rows: what is filled down, what belongs to the order above, which values are wrong.

Which rows are data at all is said by `kindsofrow`, what must hold across fields by `checks`.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from cheban.core.errors import BadValue
from cheban.customers.fields.values import Shape, cell_reader
from cheban.customers.importing import values as reading
from cheban.customers.importing.cells import Reading, check_cell, is_blank, is_word_for_number, plain
from cheban.customers.importing.columns import Column
from cheban.customers.importing.fields import BY_CODE, CUSTOM
from cheban.customers.importing.formulas import Broken
from cheban.customers.importing.table import MOST_CELL

ORDER_LEVEL = frozenset(
    [
        "order_no",
        "order_kind",
        "pay_type",
        "order_status",
        "plate",
        "vin",
        "brand",
        "series",
        "model",
        "customer_no",
        "name",
        "mobile",
        "landline",
        "deliverer",
        "deliverer_mobile",
        "in_at",
        "promised_at",
        "out_at",
        "odometer_km",
        "service_advisor",
        "technician",
        "concern",
        "province",
        "city",
        "district",
        "address",
        "remarks",
        "insurer",
        "purchased_on",
        "next_service_on",
        "next_service_km",
    ]
)
"""Fields that lines of an order share: blank in a line, they are the order's."""
ORDER_IDENTITY = frozenset(["order_no", "plate", "vin", "in_at", "customer_no", "name", "deliverer"])
"""A line without any of these belongs to the order above."""
AMOUNTS = frozenset(("labour_fen", "material_fen", "total_fen", "quantity", "unit_price", "premium_fen", "price_fen"))
MOST_MERGED = 500
"""Rows that one cell is believed to be merged over."""
MOST_REMEMBERED = 50_000
"""Different cells of a column whose reading is remembered: days, colours, prices and an order's lines repeat."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row: column heading, the value as written, what is wrong, what would be right."""

    column: str
    value: str
    problem: str
    expected: str = ""


@dataclass(slots=True)
class Row:
    """One data row. `problems`: it is refused and kept. `flags`: it is written and doubtful. `raw` (heading -> text as
    written) is kept only for rows with either."""

    sheet: str
    row: int
    values: dict[str, Any]
    raw: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    flags: list[Problem] = field(default_factory=list)
    cells: list[Any] = field(default_factory=list, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class TableRules:
    """What reading rows of a table needs; picklable, travels with each chunk."""

    sheet: str
    kind: str
    columns: tuple[tuple[int, str, str, int], ...]  # index, heading, field, unit
    headings: tuple[tuple[int, str], ...]  # every column: index, unique heading
    leafs: frozenset[str]  # normalised headings, to know a repeated heading row
    options: dict[str, Any]
    titles: frozenset[str] = frozenset()  # texts that stand above the headings, to know a repeated title
    wide: frozenset[int] = frozenset()  # rows with a cell merged over most columns
    cut_row: int = 0  # the row in which a text file breaks off

    def heading_of(self, code: str) -> str:
        """The heading under which a field stands."""
        return next((h for _i, h, c, _u in self.columns if c == code), BY_CODE[code].label)


def unique_headings(columns: Sequence[Column]) -> tuple[tuple[int, str], ...]:
    """Index and heading of every column: the lower level where that is enough, equal ones numbered."""
    leafs = Counter(c.name for c in columns)
    seen: Counter[str] = Counter()
    out = []
    for column in columns:
        name = column.name if leafs[column.name] == 1 else column.heading
        seen[name] += 1
        out.append((column.index, name if seen[name] == 1 else f"{name} ({seen[name]})"))
    return tuple(out)


def fill_down(
    rows: Iterable[tuple[int, list[Any]]],
    merged: Sequence[tuple[int, int, int, int]],
    *,
    once: Collection[int] = (),
    never: Collection[int] = (),
) -> Iterator[tuple[int, list[Any]]]:
    """Give each row of a vertical merge the value of its first row.

    An amount merged over the lines of an order is the order's, not each line's: columns of `once` keep it in the
    first line only, columns of `never` in none (their lines have amounts of their own).
    """
    starts: dict[int, list[tuple[int, int]]] = {}
    for top, left, bottom, _right in merged:
        if top < bottom <= top + MOST_MERGED:
            starts.setdefault(top, []).append((left, bottom))
    running: list[tuple[int, int, Any]] = []  # column, last row, value
    for number, row in rows:
        if running:
            running = [r for r in running if r[1] >= number]
            for column, _last, value in running:
                if column >= len(row):
                    row += [""] * (column + 1 - len(row))
                if row[column] in ("", None):
                    row[column] = value
        for left, bottom in starts.get(number, ()):
            if left < len(row):
                if left not in once and left not in never:
                    running.append((left, bottom, row[left]))
                elif left in never and not isinstance(row[left], Broken):
                    row[left] = ""
        yield number, row


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No search for reference cycles meanwhile: a chunk makes a million objects and no cycle (half the time, measured)."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@_collector_paused()
def convert(rows: Iterable[tuple[int, list[Any]]], rules: TableRules, *, today: date) -> tuple[list[Row], Counter[str]]:
    """Typed rows of a stretch of a table, and how many rows were skipped by reason."""
    from cheban.customers.importing.checks import CHECKS
    from cheban.customers.importing.kindsofrow import Judge

    options = rules.options
    about = options.get("about")
    how = Reading(
        today=today,
        is_1904=bool(options.get("is_1904")),
        negative_amounts=bool(options.get("negative_amounts")),
        day_first=options.get("date_order") == "dmy",
        about=date.fromisoformat(about) if about else None,
    )
    plan = [
        (index, heading, code, unit, *_reader_of(code, options), {}) for index, heading, code, unit in rules.columns
    ]
    width = max((p[0] for p in plan), default=-1) + 1
    is_order, checks, judge = rules.kind == "repair_orders", CHECKS[rules.kind], Judge(rules)
    heads = {code: index for index, _h, code, _u in rules.columns if code in ORDER_LEVEL}
    skipped: Counter[str] = Counter()
    out: list[Row] = []
    before: Row | None = None
    for number, cells in rows:
        if reason := judge.why_no_data(number, cells):
            skipped[reason] += 1
            if reason == "total":
                before = None
            continue
        if len(cells) < width:
            cells = cells + [""] * (width - len(cells))
        found: dict[str, Any] = {}
        row = Row(rules.sheet, number, found, cells=cells)
        for index, heading, code, unit, read, many, cache in plan:
            cell = cells[index]
            if cell == "" or cell is None:
                continue
            value = cache.get(cell, cache)
            if value is cache:
                value = _read(cell, read, how, unit)
                if len(cache) < MOST_REMEMBERED:
                    cache[cell] = value
            if value.__class__ is BadValue:
                row.problems.append(Problem(heading, plain(cell)[:200], str(value.problem), str(value.expected)))
            elif value is None or value == "":
                continue
            elif many and code in found:
                found[code] = found[code] + [v for v in value if v not in found[code]]
            else:
                found[code] = value
        if is_order:
            _continue(row, before, heads)
            before = row
        for check in checks:
            check(row, rules)
        if row.problems or row.flags:
            row.raw = _raw(row, rules, how)
        out.append(row)
    for row in out:
        row.cells = []
    return out, skipped


def _reader_of(code: str, options: dict[str, Any]) -> tuple[Callable, bool]:
    """How cells of a column are read, and whether several columns may fill the field."""
    if code.startswith(CUSTOM):
        custom = options["custom"][code]
        return cell_reader(Shape(custom["kind"], tuple(map(tuple, custom["choices"])))), False
    return reading.reader(code, BY_CODE[code].type), BY_CODE[code].many


def _read(cell: Any, read: Callable, how: Reading, unit: int) -> Any:
    """The typed value, None for a blank, or the BadValue itself."""
    try:
        if cell.__class__ is not str or len(cell) > 19 or not cell.isalnum():
            check_cell(cell)
        if is_blank(cell) and not (read is reading.read_phone and is_word_for_number(cell)):
            return None
        if unit != 1 and "万" not in plain(cell):  # the heading says: in 10,000
            cell = reading.read_number(cell, how, "元|公里|千米|km") * unit
        return read(cell, how)
    except BadValue as error:
        return error


def _raw(row: Row, rules: TableRules, how: Reading) -> dict[str, str]:
    """Heading -> text as written; days that only this file's date system explains are written out."""
    cells = row.cells
    raw = {h: plain(cells[i])[:MOST_CELL] if i < len(cells) else "" for i, h in rules.headings}
    if how.is_1904:
        for index, heading, code, _unit in rules.columns:
            value = row.values.get(code)
            if isinstance(value, date) and not isinstance(cells[index], date) and raw[heading]:
                raw[heading] = value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    return raw


def _continue(row: Row, before: Row | None, heads: dict[str, int]) -> None:
    """A line whose order fields are blank belongs to the order above; the same order number or vehicle says so too.

    What the order's first line has wrong is wrong in that line only.
    """
    if before is None:
        return
    mine, theirs = row.values, before.values
    number = mine.get("order_no")
    if number is not None:
        same = number == theirs.get("order_no")
    else:
        own = ORDER_IDENTITY & mine.keys()
        wrong_number = "order_no" in heads and _cell(row, heads["order_no"]) != ""
        same = (
            not wrong_number
            and all(mine[code] == theirs.get(code) for code in own)
            and (not own or "order_no" in theirs and bool(own & {"plate", "vin"}))
        )
    if not same:
        return
    for code, index in heads.items():
        if code not in mine and _cell(row, index) == "":
            if code in theirs:
                mine[code] = theirs[code]
            if index < len(row.cells) and index < len(before.cells):
                row.cells[index] = before.cells[index]


def _cell(row: Row, index: int) -> Any:
    return row.cells[index] if index < len(row.cells) and row.cells[index] is not None else ""
