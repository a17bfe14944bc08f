"""Rows as the bytes of a part: lines of csv, or row elements of a sheet. Text stays text in both. Reliability row 14.

In a sheet every text is an inline string, which no program reads as a formula or an address. In csv nothing says what
is text, so a text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV injection).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from cheban.core.money import plain_yuan
from cheban.lists.spec import Out

ZONE = ZoneInfo("Asia/Shanghai")
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_LONGEST = 32_767
"""Characters of a cell: more, and Excel calls the file broken."""
_SPECIAL = re.compile("[&<>\x00-\x1f\ufffe\uffff]|^ | $|_x[0-9A-Fa-f]{4}_")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_ESCAPE_LIKE = re.compile("_(x[0-9A-Fa-f]{4}_)")
_DAY_ZERO = date(1899, 12, 30).toordinal()
_FIRST_DAY = date(1900, 3, 1)
"""Before it Excel counts a day that never was."""


def csv_text(text: str) -> str:
    """A text that stays one in a spreadsheet."""
    return "'" + text if text.startswith(_FORMULA) else text


def sheet_text(text: str) -> str:
    """A text as it stands between the tags of a cell; characters that XML forbids are written as _xHHHH_ (ECMA-376)."""
    text = text[:_LONGEST]
    if not _SPECIAL.search(text):
        return f"<t>{text}</t>"
    text = _ESCAPE_LIKE.sub(r"_x005F_\1", text)
    text = _CONTROL.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f'<t xml:space="preserve">{text}</t>'


def _serial(at: datetime) -> float:
    local = at.astimezone(ZONE)
    seconds = local.hour * 3600 + local.minute * 60 + local.second
    return local.toordinal() - _DAY_ZERO + round(seconds / 86400, 6)


def _local(at: datetime) -> str:
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")


_CSV: dict[str, Callable[[Any], str]] = {
    "text": lambda value: csv_text(str(value)),
    "number": str,
    "yuan": plain_yuan,
    "date": date.isoformat,
    "moment": _local,
}


def csv_part(rows: Iterable[Any], outs: Sequence[Out]) -> bytes:
    """Lines of csv (RFC 4180) in UTF-8."""
    cells = [(out.reader(), _CSV[out.kind]) for out in outs]
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(
        ["" if (value := read(row)) is None else write(value) for read, write in cells] for row in rows
    )
    return buffer.getvalue().encode()


def _letters(number: int) -> str:
    """0 -> 'A', 26 -> 'AA'."""
    found = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        found = chr(65 + rest) + found
    return found


def sheet_part(rows: Iterable[Any], outs: Sequence[Out], styles: dict[str, int], *, first: int) -> bytes:
    """Row elements in UTF-8, the first one being row number `first`; `styles` gives each kind's cell format."""
    plan = [(out.reader(), out.kind, _letters(n), styles.get(out.kind, 0)) for n, out in enumerate(outs)]
    lines, number = [], first
    for row in rows:
        cells = []
        for read, kind, letter, style in plan:
            value = read(row)
            if value is None or value == "":
                continue
            if kind == "text":
                cells.append(f'<c r="{letter}{number}" t="inlineStr"><is>{sheet_text(str(value))}</is></c>')
                continue
            if kind == "date":
                if value < _FIRST_DAY:
                    cells.append(f'<c r="{letter}{number}" t="inlineStr"><is><t>{value.isoformat()}</t></is></c>')
                    continue
                value = value.toordinal() - _DAY_ZERO
            elif kind == "yuan":
                value = plain_yuan(value)
            elif kind == "moment":
                value = _serial(value)
            cells.append(f'<c r="{letter}{number}" s="{style}"><v>{value}</v></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
        number += 1
    return "".join(lines).encode()
