"""Licence plates in all Chinese forms. R007.

Source: GA 36 (motor vehicle number plates of China): province sign, letter of the issuing office, five signs
(six for new-energy vehicles) without the letters I and O; police, trainer, trailer, Hong Kong/Macao, consulate
and emergency plates end with their own sign; embassy, army, armed police and temporary plates have forms of
their own. Which offices issue is not checked: new letters appear every few years.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from cheban.core.errors import BadValue

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
"""The 31 province signs that plates begin with."""

KINDS = (
    "blue",
    "yellow",
    "nev_small",
    "nev_large",
    "police",
    "trainer",
    "trailer",
    "hongkong_macao",
    "embassy",
    "consulate",
    "emergency",
    "military",
    "temporary",
)

_SIGN = "[A-HJ-NP-Z0-9]"
_P = f"[{PROVINCES}][A-HJ-Z]"
_FORMS = re.compile(
    "|".join(
        (
            # A tail of letters only is rare but stands in real lists; refusing it would lose good rows.
            f"(?P<blue>{_P}{_SIGN}{{5}})",
            f"(?P<nev_small>{_P}[A-HJK]{_SIGN}[0-9]{{4}})",
            f"(?P<nev_large>{_P}[0-9]{{5}}[A-HJK])",
            f"(?P<police>{_P}{_SIGN}{{4}}警)",
            f"(?P<trainer>{_P}{_SIGN}{{4}}学)",
            f"(?P<trailer>{_P}{_SIGN}{{4}}挂)",
            f"(?P<hongkong_macao>粤Z{_SIGN}{{4}}[港澳])",
            f"(?P<consulate>{_P}{_SIGN}{{4,5}}领|领[0-9]{{6}}|[{PROVINCES}]领?[0-9]{{5,6}}领?(?<=领)|[{PROVINCES}]领[0-9]{{5,6}})",
            f"(?P<embassy>使[0-9]{{6}}|[0-9]{{6}}使|{_P}{_SIGN}{{4,5}}使)",
            f"(?P<emergency>{_P}{_SIGN}{{3,5}}应急)",
            f"(?P<military>WJ[{PROVINCES}]?[0-9]{{4}}[0-9A-HJ-NP-Z]|WJ[0-9]{{2}}[0-9A-Z]?[0-9]{{4}}"
            "|[VBSLJNGCKHZEYT][A-HJ-NP-Z][0-9]{5}|[军海空北沈兰济南广成][A-Z][0-9]{5})",
            f"(?P<temporary>临{_P}{_SIGN}{{4,6}}|{_P}临{_SIGN}{{4,6}}|{_P}{_SIGN}{{4,6}}临)",
        )
    )
)
_NOISE = re.compile("[\\s\u0000-\u0008\u200b-\u200f\u202a-\u202e\u2060\ufeff·•・‧∙●.．。()（）【】'`‘’\"“”_‐‑‒–—―−-]+")
_TO_HALF = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " "}
_COLOUR = re.compile(r"(.{7,8})([黄蓝绿])牌?|([黄蓝绿])牌?(.{7,8})")
_NONE = re.compile(
    r"[/\\*#?]*|(?:新车?|无|没有?|空|暂无|未知|不详|未录入?|临牌|临时牌?照?"
    r"|(?:新车|车辆)?(?:未|无|没|没有|待|暂未|暂无|尚未|还未|还没|正在)(?:上|挂|办|领)?(?:牌照?|车牌号?|户|号牌|牌号)(?:车辆?)?"
    r"|N/?A|NULL|NONE|NAN)"
)


@dataclass(frozen=True, slots=True)
class Plate:
    """One plate: `number` without dots or blanks ('沪A12345'), `kind` one of KINDS.

    Seven signs say nothing of the colour: yellow plates (large vehicles) are read as blue, unless the colour is
    written with them ('沪A12345(黄)').
    """

    number: str
    kind: str


def parse_plate(text: str) -> Plate | None:
    """Read a plate; None for 'not registered yet' (未上牌, 无牌, 新车, /); raises BadValue with the reason."""
    match = _FORMS.fullmatch(text)
    if match:
        return Plate(text, match.lastgroup)
    plain = _NOISE.sub("", text[:80].translate(_TO_HALF)).upper()
    match = _FORMS.fullmatch(plain)
    if match:
        return Plate(plain, match.lastgroup)
    if (colour := _COLOUR.fullmatch(plain)) and (match := _FORMS.fullmatch(colour[1] or colour[4])):
        is_yellow = match.lastgroup == "blue" and "黄" in (colour[2], colour[3])
        return Plate(match[0], "yellow" if is_yellow else match.lastgroup)
    if _NONE.fullmatch(plain):
        return None
    raise _wrong(plain, text.strip()[:24])


def display_plate(number: str) -> str:
    """'沪A12345' -> '沪A·12345'; forms without an issuing letter, and '', as they are or with their own dot."""
    if len(number) >= 6:
        if number[0] == "使":
            return f"使{number[1:4]}·{number[4:]}"
        if number.startswith("WJ"):
            return number if number[2].isascii() else f"{number[:3]}·{number[3:]}"
        if number[1].isascii() and number[1].isalpha() and number[2] != "临":
            return f"{number[:2]}·{number[2:]}"
    return number


def _wrong(plain: str, shown: str) -> BadValue:
    """The first thing that keeps `plain` from being a plate."""
    expected = _("应为省份简称、字母和 5 位（新能源 6 位）字母或数字，如 沪A·12345、沪A·D12345；未上牌请留空。")
    facts = {"text": shown, "first": plain[:1], "count": len(plain)}
    if plain[0] not in PROVINCES:
        if plain[0].isascii():
            return BadValue(_("车牌“%(text)s”前面缺少省份简称。") % facts, expected=expected)
        return BadValue(_("车牌“%(text)s”的“%(first)s”不是省份简称。") % facts, expected=expected)
    if not ("A" <= plain[1:2] <= "Z") or plain[1] == "I":
        return BadValue(_("车牌“%(text)s”的第二位应是发牌机关的字母。") % facts, expected=expected)
    if len(plain) not in (7, 8):
        return BadValue(_("车牌“%(text)s”有 %(count)d 位。") % facts, expected=expected)
    for place, sign in enumerate(plain[2:], start=3):
        facts |= {"place": place, "sign": sign}
        if sign in "IO":
            digit = "1" if sign == "I" else "0"
            return BadValue(
                _("车牌“%(text)s”的第 %(place)d 位是字母 %(sign)s，车牌不用这个字母。") % facts,
                expected=_("很可能应是数字 %(digit)s。") % {"digit": digit},
            )
        if not (sign.isascii() and sign.isalnum()):
            return BadValue(_("车牌“%(text)s”的第 %(place)d 位“%(sign)s”不是字母或数字。") % facts, expected=expected)
    if len(plain) == 8:
        return BadValue(
            _("车牌“%(text)s”有 8 位，却不是新能源号牌。") % facts,
            expected=_(
                "新能源小车第三位、大车末位应为 D A B C E（纯电）或 F G H J K（非纯电），其余以数字为主；"
                "普通号牌只有 7 位。"
            ),
        )
    return BadValue(_("车牌“%(text)s”不是任何一种号牌的写法。") % facts, expected=expected)
