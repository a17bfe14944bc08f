"""Text tables: encodings that Chinese systems write, the separator, quotes that were never closed.

A record's number is the row that Excel shows: line breaks inside quotes do not count, blank lines do.
"""

from __future__ import annotations

import codecs
import csv
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from cheban.customers.importing.formulas import Broken
from cheban.customers.importing.table import MOST_COLUMNS, Table, Unreadable, tidy_text

csv.field_size_limit(64 * 1024 * 1024)
MOST_LINES = 300
"""Lines of one record: a quote that stays open this long was never meant to be one."""
_BLOCK = 1 << 20


def open_csv(path: Path) -> Table:
    """The file's one table. Raises Unreadable when it is no text."""
    encoding = find_encoding(path)
    with path.open(encoding=encoding, newline="", errors="replace") as file:
        sample = file.read(64 * 1024)
    strange = sum(sample.count(c) for c in "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f\ufffd")
    if strange > 3 + len(sample) // 50:
        if "\ufffd" in sample:
            raise Unreadable(_("文字编码认不出来。请用 Excel 另存为 xlsx，或“CSV UTF-8”再导入。"))
        raise Unreadable(_("这不是表格，或文件已损坏。请导出 xlsx、xls 或 csv。"))
    line = max(len(sample) / max(sample.count("\n"), 1), 20)
    estimate = int(path.stat().st_size / (line * (2.0 if encoding.startswith("utf-16") else 1.4)))
    separator = find_separator(sample)
    opened = _Opened(path, encoding, separator, separator == "," and ",\t" in sample)
    return Table(path.stem, _rows(opened), row_estimate=estimate, path=path)


def find_encoding(path: Path) -> str:
    """By byte-order mark, by zero bytes, else UTF-8 when nearly all of the file is, else GB18030.

    Nearly: a system that cuts texts at a number of bytes leaves half characters in a UTF-8 file; read as GB18030,
    the whole file would be nonsense.
    """
    with path.open("rb") as file:
        head = file.read(4096)
        if head.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if head.count(0) > len(head) // 5:
            return "utf-16-le" if head[1::2].count(0) >= head[0::2].count(0) else "utf-16-be"
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while block := file.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            file.seek(max(file.tell() - 2 * _BLOCK, 0))
            around = file.read(2 * _BLOCK)
            text = around.decode("utf-8", "replace")
            wide = sum(map(text.count, "的有限公司车保养年月日名号电话客户维修")) + len(
                re.findall("[\u4e00-\u9fff]", text[:200_000])
            )
            return "utf-8" if text.count("\ufffd") * 20 < wide else "gb18030"
    return "utf-8"


def find_separator(sample: str) -> str:
    """The separator that divides the sample's lines most evenly. A TAB that stands beside a comma only keeps a
    spreadsheet from rounding long numbers."""
    sample = re.sub(r'"[^"]{0,2000}"', "q", sample)
    beside = sample.count(",\t") + sample.count("\t,")
    lines = [line for line in sample.splitlines()[:200] if line.strip()]
    if beside * 2 > sample.count("\t"):
        lines = [line.replace("\t", "") for line in lines]
    best, best_score = ",", 0.0
    for separator in ("\t", ",", ";", "|"):
        counts = sorted(line.count(separator) for line in lines)
        usual = max(set(counts), key=lambda n: (counts.count(n) * (n > 0), n), default=0)
        score = usual**0.5 * counts.count(usual) / max(len(counts), 1)
        if score > best_score * 1.05:
            best, best_score = separator, score
    return best


@dataclass(frozen=True, slots=True)
class _Opened:
    """How the file's lines are read. `has_tabs`: a TAB stands after commas to keep long numbers; it may hide a quote."""

    path: Path
    encoding: str
    separator: str
    has_tabs: bool

    @contextmanager
    def lines(self, start: int) -> Iterator[Iterator[str]]:
        """Physical lines from `start` on."""
        with self.path.open(encoding=self.encoding, newline="", errors="replace") as file:
            lines = itertools.islice(file, start, None) if start else file
            yield (line.lstrip("\t").replace(",\t", ",") for line in lines) if self.has_tabs else lines


def _rows(opened: _Opened) -> Iterator[tuple[int, list[Any]]]:
    """Records with their numbers. Where a quote stays open, its line is read as it stands and marked broken."""
    number = done = 0  # records and physical lines read
    separator = opened.separator
    while True:
        with opened.lines(done) as lines:
            reader = csv.reader(lines, delimiter=separator)
            before = 0
            try:
                for cells in reader:
                    if reader.line_num - before > MOST_LINES and _is_swallowed(cells, separator):
                        break
                    before = reader.line_num
                    number += 1
                    if len(cells) > MOST_COLUMNS:
                        cells = cells[:MOST_COLUMNS]
                    yield number, [c if c.isalnum() else tidy_text(c) for c in cells]
                else:
                    return
            except csv.Error as error:
                raise Unreadable(
                    _("第 %(n)d 行之后读不下去（%(why)s）。请检查引号是否成对，或另存为 xlsx。")
                    % {"n": number, "why": error}
                ) from None
        done += before
        with opened.lines(done) as lines:
            line = next(lines, "")
        done += 1
        number += 1
        cells = next(csv.reader([line], delimiter=separator, quoting=csv.QUOTE_NONE), [])
        yield number, [Broken(c[:40]) if '"' in c else tidy_text(c) for c in cells]


def _is_swallowed(cells: list[str], separator: str) -> bool:
    """Whether a cell holds lines of the table: as many separators per line as the table has."""
    longest = max(cells, key=len)
    return longest.count(separator) > longest.count("\n")
