"""Days and moments as people and systems write them, read into dates and naive local moments.

A day without a year takes the year nearest to when the file was made. Spreadsheets' day numbers follow the file's
own system (1900 or 1904), also where they stand as text.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from cheban.core.errors import BadValue
from cheban.customers.importing.cells import Reading, narrow, plain

_YMD = re.compile(r"(\d{4}|\d{2})\s*[-/.年·]\s*(\d{1,2})\s*[-/.月·]\s*(\d{1,2})(?!\d)\s*[日号]?")
_YM = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_NO_DAY = re.compile(r"\d{4}\s*[-/.年]\s*\d{1,2}\s*月?|(?:19|20)\d{2}(?:0\d|1[0-2])|(?:19|20)\d{2}年?")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_MD = re.compile(r"(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?")
_MDY = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_EN = re.compile(r"(?:(\d{1,2})[- ])?([A-Za-z]{3,9})\.?[- ](?:(\d{1,2}),?[- ])?(\d{4}|\d{2})")
_COMPACT = re.compile(r"((?:19|20|21)\d{2})(\d{2})(\d{2})(?:[ T]*(\d{2}):?(\d{2})(?::?(\d{2})(?:\.\d+)?)?)?")
_CHINESE = re.compile(
    r"([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十廿]{1,3})[日号]"
)
_TIME = re.compile(
    r"(上午|下午|晚上|晚|中午|早上|早|凌晨|am|pm)?\s*(\d{1,2})\s*[:：时点]\s*"
    r"(?:(\d{1,2}|半|整)?\s*(?:[:：分]\s*(\d{1,2})?\s*(?:\.\d+)?秒?)?)?\s*(am|pm)?",
    re.IGNORECASE,
)
_HALF = re.compile(r"(上午|下午|晚上|中午|早上)")
_MONTHS = {
    m: i for i, m in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_EXPECTED = _("日期写成 2024-03-05 或 2024年3月5日。")
OLDEST = 1950
"""Nothing that a dealership keeps is older, birthdays apart."""
AHEAD_YEARS = 30
"""No warranty or policy ends later than this."""


def from_serial(number: float, *, is_1904: bool) -> datetime:
    """A spreadsheet's day number as a moment; the 1900 system counts a 29 February 1900 that never was."""
    base = datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - a local wall moment
    return base + timedelta(days=number)


def read_moment(cell: Any, how: Reading, *, is_past: bool = False) -> datetime:
    """A date with or without a time, as a naive local moment. Raises BadValue."""
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None)
    if isinstance(cell, date):
        return datetime.combine(cell, time())
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        return _from_number(float(cell), how, is_past)
    if isinstance(cell, time | timedelta):
        raise BadValue(_("这里只有时间，没有日期。"), expected=_EXPECTED)
    if cell.__class__ is str and (match := _ISO.fullmatch(cell)):  # nine of ten
        return _moment(int(match[1]), int(match[2]), int(match[3]), "", cell)
    text = narrow(plain(cell)[:80])
    if _NUMBER.fullmatch(text) and not _COMPACT.fullmatch(text):
        return _from_number(float(text), how, is_past)
    return _from_text(text, how, is_past)


def _from_number(number: float, how: Reading, is_past: bool) -> datetime:
    whole = int(number)
    if 19_000_101 <= whole <= 21_001_231 and whole == number:
        return _from_text(str(whole), how, is_past)
    if 190_001 <= whole <= 210_012 and whole == number:
        return _from_text(f"{whole // 100}-{whole % 100}", how, is_past)
    if not 1 <= number < 80_000:
        raise BadValue(_("“%(value)s”不是日期。") % {"value": plain(number)}, expected=_EXPECTED)
    found = from_serial(number, is_1904=how.is_1904)
    return (found + timedelta(milliseconds=500)).replace(microsecond=0)


