"""What must hold across the fields of a row, one readable function each. A check appends to the row's problems
(refused, kept for correction) or flags (written, doubtful)."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from cheban.core.money import plain_yuan
from cheban.customers.importing.cells import plain
from cheban.customers.importing.rows import Problem, Row, TableRules


def _told(row: Row, rules: TableRules, code: str, problem: Any, expected: Any) -> Problem:
    """A problem with a field, with its column and the value as written."""
    for index, heading, c, _unit in rules.columns:
        if c == code:
            value = plain(row.cells[index])[:200] if index < len(row.cells) else ""
            return Problem(heading, value, str(problem), str(expected))
    return Problem(rules.heading_of(code), "", str(problem), str(expected))


def _has_problem(row: Row, rules: TableRules, *codes: str) -> bool:
    """Whether one of these fields is known to be wrong already."""
    if not row.problems:
        return False
    wrong = {p.column for p in row.problems}
    return any(h in wrong for _i, h, code, _u in rules.columns if code in codes)


def _misses(row: Row, rules: TableRules, codes: frozenset[str]) -> bool:
    """Whether a row has none of these fields, and not because one was wrong: that is told already."""
    return row.values.keys().isdisjoint(codes) and not _has_problem(row, rules, *codes)


def _first_column(rules: TableRules, *codes: str) -> str:
    """The first of these fields that has a column."""
    have = {c for _i, _h, c, _u in rules.columns}
    return next((c for c in codes if c in have), codes[0])


_NAME = frozenset(("name",))
_REACH = frozenset(
    ("mobile", "landline", "plate", "vin", "customer_no", "id_number", "wechat", "email", "contact_mobile")
)
_VEHICLE = frozenset(("vin", "plate"))
_EXPIRY = frozenset(("insurance_until", "compulsory_until"))
_LINE = frozenset(
    ("item", "item_code", "concern", "labour_fen", "material_fen", "total_fen", "unit_price", "odometer_km")
)
_SOMEBODY = frozenset(("mobile", "landline", "contact_mobile", "plate", "vin", "customer_no"))


def needs_name(row: Row, rules: TableRules) -> None:
    """A customer has a name."""
    if _misses(row, rules, _NAME):
        row.problems.append(_told(row, rules, "name", _("没有客户姓名。"), _("请填写姓名或单位名称。")))


def contact_stands_in(row: Row, rules: TableRules) -> None:
    """Without a phone of the customer's own, the contact person's is the one to call."""
    if "contact_mobile" in row.values:
        other = row.values.pop("contact_mobile")
        if "mobile" not in row.values and "landline" not in row.values:
            row.values["mobile"] = other


def needs_reach_or_vehicle(row: Row, rules: TableRules) -> None:
    """A customer without phone, number or vehicle cannot be told from others of the same name."""
    if _misses(row, rules, _REACH):
        told = _first_column(rules, "mobile", "plate", "vin", "name")
        row.problems.append(
            _told(row, rules, told, _("没有手机号，也没有车牌或车架号。"), _("至少填一项，才能认出这位客户。"))
        )


def needs_vehicle(row: Row, rules: TableRules) -> None:
    """A vehicle is known by VIN or plate."""
    if _misses(row, rules, _VEHICLE):
        told = _first_column(rules, "vin", "plate")
        row.problems.append(_told(row, rules, told, _("没有车架号，也没有车牌。"), _("至少填一项，才能认出这辆车。")))


def needs_expiry(row: Row, rules: TableRules) -> None:
    """An insurance row says until when."""
    if _misses(row, rules, _EXPIRY):
        told = _first_column(rules, "insurance_until", "compulsory_until")
        row.problems.append(_told(row, rules, told, _("没有保险到期日。"), _("请填商业险或交强险的到期日。")))


def needs_order(row: Row, rules: TableRules) -> None:
    """An order is known by its number; in a list without numbers, by vehicle and day."""
    v = row.values
    if "order_no" in v or _has_problem(row, rules, "order_no"):
        return
    if any(c == "order_no" for _i, _h, c, _u in rules.columns):
        row.problems.append(_told(row, rules, "order_no", _("没有工单号。"), _("请填工单号。")))
        return
    has_vehicle = not _VEHICLE.isdisjoint(v)
    if not (has_vehicle and "in_at" in v) and not _has_problem(row, rules, "vin", "plate", "in_at"):
        missing = _first_column(rules, "in_at") if has_vehicle else _first_column(rules, "plate", "vin")
        row.problems.append(
            _told(
                row,
                rules,
                missing,
                _("没有工单号，也没有车辆和进厂日期。"),
                _("请填工单号；没有工单号的，填车牌和进厂日期。"),
            )
        )


def needs_line(row: Row, rules: TableRules) -> None:
    """A line says what was done or what it cost."""
    if _misses(row, rules, _LINE):
        told = _first_column(rules, "item", "concern", "total_fen", "order_no")
        row.problems.append(_told(row, rules, told, _("这一行没有项目，也没有金额。"), _("请填维修项目。")))


def needs_appointment(row: Row, rules: TableRules) -> None:
    """An appointment has a time."""
    if _misses(row, rules, frozenset(("appointment_at",))):
        row.problems.append(_told(row, rules, "appointment_at", _("没有预约时间。"), _("请填预约时间。")))


def needs_person_or_vehicle(row: Row, rules: TableRules) -> None:
    """An appointment is somebody's; where the list has a column of names, the name is given."""
    if any(c == "name" for _i, _h, c, _u in rules.columns):
        needs_name(row, rules)
    elif _misses(row, rules, _SOMEBODY):
        told = _first_column(rules, "mobile", "plate")
        row.problems.append(_told(row, rules, told, _("没有客户，也没有车牌。"), _("请填客户电话或车牌。")))


