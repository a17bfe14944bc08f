"""A cell before it has a meaning: what a person sees, whether it is blank, how it is to be read."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext_lazy as _

from cheban.core.errors import BadValue
from cheban.customers.importing.formulas import Broken
from cheban.customers.importing.table import MOST_CELL

BLANK = frozenset(
    (
        "",
        "-",
        "--",
        "---",
        "—",
        "——",
        "/",
        "\\",
        "无",
        "空",
        "暂无",
        "未知",
        "不详",
        "未登记",
        "null",
        "none",
        "nan",
        "nat",
        "n/a",
        "na",
        "(空)",
        "（空）",
        "(null)",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "1900-01-00",
        "1900/1/0",
        "0000/00/00",
        "00:00:00",
    )
)
"""What systems write for nothing."""
NOT_A_PHONE = frozenset(("无", "空", "暂无", "未知", "不详", "未登记"))


@dataclass(frozen=True, slots=True)
class Reading:
    """How cells are to be read: the day it is, the file's date system, what the mapping allows."""

    today: date
    is_1904: bool = False
    negative_amounts: bool = False
    day_first: bool = False
    about: date | None = None  # when the file was made, as its titles say: gives days without a year theirs


def plain(cell: Any) -> str:
    """A cell as the text that a person sees."""
    if cell.__class__ is str:
        return cell
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S") if cell.time() != time() else cell.strftime("%Y-%m-%d")
    if isinstance(cell, float):
        return repr(cell) if not cell.is_integer() else str(int(cell))
    return str(cell)


def is_blank(cell: Any) -> bool:
    """Nothing, or what systems write for nothing."""
    if cell.__class__ is not str:
        return cell is None
    return len(cell) <= 19 and cell.lower() in BLANK  # stripped when the file was read


def is_word_for_number(cell: Any) -> bool:
    """A word where a number should be: somebody must ask for the number, so the row goes to correction."""
    return plain(cell).strip() in NOT_A_PHONE


def narrow(text: str) -> str:
    """Full-width signs narrowed."""
    return unicodedata.normalize("NFKC", text).strip()


def check_cell(cell: Any) -> None:
    """Refuse what no reader may see: formulas without a result, lost characters, cells beyond a spreadsheet's limit."""
    if cell.__class__ is str:
        if cell.isalnum() and len(cell) <= MOST_CELL:
            return
        if len(cell) > MOST_CELL:
            raise BadValue(
                _("单元格有 %(n)d 个字，超过表格的上限。") % {"n": len(cell)}, expected=_("最多 32767 个字。")
            )
        if "\ufffd" in cell:
            raise BadValue(_("有认不出的字符。"), expected=_("请在原系统核对后填写。"))
        if cell[:1] in "=＝" and len(cell) > 1 and (cell[1].isalnum() or cell[1] in "+-@(\"'"):
            raise BadValue(_("这里是公式文字，没有结果。"), expected=_("请填入内容，不要公式。"))
    elif isinstance(cell, Broken):
        if cell.is_error:
            raise BadValue(_("公式已损坏（%(text)s）。") % {"text": cell.text[:40]}, expected=_("请填入数值。"))
        if cell.text.startswith("="):
            raise BadValue(
                _("公式没有存下结果（%(text)s）。") % {"text": cell.text[:40]},
                expected=_("请用 Excel 打开并保存一次再导入，或填入数值。"),
            )
        raise BadValue(_("这一行的引号不成对，各列可能错位。"), expected=_("请补齐引号，或另存为 xlsx。"))
