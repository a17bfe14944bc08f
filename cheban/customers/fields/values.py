"""Kinds of custom fields: how a text, a cell or a program's value becomes what is stored, and how that is shown.

Stored in JSON: text and choices' codes as strings, numbers and fen as numbers, a day as 2026-11-27, yes or no as a
boolean, several choices as a list of codes in the order of the definition. Empty is not stored at all.
No database: imports use this in their worker processes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core.errors import BadValue
from cheban.core.money import format_fen, parse_fen, plain_yuan

MOST_TEXT = 200
MOST_NUMBER = 10**9
"""Numbers stay below it: ten digits and more are a phone, a card or an identity number in the wrong place."""
PLACES = 4
SCALE = 10**PLACES
"""A number's search row holds it times this."""
MOST_FEN = 10**12


class Kind(models.TextChoices):
    """What a field can hold."""

    TEXT = "text", gettext_lazy("文字")
    NUMBER = "number", gettext_lazy("数字")
    MONEY = "money", gettext_lazy("金额")
    DATE = "date", gettext_lazy("日期")
    YES_NO = "yes_no", gettext_lazy("是或否")
    CHOICE = "choice", gettext_lazy("选一项")
    CHOICES = "choices", gettext_lazy("选几项")


CHOOSING = (Kind.CHOICE, Kind.CHOICES)
MEASURED = (Kind.NUMBER, Kind.MONEY, Kind.DATE)
"""Kinds with a more and a less: they have a from and a to, and an order."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind with its choices: (code, label, is offered). Picklable: travels to the processes of an import."""

    kind: str
    choices: tuple[tuple[str, str, bool], ...] = ()

    @property
    def offered(self) -> list[tuple[str, str]]:
        """Choices that can be taken now."""
        return [(code, label) for code, label, on in self.choices if on]

    def keeping(self, value: Any) -> Shape:
        """With the choices of a stored value offered too: a row may keep what it has."""
        held = set(value) if isinstance(value, list) else {value}
        return Shape(self.kind, tuple((code, label, on or code in held) for code, label, on in self.choices))

    def label_of(self, code: str) -> str:
        """The words of a choice, also of one that is no longer offered."""
        return next((label for each, label, _on in self.choices if each == code), code)


_YES = frozenset(["是", "有", "对", "√", "y", "yes", "true", "1", "已", "t"])
_NO = frozenset(["否", "无", "不", "没有", "×", "n", "no", "false", "0", "未", "f"])
_APART = re.compile(r"[、,，;；/|\n]+")
_PERSONAL = re.compile(
    r"(?<!\d)(?:\+?86)?1[3-9]\d{9}(?!\d)"  # a mobile
    r"|(?<!\d)\d{17}[\dXx](?!\d)|(?<!\d)\d{15,19}(?!\d)"  # an identity or a bank card number
    r"|(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)"  # a landline
    r"|[\w.+-]+@[\w-]+\.[\w.]+"  # an e-mail address
)


def narrow(text: str) -> str:
    """A text as it is compared: full width narrowed, no blanks around."""
    return unicodedata.normalize("NFKC", text).strip()


def looks_personal(text: str) -> bool:
    """Whether a text holds what looks like a phone, an identity or card number, or an e-mail address."""
    return bool(_PERSONAL.search(re.sub(r"(?<=\d)[\s.\-](?=\d)", "", narrow(text))) or _PERSONAL.search(narrow(text)))


# --- reading -------------------------------------------------------------------------------------------------------


def read(shape: Shape, text: str, *, is_personal: bool = False) -> Any:
    """What somebody typed, as it is stored; None for nothing. Raises BadValue."""
    text = text.strip()
    if not text:
        return None
    if shape.kind == Kind.TEXT:
        return _text(text, is_personal=is_personal)
    return _READ[shape.kind](shape, text)


def read_many(shape: Shape, texts: list[str]) -> Any:
    """Ticked choices, as they are stored. Raises BadValue."""
    return _codes(shape, [text for text in texts if text.strip()])


def _text(text: str, *, is_personal: bool = False) -> str:
    text = " ".join(text.replace("\x00", "").split())
    if len(text) > MOST_TEXT:
        raise BadValue(
            _("内容有 %(n)d 个字，太长。") % {"n": len(text)}, expected=_("最多 %(n)d 个字。") % {"n": MOST_TEXT}
        )
    if not is_personal and looks_personal(text):
        raise BadValue(
            _("这里像是电话、证件号、卡号或邮箱，不能填在这一项。"),
            expected=_("请填到客户的电话、证件号里，或请店长把这一项设为个人信息（加密）。"),
        )
    return text


