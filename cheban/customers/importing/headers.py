"""Where a table's headings are and which column is which field. The values have the last word, then the user.

Titles stand above headings, headings may have two levels (a group over several columns), the same heading may
occur twice, and real lists have headings exchanged; so a column's values are looked at before its name is believed.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cheban.customers.importing import fields
from cheban.customers.importing.fields import BY_CODE, KINDS, NEVER, normalise, synonyms

SCAN_ROWS = 40
_VIN = re.compile(r"(?=.*\d)[A-HJ-NPR-Z0-9]{17}")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使][A-Z][·.\s-]?[A-Z0-9]{4,6}[学警港澳领挂]?"
)
_MOBILE = re.compile(r"(?:\+?86[- ]?|0086)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}")
_GROUPS = {"送修": ("deliverer", "deliverer_mobile")}


@dataclass(slots=True)
class Column:
    """One column: index from 0, the heading as written (both levels), the field it is read as ('' = not read)."""

    index: int
    heading: str
    field: str = ""
    is_doubtful: bool = False  # recognised by its values or by part of its heading
    samples: list[str] = dataclasses.field(default_factory=list)
    unit: int = 1


@dataclass(slots=True)
class Heading:
    """The headings of a table: rows from..to (1-based), columns."""

    first_row: int
    last_row: int
    columns: list[Column]


def text_of(cell: Any) -> str:
    """A heading cell as text."""
    return re.sub(r"\s+", "", str(cell)) if cell is not None else ""


def _leaf_field(text: str) -> tuple[str, bool]:
    """(field, by part of the heading only)."""
    name = normalise(text)
    if not name or name in NEVER or name.startswith("unnamed"):
        return "", False
    table = synonyms()
    if name in table:
        return table[name], False
    for prefix in ("客户", "车主", "车辆", "联系人", "最近", "当前", "首次"):
        if name.startswith(prefix) and name[len(prefix) :] in table and len(name) - len(prefix) >= 2:
            return table[name[len(prefix) :]], True
    for suffix in ("名称", "号码", "信息", "年月日", "元", "km", "公里"):
        if name.endswith(suffix) and name[: -len(suffix)] in table:
            return table[name[: -len(suffix)]], True
    return "", False


def score(row: Sequence[Any]) -> int:
    """How many cells of a row are known headings."""
    return sum(1 for cell in row if isinstance(cell, str) and len(cell) <= 30 and _leaf_field(cell)[0])


def find(
    rows: Sequence[tuple[int, list[Any]]], merged: Sequence[tuple[int, int, int, int]], headings: Sequence[str] = ()
) -> Heading | None:
    """The headings among the first rows; None when the table has none. `headings` names columns of a given mapping."""
    wanted = {normalise(h) for h in headings}
    best, best_score = None, 0
    for position, (_number, row) in enumerate(rows[:SCAN_ROWS]):
        found = score(row) + sum(2 for cell in row if isinstance(cell, str) and normalise(cell) in wanted)
        filled = sum(1 for cell in row if text_of(cell))
        texts = sum(1 for cell in row if isinstance(cell, str) and cell and not re.fullmatch(r"[\d.,\s/-]+", cell))
        if found > best_score and found >= (2 if filled > 2 else 1) and texts * 2 >= filled:
            best, best_score = position, found
    if best is None:
        return None
    number, leaf = rows[best]
    groups = _group_row(rows, best, merged)
    last = number
    if best + 1 < len(rows) and groups is None:
        below = rows[best + 1][1]
        # The better-known row may be the upper one: a second level below it names parts of a merged heading.
        spans = {
            column
            for top, left, bottom, right in merged
            if top == number == bottom and right > left
            for column in range(left, right + 1)
        }
        if spans and score(below) >= 1 and all(text_of(below[c]) for c in spans if c < len(below)):
            groups, leaf, last = _filled(leaf, merged, number), below, rows[best + 1][0]
    width = max(len(leaf), len(groups or []))
    columns = []
    for index in range(width):
        low = text_of(leaf[index]) if index < len(leaf) else ""
        high = text_of(groups[index]) if groups and index < len(groups) else ""
        heading = low or high
        if low and high and low != high:
            heading = f"{high}/{low}"
        if heading:
            columns.append(Column(index, heading, unit=fields.unit_of(low or high)))
    _name_columns(columns)
    first = rows[best - 1][0] if groups is not None and last == number else number
    return Heading(first, last, columns)


def _filled(row: Sequence[Any], merged: Sequence[tuple[int, int, int, int]], number: int) -> list[Any]:
    out = list(row)
    for top, left, _bottom, right in merged:
        if top == number and left < len(out):
            out[left : right + 1] = [out[left]] * (min(right, len(out) - 1) - left + 1)
    return out


def _group_row(
    rows: Sequence[tuple[int, list[Any]]], best: int, merged: Sequence[tuple[int, int, int, int]]
) -> list[Any] | None:
    """The row above, when it groups columns (some merged, but not all: that would be a title)."""
    if best == 0:
        return None
    number, row = rows[best - 1]
    width = len(rows[best][1])
    spans = [(left, right) for top, left, bottom, right in merged if top == number]
    texts = [c for c in row if text_of(c)]
    if (
        len(texts) < 2
        or len(set(map(text_of, texts))) < 2
        or any(right - left + 1 >= max(width - 1, 4) for left, right in spans)
    ):
        return None
    if not merged and len(texts) >= width * 0.8:
        return None
    filled = _filled(row, merged, number)
    if not merged:  # csv: a group stands over its first column only
        last = ""
        filled = [last := text_of(c) or last for c in filled]
    for top, left, bottom, _right in merged:
        if top <= number < bottom and left < len(filled) and not text_of(filled[left]):
            filled[left] = rows[best][1][left] if left < width else ""
    return filled


def _name_columns(columns: list[Column]) -> None:
    """Read headings as fields; the same field twice stays with the first column unless it takes several."""
    taken: set[str] = set()
    for column in columns:
        group, _sep, leaf = column.heading.rpartition("/") if "/" in column.heading else ("", "", column.heading)
        code, partly = _leaf_field(column.heading)
        if not code:
            code, partly = _leaf_field(leaf)
        if group:
            joined, joined_partly = _leaf_field(group + leaf)
            if joined and not joined_partly:
                code, partly = joined, False
            for word, (person, phone) in _GROUPS.items():
                if word in group and code in ("name", "mobile"):
                    code = person if code == "name" else phone
        if code in taken and not BY_CODE[code].many:
            code = ""
        if code:
            taken.add(code)
        column.field, column.is_doubtful = code, partly


def look_at_values(columns: list[Column], rows: Sequence[list[Any]]) -> None:
    """Correct the reading by what the columns hold, and keep samples. `rows` are data rows."""
    holds: dict[int, Counter[str]] = {}
    for column in columns:
        values = [
            str(r[column.index]).strip() for r in rows if column.index < len(r) and r[column.index] not in ("", None)
        ]
        column.samples = list(dict.fromkeys(values))[:3]
        kinds: Counter[str] = Counter()
        for value in values[:200]:
            plain = value.replace(" ", "").upper()
            kinds[
                "vin"
                if _VIN.fullmatch(plain)
                else "plate"
                if _PLATE.fullmatch(plain)
                else "mobile"
                if _MOBILE.fullmatch(value.replace(" ", ""))
                else "postcode"
                if re.fullmatch(r"\d{6}", value)
                else "name"
                if re.fullmatch(r"[\u4e00-\u9fff·]{2,4}", value)
                else "other"
            ] += 1
        kinds["all"] = max(sum(kinds.values()), 1)
        holds[column.index] = kinds

    def mostly(column: Column, kind: str) -> bool:
        kinds = holds[column.index]
        return kinds[kind] >= 3 and kinds[kind] >= 0.7 * kinds["all"]

    have = {c.field for c in columns}
    for column in columns:
        for kind, code in (("vin", "vin"), ("plate", "plate"), ("mobile", "mobile")):
            if not mostly(column, kind) or column.field == code:
                continue
            wrong = column.field in ("vin", "plate", "mobile", "landline", "name", "city", "colour", "brand", "series")
            nameless = not column.field and code not in have and normalise(column.heading) not in NEVER
            if column.field in ("deliverer_mobile", "landline") and code == "mobile":
                continue
            if wrong or nameless:
                _swap(columns, column, code, mostly, kind)
                have = {c.field for c in columns}
        if column.field == "city" and mostly(column, "postcode"):
            column.field, column.is_doubtful = "", True
        if column.field in ("mobile", "deliverer_mobile") and mostly(column, "name"):
            column.field = "" if "name" in have else "name"
            column.is_doubtful = True


def _swap(columns: list[Column], column: Column, code: str, mostly, kind: str) -> None:
    """Give `code` to this column; a column that has it wrongly gets this one's old field or none."""
    other = next((c for c in columns if c.field == code and c is not column), None)
    if other is not None and mostly(other, kind) and not BY_CODE[code].many:
        return
    if other is not None and not BY_CODE[code].many:
        other.field, other.is_doubtful = column.field, True
    column.field, column.is_doubtful = code, True


