"""Where a table's headings are and which column is which field. The values have the last word, then the user.

Titles stand above headings, headings may have two levels (a group over several columns), the same heading may
occur twice, and real lists have headings exchanged; so a column's values are looked at before its name is believed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cheban.customers.importing import fields
from cheban.customers.importing.columns import Column, shape_of
from cheban.customers.importing.fields import BY_CODE, EXTRAS, KINDS, OTHERS, claims, normalise

SCAN_ROWS = 60
_GROUPS = (("送修", "deliverer", "deliverer_mobile"), ("联系人", "contact", "contact_mobile"))


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
    return bool(re.fullmatch(r"[\d.,:/+\-年月日￥¥%]+", text)) or shape_of(text) in ("vin", "plate", "mobile")


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
        if column.field and not fields.may_have(kind, column.field):
            column.field = ""


def name_custom(columns: Sequence[Column], kind: str, custom: Mapping[str, Mapping[str, Any]]) -> None:
    """Read columns headed by a custom field's label as that field; our own fields' exact headings come first."""
    if kind not in fields.WITH_CUSTOM:
        return
    by_label = {normalise(each["label"]): code for code, each in custom.items()}
    for column in columns:
        code = by_label.get(normalise(column.name))
        if code and (not column.field or column.is_doubtful) and code not in {c.field for c in columns}:
            column.field, column.is_doubtful = code, False


def has_extras(columns: Sequence[Column]) -> bool:
    """Whether other amounts (discounts, sublet work) stand beside labour and material."""
    return any(not c.field and EXTRAS.search(c.heading) for c in columns)


def template_headings(kind: str) -> list[str]:
    """Headings of an empty sheet of this kind."""
    return [BY_CODE[code].label for code in fields.TEMPLATES.get(kind, fields.TEMPLATES["customers"]).split()]
