"""What every reader of a spreadsheet hands on: sheets of cells, and the reason when there are none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cheban.customers.importing.formulas import Broken

MOST_CELL = 32_767
"""Excel's own limit of characters in a cell; longer text is no cell's content."""
MOST_COLUMNS = 2_000
"""More cells in a row are a fault of the file, not columns of a list."""

ERRORS = frozenset(("#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#N/A", "#NULL!", "#NUM!"))
_PADDING = " \t\r\n\u3000\ufeff\u200b\xa0"
_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))


class Unreadable(Exception):
    """The file cannot be read at all. `problem` says why and what to do."""

    def __init__(self, problem: Any) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(slots=True)
class Table:
    """One sheet. `rows` can be gone through once: (row number, cells). `merged`: (first row, first column, last row,
    last column), 1-based rows and 0-based columns, inclusive. `hidden_columns`: 0-based."""

    sheet: str
    rows: Iterator[tuple[int, list[Any]]]
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    is_hidden: bool = False
    row_estimate: int = 0
    hidden_columns: frozenset[int] = frozenset()
    is_1904: bool = False
    path: Path | None = None  # of a text file, which may break off in the middle of a line

    @property
    def is_text(self) -> bool:
        """A csv file."""
        return self.path is not None


def tidy_text(text: str) -> Any:
    """A text cell without what only protected it: padding, apostrophe, ="...", control signs; errors as Broken."""
    text = text.strip(_PADDING)
    if text[:1] == "'":
        text = text[1:].strip(_PADDING)
    elif text[:2] == '="' and text[-1:] == '"' and len(text) > 2:
        text = text[2:-1].strip(_PADDING)
    if text in ERRORS:
        return Broken(text)
    return text if text.isprintable() else text.translate(_CONTROLS)


def tidy(cell: Any) -> Any:
    """A cell's value as the rest of the import wants it: whole floats as int, texts tidied."""
    kind = cell.__class__
    if kind is str:
        return cell if cell.isalnum() else tidy_text(cell)
    if kind is float and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    return cell