def detect_kind(columns: Sequence[Column]) -> str:
    """What rows of such columns are; '' when nothing is recognised."""
    have = {c.field for c in columns if c.field}
    if not have:
        return ""
    if have & {"appointment_at", "appointment_no"} and not have & {"labour_fen", "material_fen", "total_fen"}:
        return "appointments"
    order = have & {
        "order_no",
        "item",
        "item_code",
        "labour_fen",
        "material_fen",
        "total_fen",
        "in_at",
        "out_at",
        "technician",
        "concern",
        "quantity",
        "unit_price",
    }
    if (
        "order_no" in have
        and order - {"order_no"}
        or len(order & {"item", "labour_fen", "material_fen", "total_fen", "in_at"}) >= 2
    ):
        return "repair_orders"
    if (
        have & {"insurance_until", "compulsory_until"}
        and have & {"plate", "vin"}
        and (
            have & {"insurer", "policy_no", "premium_fen"} or not have & {"purchased_on", "birth_on", "gender", "kind"}
        )
    ):
        return "insurance"
    if "name" in have and have & {"mobile", "landline", "customer_no", "vin", "plate", "id_number", "birth_on"}:
        return "customers"
    if have & {"vin", "plate"}:
        return "vehicles"
    return "customers" if "name" in have else ""


def limit_to_kind(columns: Sequence[Column], kind: str) -> None:
    """Take off fields that rows of this kind cannot have."""
    for column in columns:
        if column.field and column.field not in KINDS[kind]:
            column.field = ""


def template_headings(kind: str) -> list[str]:
    """Headings of an empty sheet of this kind."""
    return [BY_CODE[code].label for code in fields.TEMPLATES.get(kind, fields.TEMPLATES["customers"]).split()]
