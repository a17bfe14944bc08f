"""Money is whole fen. Reading what people and spreadsheets write, exactly, and writing it back."""

from __future__ import annotations

import re
from decimal import Decimal

from django.utils.translation import gettext as _

from cheban.core.errors import BadValue

MOST_FEN = 10**14
"""A million million yuan: more than that is a slipped column, not an amount."""

_TO_HALF = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    ord("￥"): "¥", ord("，"): ",", ord("−"): "-", ord("—"): "-", 0x3000: " ", 0xA0: " "
}  # fmt: skip
_SIGNS = re.compile(r"^(?:CNY|RMB|人民币|¥)|(?:元整|元|圆整?|块钱?|CNY|RMB)$", re.IGNORECASE)
_NUMBER = re.compile(r"([+-]?)([0-9]+|[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,4}(?:,[0-9]{4})+)?(\.[0-9]*)?(万|亿|千)?")
_TIMES = {None: 1, "千": 1000, "万": 10_000, "亿": 100_000_000}


def parse_fen(value: str | int | float | Decimal) -> int:
    """Yuan as written -> fen: '1,234.50元', '￥1234', '3.5万', '１２３', '-5.00', '(5.00)' (accounting: negative).

    Numbers that a spreadsheet kept as binary fractions (0.1 + 0.2) are rounded to six places first. Raises BadValue
    for what is no amount, for parts of a fen that are not zero, and beyond MOST_FEN.
    """
    if isinstance(value, bool):
        raise _no_amount(value)
    if isinstance(value, str):
        yuan = _yuan(value)
    else:
        yuan = Decimal(value) if not isinstance(value, float) else Decimal(repr(value))
        if not yuan.is_finite():
            raise _no_amount(value)
        if isinstance(value, float):
            yuan = round(yuan, 6) if abs(value) < 1e15 else yuan
    if abs(yuan) > MOST_FEN // 100:
        raise BadValue(_("金额“%(text)s”太大。") % _shown(value), expected=_("请检查小数点和单位。"))
    fen = yuan * 100
    if fen != int(fen):
        raise BadValue(_("金额“%(text)s”不到一分。") % _shown(value), expected=_("最多两位小数。"))
    return int(fen)


def format_fen(fen: int) -> str:
    """123450 -> '¥1,234.50'; -5 -> '-¥0.05'."""
    yuan, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}¥{yuan:,}.{rest:02d}"


def plain_yuan(fen: int) -> str:
    """123450 -> '1234.50', for files and forms that say the unit themselves; exact, where fen / 100 is not."""
    yuan, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{yuan}.{rest:02d}"


def _shown(value: object) -> dict[str, str]:
    return {"text": str(value).strip()[:30]}


def _no_amount(value: object) -> BadValue:
    return BadValue(_("“%(text)s”不是金额。") % _shown(value), expected=_("请填数字，如 1234.50。"))


def _yuan(text: str) -> Decimal:
    plain = re.sub(r"[\s']", "", text[:80].translate(_TO_HALF))
    negative = plain.startswith("(") and plain.endswith(")")
    if negative:
        plain = plain[1:-1]
    sign = plain[:1] if plain[:1] in ("+", "-") else ""
    plain = sign + _SIGNS.sub("", plain.removeprefix(sign))
    match = _NUMBER.fullmatch(plain)
    if match is None or not any(map(str.isdigit, plain)) or (negative and match[1]):
        raise _no_amount(text)
    yuan = Decimal((match[2] or "0").replace(",", "") + (match[3] or "")) * _TIMES[match[4]]
    return -yuan if negative or match[1] == "-" else yuan
