"""What the reader of old .xls workbooks does not tell: the date system, cells that are errors, hidden columns.

Only the records that say so are looked at. Source: Microsoft, [MS-CFB] and [MS-XLS], records BoundSheet8 (0x85),
Date1904 (0x22), BoolErr (0x205), Formula (0x06), ColInfo (0x7D), BOF, EOF. A file that is not as it should be says nothing.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

_CELLS = frozenset((0x0006, 0x00BD, 0x00BE, 0x00D6, 0x00FD, 0x0201, 0x0203, 0x0204, 0x0205, 0x027E))
_END = 0xFFFFFFFA
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}


@dataclass(slots=True)
class SheetFacts:
    """Of one sheet: error cells by (row, column), hidden columns, all from 0; the number of columns that hold cells."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_columns: set[int] = field(default_factory=set)
    width: int = 0


@dataclass(slots=True)
class BookFacts:
    """Of a workbook: whether days count from 1904, and its sheets by name."""

    is_1904: bool = False
    sheets: dict[str, SheetFacts] = field(default_factory=dict)


def look(data: bytes) -> BookFacts:
    """The facts of an .xls file's bytes; empty facts when it cannot be followed."""
    try:
        return _workbook(_stream(data))
    except (struct.error, IndexError, ValueError, UnicodeError):
        return BookFacts()


def _stream(data: bytes) -> bytes:
    """The workbook stream of a compound file (long streams only: a workbook is never shorter than 4 KB)."""
    size = 1 << struct.unpack_from("<H", data, 30)[0]
    if not 128 <= size <= 1 << 16:
        raise ValueError("sector")

    def sector(number: int) -> bytes:
        return data[(number + 1) * size : (number + 2) * size]

    places = [n for n in struct.unpack_from("<109I", data, 76) if n < _END]
    more = struct.unpack_from("<I", data, 68)[0]
    while more < _END and len(places) < 1 << 20:
        numbers = struct.unpack(f"<{size // 4}I", sector(more))
        places += [n for n in numbers[:-1] if n < _END]
        more = numbers[-1]
    table: list[int] = []
    for place in places:
        table += struct.unpack(f"<{size // 4}I", sector(place))

    def chain(start: int) -> bytes:
        found, seen = [], 0
        while start < _END and seen <= len(table):
            found.append(sector(start))
            start, seen = table[start], seen + 1
        return b"".join(found)

    folder = chain(struct.unpack_from("<I", data, 48)[0])
    for at in range(0, len(folder) - 127, 128):
        length = struct.unpack_from("<H", folder, at + 64)[0]
        name = folder[at : at + max(length - 2, 0)].decode("utf-16-le", "replace")
        if name in ("Workbook", "Book"):
            start, total = struct.unpack_from("<II", folder, at + 116)
            return chain(start)[:total]
    raise ValueError("no workbook")


def _records(stream: bytes, at: int):
    """(kind, content) from a BOF to its EOF."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield kind, stream[at + 4 : at + 4 + length]
        at += 4 + length
        depth += (kind == 0x0809) - (kind == 0x000A)
        if depth <= 0:
            return


def _workbook(stream: bytes) -> BookFacts:
    facts, places = BookFacts(), []
    for kind, content in _records(stream, 0):
        if kind == 0x0022:
            facts.is_1904 = content[:1] == b"\x01"
        elif kind == 0x0085:
            count, wide = content[6], content[7] & 1
            text = content[8 : 8 + count * (1 + wide)]
            places.append((struct.unpack_from("<I", content)[0], text.decode("utf-16-le" if wide else "latin-1")))
    for place, name in places:
        facts.sheets[name] = _sheet(stream, place)
    return facts


def _sheet(stream: bytes, at: int) -> SheetFacts:
    facts = SheetFacts()
    for kind, content in _records(stream, at):
        if kind in _CELLS and len(content) >= 4:
            facts.width = max(facts.width, content[2] + (content[3] << 8) + 1)
        if kind == 0x0205 and len(content) >= 8 and content[7] == 1:
            facts.errors[struct.unpack_from("<HH", content)] = _ERRORS.get(content[6], "#REF!")
        elif kind == 0x0006 and len(content) >= 14 and content[12:14] == b"\xff\xff" and content[6] == 2:
            facts.errors[struct.unpack_from("<HH", content)] = _ERRORS.get(content[8], "#REF!")
        elif kind == 0x007D and len(content) >= 10:
            first, last, _width, _style, flags = struct.unpack_from("<5H", content)
            if flags & 1:
                facts.hidden_columns.update(range(first, min(last, 255) + 1))
    return facts
