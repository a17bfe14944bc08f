"""From cells to typed rows: which rows are data, what is filled down, what must hold across fields."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from cheban.core.errors import BadValue
from cheban.customers.importing import values as reading
from cheban.customers.importing.fields import BY_CODE, normalise
from cheban.customers.importing.headers import Column
from cheban.customers.importing.values import CACHED_TYPES, Reading, check_cell, is_blank, plain


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row: column heading, the value as written, what is wrong, what would be right."""

    column: str
    value: str
    problem: str
    expected: str = ""


@dataclass(slots=True)
class Row:
    """One data row. `problems`: it is refused and kept. `flags`: it is written and doubtful."""

    sheet: str
    row: int
    values: dict[str, Any]
    raw: dict[str, str]
    problems: list[Problem] = field(default_factory=list)
    flags: list[Problem] = field(default_factory=list)


TOTAL = re.compile(
    r"(?:本页|全部|以上|当日|本月|本日|月度|年度|分店|门店)?(?:合\s*计|小\s*计|总\s*计|累\s*计|共\s*计|总\s*和|汇\s*总|平\s*均)|(?:grand|sub)?[\s-]*totals?|sum",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"(制表|审核|打印|导出|填表|复核|经手|签字|盖章|统计|共\s*\d+\s*[条行人页笔]|第\s*\d+\s*页|页码|说明|备注|注)\s*[:：]?|^※|^\*|报表|明细表|明细$|一览表|清单$|有限公司$|page \d+|printed",
    re.IGNORECASE,
)
_IDENTITY = re.compile(r"\+?\d{7,15}|[A-Z0-9]{17}|[\u4e00-\u9fff][A-Z][A-Z0-9]{4,6}[\u4e00-\u9fff]?")
ORDER_LEVEL = (
    "order_no",
    "order_kind",
    "pay_type",
    "order_status",
    "plate",
    "vin",
    "brand",
    "series",
    "model",
    "customer_no",
    "name",
    "mobile",
    "deliverer",
    "deliverer_mobile",
    "in_at",
    "promised_at",
    "out_at",
    "odometer_km",
    "service_advisor",
    "technician",
    "concern",
    "province",
    "city",
    "address",
)
NOT_A_PHONE = frozenset(("无", "空", "暂无", "未知", "不详"))
"""A word where a number should be: somebody must ask for the number, so the row goes to correction."""
AMOUNTS = frozenset(("labour_fen", "material_fen", "total_fen", "quantity", "unit_price", "premium_fen", "price_fen"))


@dataclass(frozen=True, slots=True)
class TableRules:
    """What reading rows of a table needs; picklable, travels with each chunk."""

    sheet: str
    kind: str
    columns: tuple[tuple[int, str, str, int], ...]  # index, heading, field, unit
    headings: tuple[tuple[int, str], ...]  # every column: index, unique heading
    leafs: frozenset[str]  # normalised headings, to know a repeated heading row
    options: dict[str, Any]


def unique_headings(columns: Sequence[Column]) -> tuple[tuple[int, str], ...]:
    """Index and heading of every column: the lower level where that is enough, equal ones numbered."""
    leafs = Counter(c.heading.rpartition("/")[2] or c.heading for c in columns)
    seen: Counter[str] = Counter()
    out = []
    for column in columns:
        leaf = column.heading.rpartition("/")[2] or column.heading
        name = leaf if leafs[leaf] == 1 else column.heading
        seen[name] += 1
        out.append((column.index, name if seen[name] == 1 else f"{name} ({seen[name]})"))
    return tuple(out)


def fill_down(
    rows: Iterable[tuple[int, list[Any]]], merged: Sequence[tuple[int, int, int, int]]
) -> Iterator[tuple[int, list[Any]]]:
    """Give each row of a vertical merge the value of its first row."""
    starts: dict[int, list[tuple[int, int, int]]] = {}
    for top, left, bottom, right in merged:
        if bottom > top:
            starts.setdefault(top, []).append((left, right, bottom))
    running: list[tuple[int, int, Any]] = []  # column, last row, value
    for number, row in rows:
        if running:
            running = [r for r in running if r[1] >= number]
            for column, _last, value in running:
                if column < len(row) and row[column] in ("", None):
                    row[column] = value
        for left, _right, bottom in starts.get(number, ()):
            if left < len(row):
                running.append((left, bottom, row[left]))
        yield number, row


