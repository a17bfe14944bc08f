"""A cell as the typed value its field should be. Every reader raises BadValue saying what is wrong and what is right.

A blank, and what systems write for blank ('-', '无', '0000-00-00'), is None and never an error.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy as _

from cheban.core.errors import BadValue
from cheban.customers.importing.files import MOST_CELL
from cheban.customers.importing.formulas import Broken
from cheban.customers.names import clean_name
from cheban.customers.phone import parse_phone
from cheban.customers.plate import parse_plate
from cheban.customers.vin import parse_vin

BLANK = frozenset(
    (
        "",
        "-",
        "--",
        "—",
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
        "n/a",
        "na",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "1900-01-00",
        "0000/00/00",
        "00:00:00",
    )
)
MOST_FEN = 10**12
LONGEST = {
    "customer_no": 64,
    "order_no": 64,
    "wechat": 64,
    "email": 120,
    "occupation": 64,
    "province": 30,
    "city": 30,
    "district": 30,
    "address": 300,
    "remarks": 1000,
    "brand": 40,
    "series": 60,
    "model": 100,
    "trim": 100,
    "colour": 32,
    "engine_no": 40,
    "insurer": 40,
    "policy_no": 64,
    "order_kind": 40,
    "pay_type": 24,
    "item": 300,
    "item_code": 40,
    "concern": 1000,
    "order_status": 40,
    "appointment_no": 64,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """How cells are to be read: the day it is, the file's date system, what the mapping allows."""

    today: date
    is_1904: bool = False
    negative_amounts: bool = False
    day_first: bool = False


def plain(cell: Any) -> str:
    """A cell as the text that a person sees."""
    if cell is None:
        return ""
    if cell.__class__ is str:
        return cell
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S") if cell.time() != time() else cell.strftime("%Y-%m-%d")
    if isinstance(cell, float):
        return repr(cell) if not cell.is_integer() else str(int(cell))
    return str(cell)


def is_blank(cell: Any) -> bool:
    """Nothing, or what systems write for nothing."""
    return cell is None or cell == "" or (cell.__class__ is str and cell.strip().lower() in BLANK)


def narrow(text: str) -> str:
    """Full-width signs narrowed."""
    return unicodedata.normalize("NFKC", text).strip()


def read_text(cell: Any, how: Reading, most: int = 300) -> str:
    """Text, cut to nothing: too long is an error, as the source would lose its end."""
    text = plain(cell).strip()
    if len(text) > most:
        raise BadValue(_("内容有 %(n)d 个字，太长。") % {"n": len(text)}, expected=_("最多 %(n)d 个字。") % {"n": most})
    return text


def read_name(cell: Any, how: Reading) -> str:
    """A person's or company's name."""
    return clean_name(plain(cell))


def read_phone(cell: Any, how: Reading) -> list[tuple[str, str]]:
    """[(kind, E.164)]: one or several numbers in a cell."""
    text = plain(cell)
    if isinstance(cell, float) and not cell.is_integer():
        raise BadValue(_("电话变成了小数，号码已丢失。"), expected=_("请把这一列设成文本格式后重新导出。"))
    parts = [p for p in re.split(r"[/、,，;；|\n]+|或", text) if p.strip()] if len(text) > 15 else [text]
    found = []
    for part in parts:
        phone = parse_phone(part)
        found.append(("landline" if phone.kind in ("landline", "service") else "mobile", phone.e164))
    return found


def read_plate(cell: Any, how: Reading) -> tuple[str, str] | None:
    """(number, kind), None for '未上牌'."""
    found = parse_plate(plain(cell))
    return (found.number, found.kind) if found else None


def read_vin(cell: Any, how: Reading) -> tuple[str, bool]:
    """(VIN, check digit right)."""
    found = parse_vin(plain(cell))
    return found.value, found.check_digit_ok