def plain(value: Decimal) -> int | float:
    """As JSON keeps it: whole numbers as such."""
    return int(value) if value == value.to_integral_value() else float(value)


def _number(shape: Shape, text: str) -> int | float:
    try:
        value = Decimal(narrow(text).replace(",", "").replace(" ", ""))
    except InvalidOperation:
        value = Decimal("NaN")
    return number(value, text)


def number(value: Decimal, shown: str = "") -> int | float:
    """A number within what is kept. Raises BadValue."""
    if not value.is_finite():
        raise BadValue(_("“%(text)s”不是数字。") % {"text": shown[:30]}, expected=_("请填数字，如 12 或 6.5。"))
    if abs(value) >= MOST_NUMBER:
        raise BadValue(_("数字“%(text)s”太大。") % {"text": shown[:30]}, expected=_("最多九位，电话、卡号不填在这里。"))
    if value != value.quantize(Decimal(1).scaleb(-PLACES)):
        raise BadValue(_("小数位太多。"), expected=_("最多 %(n)d 位小数。") % {"n": PLACES})
    return plain(value)


def _money(shape: Shape, text: str) -> int:
    return money(parse_fen(text))


def money(fen: int) -> int:
    """An amount within what is kept, in fen. Raises BadValue."""
    if abs(fen) > MOST_FEN:
        raise BadValue(_("金额太大。"), expected=_("请检查小数点和单位。"))
    return fen


_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")


def _day(shape: Shape, text: str) -> str:
    match = _DAY.fullmatch(narrow(text))
    try:
        return day(date(*map(int, match.groups())) if match else None, text)
    except ValueError as error:
        if isinstance(error, BadValue):
            raise
        return day(None, text)


def day(value: date | None, shown: str = "") -> str:
    """A day of the years 1900 to 2100. Raises BadValue."""
    if value is None or not 1900 <= value.year <= 2100:
        raise BadValue(_("“%(text)s”不是有效的日期。") % {"text": shown[:30]}, expected=_("请写成 2026-11-27。"))
    return value.isoformat()[:10]


def _yes_no(shape: Shape, text: str) -> bool:
    word = narrow(text).casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise BadValue(_("“%(text)s”不是“是”或“否”。") % {"text": text[:30]}, expected=_("请填 是 或 否。"))


def _code(shape: Shape, text: str) -> str:
    word = narrow(text).casefold()
    for code, label, on in shape.choices:
        if on and word in (code.casefold(), narrow(label).casefold()):
            return code
    raise BadValue(
        _("没有“%(text)s”这个选项。") % {"text": text[:30]},
        expected=_("可选：%(all)s") % {"all": _("、").join(label for _code, label in shape.offered)},
    )


def _codes(shape: Shape, texts: list[str]) -> list[str] | None:
    taken = {_code(shape, text) for text in texts}
    return [code for code, _label, _on in shape.choices if code in taken] or None


def _choices(shape: Shape, text: str) -> list[str] | None:
    known = {narrow(label).casefold() for _code, label in shape.offered}
    if narrow(text).casefold() in known:  # a label with a comma in it
        return _codes(shape, [text])
    return _codes(shape, [part for part in _APART.split(text) if part.strip()])


_READ: dict[str, Callable[[Shape, str], Any]] = {
    Kind.NUMBER: _number,
    Kind.MONEY: _money,
    Kind.DATE: _day,
    Kind.YES_NO: _yes_no,
    Kind.CHOICE: _code,
    Kind.CHOICES: _choices,
}


