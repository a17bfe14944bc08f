"""Spreadsheets into tables of cells: xlsx, xls, csv in the encodings that Chinese systems write. No meaning yet.

The size guard stands before any parser: a 1.5 MB xlsx can declare 200 MB. Magic bytes decide the format, not the
suffix. Row numbers are those that the spreadsheet shows, from 1. Reliability rows 26-29.
"""

from __future__ import annotations

import codecs
import csv
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from cheban.customers.importing.formulas import Broken, calculate

MOST_BYTES = 300 * 1024 * 1024
MOST_ENTRIES = 10_000
MOST_RATIO = 200
LARGE_PART = 10 * 1024 * 1024
MOST_CELL = 32_767
"""Excel's own limit of characters in a cell; longer text is no cell's content."""

csv.field_size_limit(64 * 1024 * 1024)


class Unreadable(Exception):
    """The file cannot be read at all. `problem` says why and what to do."""

    def __init__(self, problem: Any) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(slots=True)
class Table:
    """One sheet. `rows` can be gone through once: (row number, cells). `merged`: (first row, first column, last row,
    last column), 1-based rows and 0-based columns, inclusive."""

    sheet: str
    rows: Iterator[tuple[int, list[Any]]]
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    is_hidden: bool = False
    row_estimate: int = 0


def open_tables(path: Path) -> list[Table]:
    """All sheets of a file. Raises Unreadable."""
    size = path.stat().st_size
    if size == 0:
        raise Unreadable(_("文件是空的。请重新导出。"))
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"PK"):
        _guard_zip(path)
        return _workbook(path, formulas=_has_formulas(path))
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _workbook(path, formulas=False)
    if head.startswith(b"%PDF") or head[:3] in (b"\xff\xd8\xff", b"\x89PN", b"GIF"):
        raise Unreadable(_("这不是表格（是 PDF 或图片）。请从系统里导出 xlsx、xls 或 csv。"))
    if re.match(rb"\s*(<!doctype html|<html|<table|<\?xml)", head[:200].lower()):
        raise Unreadable(_("这是网页格式的“xls”。请用 Excel 或 WPS 打开后，另存为 xlsx 再导入。"))
    return [_csv(path, size)]


def _guard_zip(path: Path) -> None:
    """Refuse archives that declare too much, before anything is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Unreadable(_("文件不完整（可能下载或复制时中断）。请重新导出一次。")) from None
    if len(entries) > MOST_ENTRIES or sum(e.file_size for e in entries) > MOST_BYTES:
        raise Unreadable(_("文件展开后太大，不像正常的表格，没有打开。请按月份或门店拆开导出。"))
    if any(e.file_size > LARGE_PART and e.file_size > MOST_RATIO * max(e.compress_size, 1) for e in entries):
        raise Unreadable(_("文件的压缩比例不正常（可能是恶意文件），没有打开。请从系统里重新导出。"))
    if not any(e.filename.startswith("xl/") for e in entries):
        raise Unreadable(_("这个压缩包不是 Excel 表格。请先解压，再导入里面的表格。"))


def _has_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml"):
                tail = b""
                with archive.open(entry) as part:
                    while block := part.read(1 << 20):
                        if b"<f>" in tail + block or b"<f " in tail + block:
                            return True
                        tail = block[-4:]
    return False


def _workbook(path: Path, *, formulas: bool) -> list[Table]:
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        names = [m for m in book.sheets_metadata if str(m.typ).endswith("WorkSheet")]
    except calamine.PasswordError:
        raise Unreadable(_("表格有打开密码。请先在 Excel 里去掉密码，另存后再导入。")) from None
    except Exception as error:  # the parser's errors are of many kinds; each means the same to people
        if "EncryptedPackage" in path.open("rb").read(1 << 16).decode("utf-16-le", "ignore"):
            raise Unreadable(_("表格有打开密码。请先在 Excel 里去掉密码，另存后再导入。")) from None
        raise Unreadable(
            _("表格打不开，可能已损坏（%(why)s）。请重新导出一次。") % {"why": type(error).__name__}
        ) from None
    overlay = _formula_rows(path) if formulas else {}
    tables = []
    for meta in names:
        sheet = book.get_sheet_by_name(meta.name)
        merged = [(a[0] + 1, a[1], b[0] + 1, b[1]) for a, b in (sheet.merged_cell_ranges or [])]
        tables.append(
            Table(
                meta.name,
                _sheet_rows(sheet, overlay.get(meta.name)),
                merged,
                not str(meta.visible).endswith("Visible"),
                sheet.total_height,
            )
        )
    return tables


def _sheet_rows(sheet: Any, overlay: dict[int, dict[int, str]] | None) -> Iterator[tuple[int, list[Any]]]:
    if overlay is None:
        try:
            rows = sheet.to_python(skip_empty_area=False)
        except Exception as error:
            raise Unreadable(
                _("工作表“%(sheet)s”读不下去（%(why)s）。请重新导出一次。")
                % {"sheet": sheet.name, "why": type(error).__name__}
            ) from None
        yield from ((number, [_tidy(c) for c in row]) for number, row in enumerate(rows, 1))
        return
    rows = [[_tidy(c) for c in row] for row in sheet.to_python(skip_empty_area=False)]

    def value(row: int, column: int) -> Any:
        found = rows[row][column] if 0 <= row < len(rows) and 0 <= column < len(rows[row]) else ""
        if (found == "" or isinstance(found, Broken)) and (text := overlay.get(row + 1, {}).get(column)):
            rows[row][column] = ""  # a formula that needs itself counts as empty
            found = rows[row][column] = calculate(text, value)
        return found

    for number, row in enumerate(rows, 1):
        for column in overlay.get(number, {}):
            if column < len(row):
                value(number - 1, column)
        yield number, row


def _formula_rows(path: Path) -> dict[str, dict[int, dict[int, str]]]:
    """Formula texts by sheet, row and column (calamine tells stored results only)."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
    except Exception:  # values are there all the same; only formulas without results stay empty
        return {}
    found: dict[str, dict[int, dict[int, str]]] = {}
    for sheet in book.worksheets:
        rows = found.setdefault(sheet.title, {})
        for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
            for column, text in enumerate(row):
                if isinstance(text, str) and text[:1] == "=" and len(text) > 1:
                    rows.setdefault(number, {})[column] = text
    book.close()
    return {name: rows for name, rows in found.items() if rows}


