"""The columns of a table and what they hold: a column's values have the last word about what it is."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cheban.customers.importing.fields import BY_CODE, NEVER, normalise

_VIN = re.compile(r"(?=.*\d)(?=.*[A-Z])[A-HJ-NPR-Z0-9]{17}")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使][A-Z][·.\s-]?[A-Z0-9]{4,6}[学警港澳领挂]?"
)
_MOBILE = re.compile(r"(?:\+?86[- ]?|0086)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}")
_CLOCK = re.compile(r"(?:[01]?\d|2[0-4])[:：][0-5]\d(?:[:：][0-5]\d(?:\.\d+)?)?")
_NAME = re.compile(r"[\u4e00-\u9fff·]{2,4}")
SHAPES = {"vin": "vin", "plate": "plate", "mobile": "mobile", "deliverer_mobile": "mobile"}
"""Fields whose values tell them."""
_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂焦向柳邢路岳齐梅莫庄辛管祝左涂谷祁耿牟卜闫欧"
)


@dataclass(slots=True)
class Column:
    """One column: index from 0, the heading as written (group/leaf where there are two levels), the field it is read
    as ('' = not read), the leaf alone."""

    index: int
    heading: str
    field: str = ""
    is_doubtful: bool = False  # recognised by its values or by part of its heading
    samples: list[str] = dataclasses.field(default_factory=list)
    unit: int = 1
    leaf: str = ""
    is_hidden: bool = False

    @property
    def name(self) -> str:
        """The heading that people see above the column."""
        return self.leaf or self.heading


def look_at_values(columns: Sequence[Column], rows: Sequence[list[Any]]) -> None:
    """Correct the reading by what the columns hold, and keep samples. `rows` are data rows."""
    holds: dict[int, Counter[str]] = {}
    for column in columns:
        cells = [r[column.index] for r in rows if column.index < len(r) and r[column.index] not in ("", None)]
        values = [
            str(c).strip()[:200] for c in cells if not (isinstance(c, str) and normalise(c) == normalise(column.name))
        ]
        column.samples = list(dict.fromkeys(values))[:3]
        kinds = Counter(map(shape_of, values[:200]))
        kinds["all"] = max(sum(kinds.values()), 1)
        kinds["digitless"] = sum(1 for v in values[:200] if not re.search(r"[\d０-９]", v))
        kinds["different"] = len(set(values[:200]))
        holds[column.index] = kinds

    def mostly(column: Column, *shapes: str) -> bool:
        kinds = holds[column.index]
        count = sum(kinds[s] for s in shapes)
        return count >= 3 and count >= 0.7 * kinds["all"]

    have = {c.field for c in columns}
    for column in columns:
        for shape, code in (("vin", "vin"), ("plate", "plate"), ("mobile", "mobile")):
            if not mostly(column, shape) or column.field == code or normalise(column.name) in NEVER:
                continue
            if code == "mobile" and column.field in (
                "deliverer_mobile",
                "contact_mobile",
                "landline",
                "wechat",
                "customer_no",
                "order_no",
            ):
                continue
            free = not column.field and code not in have
            wrong = column.field and column.field not in (
                "remarks",
                "item",
                "concern",
                "address",
                "order_no",
                "policy_no",
            )
            if (wrong or free) and not (code == "vin" and column.field in ("engine_no", "customer_no", "item_code")):
                _swap(columns, column, code, mostly, shape)
                have = {c.field for c in columns}
    for column in columns:
        kind = BY_CODE[column.field].type if column.field else ""
        all_words = holds[column.index]["digitless"] >= max(3, 0.9 * holds[column.index]["all"])
        if column.field in ("province", "city", "district") and mostly(column, "postcode"):
            column.field, column.is_doubtful = "", True  # 邮编 and 城市 exchanged
        elif column.field in ("mobile", "deliverer_mobile") and mostly(column, "name"):
            column.field = "" if "name" in {c.field for c in columns} else "name"
            column.is_doubtful = True
        elif (
            column.field in ("occupation", "colour", "brand", "series")
            and mostly(column, "name")
            and _are_people(column, holds, rows)
        ):
            column.field, column.is_doubtful = "", True
        elif all_words and (kind in ("date", "past_date", "id_number", "km") and mostly(column, "name", "word")):
            column.field, column.is_doubtful = (
                "",
                True,
            )  # a person's name below 建档日期, the kind of paper below 证件号码


def clock_columns(columns: Sequence[Column], rows: Sequence[list[Any]]) -> set[int]:
    """Columns that hold times of day and no days."""
    found = set()
    for column in columns:
        cells = [str(r[column.index]) for r in rows if column.index < len(r) and r[column.index] not in ("", None)][
            :200
        ]
        if cells and all(_CLOCK.fullmatch(c.strip()) for c in cells):
            found.add(column.index)
    return found


def shape_of(value: str) -> str:
    """What a text looks like: vin, plate, mobile, postcode, name, word or other."""
    plain = value.replace(" ", "").upper()
    if _VIN.fullmatch(plain):
        return "vin"
    if _PLATE.fullmatch(plain):
        return "plate"
    if _MOBILE.fullmatch(plain):
        return "mobile"
    if re.fullmatch(r"\d{6}", plain):
        return "postcode"
    if _NAME.fullmatch(value):
        return "name"
    return "word" if re.fullmatch(r"[\u4e00-\u9fff·（）()]{1,20}", value) else "other"


def _are_people(column: Column, holds: dict[int, Counter[str]], rows: Sequence[list[Any]]) -> bool:
    """Whether a column holds people's names: known surnames, hardly two alike."""
    kinds = holds[column.index]
    values = [str(r[column.index]).strip() for r in rows if column.index < len(r) and r[column.index]]
    family = sum(1 for v in values if v[:1] in _SURNAMES)
    return len(values) >= 5 and family >= 0.85 * len(values) and kinds["different"] >= 0.7 * kinds["all"]


def _swap(columns: Sequence[Column], column: Column, code: str, mostly, shape: str) -> None:
    """Give `code` to this column; a column that has it wrongly gets this one's old field or none."""
    other = next((c for c in columns if c.field == code and c is not column), None)
    if other is not None and (mostly(other, shape) or column.is_hidden) and not BY_CODE[code].many:
        return
    if other is not None and not BY_CODE[code].many:
        other.field, other.is_doubtful = column.field, True
    column.field, column.is_doubtful = code, True
