"""Spreadsheets into tables of cells: xlsx, xls, csv in the encodings that Chinese systems write. No meaning yet.

The size guards stand before any parser: a 1.5 MB xlsx can declare 200 MB, and two cells far apart in a 6 KB one
make the parser ask for 500 GB. Magic bytes decide the format, not the suffix. Row numbers are those that the
spreadsheet shows, from 1. Reliability rows 26-29.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from cheban.customers.importing import biff, sheetscan
from cheban.customers.importing.csvfile import open_csv
from cheban.customers.importing.formulas import Broken, calculate
from cheban.customers.importing.table import MOST_CELL, MOST_COLUMNS, Table, Unreadable, tidy

__all__ = ["MOST_CELL", "Table", "Unreadable", "open_tables"]

MOST_BYTES = 300 * 1024 * 1024
MOST_ENTRIES = 10_000
MOST_RATIO = 200
LARGE_PART = 10 * 1024 * 1024
MOST_CELLS = 30_000_000
"""Cells of a sheet, blank ones between the filled ones included: the parser keeps a place for each."""


def open_tables(path: Path) -> list[Table]:
    """All sheets of a file. Raises Unreadable."""
    if path.stat().st_size == 0:
        raise Unreadable(_("文件是空的。请重新导出。"))
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(b"PK"):
        _guard_zip(path)
        return _xlsx(path)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return _xls(path)
    if head.startswith(b"%PDF") or head[:3] in (b"\xff\xd8\xff", b"\x89PN", b"GIF"):
        raise Unreadable(_("这不是表格（是 PDF 或图片）。请从系统里导出 xlsx、xls 或 csv。"))
    if head.startswith((b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")):
        raise Unreadable(_("这是压缩包。请先解压，再导入里面的表格。"))
    if re.match(rb"(?:\xef\xbb\xbf)?\s*(<!doctype html|<html|<head|<meta|<style|<table|<\?xml)", head[:300].lower()):
        raise Unreadable(_("这是网页格式的“xls”。请用 Excel 或 WPS 打开后，另存为 xlsx 再导入。"))
    return [open_csv(path)]


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
    if any(_is_larger_than_said(path, e) for e in entries if e.filename.startswith("xl/")):
        raise Unreadable(_("文件里的大小与内容不符（可能是恶意文件），没有打开。请从系统里重新导出。"))


def _is_larger_than_said(path: Path, entry: zipfile.ZipInfo) -> bool:
    """Whether a part unpacks to more than the directory says: parsers believe the content, not the directory."""
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        return entry.compress_size > entry.file_size
    if entry.compress_size * 1_032 <= entry.file_size:  # deflate cannot do more
        return False
    if entry.header_offset < 0:
        return True
    with path.open("rb") as file:
        file.seek(entry.header_offset)
        header = file.read(30)
        if header[:4] != b"PK\x03\x04":
            return True
        file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
        left, count, inflater = entry.compress_size, 0, zlib.decompressobj(-15)
        try:
            while left > 0 and not inflater.eof:
                block = file.read(min(left, 1 << 18))
                if not block:
                    break
                left -= len(block)
                while block:
                    count += len(inflater.decompress(block, 1 << 22))
                    block = inflater.unconsumed_tail
                    if count > entry.file_size:
                        return True
        except zlib.error:
            return False  # damaged: the parsers say so
    return False


def _xlsx(path: Path) -> list[Table]:
    try:
        is_1904, facts = sheetscan.look(path)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise _damaged(error) from None
    except Exception as error:  # zlib's own error has no better name
        if type(error).__module__ != "zlib":
            raise
        raise _damaged(error) from None
    for name, sheet in facts.items():
        if sheet.height * sheet.width > MOST_CELLS:
            raise Unreadable(
                _(
                    "工作表“%(sheet)s”里有内容远在表格之外（第 %(row)d 行、第 %(column)d 列以内），没有打开。"
                    "请删除表格以外的内容，或另存为 csv。"
                )
                % {"sheet": name, "row": sheet.height, "column": sheet.width}
            )
    book, names = _open(path.read_bytes())
    tables = []
    for name, is_hidden in names:
        sheet, found = _sheet(book, name), facts.get(name) or sheetscan.SheetFacts()
        rows = _plain_rows(sheet, found.errors)
        if found.formulas:
            rows = _worked_out(rows, found.formulas)
        tables.append(
            Table(name, rows, _merged(sheet), is_hidden, sheet.total_height, frozenset(found.hidden_columns), is_1904)
        )
    return tables


def _xls(path: Path) -> list[Table]:
    if path.stat().st_size > MOST_BYTES:
        raise Unreadable(_("文件太大。请按月份或门店拆开导出。"))
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise _locked()
    _try_in_child(path)
    facts = biff.look(content)
    book, names = _open(content)
    tables = []
    for name, is_hidden in names:
        sheet, found = _sheet(book, name), facts.sheets.get(name) or biff.SheetFacts()
        tables.append(
            Table(
                name,
                _plain_rows(sheet, found.errors),
                _merged(sheet),
                is_hidden,
                sheet.total_height,
                frozenset(found.hidden_columns),
                facts.is_1904,
            )
        )
    return tables


_TRIAL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
import python_calamine as calamine
try:
    book = calamine.CalamineWorkbook.from_filelike(open(sys.argv[1], "rb"))
    for sheet in book.sheets_metadata:
        book.get_sheet_by_name(sheet.name)
except calamine.PasswordError:
    sys.exit(3)
except BaseException:
    sys.exit(4)
"""