def convert(rows: Iterable[tuple[int, list[Any]]], rules: TableRules, *, today) -> tuple[list[Row], Counter[str]]:
    """Typed rows of a stretch of a table, and how many rows were skipped by reason."""
    how = Reading(
        today=today,
        is_1904=bool(rules.options.get("is_1904")),
        negative_amounts=bool(rules.options.get("negative_amounts")),
        day_first=rules.options.get("date_order") == "dmy",
    )
    plan = [
        (
            index,
            heading,
            code,
            unit,
            reading.reader(code, BY_CODE[code].type),
            {} if BY_CODE[code].type in CACHED_TYPES else None,
        )
        for index, heading, code, unit in rules.columns
    ]
    mapped = {index: code for index, _h, code, _u in rules.columns}
    heads = frozenset(code for code in mapped.values() if code in ORDER_LEVEL)
    skipped: Counter[str] = Counter()
    out: list[Row] = []
    before: Row | None = None
    for number, cells in rows:
        if reason := _skip(cells, rules, mapped):
            skipped[reason] += 1
            if reason in ("subtotal", "total"):
                before = None
            continue
        row = Row(rules.sheet, number, {}, {h: plain(cells[i]) if i < len(cells) else "" for i, h in rules.headings})
        for index, heading, code, unit, read, cache in plan:
            cell = cells[index] if index < len(cells) else ""
            if cell == "" or cell is None:
                continue
            try:
                if cache is None or cell.__class__ not in (str, int, float):
                    value = _read(cell, read, how, unit)
                elif (key := (cell.__class__, cell)) in cache:
                    value = cache[key]
                else:
                    value = _read(cell, read, how, unit)
                    if len(cache) < 50_000:
                        cache[key] = value
            except BadValue as error:
                row.problems.append(Problem(heading, plain(cell)[:200], str(error.problem), str(error.expected)))
                continue
            if value is None or value == "":
                continue
            if code in row.values and BY_CODE[code].many:
                row.values[code] = row.values[code] + [v for v in value if v not in row.values[code]]
            else:
                row.values[code] = value
        if rules.kind == "repair_orders":
            _continue(row, before, heads)
            before = row
        for check in CHECKS[rules.kind]:
            check(row, rules)
        out.append(row)
    return out, skipped


def _read(cell: Any, read: Callable, how: Reading, unit: int) -> Any:
    check_cell(cell)
    if is_blank(cell) and not (read is reading.read_phone and plain(cell) in NOT_A_PHONE):
        return None
    value = read(cell, how)
    return value * unit if unit != 1 and isinstance(value, int) and "万" not in plain(cell) else value


def _skip(cells: list[Any], rules: TableRules, mapped: dict[int, str]) -> str:
    """Why a row is no data: 'blank', 'heading', 'total', 'subtotal', 'note'; '' for data."""
    filled = [(i, c) for i, c in enumerate(cells) if c != "" and c is not None]
    if not filled:
        return "blank"
    first = filled[0][1]
    texts = [c for _i, c in filled if c.__class__ is str]
    if len(filled) >= 2 and texts and len(texts[0]) <= 30 and normalise(texts[0]) in rules.leafs:
        same = sum(1 for c in texts if len(c) <= 30 and normalise(c) in rules.leafs)
        if same >= 2 and same * 2 > len(filled):
            return "heading"
    for index, cell in filled[:4]:
        if (
            cell.__class__ is str
            and len(cell) <= 16
            and TOTAL.match(cell.strip())
            and mapped.get(index) not in ("item", "concern", "remarks")
        ):
            if not any(
                mapped.get(i) in ("vin", "plate", "mobile")
                and _IDENTITY.fullmatch(re.sub(r"[\s·.-]", "", plain(c)).upper())
                for i, c in filled
                if i != index
            ):
                return "subtotal" if re.search(r"小\s*计|sub|本页", cell, re.IGNORECASE) else "total"
    known = [mapped[i] for i, _c in filled if i in mapped]
    if (
        rules.kind == "repair_orders"
        and known
        and set(known) <= AMOUNTS
        and len(filled) == len(known)
        and "item" in mapped.values()
        and len(known) >= 1
        and not rules.options.get("amounts_only_rows")
    ):
        return "total"
    if first.__class__ is str and len(filled) <= 2:
        words = " ".join(str(c) for _i, c in filled)
        if _NOTE.search(words) or "：" in words or ":" in words and not re.search(r"\d:\d", words):
            return "note"
        if len(filled) == 1 and (len(first) > 8 or mapped.get(filled[0][0]) is None) and len(rules.columns) > 2:
            return "note"
    return ""


