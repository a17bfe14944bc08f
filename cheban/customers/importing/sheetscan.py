"""What the reader of .xlsx workbooks does not tell: formulas without a result, error cells, hidden columns, how far
a sheet reaches. The parts' bytes are searched, never built into a tree: nothing in them is expanded or run.
"""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cheban.customers.importing.formulas import place

_BLOCK = 1 << 22
_FORMULA = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b([^>]*?)(?:/>|>([^<]*)</(?:\w+:)?f>)(?:\s*<(?:\w+:)?v\b[^>]*>([^<]*)</)?"
)
_ERROR = re.compile(
    rb"<(?:\w+:)?c\b([^>]*\bt=[\"']e[\"'][^>]*)>\s*(?:<(?:\w+:)?f\b[^>]*(?:/>|>[^<]*</(?:\w+:)?f>))?"
    rb"\s*<(?:\w+:)?v\b[^>]*>([^<]*)</"
)
_AT = re.compile(rb"""\br=["']([A-Za-z]{1,3})([0-9]{1,7})["']""")
_COLUMNS = re.compile(rb"""<(?:\w+:)?c\b[^>]*?\br=["']([A-Za-z]+)""")
_FAR = re.compile(rb"""<(?:\w+:)?c\b[^>]*?\br=["'][A-Za-z]+([0-9]{6,})""")
_ROWS = re.compile(rb"""<(?:\w+:)?row\b[^>]*?\br=["']([0-9]+)""")
_COL = re.compile(rb"<(?:\w+:)?col\b([^>]*)>")
_SHEET = re.compile(r"<(?:\w+:)?sheet\b([^>]*)/?>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\b([^>]*)/?>")
_ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


@dataclass(slots=True)
class SheetFacts:
    """Of one sheet: formulas to work out by row and column from 0 with the result that is stored ('' or '0'),
    error cells, hidden columns, and how many rows and columns it spans."""

    formulas: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_columns: set[int] = field(default_factory=set)
    height: int = 0
    width: int = 0


def _attributes(text: str) -> dict[str, str]:
    return {k.rpartition(":")[2]: html.unescape(a or b) for k, a, b in _ATTRIBUTE.findall(text)}


def look(path: Path) -> tuple[bool, dict[str, SheetFacts]]:
    """(days count from 1904, facts by sheet name)."""
    with zipfile.ZipFile(path) as archive:
        book = _small(archive, "xl/workbook.xml")
        relations = _small(archive, "xl/_rels/workbook.xml.rels")
        head = book.partition("<sheets")[0]
        is_1904 = bool(re.search(r"""date1904\s*=\s*["'](?:1|true)["']""", head))
        targets = {}
        for found in _RELATION.findall(relations):
            relation = _attributes(found)
            target = relation.get("Target", "")
            targets[relation.get("Id", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        names = set(archive.namelist())
        facts = {}
        for found in _SHEET.findall(book):
            sheet = _attributes(found)
            part = targets.get(sheet.get("id", ""), "")
            if part in names:
                with archive.open(part) as file:
                    facts[sheet.get("name", "")] = _sheet(file)
    return is_1904, facts


def _small(archive: zipfile.ZipFile, name: str) -> str:
    try:
        with archive.open(name) as part:
            return part.read(8 << 20).decode("utf-8", "replace")
    except KeyError:
        return ""


def _pieces(file) -> Iterator[bytes]:
    """The part in pieces that end with a row."""
    rest = b""
    while block := file.read(_BLOCK):
        rest += block
        cut = rest.rfind(b"row>") + 4
        if cut > 4:
            yield rest[:cut]
            rest = rest[cut:]
    yield rest


def _sheet(file) -> SheetFacts:
    facts, shared = SheetFacts(), {}
    is_first = True
    for piece in _pieces(file):
        if is_first:
            is_first = False
            for found in _COL.findall(piece.partition(b"<sheetData")[0][:1_000_000]):
                column = _attributes(found.decode("utf-8", "replace"))
                if column.get("hidden") in ("1", "true") and column.get("min", "").isdigit():
                    first, last = int(column["min"]), int(column.get("max", column["min"]))
                    facts.hidden_columns.update(range(first - 1, min(last, 16_384)))
        for letters in set(_COLUMNS.findall(piece)):
            facts.width = max(facts.width, place(letters.decode() + "1")[1] + 1)
        for rows in (_ROWS.findall(piece), _FAR.findall(piece)):
            facts.height = max(facts.height, max(map(int, rows), default=0))
        if b"<f" in piece or b":f" in piece:
            _formulas(piece, facts, shared)
        if b't="e"' in piece or b"t='e'" in piece:
            for attributes, text in _ERROR.findall(piece):
                if at := _AT.search(attributes):
                    facts.errors[place((at[1] + at[2]).decode())] = text.decode("utf-8", "replace").strip() or "#REF!"
    return facts


def _formulas(piece: bytes, facts: SheetFacts, shared: dict[str, tuple[str, str]]) -> None:
    for cell, attributes, text, stored in _FORMULA.findall(piece):
        at = _AT.search(cell)
        if at is None:
            continue
        reference = (at[1] + at[2]).decode()
        formula = "=" + html.unescape(text.decode("utf-8", "replace")) if text else ""
        if b"shared" in attributes:
            group = _attributes(attributes.decode("utf-8", "replace")).get("si", "")
            if formula:
                shared[group] = (formula, reference)
            elif group in shared:
                formula = _moved(*shared[group], reference)
        value = stored.decode("utf-8", "replace").strip()
        if formula and (value in ("", "0") or b't="e"' in cell or "#REF!" in formula):
            facts.formulas[place(reference)] = (formula, value)


def _moved(formula: str, origin: str, to: str) -> str:
    from openpyxl.formula.translate import Translator, TranslatorError

    try:
        return Translator(formula, origin).translate_formula(to)
    except (TranslatorError, ValueError):
        return "=#REF!"