def check(shape: Shape, value: Any, *, is_personal: bool = False) -> Any:
    """A program's value, typed as JSON is, as it is stored; null and "" and [] are nothing. Raises BadValue.

    Numbers are numbers, money is whole fen, days are texts 2026-11-27, choices are codes.
    """
    if value is None or value == "" or value == []:
        return None
    kind = shape.kind
    if kind == Kind.TEXT and isinstance(value, str):
        return _text(value, is_personal=is_personal) or None
    if kind == Kind.NUMBER and isinstance(value, (int, float)) and not isinstance(value, bool):
        return number(Decimal(repr(value)), repr(value))
    if kind == Kind.MONEY and isinstance(value, int) and not isinstance(value, bool):
        return money(value)
    if kind == Kind.DATE and isinstance(value, str) and len(value) == 10:
        return _day(shape, value)
    if kind == Kind.YES_NO and isinstance(value, bool):
        return value
    if kind == Kind.CHOICE and isinstance(value, str):
        return _known(shape, value)
    if kind == Kind.CHOICES and isinstance(value, list) and all(isinstance(each, str) for each in value):
        taken = {_known(shape, each) for each in value}
        return [code for code, _label, _on in shape.choices if code in taken]
    wanted = {
        Kind.TEXT: _("文字"),
        Kind.NUMBER: _("数字"),
        Kind.MONEY: _("整数，单位分"),
        Kind.DATE: _("日期文字，如 2026-11-27"),
        Kind.YES_NO: _("true 或 false"),
        Kind.CHOICE: _("一个选项代码"),
        Kind.CHOICES: _("选项代码的列表"),
    }[kind]
    raise BadValue(_("类型不对。"), expected=_("应为%(kind)s。") % {"kind": wanted})


def _known(shape: Shape, code: str) -> str:
    if code in dict(shape.offered):
        return code
    raise BadValue(
        _("没有“%(text)s”这个选项。") % {"text": code[:30]},
        expected=_("可选：%(all)s") % {"all": _("、").join(code for code, _label in shape.offered)},
    )


# --- showing -------------------------------------------------------------------------------------------------------


def words(shape: Shape, value: Any) -> str:
    """A stored value as people read it."""
    if value is None:
        return ""
    if shape.kind == Kind.MONEY:
        return format_fen(value)
    if shape.kind == Kind.YES_NO:
        return _("是") if value else _("否")
    if shape.kind == Kind.CHOICE:
        return shape.label_of(value)
    if shape.kind == Kind.CHOICES:
        return _("、").join(map(shape.label_of, value))
    return format_number(value) if shape.kind == Kind.NUMBER else str(value)


def format_number(value: int | float) -> str:
    """6.5, 12000, never 1e-05."""
    return format(Decimal(repr(value)).normalize(), "f") if isinstance(value, float) else str(value)


def typed(shape: Shape, value: Any) -> Any:
    """A stored value as a form shows it: text for a box, codes for ticks."""
    if value is None:
        return [] if shape.kind == Kind.CHOICES else ""
    if shape.kind == Kind.MONEY:
        return plain_yuan(value)
    if shape.kind == Kind.NUMBER:
        return format_number(value)
    if shape.kind == Kind.YES_NO:
        return "yes" if value else "no"
    return value


OUT_KIND = {Kind.NUMBER: "decimal", Kind.MONEY: "yuan", Kind.DATE: "date"}
"""Kind -> kind of cell in a file (`lists.spec.Out`); the others are texts."""


def out(shape: Shape, value: Any) -> Any:
    """A stored value as a file's cell takes it."""
    if value is None:
        return None
    if shape.kind == Kind.DATE:
        return date.fromisoformat(value)
    return value if shape.kind in (Kind.NUMBER, Kind.MONEY) else words(shape, value)


def scaled(shape: Shape, value: Any) -> Any:
    """A stored value of a measured kind as its search row holds it: a whole number, for a day its text."""
    return value if shape.kind == Kind.DATE else int(Decimal(repr(value)) * SCALE)


# --- cells of an import -----------------------------------------------------------------------------------------------


def cell_reader(shape: Shape) -> Callable[[Any, Any], Any]:
    """A reader for a column of a file (`importing.values`): (cell, how) -> stored value or None. Raises BadValue."""
    from cheban.customers.importing import days, values
    from cheban.customers.importing.cells import plain as as_text

    def from_cell(cell: Any, how: Any) -> Any:
        if shape.kind == Kind.NUMBER:
            return number(Decimal(values.read_number(cell, how, "")), as_text(cell))
        if shape.kind == Kind.MONEY:
            return money(parse_fen(cell))
        if shape.kind == Kind.DATE:
            if isinstance(cell, (date, datetime)):
                return day(cell, as_text(cell))
            if isinstance(cell, str) and _DAY.fullmatch(narrow(cell)):
                return _day(shape, cell)
            found = days.read_date(cell, how)
            return day(found, as_text(cell)) if found else None
        if isinstance(cell, bool):
            cell = "1" if cell else "0"
        return read(shape, as_text(cell))

    return from_cell