_LEAVES = (
    ("out_at", _("出厂（%(out)s）早于进厂（%(in)s）。")),
    ("promised_at", _("预计交车（%(out)s）早于进厂（%(in)s）。")),
)


def leaves_after_it_came(row: Row, rules: TableRules) -> None:
    """A vehicle leaves, and is promised, on or after the day it came; where both have times, not earlier that day."""
    came = row.values.get("in_at")
    if came is None:
        return
    for code, told in _LEAVES:
        left = row.values.get(code)
        if left is None or left >= came:
            continue
        is_day = left.date() == came.date()
        if is_day and time() in (left.time(), came.time()):
            continue  # only one of them has a time
        form = "%Y-%m-%d %H:%M" if is_day else "%Y-%m-%d"
        facts = {"out": left.strftime(form), "in": came.strftime(form)}
        row.problems.append(_told(row, rules, code, told % facts, _("不能早于进厂。")))
        del row.values[code]  # lines that continue this order do not inherit it


def born_before_buying(row: Row, rules: TableRules) -> None:
    """Nobody buys a car before birth."""
    born, bought = row.values.get("birth_on"), row.values.get("purchased_on")
    if born and bought and born >= bought:
        row.problems.append(_told(row, rules, "birth_on", _("生日晚于购车日期。"), _("请检查生日和购车日期。")))


_FOLLOW = (
    ("made_on", "purchased_on", _("购车日期早于生产日期。")),
    ("made_on", "registered_on", _("上牌日期早于生产日期。")),
    ("purchased_on", "warranty_until", _("保修到期早于购车日期。")),
    ("purchased_on", "first_service_on", _("首保日期早于购车日期。")),
)
_SPANS = (
    ("insurance_from", "insurance_until", _("保险到期早于起期。")),
    ("warranty_from", "warranty_until", _("保修到期早于开始。")),
)


def days_of_the_vehicle_follow(row: Row, rules: TableRules) -> None:
    """Made, bought, warranty: in this order. Papers of used and imported cars differ, so it is only doubtful."""
    v = row.values
    if v.keys().isdisjoint(("made_on", "warranty_until", "first_service_on")):
        return
    for first, second, told in _FOLLOW:
        if first in v and second in v and v[second] < v[first]:
            row.flags.append(_told(row, rules, second, told, _("请核对这两个日期。")))


def ends_after_it_begins(row: Row, rules: TableRules) -> None:
    """A policy or warranty does not end before it begins."""
    v = row.values
    if "insurance_from" not in v and "warranty_from" not in v:
        return
    for first, last, told in _SPANS:
        if first in v and last in v and v[last] < v[first]:
            row.problems.append(_told(row, rules, last, told, _("请核对起止日期。")))


def check_vin_digit(row: Row, rules: TableRules) -> None:
    """A wrong check digit is doubtful, not wrong: imported cars often have one."""
    vin = row.values.get("vin")
    if vin and not vin[1]:
        row.flags.append(
            _told(row, rules, "vin", _("车架号第 9 位校验不对。"), _("请与行驶证核对；进口车可能没有校验位。"))
        )


def work_out_amounts(row: Row, rules: TableRules) -> None:
    """Quantity x unit price where no amount is given; a total that is not the sum of its parts is doubtful."""
    v = row.values
    if "quantity" in v and "unit_price" in v and not {"labour_fen", "material_fen", "total_fen"} & v.keys():
        fen: Decimal = v["quantity"] * v["unit_price"] * 100
        if fen != fen.to_integral_value():
            row.problems.append(
                _told(
                    row,
                    rules,
                    "unit_price",
                    _("数量 × 单价 = %(a)s 元，不到整分。") % {"a": fen / 100},
                    _("请给出整分的金额。"),
                )
            )
            return
        v["total_fen"] = int(fen)
    labour, material, total = v.get("labour_fen"), v.get("material_fen"), v.get("total_fen")
    if labour is not None and material is not None and total is not None and abs(labour + material - total) > 1:
        if not rules.options.get("has_extras"):
            row.flags.append(
                _told(
                    row,
                    rules,
                    "total_fen",
                    _("合计与工时费、材料费之和不同。"),
                    _("应为 %(a)s 元；可能有优惠或其他费用。") % {"a": plain_yuan(labour + material)},
                )
            )


def cut_off(row: Row, rules: TableRules) -> None:
    """The last line of a file that was cut in the middle."""
    if rules.cut_row == row.row:
        last = rules.headings[-1][1] if rules.headings else ""
        row.problems.append(Problem(last, "", str(_("文件在这一行中断。")), str(_("请重新导出整个文件。"))))


_PERSON = (
    contact_stands_in,
    born_before_buying,
    ends_after_it_begins,
    days_of_the_vehicle_follow,
    check_vin_digit,
    cut_off,
)
CHECKS = {
    "customers": (needs_name, needs_reach_or_vehicle, *_PERSON),
    "vehicles": (needs_vehicle, *_PERSON),
    "insurance": (needs_vehicle, needs_expiry, *_PERSON),
    "appointments": (needs_person_or_vehicle, needs_appointment, *_PERSON),
    "repair_orders": (
        contact_stands_in,
        needs_order,
        needs_line,
        leaves_after_it_came,
        check_vin_digit,
        work_out_amounts,
        cut_off,
    ),
}
"""Kind -> its checks, in order."""
