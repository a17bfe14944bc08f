"""Parts put together to one file: xlsx in the frame that XlsxWriter writes, or csv. Memory stays flat. R019, Y09."""

from __future__ import annotations

import io
import os
import re
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO

import xlsxwriter

from cheban.lists.exporting.parts import csv_part
from cheban.lists.spec import Out

SHEET_ROWS = 1_048_576
"""Rows of a sheet, the two of the head included (Excel's limit)."""
HEAD_ROWS = 2
_KINDS = ("date", "moment", "yuan", "number", "decimal", "text")
_WIDTH = {"date": 12, "moment": 17, "yuan": 13, "number": 9, "decimal": 11, "text": 18}
_SAMPLE = re.compile(r'<row r="3".*?</row>', re.DOTALL)
_STYLE = re.compile(r'<c r="[A-F]3"(?: s="(\d+)")?')
_SIZE = re.compile(r'<dimension ref="[^"]*"/>')
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\']")


def _frame(title: str, mark: str, outs: Sequence[Out], sheets: Sequence[int]) -> bytes:
    """A workbook with head, formats and page set-up on each sheet, and one row of samples where the rows will stand.

    `sheets` gives the number of rows of each.
    """
    buffer = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(buffer, options)
    head = book.add_format({"bold": True, "bottom": 1})
    formats = {
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "moment": book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        "yuan": book.add_format({"num_format": "#,##0.00"}),
        "number": book.add_format({"num_format": "0"}),
        "decimal": book.add_format({"num_format": "General"}),
        "text": book.add_format({"num_format": "@"}),
    }
    name = _NOT_IN_A_NAME.sub("", title)[:24] or "1"
    for number, rows in enumerate(sheets or [0], 1):
        sheet = book.add_worksheet(name if number == 1 else f"{name} {number}")
        sheet.set_footer("&L" + mark.replace("&", "&&")[:200] + "&R&P/&N")
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(1)
        sheet.freeze_panes(HEAD_ROWS, 0)
        for column, out in enumerate(outs):
            sheet.set_column(column, column, _WIDTH[out.kind])
        sheet.autofilter(1, 0, 1 + rows, max(len(outs) - 1, 0))
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{SHEET_ROWS}"})
        sheet.write_string(0, 0, mark)
        for column, out in enumerate(outs):
            sheet.write_string(1, column, str(out.label), head)
        for column, kind in enumerate(_KINDS):
            sheet.write_number(2, column, 0, formats[kind])
    book.close()
    return buffer.getvalue()


@cache
def styles() -> dict[str, int]:
    """Kind -> number of its cell format in every frame.

    Formats are numbered as they are used, the headings' first: a frame without a heading would number them otherwise.
    """
    with zipfile.ZipFile(io.BytesIO(_frame("x", "x", [Out("x", "x")], [0]))) as frame:
        text = frame.read("xl/worksheets/sheet1.xml").decode()
    numbers = _STYLE.findall(_SAMPLE.search(text)[0])
    return {kind: int(number or 0) for kind, number in zip(_KINDS, numbers, strict=True)}


def pack(blob: bytes) -> bytes:
    """A part as it lies on the disk."""
    return zlib.compress(blob, 1)


def _open(path: Path) -> BinaryIO:
    """A new file that only we may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def write_part(path: Path, blob: bytes) -> None:
    """A part that is on the disk when this returns."""
    with _open(path) as file:
        file.write(pack(blob))
        file.flush()
        os.fsync(file.fileno())


def write_csv(path: Path, mark: str, outs: Sequence[Out], parts: Iterable[Path]) -> None:
    """Byte order mark (else Excel reads Chinese wrongly), the mark, the headings, the parts."""
    with _open(path) as file:
        file.write(b"\xef\xbb\xbf")
        file.write(csv_part([[mark]], [Out("", "")]))
        file.write(csv_part([[str(out.label)] for out in outs], [Out("", "") for _out in outs]))
        for part in parts:
            file.write(zlib.decompress(part.read_bytes()))
        file.flush()
        os.fsync(file.fileno())


def write_xlsx(
    path: Path, title: str, mark: str, outs: Sequence[Out], sheets: Sequence[tuple[int, Sequence[Path]]]
) -> None:
    """The frame with each sheet's parts where its samples stood; `sheets`: (rows, parts) of each."""
    frame = zipfile.ZipFile(io.BytesIO(_frame(title, mark, outs, [rows for rows, _parts in sheets])))
    places = {f"xl/worksheets/sheet{n}.xml": found for n, found in enumerate(sheets or [(0, [])], 1)}
    with _open(path) as file:
        with frame, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
            for entry in frame.infolist():
                if entry.filename not in places:
                    book.writestr(entry.filename, frame.read(entry))
                    continue
                rows, parts = places[entry.filename]
                text = frame.read(entry).decode()
                cut = _SAMPLE.search(text)
                # The samples reach to column F; readers that trust the size would miss rows and columns.
                before = _SIZE.sub("", text[: cut.start()])
                with book.open(entry.filename, "w", force_zip64=True) as out:
                    out.write(before.encode())
                    for part in parts:
                        out.write(zlib.decompress(part.read_bytes()))
                    out.write(text[cut.end() :].encode())
        file.flush()
        os.fsync(file.fileno())
