"""Rows as the bytes of a part: lines of csv, or row elements of a sheet. Text stays text in both. Reliability row 14.

In a sheet every text is an inline string, which no program reads as a formula or an address. In csv nothing says what
is text, so a text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV injection).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cheban.core.money import plain_yuan
from cheban.lists.spec import Out

ZONE = ZoneInfo("Asia/Shanghai")
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_LONGEST = 32_767
"""Characters of a cell: more, and Excel calls the file broken."""
_SPECIAL = re.compile("[&<>\x00-\x1f\ufffe\uffff]|^ | $|_x[0-9A-Fa-f]{4}_")
_SPECIAL_IN_MANY = re.compile(r"[&<>\x00-\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_|\| | \|")
"""The same in many texts at once, with bars between and around them."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_ESCAPE_LIKE = re.compile("_(x[0-9A-Fa-f]{4}_)")
_DAY_ZERO = date(1899, 12, 30).toordinal()
_FIRST_DAY = date(1900, 3, 1)
"""Before it Excel counts a day that never was."""


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


Vectors = Sequence[Sequence[Any]]


def _csv_texts(values: Sequence[Any]) -> list[str]:
    """Texts that stay texts in a spreadsheet."""
    return [
        "" if value is None else value if value[:1] not in _FORMULA else "'" + value
        for value in (v if v is None or type(v) is str else str(v) for v in values)
    ]


def _decimal(value: int | float) -> str:
    """6.5, 12000, never 1e-05."""
    return format(Decimal(repr(value)).normalize(), "f") if type(value) is float else str(value)


_CSV: dict[str, Callable[[Any], str]] = {
    "number": str,
    "decimal": _decimal,
    "yuan": plain_yuan,
    "date": date.isoformat,
    "moment": _local,
}


def csv_part(vectors: Vectors, outs: Sequence[Out]) -> bytes:
    """Lines of csv (RFC 4180) in UTF-8. `vectors`: the values of each of `outs`, all of one length."""
    columns = []
    for values, out in zip(vectors, outs, strict=True):
        if out.kind == "text":
            columns.append(_csv_texts(values))
        else:
            write = _CSV[out.kind]
            columns.append(["" if value is None else write(value) for value in values])
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(zip(*columns, strict=True))
    return buffer.getvalue().encode()


def _letters(number: int) -> str:
    """0 -> 'A', 26 -> 'AA'."""
    found = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        found = chr(65 + rest) + found
    return found


def _sheet_texts(values: Sequence[Any], letter: str, first: int) -> list[str]:
    """Text cells of one column. Nearly always no text of it needs care: then one look at all of them is enough."""
    texts = ["" if value is None else value if type(value) is str else str(value) for value in values]
    before = f'<c r="{letter}'
    if _SPECIAL_IN_MANY.search("|" + "|".join(texts) + "|") or max(map(len, texts), default=0) > _LONGEST:
        between = '" t="inlineStr"><is>'
        return [f"{before}{n}{between}{sheet_text(t)}</is></c>" if t else "" for n, t in enumerate(texts, first)]
    between = '" t="inlineStr"><is><t>'
    return [f"{before}{n}{between}{t}</t></is></c>" if t else "" for n, t in enumerate(texts, first)]


def _sheet_numbers(
    values: Sequence[Any], letter: str, first: int, style: int, write: Callable[[Any], Any]
) -> list[str]:
    before, between = f'<c r="{letter}', f'" s="{style}"><v>'
    return [
        f"{before}{n}{between}{write(value)}</v></c>" if value is not None else ""
        for n, value in enumerate(values, first)
    ]


def _day(value: date) -> int:
    return value.toordinal() - _DAY_ZERO


_SHEET: dict[str, Callable[[Any], Any]] = {
    "number": int,
    "decimal": _decimal,
    "yuan": plain_yuan,
    "date": _day,
    "moment": _serial,
}


def sheet_part(vectors: Vectors, outs: Sequence[Out], styles: dict[str, int], *, first: int) -> bytes:
    """Row elements in UTF-8, the first one being row number `first`; `styles` gives each kind's cell format."""
    columns = []
    for number, (values, out) in enumerate(zip(vectors, outs, strict=True)):
        letter = _letters(number)
        too_early = out.kind == "date" and any(value is not None and value < _FIRST_DAY for value in values)
        if out.kind == "text" or too_early:
            columns.append(_sheet_texts(values, letter, first))
        else:
            columns.append(_sheet_numbers(values, letter, first, styles.get(out.kind, 0), _SHEET[out.kind]))
    rows = map("".join, zip(*columns, strict=True))
    return "".join([f'<row r="{n}">{cells}</row>' for n, cells in enumerate(rows, first)]).encode()
