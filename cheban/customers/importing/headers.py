"""Where a table's headings are and which column is which field. The values have the last word, then the user.

Titles stand above headings, headings may have two levels (a group over several columns), the same heading may
occur twice, and real lists have headings exchanged; so a column's values are looked at before its name is believed.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from cheban.customers.importing import fields
from cheban.customers.importing.fields import BY_CODE, EXTRAS, KINDS, NEVER, OTHERS, claims, normalise

SCAN_ROWS = 60
_VIN = re.compile(r"(?=.*\d)(?=.*[A-Z])[A-HJ-NPR-Z0-9]{17}")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使][A-Z][·.\s-]?[A-Z0-9]{4,6}[学警港澳领挂]?"
)
_MOBILE = re.compile(r"(?:\+?86[- ]?|0086)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}")
_CLOCK = re.compile(r"(?:[01]?\d|2[0-4])[:：][0-5]\d(?:[:：][0-5]\d(?:\.\d+)?)?")
_NAME = re.compile(r"[\u4e00-\u9fff·]{2,4}")
SHAPES = {"vin": "vin", "plate": "plate", "mobile": "mobile", "deliverer_mobile": "mobile"}
"""Fields whose values tell them."""
_GROUPS = (("送修", "deliverer", "deliverer_mobile"), ("联系人", "contact", "contact_mobile"))
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


@dataclass(slots=True)
class Heading:
    """The headings of a table: rows from..to (1-based), columns."""

    first_row: int
    last_row: int
    columns: list[Column]


Merges = Sequence[tuple[int, int, int, int]]


def text_of(cell: Any) -> str:
    """A heading cell as text."""
    return re.sub(r"\s+", "", str(cell)) if cell is not None else ""


def _is_known(cell: Any) -> bool:
    return isinstance(cell, str) and len(cell) <= 40 and bool(claims(text_of(cell)))


def _is_value(cell: Any) -> bool:
    """Whether a cell can only be data: a number, a day, a phone, a plate, a VIN."""
    if not isinstance(cell, str):
        return cell is not None
    text = cell.strip().upper().replace(" ", "")
    return bool(re.fullmatch(r"[\d.,:/+\-年月日￥¥%]+", text)) or any(
        p.fullmatch(text) for p in (_VIN, _PLATE, _MOBILE)
    )


def find(
    rows: Sequence[tuple[int, list[Any]]], merged: Merges, headings: Collection[str] = (), hidden: Collection[int] = ()
) -> Heading | None:
    """The headings among the first rows; None when the table has none. `headings` names columns of a given mapping."""
    wanted = {normalise(h) for h in headings}
    best, best_score = None, 0
    for position, (_number, row) in enumerate(rows[:SCAN_ROWS]):
        filled = [cell for cell in row if text_of(cell)]
        named = sum(2 for cell in filled if isinstance(cell, str) and normalise(cell) in wanted)
        score = len({claims(text_of(cell)) for cell in filled if _is_known(cell)}) + named
        if (
            score > best_score
            and score >= (2 if len(filled) > 2 else 1)
            and sum(map(_is_value, filled)) * 3 <= len(filled)
        ):
            best, best_score = position, score
    if best is None:
        return None
    number, leaf = rows[best]
    first = last = number
    if (groups := _group_row(rows, best, merged)) is not None:
        first = rows[best - 1][0]
    elif (lower := _lower_row(rows, best, merged)) is not None:
        groups, leaf, last = _spread(leaf, merged, number, lower), lower, rows[best + 1][0]
    columns = []
    for index in range(max(len(leaf), len(groups or []))):
        low = text_of(leaf[index]) if index < len(leaf) else ""
        high = text_of(groups[index]) if groups and index < len(groups) else ""
        if heading := low or high:
            joined = f"{high}/{low}" if low and high and low != high else heading
            columns.append(Column(index, joined, unit=fields.unit_of(heading), leaf=heading, is_hidden=index in hidden))
    name_columns(columns)
    return Heading(first, last, columns)


def _spread(row: Sequence[Any], merged: Merges, number: int, below: Sequence[Any]) -> list[Any]:
    """A row of groups with each group's name over all its columns. Without merges (csv) a group stands over its
    first column only and reaches to the next name, as far as the row below has names."""
    out = list(row) + [""] * (len(below) - len(row))
    spans = [(left, right) for top, left, _bottom, right in merged if top == number and right > left]
    for left, right in spans:
        if left < len(out):
            out[left : right + 1] = [out[left]] * (min(right, len(out) - 1) - left + 1)
    if not spans:
        name = ""
        for index, cell in enumerate(out):
            name = text_of(cell) or (name if index < len(below) and text_of(below[index]) else "")
            out[index] = name
    return out


def _group_row(rows: Sequence[tuple[int, list[Any]]], best: int, merged: Merges) -> list[Any] | None:
    """The row above, when it groups columns: several short names, some over more than one column."""
    if best == 0 or rows[best - 1][0] != rows[best][0] - 1:
        return None
    number, row = rows[best - 1]
    leaf = rows[best][1]
    filled = [(i, text_of(c)) for i, c in enumerate(row) if text_of(c)]
    if len(filled) < 2 or any(len(t) > 14 or re.search(r"[:：\d]{2}|[:：]", t) for _i, t in filled):
        return None
    spans = [(left, right) for top, left, _bottom, right in merged if top == number and right > left]
    if spans:
        if any(right - left + 1 >= max(len(leaf) - 1, 4) for left, right in spans):
            return None
    elif (
        merged
        and not any(top == number and bottom > number for top, _l, bottom, _r in merged)
        or len(filled) > len([c for c in leaf if text_of(c)]) * 0.8
        or not text_of(leaf[filled[0][0]])
        and len(filled) < 3
    ):
        return None
    return _spread(row, merged, number, leaf)


def _lower_row(rows: Sequence[tuple[int, list[Any]]], best: int, merged: Merges) -> list[Any] | None:
    """The row below, when it is a second level: names only, under headings that span several columns."""
    if best + 1 >= len(rows) or rows[best + 1][0] != rows[best][0] + 1:
        return None
    number, row = rows[best]
    below = rows[best + 1][1]
    filled = [i for i, c in enumerate(below) if text_of(c)]
    if not filled or any(_is_value(below[i]) for i in filled):
        return None
    known = sum(1 for i in filled if _is_known(below[i]))
    spans = {
        c
        for top, left, bottom, right in merged
        if top == number == bottom and right > left
        for c in range(left, right + 1)
    }
    tall = {left for top, left, bottom, _right in merged if top == number < bottom}
    if spans:
        if known and set(filled) <= spans | tall and all(text_of(below[c]) for c in spans if c < len(below)):
            return list(below)
        return None
    under_nothing = sum(1 for i in filled if i >= len(row) or not text_of(row[i]))
    if (
        known >= 2
        and known * 2 >= len(filled)
        and under_nothing >= 1
        and len(filled) < len([c for c in row if text_of(c)]) + 8
    ):
        alone = [
            i for i in filled if i < len(row) and text_of(row[i]) and not (i + 1 < len(row) and not text_of(row[i + 1]))
        ]
        return None if alone else list(below)
    return None


def _meanings(column: Column) -> list[tuple[str, int]]:
    """Fields a column's heading can mean, best first: (code, doubt)."""
    group, _sep, leaf = column.heading.rpartition("/") if column.leaf != column.heading else ("", "", column.heading)
    leaf = column.leaf or leaf
    if column.leaf and group == "" and column.heading != column.leaf:
        group = column.heading[: -len(column.leaf) - 1]
    found = list(claims(leaf))
    if group:
        bare = re.sub(r"(信息|资料|情况|明细)$", "", group)
        joined = [c for name in (group + leaf, bare + leaf) for c in claims(name) if c[1] < 100]
        for word, person, phone in _GROUPS:
            if word in group:
                found = [(person if c == "name" else phone if c in ("mobile", "landline") else c, d) for c, d in found]
        found = joined + [c for c in found if c[0] not in {j[0] for j in joined}]
    return found