_ERRORS = {"#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#N/A", "#NULL!", "#NUM!"}


def _tidy(cell: Any) -> Any:
    """A cell's value as the rest of the import wants it: errors as Broken, whole floats as int, text without padding."""
    kind = cell.__class__
    if kind is str:
        text = cell.strip(" \t\r\n\u3000\ufeff")
        if text.startswith("'"):
            text = text[1:].strip()
        return Broken(text) if text in _ERRORS else text
    if kind is float and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    return cell


def _csv(path: Path, size: int) -> Table:
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="", errors="strict") as file:
        try:
            sample = file.read(64 * 1024)
        except UnicodeError:
            raise Unreadable(_("文字编码认不出来。请用 Excel 另存为 xlsx，或“CSV UTF-8”再导入。")) from None
    if "\x00" in sample and encoding not in ("utf-16", "utf-16-le", "utf-16-be"):
        raise Unreadable(_("这不是表格，或文件已损坏。请导出 xlsx、xls 或 csv。"))
    separator = _separator(sample)
    line = max(len(sample) / max(sample.count("\n"), 1), 20)
    return Table(path.stem, _csv_rows(path, encoding, separator), row_estimate=int(size / (line * _width(encoding))))


def _width(encoding: str) -> float:
    return 2.0 if encoding.startswith("utf-16") else 1.4


def _encoding(path: Path) -> str:
    """By byte-order mark, by zero bytes, else UTF-8 when the whole file is, else GB18030."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros = head.count(0)
    if zeros > len(head) // 5:
        return "utf-16-le" if head[1::2].count(0) >= head[0::2].count(0) else "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            # A file cut in the middle of its last character is still UTF-8.
            return "utf-8" if error.reason == "unexpected end of data" and not block else "gb18030"
    return "utf-8"


def _separator(sample: str) -> str:
    """The separator that divides the sample's lines most evenly."""
    lines = [line for line in sample.splitlines()[:60] if line.strip()]
    best, score = ",", 0.0
    for separator in ("\t", ",", ";", "|"):
        counts = sorted(line.count(separator) for line in lines)
        middle = counts[len(counts) // 2] if counts else 0
        even = sum(c == middle for c in counts) / max(len(counts), 1)
        if middle and middle * (0.5 + even) > score * (1.2 if separator != "\t" else 1):
            best, score = separator, middle * (0.5 + even)
    return best


def _csv_rows(path: Path, encoding: str, separator: str) -> Iterator[tuple[int, list[Any]]]:
    with path.open(encoding=encoding, newline="", errors="replace") as file:
        number = 0
        try:
            for number, row in enumerate(csv.reader(file, delimiter=separator), 1):
                yield number, [_tidy(c) for c in row]
        except csv.Error as error:
            raise Unreadable(
                _("第 %(n)d 行之后读不下去（%(why)s）。请检查引号是否成对，或另存为 xlsx。")
                % {"n": number, "why": error}
            ) from None
