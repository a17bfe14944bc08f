"""A cell as the typed value its field should be. Every reader raises BadValue saying what is wrong and what is right.

A blank, and what systems write for blank ('-', '无', '0000-00-00'), is None and never an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any

from django.utils.translation import gettext_lazy as _

from cheban.core.errors import BadValue
from cheban.customers.importing.cells import Reading, narrow, plain
from cheban.customers.importing.days import (
    from_serial,
    read_any_moment,
    read_birthday,
    read_date,
    read_lunar,
    read_moment,
    read_past_date,
    read_past_moment,
)
from cheban.customers.names import clean_name
from cheban.customers.phone import parse_phone
from cheban.customers.plate import parse_plate
from cheban.customers.vin import parse_vin

__all__ = ["Reading", "from_serial", "read_date", "read_moment", "reader"]

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


def read_text(cell: Any, how: Reading, most: int = 300) -> str:
    """Text, cut to nothing: too long is an error, as the source would lose its end."""
    text = cell if cell.__class__ is str else plain(cell)
    if len(text) > most:
        raise BadValue(_("内容有 %(n)d 个字，太长。") % {"n": len(text)}, expected=_("最多 %(n)d 个字。") % {"n": most})
    return text


_SCIENTIFIC = re.compile(r"[+-]?[0-9](?:\.[0-9]+)?[eE]\+[0-9]{1,2}")


def read_code(cell: Any, how: Reading, most: int = 64) -> str:
    """A number that is a name: order, customer, policy, part. Refused where a spreadsheet has lost its digits."""
    if isinstance(cell, float) and abs(cell) >= 1e15 or cell.__class__ is str and _SCIENTIFIC.fullmatch(cell):
        raise BadValue(
            _("号码“%(value)s”变成了科学计数，后几位已丢失。") % {"value": plain(cell)[:30]},
            expected=_("请在原系统把这一列设为文本格式后重新导出。"),
        )
    return read_text(cell, how, most)


def read_name(cell: Any, how: Reading) -> str:
    """A person's or company's name."""
    return clean_name(plain(cell))


def read_phone(cell: Any, how: Reading) -> list[tuple[str, str]]:
    """[(kind, E.164)]: one or several numbers in a cell."""
    text = plain(cell)
    if isinstance(cell, float) and not cell.is_integer():
        raise BadValue(_("电话变成了小数，号码已丢失。"), expected=_("请把这一列设成文本格式后重新导出。"))
    parts = [text]
    if len(text) > 15:
        parts = [p for p in re.split(r"[/、,，;；|\n]+|或", text) if p.strip()] or [text]
        if len(parts) == 1 and _TWO_MOBILES.fullmatch(narrow(text)):
            parts = _TWO_MOBILES.fullmatch(narrow(text)).groups()
    found = []
    for part in parts:
        phone = parse_phone(part)
        found.append(("landline" if phone.kind in ("landline", "service") else "mobile", phone.e164))
    return found


_TWO_MOBILES = re.compile(r"(1[3-9]\d{9})\s+(1[3-9]\d{9})")


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


_NUMBER = re.compile(r"([+-]?)\s*[¥￥$]?\s*([+-]?)([\d,]+(?:\.\d+)?|\.\d+)\s*(万)?")


def read_number(cell: Any, how: Reading, units: str) -> Decimal:
    """A number with the signs and units people write: '1,234.50元', '￥3.5万', '(12.00)'."""
    if isinstance(cell, bool):
        raise BadValue(_("“%(value)s”不是数字。") % {"value": cell}, expected=_("请填数字。"))
    if isinstance(cell, (int, Decimal)):
        return Decimal(cell)
    if isinstance(cell, float) and isfinite(cell):
        return Decimal(repr(round(cell, 6)))
    if isinstance(cell, (date, time)):
        raise BadValue(_("这里是日期，应当是数字。"), expected=_("请填数字。"))
    text = narrow(plain(cell)[:80]).replace(" ", "")
    negative = text.startswith("(") and text.endswith(")")
    if negative:
        text = text[1:-1]
    text = re.sub(rf"(?:{units})$", "", text, flags=re.IGNORECASE)
    match = _NUMBER.fullmatch(text)
    if match is None:
        if re.fullmatch(r"[+-]?\d+(?:\.\d+)?[eE][+-]?\d{1,2}", text):
            return Decimal(text)
        raise BadValue(_("“%(value)s”不是数字。") % {"value": plain(cell)[:30]}, expected=_("请填数字。"))
    try:
        number = Decimal(match[3].replace(",", "")) * (10_000 if match[4] else 1)
    except InvalidOperation:
        raise BadValue(_("“%(value)s”不是数字。") % {"value": plain(cell)[:30]}, expected=_("请填数字。")) from None
    return -number if negative or (match[1] == "-") != (match[2] == "-") else number


_FREE = frozenset(("免费", "免", "免单", "赠送", "free"))


def read_money(cell: Any, how: Reading) -> int:
    """Whole fen. Negative only where the mapping allows returns; more than two digits must be zeros."""
    if cell in _FREE:
        return 0
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
    if abs(price) >= Decimal(10) ** 10:
        raise BadValue(_("单价 %(value)s 太大。") % {"value": plain(cell)[:20]}, expected=_("请检查小数点和单位。"))
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


def _texts(code: str, type_: str) -> Callable[[Any, Reading], str]:
    most, words = LONGEST.get(code, 300), read_code if type_ == "code" else read_text

    def read(cell: Any, how: Reading) -> str:
        return words(cell, how, most)

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
    return _BY_TYPE.get(type_) or _texts(code, type_)