def name_columns(columns: Sequence[Column], kind: str = "", clocks: Collection[int] = ()) -> None:
    """Read headings as fields. A field claimed by several columns goes to the best heading, visible before hidden,
    left before right; the others are not read, unless the field takes several (phones). `clocks`: columns that hold
    times of day only (进厂时间 beside 进厂日期), which are no moments."""
    allowed = KINDS.get(kind)
    own = {f.code for f in (*fields.ORDER, *fields.APPOINTMENT)}
    bids: dict[str, list[tuple[bool, int, int, Column]]] = {}
    for column in columns:
        column.field = ""
        if column.index in clocks:
            continue
        found = [(code, doubt) for code, doubt in _meanings(column) if allowed is None or code in allowed]
        if kind in ("repair_orders", "appointments"):  # 出厂日期, 交车日期: here the workshop's, not the maker's
            found.sort(key=lambda c: c[0] not in own)
        if found:
            code, doubt = found[0]
            bids.setdefault(code, []).append((column.is_hidden, doubt, column.index, column))
    for code, offers in bids.items():
        offers.sort(key=lambda o: o[:3])
        if BY_CODE[code].many and not all(o[0] for o in offers):
            offers = [o for o in offers if not o[0]]
        for _hidden, doubt, _index, column in offers if BY_CODE[code].many else offers[:1]:
            column.field, column.is_doubtful = code, doubt >= 50


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


