"""Vehicle identification numbers: form, check digit, model year. R007.

Source: GB 16735 / ISO 3779: 17 signs without I, O and Q; the ninth is the check digit, the tenth the year.
Imported cars often carry a wrong check digit, so it is told and never a reason to refuse (reliability row 82).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import mul

from django.utils.translation import gettext as _

from cheban.core.errors import BadValue

VALUES = {c: int(c) for c in "0123456789"} | dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)
)
"""What each sign counts in the check digit's sum."""
WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
YEAR_CODES = "ABCDEFGHJKLMNPRSTVWXY123456789"
"""The tenth sign, 1980 onwards, begins again every 30 years."""

_TABLE = bytes(VALUES.get(chr(i), 0) for i in range(256))
_FORM = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_NOISE = re.compile("[\\s\u0000-\u0008\u200b-\u200f\u202a-\u202e\u2060\ufeff'`‘’\"*_‐‑‒–—―−-]+")
_TO_HALF = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " "}


@dataclass(frozen=True, slots=True)
class Vin:
    """`value` in capitals; `check_digit_ok` False means: look at it again, it may still be right."""

    value: str
    check_digit_ok: bool


def parse_vin(text: str) -> Vin:
    """Read a VIN; raises BadValue for a wrong length or a sign that VINs never use, naming its place."""
    value = text
    if not _FORM.fullmatch(value):
        value = _NOISE.sub("", text[:80].translate(_TO_HALF)).upper()
        if not _FORM.fullmatch(value):
            raise _wrong(value, text.strip()[:32])
    remainder = sum(map(mul, value.encode().translate(_TABLE), WEIGHTS)) % 11
    if remainder == 0 and value == value[0] * 17:
        raise BadValue(_("车架号“%(text)s”全是同一个字符，是占位的。") % {"text": value}, expected=_right_form())
    return Vin(value, value[8] == "0123456789X"[remainder])


def check_digit(vin: str) -> str:
    """The sign that belongs in the ninth place of this 17-sign VIN: '0'-'9' or 'X'."""
    return "0123456789X"[sum(map(mul, vin.encode().translate(_TABLE), WEIGHTS)) % 11]


def model_years(vin: str | Vin, *, until: int = 2039) -> tuple[int, ...]:
    """The model years that the tenth sign can mean, 1980 to `until`, oldest first; () for a sign without a year."""
    code = (vin.value if isinstance(vin, Vin) else vin)[9]
    first = YEAR_CODES.find(code)
    return () if first < 0 else tuple(range(1980 + first, until + 1, 30))


def _right_form() -> str:
    return _("应为 17 位字母和数字，不含 I、O、Q；见行驶证或前挡风玻璃左下角。")


def _wrong(value: str, shown: str) -> BadValue:
    facts = {"text": shown, "count": len(value)}
    if not value:
        return BadValue(_("车架号是空的。"), expected=_right_form())
    for place, sign in enumerate(value, start=1):
        facts |= {"place": place, "sign": sign}
        if sign in "IOQ" and len(value) == 17:
            return BadValue(
                _("车架号“%(text)s”的第 %(place)d 位是字母 %(sign)s，车架号不用 I、O、Q。") % facts,
                expected=_("很可能应是数字 %(digit)s。") % {"digit": "1" if sign == "I" else "0"},
            )
        if not (sign.isascii() and sign.isalnum()):
            return BadValue(
                _("车架号“%(text)s”的第 %(place)d 位“%(sign)s”不是字母或数字。") % facts, expected=_right_form()
            )
    return BadValue(_("车架号“%(text)s”有 %(count)d 位，应有 17 位。") % facts, expected=_right_form())