def _parts(text: str, how: Reading, is_past: bool) -> tuple[int, int, int, str] | None:
    """(year or 0, month, day, what follows)."""
    if match := _COMPACT.fullmatch(text):
        rest = f"{match[4]}:{match[5]}:{match[6] or '00'}" if match[4] else ""
        return int(match[1]), int(match[2]), int(match[3]), rest
    if match := _YMD.match(text):
        year = int(match[1])
        if len(match[1]) == 2:
            year += 2000 if year <= how.today.year % 100 + (0 if is_past else 10) else 1900
        return year, int(match[2]), int(match[3]), text[match.end() :]
    if match := _MDY.match(text):
        first, second = int(match[1]), int(match[2])
        month, day = (second, first) if how.day_first or first > 12 else (first, second)
        return int(match[3]), month, day, text[match.end() :]
    if match := _MD.match(text):
        return 0, int(match[1]), int(match[2]), text[match.end() :]
    if (match := _EN.match(text)) and match[2][:3].lower() in _MONTHS and (match[1] or match[3]):
        year = int(match[4]) + (2000 if len(match[4]) == 2 else 0)
        return year, _MONTHS[match[2][:3].lower()], int(match[1] or match[3]), text[match.end() :]
    if match := _YM.fullmatch(text):
        return int(match[1]), int(match[2]), 1, ""
    if match := _CHINESE.match(text):
        year = int(
            "".join(str("〇一二三四五六七八九".index(c.replace("零", "〇").replace("○", "〇"))) for c in match[1])
        )
        return year, chinese_number(match[2]), chinese_number(match[3]), text[match.end() :]
    return None


def _from_text(text: str, how: Reading, is_past: bool) -> datetime:
    clean = re.sub(r"[(（]?(?:星期|周)[一二三四五六日天][)）]?", "", text).strip()
    clean = re.sub(r"(?<=\d)T(?=\d)", " ", clean)
    clean = re.sub(r"(?<=\d)(?:Z|[+-]\d{2}:\d{2})$", "", clean) if ":" in clean else clean
    parts = _parts(clean, how, is_past)
    if parts is None:
        raise BadValue(_("“%(value)s”不是日期。") % {"value": text[:30]}, expected=_EXPECTED)
    year, month, day, rest = parts
    if not year:
        year = _nearest_year(month, day, how, is_past)
    return _moment(year, month, day, rest, text)


def _moment(year: int, month: int, day: int, rest: str, text: str) -> datetime:
    try:
        on = date(year, month, day)
    except ValueError:
        raise BadValue(
            _("没有 %(y)s 年 %(m)s 月 %(d)s 日这一天。") % {"y": year, "m": month, "d": day}, expected=_EXPECTED
        ) from None
    return datetime.combine(on, _time_of(rest, text))


def _nearest_year(month: int, day: int, how: Reading, is_past: bool) -> int:
    """The year in which a day lies nearest to when the file was made; not ahead for what has happened."""
    about = how.about or how.today
    found = []
    for year in (about.year - 1, about.year, about.year + 1):
        try:
            on = date(year, month, day)
        except ValueError:
            continue
        if not is_past or on <= how.today:
            found.append((abs((on - about).days), year))
    return min(found)[1] if found else about.year


def _time_of(rest: str, text: str) -> time:
    rest = rest.strip(" ,，、")
    if not rest:
        return time()
    match = _TIME.match(rest)
    if match is None:
        if re.fullmatch(r"[^\d]*", rest):  # words after the date: 上午, 前
            word = _HALF.search(rest)
            return time({"上午": 9, "早上": 9, "中午": 12, "下午": 14, "晚上": 19}[word[1]]) if word else time()
        raise BadValue(_("“%(value)s”里的时间看不懂。") % {"value": text[:40]}, expected=_("时间写成 14:30。"))
    half, hour = (match[1] or match[5] or "").lower(), int(match[2])
    minute = 30 if match[3] == "半" else int(match[3]) if match[3] and match[3].isdigit() else 0
    if half in ("下午", "晚上", "晚", "pm") and hour < 12:
        hour += 12
    if half == "中午" and hour < 11:
        hour += 12
    if half in ("am", "上午", "凌晨") and hour == 12:
        hour = 0
    try:
        return time(hour, minute, int(match[4] or 0))
    except ValueError:
        raise BadValue(_("没有 %(value)s 这个时间。") % {"value": rest[:20]}, expected=_("时间写成 14:30。")) from None