_INSURANCE = frozenset(("insurer", "policy_no", "compulsory_until", "insurance_until", "premium_fen"))
_LINES = frozenset(
    ("item", "item_code", "concern", "labour_fen", "material_fen", "total_fen", "unit_price", "odometer_km")
)
"""One of these makes a row a line of an order."""
_PORTRAIT = frozenset(
    (
        "birth_on",
        "gender",
        "kind",
        "occupation",
        "purchased_on",
        "colour",
        "sales_consultant",
        "tier",
        "source",
        "warranty_until",
        "inspection_due_on",
        "first_service_on",
        "trim",
        "price_fen",
        "address",
    )
)


def detect_kind(columns: Sequence[Column]) -> str:
    """What rows of such columns are; '' when they are none of ours."""
    have = {c.field for c in columns if c.field}
    names = {normalise(c.name) for c in columns}
    if not have or names & OTHERS:
        return ""
    known = have & {"vin", "plate"}
    amounts = have & {"labour_fen", "material_fen", "total_fen", "unit_price"}
    work = have & {"item", "item_code", "technician", "concern", "order_kind", "quantity"}
    is_booking = bool(have & {"appointment_at", "appointment_no"})
    has_lines = bool(have & _LINES)
    if "order_no" in have and has_lines and not (is_booking and not amounts):
        return "repair_orders"
    if is_booking and have & {"name", "contact", "mobile", "contact_mobile", "plate", "vin", "deliverer"}:
        return "appointments"
    if known and has_lines and have & {"in_at", "out_at"} and (amounts or work):
        return "repair_orders"
    if have & {"insurance_until", "compulsory_until"} and known:
        if len(have & _INSURANCE) >= max(len(have & _PORTRAIT), 1):
            return "insurance"
    if have & {"name", "contact"} and have & {
        "mobile",
        "landline",
        "contact_mobile",
        "customer_no",
        "vin",
        "plate",
        "id_number",
        "birth_on",
    }:
        return "customers"
    if known:
        return "vehicles"
    return "customers" if "name" in have else ""


def fit_to_kind(columns: Sequence[Column], kind: str) -> None:
    """Fields as rows of this kind mean them."""
    have = {c.field for c in columns if c.field}

    def give(code: str, to: str) -> None:
        for column in columns:
            if column.field == code:
                column.field = to

    if kind == "repair_orders":  # who brings the car
        give("contact", "" if "deliverer" in have else "deliverer")
        give("contact_mobile", "deliverer_mobile")
        if not {"in_at", "order_no"} & have:
            give("out_at" if "out_at" in have else "purchased_on", "in_at")
    else:
        if "name" not in have:
            give("deliverer", "" if "contact" in have else "name")
            give("contact", "name")
        else:
            give("contact", "")
        if "mobile" not in have:
            give("contact_mobile", "mobile")
            give("deliverer_mobile", "mobile")
    if kind == "appointments" and "appointment_at" not in have:
        give("in_at", "appointment_at")
    limit_to_kind(columns, kind)


def limit_to_kind(columns: Sequence[Column], kind: str) -> None:
    """Take off fields that rows of this kind cannot have."""
    for column in columns:
        if column.field and column.field not in KINDS[kind]:
            column.field = ""


def has_extras(columns: Sequence[Column]) -> bool:
    """Whether other amounts (discounts, sublet work) stand beside labour and material."""
    return any(not c.field and EXTRAS.search(c.heading) for c in columns)


def template_headings(kind: str) -> list[str]:
    """Headings of an empty sheet of this kind."""
    return [BY_CODE[code].label for code in fields.TEMPLATES.get(kind, fields.TEMPLATES["customers"]).split()]