_WORDS: dict[str, dict[str, str]] = {
    "gender": {
        "男": "m",
        "女": "f",
        "先生": "m",
        "女士": "f",
        "小姐": "f",
        "男性": "m",
        "女性": "f",
        "m": "m",
        "f": "f",
        "male": "m",
        "female": "f",
    },
    "kind": {
        "个人": "person",
        "私人": "person",
        "自然人": "person",
        "个人客户": "person",
        "私家": "person",
        "person": "person",
        "individual": "person",
        "单位": "company",
        "公司": "company",
        "企业": "company",
        "法人": "company",
        "机构": "company",
        "集团": "company",
        "单位客户": "company",
        "政府": "company",
        "company": "company",
        "corporate": "company",
        "business": "company",
    },
    "energy": {
        "汽油": "fuel",
        "柴油": "fuel",
        "燃油": "fuel",
        "油车": "fuel",
        "汽油车": "fuel",
        "gasoline": "fuel",
        "petrol": "fuel",
        "diesel": "fuel",
        "fuel": "fuel",
        "混动": "hybrid",
        "油电混合": "hybrid",
        "插电混动": "hybrid",
        "插电式混合动力": "hybrid",
        "插混": "hybrid",
        "增程": "hybrid",
        "增程式": "hybrid",
        "混合动力": "hybrid",
        "phev": "hybrid",
        "hev": "hybrid",
        "hybrid": "hybrid",
        "纯电": "electric",
        "电动": "electric",
        "纯电动": "electric",
        "电": "electric",
        "bev": "electric",
        "ev": "electric",
        "electric": "electric",
    },
    "use": {
        "家庭": "family",
        "家用": "family",
        "自用": "family",
        "非营运": "family",
        "私用": "family",
        "family": "family",
        "private": "family",
        "商务": "business",
        "公务": "business",
        "企业": "business",
        "单位": "business",
        "business": "business",
        "网约车": "ride_hailing",
        "出租": "ride_hailing",
        "营运": "ride_hailing",
        "预约出租客运": "ride_hailing",
        "ride_hailing": "ride_hailing",
        "货运": "truck",
        "truck": "truck",
    },
    "tier": {
        "普通": "ordinary",
        "普通会员": "ordinary",
        "银卡": "silver",
        "银卡会员": "silver",
        "金卡": "gold",
        "金卡会员": "gold",
        "白金": "platinum",
        "白金卡": "platinum",
        "钻石": "platinum",
        "ordinary": "ordinary",
        "silver": "silver",
        "gold": "gold",
        "platinum": "platinum",
    },
    "source": {
        "购车": "purchase",
        "购车客户": "purchase",
        "销售": "purchase",
        "维修": "service",
        "维修客户": "service",
        "售后": "service",
        "市场调研": "research",
        "调研": "research",
    },
    "channel": {"电话": "phone", "手机": "phone", "微信": "wechat", "短信": "sms", "邮件": "email", "邮箱": "email"},
}


def read_word(words: str) -> Callable[[Any, Reading], str | None]:
    """One of a few words; a code whose table was not applied ('1', 'A02') says nothing and is no error."""
    table = _WORDS[words]

    def read(cell: Any, how: Reading) -> str | None:
        return table.get(narrow(plain(cell)).lower())

    return read


