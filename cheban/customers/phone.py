"""Phone numbers as people and spreadsheets write them, read into one writing. R002, R007.

Source: the Chinese numbering plan (E.164 country code 86): mobiles 1[3-9] and nine digits, landlines
with an area code (010 and 02x: eight digits more, 0[3-9]xx: seven or eight), 400/800 service numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _

from cheban.core.errors import BadValue

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_MOBILE_LOOSE = re.compile(r"(?:\+?86|0086)?0?(1[3-9][0-9]{9})")
_LANDLINE = re.compile(r"0((?:10|2[0-9])[0-9]{8}|[3-9][0-9]{2}[0-9]{7,8})")
_SERVICE = re.compile(r"[48]00[0-9]{7}")
_EXTENSION = re.compile(r"(.*?)(?:转|分机号?|#|(?i:ext?\.?)|(?i:x))[:.\s]*([0-9]{1,6})$")
_SCIENTIFIC = re.compile(r"[+-]?[0-9](?:\.[0-9]*)?[eE]\+?[0-9]{1,3}")
_POINT_ZERO = re.compile(r"([0-9]{5,})\.0*")
_SEVERAL = re.compile(r"[/、,，;；|\n]|或")
_INVISIBLE = re.compile("[\u0000-\u0008\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_SEPARATORS = re.compile(r"[\s.()\[\]·_-]+")
_TO_PLAIN = (
    {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
    | {ord(c): "-" for c in "‐‑‒–—―−ー－"}
    | {0x3000: " ", ord("【"): "(", ord("】"): ")", ord("•"): "·", ord("・"): "·"}
)


@dataclass(frozen=True, slots=True)
class Phone:
    """One number. `e164` is '+' and digits only, so that one number has one writing; the extension stays apart."""

    e164: str
    kind: Literal["mobile", "landline", "service", "foreign"]
    extension: str = ""

    @property
    def national(self) -> str:
        """As written in China: '13812345678', '021-12345678-801', '400-123-4567'; foreign ones keep their '+'."""
        if self.kind == "foreign":
            return self.e164
        digits = self.e164[3:]
        if self.kind == "mobile":
            return digits
        if self.kind == "service":
            return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"
        cut = 2 if digits[0] in "12" else 3
        return f"0{digits[:cut]}-{digits[cut:]}" + (f"-{self.extension}" if self.extension else "")


def parse_phone(text: str) -> Phone:
    """Read one number; raises BadValue saying what is wrong with it.

    Accepts +86/0086/86 before it, blanks, hyphens, dots, brackets, full-width digits, an apostrophe or TAB that
    kept a spreadsheet from rounding it, a trailing '.0'. A landline needs its area code; digits lost to scientific
    notation cannot be found again, so such a cell is refused even if it seems complete.
    """
    if _MOBILE.fullmatch(text):  # nine of ten cells; the rest may take longer
        return Phone("+86" + text, "mobile")
    shown = text.strip()[:40]
    plain = _INVISIBLE.sub("", text[:200].translate(_TO_PLAIN)).strip(" \t\r\n\xa0'`‘’\"")
    if not plain:
        raise BadValue(_("电话是空的。"), expected=_right_form())
    if _SCIENTIFIC.fullmatch(plain):
        raise BadValue(
            _("“%(text)s”是科学计数法，电话的后几位已经丢失。") % {"text": shown},
            expected=_("请在原系统把该列设为文本格式后重新导出。"),
        )
    if whole := _POINT_ZERO.fullmatch(plain):
        plain = whole[1]
    extension = ""
    if match := _EXTENSION.fullmatch(plain):
        plain, extension = match[1], match[2]
    squeezed = _SEPARATORS.sub("", plain)
    if mobile := _MOBILE_LOOSE.fullmatch(squeezed):
        return Phone("+86" + mobile[1], "mobile")
    if not squeezed.removeprefix("+").isdecimal() or not squeezed.isascii():
        raise _not_digits(plain, shown)
    return _other(plain, squeezed, extension, shown)


def _right_form() -> str:
    return _("应为 11 位手机号（如 13812345678），或带区号的座机（如 021-12345678）。")


def _not_digits(plain: str, shown: str) -> BadValue:
    if len([part for part in _SEVERAL.split(plain) if sum(map(str.isdecimal, part)) >= 7]) > 1:
        return BadValue(_("一格里有几个电话：“%(text)s”。") % {"text": shown}, expected=_("请每格只填一个电话。"))
    if not any(map(str.isdecimal, plain)):
        return BadValue(_("“%(text)s”是文字，不是电话号码。") % {"text": shown}, expected=_right_form())
    return BadValue(_("“%(text)s”里有不是数字的字符。") % {"text": shown}, expected=_right_form())


def _other(plain: str, squeezed: str, extension: str, shown: str) -> Phone:
    """Everything that is digits and not a mobile: foreign, landline, service, or wrong."""
    digits, abroad = squeezed, False
    if digits.startswith("+"):
        digits, abroad = digits[1:], True
    elif digits.startswith("00"):
        digits, abroad = digits[2:], True
    if abroad and not digits.startswith("86"):
        if 7 <= len(digits) <= 15 and digits[0] != "0":
            return Phone("+" + digits, "foreign", extension)
        raise BadValue(
            _("国际号码“%(text)s”有 %(count)d 位数字。") % {"text": shown, "count": len(digits)},
            expected=_("“+”后应是国家代码和号码，共 7 到 15 位。"),
        )
    if abroad:
        digits = digits[2:]
        if _SERVICE.fullmatch(digits):
            return Phone("+86" + digits, "service", extension)
        if digits[:1] not in ("0", "1") or digits[:2] == "10":
            digits = "0" + digits  # behind +86 the area code is written without its 0
    elif digits.startswith("86") and len(digits) >= 12:  # 86-021-12345678, 86-21-12345678
        bare = "0" + digits[2:].removeprefix("0")
        digits = bare if _LANDLINE.fullmatch(bare) else digits
    if landline := _LANDLINE.fullmatch(digits):
        return Phone(f"+86{landline[1]}", "landline", extension)
    if _SERVICE.fullmatch(digits):
        return Phone("+86" + digits, "service", extension)
    if not extension and digits.startswith("0"):
        head, _hyphen, tail = plain.rpartition("-")  # 021-12345678-801
        landline = _LANDLINE.fullmatch(_SEPARATORS.sub("", head).removeprefix("+86").removeprefix("0086"))
        if landline and tail.strip().isdecimal() and len(tail.strip()) <= 6:
            return Phone(f"+86{landline[1]}", "landline", tail.strip())
    raise _wrong(digits, shown)


def _wrong(digits: str, shown: str) -> BadValue:
    count = len(digits)
    facts = {"text": shown, "count": count, "first": digits[:1], "second": digits[1:2]}
    if count in (7, 8) and digits[0] not in "01":
        return BadValue(_("座机“%(text)s”缺少区号。") % facts, expected=_("请写上区号，如 021-%(text)s。") % facts)
    if count == 11 and digits[0] == "1":
        return BadValue(_("手机号“%(text)s”的第二位是 %(second)s，没有这样的号段。") % facts, expected=_right_form())
    if count == 11 and digits[0] != "0":
        return BadValue(_("手机号“%(text)s”以 %(first)s 开头。") % facts, expected=_("手机号应以 1 开头。"))
    if digits.startswith("0"):
        return BadValue(
            _("座机“%(text)s”共 %(count)d 位，区号后的号码位数不对。") % facts,
            expected=_("区号（3 或 4 位）后应有 7 或 8 位号码，如 021-12345678。"),
        )
    return BadValue(_("电话“%(text)s”有 %(count)d 位数字。") % facts, expected=_right_form())