def _is_nought(cell: Any) -> bool:
    """Day 0: what a formula or a system leaves where there is no day."""
    return cell in (0, "0", "0.0") and not isinstance(cell, bool)


def _check_year(on: date, how: Reading) -> None:
    if not OLDEST <= on.year <= how.today.year + AHEAD_YEARS:
        raise BadValue(_("年份 %(y)d 不合理。") % {"y": on.year}, expected=_EXPECTED)


def read_date(cell: Any, how: Reading) -> date | None:
    """A date that may lie ahead (due dates)."""
    if _is_nought(cell):
        return None
    on = read_moment(cell, how).date()
    _check_year(on, how)
    return on


def read_past_date(cell: Any, how: Reading) -> date | None:
    """A date that cannot lie ahead."""
    at = read_past_moment(cell, how)
    return at.date() if at else None


def read_past_moment(cell: Any, how: Reading) -> datetime | None:
    """A moment that cannot lie ahead."""
    if _is_nought(cell):
        return None
    at = read_moment(cell, how, is_past=True)
    if at.date() > how.today:
        raise BadValue(_("日期 %(d)s 在将来。") % {"d": at.date().isoformat()}, expected=_("不晚于今天。"))
    _check_year(at.date(), how)
    return at


def read_any_moment(cell: Any, how: Reading) -> datetime | None:
    """A moment that may lie ahead (promised, booked)."""
    if _is_nought(cell):
        return None
    at = read_moment(cell, how)
    _check_year(at.date(), how)
    return at


def read_birthday(cell: Any, how: Reading) -> date | None:
    """A day of birth: exists, has its year and day, not ahead, not more than 120 years back."""
    if _is_nought(cell):
        return None
    if not (cell.__class__ is str and _ISO.fullmatch(cell)):
        text = narrow(plain(cell)[:40])
        if _NO_DAY.fullmatch(text):
            raise BadValue(_("生日缺少日。"), expected=_EXPECTED)
        if _MD.fullmatch(text):
            raise BadValue(_("生日缺少年份。"), expected=_EXPECTED)
    on = read_moment(cell, how, is_past=True).date()
    if on > how.today:
        raise BadValue(_("生日 %(d)s 在将来。") % {"d": on.isoformat()}, expected=_("不晚于今天。"))
    if on.year < max(how.today.year - 120, 1900):
        raise BadValue(_("生日 %(d)s 太早。") % {"d": on.isoformat()}, expected=_("请检查年份。"))
    return on


_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九十")} | {"冬": 11, "腊": 12, "正": 1}


def chinese_number(text: str) -> int:
    """1 to 39 in Chinese or digits: '初八' 8, '廿三' 23, '腊' 12."""
    if text.isdigit():
        return int(text)
    text = text.removeprefix("初").replace("廿", "二十").replace("卅", "三十")
    if text in _DIGITS:
        return _DIGITS[text]
    tens, _sep, ones = text.partition("十")
    return (_DIGITS.get(tens, 1) if tens else 1) * 10 + (_DIGITS.get(ones, 0) if ones else 0)


def read_lunar(cell: Any, how: Reading) -> int:
    """month * 100 + day, negative in a leap month: '八月十五', '闰四月初三', '8-15'."""
    text = narrow(plain(cell)[:40]).replace("农历", "").replace("阴历", "")
    match = re.fullmatch(
        r"(闰)?([正一二三四五六七八九十冬腊\d]{1,2})[月\-/.]([初廿卅一二三四五六七八九十\d]{1,3})日?", text
    )
    if match:
        month, day = chinese_number(match[2]), chinese_number(match[3])
        if 1 <= month <= 12 and 1 <= day <= 30:
            return (month * 100 + day) * (-1 if match[1] else 1)
    raise BadValue(_("“%(value)s”不是农历日期。") % {"value": text[:20]}, expected=_("写成 八月十五 或 8-15。"))