def _continue(row: Row, before: Row | None, heads: frozenset[str]) -> None:
    """A line whose order fields are blank belongs to the order above; a merged order number says the same."""
    if before is None:
        return
    number = row.values.get("order_no")
    if (number is not None and number == before.values.get("order_no")) or heads.isdisjoint(row.values):
        for code in heads:
            if code not in row.values and code in before.values:
                row.values[code] = before.values[code]


def _heading_of(code: str, rules: TableRules) -> str:
    return next((h for _i, h, c, _u in rules.columns if c == code), BY_CODE[code].label)


def _missing(row: Row, rules: TableRules, code: str, problem: Any, expected: Any) -> None:
    heading = _heading_of(code, rules)
    if not any(p.column == heading for p in row.problems):
        row.problems.append(Problem(heading, row.raw.get(heading, ""), str(problem), str(expected)))


def _has_problem(row: Row, rules: TableRules, *codes: str) -> bool:
    wrong = {p.column for p in row.problems}
    return any(_heading_of(code, rules) in wrong for code in codes)


def needs_name(row: Row, rules: TableRules) -> None:
    """A customer has a name."""
    if "name" not in row.values and not _has_problem(row, rules, "name"):
        _missing(row, rules, "name", _("没有客户姓名。"), _("请填写姓名或单位名称。"))


def needs_reach_or_vehicle(row: Row, rules: TableRules) -> None:
    """A customer without phone, number or vehicle cannot be told from others of the same name."""
    codes = ("mobile", "landline", "plate", "vin", "customer_no", "id_number", "wechat", "email")
    if not any(c in row.values for c in codes) and not _has_problem(row, rules, *codes):
        _missing(row, rules, "mobile", _("没有手机号，也没有车牌或车架号。"), _("至少填一项，才能认出这位客户。"))


def needs_vehicle(row: Row, rules: TableRules) -> None:
    """A vehicle is known by VIN or plate."""
    if not {"vin", "plate"} & set(row.values) and not _has_problem(row, rules, "vin", "plate"):
        _missing(
            row,
            rules,
            "vin" if any(c == "vin" for _i, _h, c, _u in rules.columns) else "plate",
            _("没有车架号，也没有车牌。"),
            _("至少填一项，才能认出这辆车。"),
        )


def needs_expiry(row: Row, rules: TableRules) -> None:
    """An insurance row says until when."""
    codes = ("insurance_until", "compulsory_until")
    if not any(c in row.values for c in codes) and not _has_problem(row, rules, *codes):
        _missing(row, rules, "insurance_until", _("没有保险到期日。"), _("请填商业险或交强险的到期日。"))


def needs_order(row: Row, rules: TableRules) -> None:
    """An order is known by its number, or by vehicle and day."""
    has = "order_no" in row.values or ({"vin", "plate"} & set(row.values) and "in_at" in row.values)
    if not has and not _has_problem(row, rules, "order_no", "vin", "plate", "in_at"):
        _missing(row, rules, "order_no", _("没有工单号。"), _("请填工单号；没有工单号的，填车牌和进厂日期。"))


def needs_line(row: Row, rules: TableRules) -> None:
    """A line says what was done or what it cost."""
    codes = ("item", "item_code", "concern", "labour_fen", "material_fen", "total_fen", "odometer_km")
    if not any(c in row.values for c in codes) and not _has_problem(row, rules, *codes):
        _missing(row, rules, "item", _("这一行没有项目，也没有金额。"), _("请填维修项目。"))