def _try_in_child(path: Path) -> None:
    """Let a child process with bounded memory open an old workbook first: some damaged ones make the parser ask for
    so much that the process ends, which nothing here could catch (found by changing bytes at random)."""
    try:
        code = subprocess.run(
            [sys.executable, "-c", _TRIAL, str(path)], capture_output=True, timeout=120, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        code = 4
    if code == 3:
        raise _locked()
    if code:
        raise Unreadable(_("表格打不开，可能已损坏。请重新导出一次。"))


def _damaged(error: BaseException) -> Unreadable:
    return Unreadable(_("表格打不开，可能已损坏（%(why)s）。请重新导出一次。") % {"why": type(error).__name__})


def _locked() -> Unreadable:
    return Unreadable(_("表格有打开密码。请先在 Excel 里去掉密码，另存后再导入。"))


def _open(content: bytes) -> tuple[Any, list[tuple[str, bool]]]:
    """The parser's book and its work sheets: (name, is hidden)."""
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [m for m in book.sheets_metadata if str(m.typ).endswith("WorkSheet")]
    except calamine.PasswordError:
        raise _locked() from None
    except BaseException as error:  # the parser's errors are of many kinds, its panics no Exception at all
        raise _or_damaged(error) from None
    return book, [(m.name, not str(m.visible).endswith(".Visible")) for m in sheets]


def _sheet(book: Any, name: str) -> Any:
    try:
        return book.get_sheet_by_name(name)
    except BaseException as error:
        raise _or_damaged(error) from None


def _or_damaged(error: BaseException) -> BaseException:
    """Unreadable for whatever the parser raises; what is not the parser's stays what it is."""
    is_own = isinstance(error, Exception) or type(error).__name__ == "PanicException"
    return _damaged(error) if is_own and not isinstance(error, MemoryError) else error


def _merged(sheet: Any) -> list[tuple[int, int, int, int]]:
    return [(a[0] + 1, a[1], b[0] + 1, b[1]) for a, b in (sheet.merged_cell_ranges or [])]


def _plain_rows(sheet: Any, errors: dict[tuple[int, int], str]) -> Iterator[tuple[int, list[Any]]]:
    if sheet.start is None:
        return
    lead = [""] * sheet.start[1]
    wrong: dict[int, dict[int, str]] = {}
    for (row, column), text in errors.items():
        wrong.setdefault(row + 1, {})[column] = text
    number = 0
    try:
        for number, cells in enumerate(sheet.iter_rows(), 1):
            row = lead + [tidy(c) for c in cells[:MOST_COLUMNS]]
            for column, text in wrong.get(number, {}).items():
                if column >= len(row):
                    row += [""] * (column + 1 - len(row))
                row[column] = Broken(text)
            yield number, row
    except GeneratorExit:
        raise
    except BaseException as error:
        raise _or_damaged(error) from None


def _worked_out(
    numbered: Iterator[tuple[int, list[Any]]], formulas: dict[tuple[int, int], tuple[str, str]]
) -> Iterator[tuple[int, list[Any]]]:
    """Rows with the formulas that had no result worked out; the whole sheet is kept, as formulas point anywhere."""
    rows = [row for _number, row in numbered]
    height = max((r for r, _c in formulas), default=0) + 1
    rows += [[] for _ in range(min(height, len(rows) + 10_000) - len(rows))]
    open_: dict[tuple[int, int], tuple[str, str]] = dict(formulas)

    def value(row: int, column: int) -> Any:
        if (formula := open_.pop((row, column), None)) is not None:
            cells = rows[row]
            if column >= len(cells):
                cells += [""] * (column + 1 - len(cells))
            text, stored = formula
            was, cells[column] = cells[column], ""  # a formula that needs itself counts as empty
            found = calculate(text, value)
            if isinstance(found, Broken) and not found.is_error and (stored == "0" or isinstance(was, Broken)):
                found = was  # what we cannot work out ourselves stays as it was stored
            cells[column] = found
        return rows[row][column] if 0 <= row < len(rows) and 0 <= column < len(rows[row]) else ""

    waiting: dict[int, list[int]] = {}
    for row, column in formulas:
        waiting.setdefault(row, []).append(column)
    for index, row in enumerate(rows):
        for column in waiting.get(index, ()):
            value(index, column)
        yield index + 1, row