_YMD = re.compile(r"(\d{4}|\d{2})\s*[-/.年·]\s*(\d{1,2})\s*[-/.月·]\s*(\d{1,2})\s*[日号]?")
_YM = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?")
_MD = re.compile(r"(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]")
_MDY = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_EN = re.compile(r"(?:(\d{1,2})[- ])?([A-Za-z]{3,9})\.?[- ](?:(\d{1,2}),?[- ])?(\d{4}|\d{2})")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?")
_TIME = re.compile(
    r"(上午|下午|晚上|晚|中午|早上|凌晨|am|pm)?\s*(\d{1,2})\s*[:：时点]\s*(?:(\d{1,2}|半)?\s*(?:[:：分]\s*(\d{1,2})?\s*(?:\.\d+)?秒?)?)?\s*(am|pm)?",
    re.IGNORECASE,
)
_MONTHS = {
    m: i for i, m in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_EXPECTED_DATE = _("日期写成 2024-03-05 或 2024年3月5日。")


def from_serial(number: float, *, is_1904: bool) -> datetime:
    """A spreadsheet's day number as a moment; the 1900 system counts a 29 February 1900 that never was."""
    base = datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 - a local wall moment
    return base + timedelta(days=number)


def read_moment(cell: Any, how: Reading) -> datetime:
    """A date with or without a time, as a naive local moment. Raises BadValue."""
    if isinstance(cell, datetime):
        return cell.replace(tzinfo=None)
    if isinstance(cell, date):
        return datetime.combine(cell, time())
    if isinstance(cell, (int, float, Decimal)) and not isinstance(cell, bool):
        return _from_number(cell, how)
    if isinstance(cell, (time, timedelta)):
        raise BadValue(_("这里只有时间，没有日期。"), expected=_EXPECTED_DATE)
    text = narrow(plain(cell)).replace("T", " ").rstrip("Z")
    if re.fullmatch(r"\d+(\.\d+)?", text) and not _COMPACT.fullmatch(text):
        return _from_number(float(text), how)
    return _from_text(text, how)


def _from_number(number: float, how: Reading) -> datetime:
    whole = int(number)
    if 19_000_101 <= whole <= 21_001_231 and whole == number:
        return _from_text(str(whole), how)
    if not 1 <= number < 80_000:
        raise BadValue(_("“%(value)s”不是日期。") % {"value": number}, expected=_EXPECTED_DATE)
    found = from_serial(float(number), is_1904=how.is_1904)
    return (found + timedelta(milliseconds=500)).replace(microsecond=0)


def _from_text(text: str, how: Reading) -> datetime:
    clean = re.sub(r"[(（]?(?:星期|周)[一二三四五六日天][)）]?", "", text).strip()
    year = month = day = None
    rest = ""
    if match := _COMPACT.fullmatch(clean):
        year, month, day = (int(x) for x in match.groups()[:3])
        rest = f"{match[4]}:{match[5]}" if match[4] else ""
    elif match := _YMD.match(clean):
        year, month, day, rest = int(match[1]), int(match[2]), int(match[3]), clean[match.end() :]
        if len(match[1]) == 2:
            year += 2000 if year <= how.today.year % 100 + 10 else 1900
    elif match := _MDY.match(clean):
        first, second, year = int(match[1]), int(match[2]), int(match[3])
        month, day = (second, first) if how.day_first or first > 12 else (first, second)
        rest = clean[match.end() :]
    elif match := _MD.match(clean):
        month, day, rest = int(match[1]), int(match[2]), clean[match.end() :]
        year = how.today.year
        if (month, day) > (how.today.month, how.today.day) and month - how.today.month > 6:
            year -= 1
    elif (match := _EN.match(clean)) and match[2][:3].lower() in _MONTHS and (match[1] or match[3]):
        month, day = _MONTHS[match[2][:3].lower()], int(match[1] or match[3])
        year = int(match[4]) + (2000 if len(match[4]) == 2 else 0)
        rest = clean[match.end() :]
    elif match := _YM.fullmatch(clean):
        year, month, day = int(match[1]), int(match[2]), 1
    if year is None:
        raise BadValue(_("“%(value)s”不是日期。") % {"value": text[:30]}, expected=_EXPECTED_DATE)
    try:
        on = date(year, month, day)
    except ValueError:
        raise BadValue(
            _("没有 %(y)s 年 %(m)s 月 %(d)s 日这一天。") % {"y": year, "m": month, "d": day}, expected=_EXPECTED_DATE
        ) from None
    return datetime.combine(on, _time_of(rest, text))


def _time_of(rest: str, text: str) -> time:
    rest = rest.strip(" ,，")
    if not rest:
        return time()
    match = _TIME.match(rest)
    if match is None:
        if re.fullmatch(r"[^\d]*", rest):  # words after the date, e.g. '前'
            return time()
        raise BadValue(_("“%(value)s”里的时间看不懂。") % {"value": text[:40]}, expected=_("时间写成 14:30。"))
    half, hour = (match[1] or match[5] or "").lower(), int(match[2])
    minute = 30 if match[3] == "半" else int(match[3] or 0)
    if half in ("下午", "晚上", "晚", "pm") and hour < 12:
        hour += 12
    if half == "中午" and hour < 11:
        hour += 12
    if half in ("am", "上午", "凌晨") and hour == 12:
        hour = 0
    try:
        return time(hour % 24 if hour == 24 else hour, minute, int(match[4] or 0))
    except ValueError:
        raise BadValue(_("没有 %(value)s 这个时间。") % {"value": rest[:20]}, expected=_("时间写成 14:30。")) from None


def read_date(cell: Any, how: Reading) -> date:
    """A date that may lie ahead (due dates)."""
    on = read_moment(cell, how).date()
    if not 1950 <= on.year <= 2100:
        raise BadValue(_("年份 %(y)d 不合理。") % {"y": on.year}, expected=_EXPECTED_DATE)
    return on


def read_past_date(cell: Any, how: Reading) -> date:
    """A date that cannot lie ahead."""
    on = read_date(cell, how)
    if on > how.today:
        raise BadValue(_("日期 %(d)s 在将来。") % {"d": on.isoformat()}, expected=_("不晚于今天。"))
    return on


def read_past_moment(cell: Any, how: Reading) -> datetime:
    """A moment that cannot lie ahead."""
    at = read_moment(cell, how)
    if at.date() > how.today:
        raise BadValue(_("日期 %(d)s 在将来。") % {"d": at.date().isoformat()}, expected=_("不晚于今天。"))
    if at.year < 1950:
        raise BadValue(_("年份 %(y)d 不合理。") % {"y": at.year}, expected=_EXPECTED_DATE)
    return at


def read_any_moment(cell: Any, how: Reading) -> datetime:
    """A moment that may lie ahead (promised, booked)."""
    at = read_moment(cell, how)
    if not 1950 <= at.year <= 2100:
        raise BadValue(_("年份 %(y)d 不合理。") % {"y": at.year}, expected=_EXPECTED_DATE)
    return at


def read_birthday(cell: Any, how: Reading) -> date:
    """A day of birth: exists, not ahead, not more than 120 years back."""
    if cell.__class__ is str and _YM.fullmatch(narrow(cell)):
        raise BadValue(_("生日缺少日。"), expected=_EXPECTED_DATE)
    on = read_moment(cell, how).date()
    if on > how.today:
        raise BadValue(_("生日 %(d)s 在将来。") % {"d": on.isoformat()}, expected=_("不晚于今天。"))
    if on.year < max(how.today.year - 120, 1900):
        raise BadValue(_("生日 %(d)s 太早。") % {"d": on.isoformat()}, expected=_("请检查年份。"))
    return on


_CN_DAYS = {**{c: i for i, c in enumerate("零一二三四五六七八九十", 0)}, "冬": 11, "腊": 12, "正": 1}


def _cn_number(text: str) -> int:
    if text.isdigit():
        return int(text)
    text = text.removeprefix("初").replace("廿", "二十").replace("卅", "三十")
    if text in _CN_DAYS:
        return _CN_DAYS[text]
    tens, _sep, ones = text.partition("十")
    return (_CN_DAYS.get(tens, 1) if tens else 1) * 10 + (_CN_DAYS.get(ones, 0) if ones else 0)


def read_lunar(cell: Any, how: Reading) -> int:
    """month * 100 + day, negative in a leap month: '八月十五', '闰四月初三', '8-15'."""
    text = narrow(plain(cell)).replace("农历", "").replace("阴历", "")
    match = re.fullmatch(
        r"(闰)?([正一二三四五六七八九十冬腊\d]{1,2})[月\-/.]([初廿卅一二三四五六七八九十\d]{1,3})日?", text
    )
    if match:
        month, day = _cn_number(match[2]), _cn_number(match[3])
        if 1 <= month <= 12 and 1 <= day <= 30:
            return (month * 100 + day) * (-1 if match[1] else 1)
    raise BadValue(_("“%(value)s”不是农历日期。") % {"value": text[:20]}, expected=_("写成 八月十五 或 8-15。"))


_NUMBER = re.compile(r"([+-]?)\s*[¥￥$]?\s*([+-]?)([\d,]+(?:\.\d+)?|\.\d+)\s*(万)?")


def read_number(cell: Any, how: Reading, units: str) -> Decimal:
    """A number with the signs and units people write: '1,234.50元', '￥3.5万', '(12.00)'."""
    if isinstance(cell, bool):
        raise BadValue(_("“%(value)s”不是数字。") % {"value": cell}, expected=_("请填数字。"))
    if isinstance(cell, (int, Decimal)):
        return Decimal(cell)
    if isinstance(cell, float):
        return Decimal(repr(round(cell, 6)))
    if isinstance(cell, (date, time)):
        raise BadValue(_("这里是日期，应当是数字。"), expected=_("请填数字。"))
    text = narrow(plain(cell)).replace(" ", "")
    negative = text.startswith("(") and text.endswith(")")
    if negative:
        text = text[1:-1]
    text = re.sub(rf"(?:{units})$", "", text, flags=re.IGNORECASE)
    match = _NUMBER.fullmatch(text)
    if match is None:
        if re.fullmatch(r"[+-]?\d+(?:\.\d+)?[eE][+-]?\d+", text):
            return Decimal(text)
        raise BadValue(_("“%(value)s”不是数字。") % {"value": plain(cell)[:30]}, expected=_("请填数字。"))
    try:
        number = Decimal(match[3].replace(",", "")) * (10_000 if match[4] else 1)
    except InvalidOperation:
        raise BadValue(_("“%(value)s”不是数字。") % {"value": plain(cell)[:30]}, expected=_("请填数字。")) from None
    return -number if negative or (match[1] == "-") != (match[2] == "-") else number


def read_money(cell: Any, how: Reading) -> int:
    """Whole fen. Negative only where the mapping allows returns; more than two digits must be zeros."""
    yuan = read_number(cell, how, "元整|元|圆|rmb|cny|块")
    if yuan < 0 and not how.negative_amounts:
        raise BadValue(
            _("金额 %(value)s 是负数。") % {"value": plain(cell)[:20]},
            expected=_("金额不能小于 0；退货请用允许负数的对应设置导入。"),
        )
    fen = yuan * 100
    if fen != fen.to_integral_value():
        if isinstance(cell, float):
            fen = Decimal(round(fen))
        else:
            raise BadValue(_("金额 %(value)s 不到一分。") % {"value": plain(cell)[:20]}, expected=_("最多两位小数。"))
    if abs(fen) > MOST_FEN:
        raise BadValue(_("金额 %(value)s 太大。") % {"value": plain(cell)[:20]}, expected=_("请检查小数点和单位。"))
    return int(fen)


def read_price(cell: Any, how: Reading) -> Decimal:
    """A unit price, as exact as stated (up to four digits)."""
    price = read_number(cell, how, "元|圆|rmb|cny")
    if price < 0 and not how.negative_amounts:
        raise BadValue(_("单价 %(value)s 是负数。") % {"value": plain(cell)[:20]}, expected=_("单价不能小于 0。"))
    return price


def read_decimal(cell: Any, how: Reading) -> Decimal:
    """A quantity."""
    number = read_number(cell, how, "个|件|次|升|L|只|条|套|桶|瓶|工时|小时|h")
    if number < 0 and not how.negative_amounts:
        raise BadValue(_("数量 %(value)s 是负数。") % {"value": plain(cell)[:20]}, expected=_("数量不能小于 0。"))
    if abs(number) >= Decimal(10) ** 10:
        raise BadValue(_("数量 %(value)s 太大。") % {"value": plain(cell)[:20]}, expected=_("请检查数量。"))
    return number


def read_km(cell: Any, how: Reading) -> int:
    """Whole kilometres, 0 to 2,000,000."""
    km = read_number(cell, how, "公里|千米|km|kms|里程")
    if km < 0:
        raise BadValue(
            _("里程 %(value)s 是负数。") % {"value": plain(cell)[:20]}, expected=_("里程在 0 到 200 万公里之间。")
        )
    if km > 2_000_000:
        raise BadValue(
            _("里程 %(value)s 太大。") % {"value": plain(cell)[:20]}, expected=_("里程在 0 到 200 万公里之间。")
        )
    return int(km)


def read_int(cell: Any, how: Reading) -> int:
    """A small whole number (seats)."""
    number = read_number(cell, how, "座|人|个")
    if number != number.to_integral_value() or not 0 <= number <= 200:
        raise BadValue(_("“%(value)s”不合理。") % {"value": plain(cell)[:20]}, expected=_("请填 0 到 200 的整数。"))
    return int(number)


_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def read_id_number(cell: Any, how: Reading) -> str:
    """An identity number: 18 places with the check digit of GB 11643, 15 old ones, or another document's."""
    text = narrow(plain(cell)).upper().replace(" ", "")
    if re.fullmatch(r"[+-]?\d+(\.\d+)?E\+?\d+", text):
        raise BadValue(_("证件号变成了科学计数，号码已丢失。"), expected=_("请把这一列设成文本格式后重新导出。"))
    if re.fullmatch(r"\d{17}[\dX]", text):
        check = "10X98765432"[sum(int(d) * w for d, w in zip(text[:17], _ID_WEIGHTS, strict=True)) % 11]
        if check != text[17]:
            raise BadValue(_("身份证号的校验位不对。"), expected=_("请核对号码。"))
        return text
    if re.fullmatch(r"\d{16,17}|\d{19,}", text):
        raise BadValue(_("身份证号有 %(n)d 位。") % {"n": len(text)}, expected=_("应为 18 位。"))
    if not re.fullmatch(r"[A-Z0-9()\-]{5,24}", text):
        raise BadValue(
            _("“%(value)s”不是证件号。") % {"value": text[:6]}, expected=_("应为 18 位身份证号或其他证件号。")
        )
    return text


def read_tags(cell: Any, how: Reading) -> list[str]:
    """Tags divided by commas or blanks."""
    return sorted({t[:32] for t in re.split(r"[,，、;；|\s]+", plain(cell)) if t})


def _texts(code: str) -> Callable[[Any, Reading], str]:
    most = LONGEST.get(code, 300)

    def read(cell: Any, how: Reading) -> str:
        return read_text(cell, how, most)

    return read


_BY_TYPE: dict[str, Callable[[Any, Reading], Any]] = {
    "name": read_name,
    "phone": read_phone,
    "plate": read_plate,
    "vin": read_vin,
    "birthday": read_birthday,
    "lunar": read_lunar,
    "date": read_date,
    "past_date": read_past_date,
    "moment": read_any_moment,
    "past_moment": read_past_moment,
    "money": read_money,
    "price": read_price,
    "decimal": read_decimal,
    "km": read_km,
    "int": read_int,
    "id_number": read_id_number,
    "tags": read_tags,
    "person": lambda cell, how: read_text(cell, how, 32),
    "gender": read_word("gender"),
    "kind": read_word("kind"),
    "energy": read_word("energy"),
    "use": read_word("use"),
    "tier": read_word("tier"),
    "source": read_word("source"),
    "channel": read_word("channel"),
}


def reader(code: str, type_: str) -> Callable[[Any, Reading], Any]:
    """The reader of a field."""
    return _BY_TYPE.get(type_) or _texts(code)


CACHED_TYPES = frozenset(
    (
        "birthday",
        "date",
        "past_date",
        "moment",
        "past_moment",
        "gender",
        "kind",
        "energy",
        "use",
        "tier",
        "source",
        "channel",
        "text",
        "person",
        "money",
        "price",
        "decimal",
        "km",
        "int",
        "tags",
    )
)
"""Types whose values repeat so often that reading each text once pays."""


def check_cell(cell: Any) -> None:
    """Refuse what no reader may see: broken formulas and cells beyond a spreadsheet's own limit."""
    if isinstance(cell, Broken):
        raise BadValue(_("公式已损坏（%(text)s）。") % {"text": cell.text[:40]}, expected=_("请填入数值。"))
    if cell.__class__ is str and len(cell) > MOST_CELL:
        raise BadValue(_("单元格有 %(n)d 个字，超过表格的上限。") % {"n": len(cell)}, expected=_("最多 32767 个字。"))