def needs_appointment(row: Row, rules: TableRules) -> None:
    """An appointment has a time."""
    if "appointment_at" not in row.values and not _has_problem(row, rules, "appointment_at"):
        _missing(row, rules, "appointment_at", _("没有预约时间。"), _("请填预约时间。"))


def leaves_after_it_came(row: Row, rules: TableRules) -> None:
    """A vehicle leaves on or after the day it came; the same day with a time earlier than the arrival is wrong too."""
    came, left = row.values.get("in_at"), row.values.get("out_at")
    if came and left and (left.date() < came.date() or (left < came and left.time().isoformat() != "00:00:00")):
        heading = _heading_of("out_at", rules)
        row.problems.append(
            Problem(
                heading,
                row.raw.get(heading, ""),
                str(
                    _("出厂（%(out)s）早于进厂（%(in)s）。")
                    % {"out": left.strftime("%Y-%m-%d"), "in": came.strftime("%Y-%m-%d")}
                ),
                str(_("出厂不能早于进厂。")),
            )
        )


def born_before_buying(row: Row, rules: TableRules) -> None:
    """Nobody buys a car before birth."""
    born, bought = row.values.get("birth_on"), row.values.get("purchased_on")
    if born and bought and born >= bought:
        heading = _heading_of("birth_on", rules)
        row.problems.append(
            Problem(heading, row.raw.get(heading, ""), str(_("生日晚于购车日期。")), str(_("请检查生日和购车日期。")))
        )


def check_vin_digit(row: Row, rules: TableRules) -> None:
    """A wrong check digit is doubtful, not wrong: imported cars often have one."""
    vin = row.values.get("vin")
    if vin and not vin[1]:
        row.flags.append(
            Problem(
                _heading_of("vin", rules),
                vin[0],
                str(_("车架号第 9 位校验不对。")),
                str(_("请与行驶证核对；进口车可能没有校验位。")),
            )
        )


def work_out_amounts(row: Row, rules: TableRules) -> None:
    """Quantity x unit price where no amount is given; a total that is not the sum of its parts is doubtful."""
    v = row.values
    if "quantity" in v and "unit_price" in v and not {"labour_fen", "material_fen", "total_fen"} & set(v):
        fen = v["quantity"] * v["unit_price"] * 100
        if fen != fen.to_integral_value():
            heading = _heading_of("unit_price", rules)
            row.problems.append(
                Problem(
                    heading,
                    row.raw.get(heading, ""),
                    str(_("数量 × 单价 = %(a)s 元，不到整分。") % {"a": fen / 100}),
                    str(_("请给出整分的金额。")),
                )
            )
            return
        v["total_fen"] = int(fen)
    labour, material, total = v.get("labour_fen"), v.get("material_fen"), v.get("total_fen")
    if labour is not None and material is not None and total is not None and abs(labour + material - total) > 1:
        row.flags.append(
            Problem(
                _heading_of("total_fen", rules),
                row.raw.get(_heading_of("total_fen", rules), ""),
                str(_("合计与工时费、材料费之和不同。")),
                str(_("应为 %(a).2f 元；可能有优惠或其他费用。") % {"a": (labour + material) / 100}),
            )
        )


def cut_off(row: Row, rules: TableRules) -> None:
    """The last line of a file that was cut in the middle."""
    if rules.options.get("cut_row") == row.row:
        row.problems.append(
            Problem(
                rules.headings[-1][1] if rules.headings else "",
                "",
                str(_("文件在这一行中断。")),
                str(_("请重新导出整个文件。")),
            )
        )


_PERSON = (needs_name, needs_reach_or_vehicle, born_before_buying, check_vin_digit, cut_off)
CHECKS: dict[str, tuple[Callable[[Row, TableRules], None], ...]] = {
    "customers": _PERSON,
    "vehicles": (needs_vehicle, check_vin_digit, cut_off),
    "insurance": (needs_vehicle, needs_expiry, check_vin_digit, cut_off),
    "appointments": (needs_reach_or_vehicle, needs_appointment, check_vin_digit, cut_off),
    "repair_orders": (needs_order, needs_line, leaves_after_it_came, work_out_amounts, check_vin_digit, cut_off),
}
"""Kind -> what must hold across the fields of a row."""
