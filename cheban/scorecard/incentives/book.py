"""A month as a workbook: one sheet of people, one of all lines. Text stays text: no cell is read as a formula. R019."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import Refused
from cheban.org.access import Actor, audit, command
from cheban.org.models import Staff, Store
from cheban.org.roles import Role
from cheban.scorecard.incentives import months, reading
from cheban.scorecard.models import Statement

MOST = 5_000
"""Statements of one workbook; a larger group takes its stores one by one."""


class TooMany(Refused):
    """More statements than one workbook holds."""

    status = 422


@command("incentive.see")
def workbook(month: date, *, by: Actor) -> bytes:
    """The month's statements of the scope, approved and drafts, as they are kept. Audited. Raises TooMany.

    Six queries. Needs `list.export` as well, which the view asks.
    """
    rows = list(
        Statement.objects.filter(store_id__in=by.stores, month=month).order_by("store_id", "person_id")[: MOST + 1]
    )
    if len(rows) > MOST:
        raise TooMany(_("一个工作簿最多 %(n)d 张对账单，请先选一家门店。") % {"n": MOST})
    customers = reading.customers_of([row.content for row in rows])
    names = dict(
        Staff.objects.filter(
            id__in={i for r in rows for i in (r.person_id, r.approved_by_id) if i is not None}
        ).values_list("id", "name")
    )
    stores = dict(Store.objects.filter(id__in=by.stores).values_list("id", "name"))
    audit(
        "statement.book",
        by=by,
        subject=f"store:{by.stores[0]}" if len(by.stores) == 1 else "stores",
        store_id=by.stores[0],
        month=month.isoformat(),
        count=len(rows),
    )
    return _write(month, rows, customers, names, stores, by)


def _write(
    month: date,
    rows: Sequence[Statement],
    customers: dict[int, str],
    names: dict[int, str],
    stores: dict[int, str],
    by: Actor,
) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    head = book.add_format({"bold": True, "bottom": 1})
    money, text = book.add_format({"num_format": "#,##0.00"}), book.add_format({"num_format": "@"})
    bold = book.add_format({"num_format": "#,##0.00", "bold": True, "top": 1})
    factor = book.add_format({"num_format": "0.00##"})
    mark = _("%(who)s 于 %(at)s 导出 · %(month)s 对账单") % {
        "who": by.name,
        "at": clock.now().astimezone().strftime("%Y-%m-%d %H:%M"),
        "month": months.words(month),
    }

    def sheet(name: str, heads: Sequence[tuple[str, int]]) -> Any:
        made = book.add_worksheet(name[:31])
        made.set_landscape()
        made.fit_to_pages(1, 0)
        made.repeat_rows(1)
        made.freeze_panes(2, 2)
        made.set_footer("&L" + mark.replace("&", "&&")[:200] + "&R&P/&N")
        made.write_string(0, 0, mark)
        for column, (label, width) in enumerate(heads):
            made.set_column(column, column, width)
            made.write_string(1, column, label, head)
        return made

    def yuan(made: Any, row: int, column: int, fen: int | None, form: Any = money) -> None:
        if fen is not None:
            made.write_number(row, column, Decimal(fen) / 100, form)

    summary = sheet(
        _("汇总"),
        [
            (_("门店"), 18),
            (_("姓名"), 12),
            (_("岗位"), 12),
            (_("状态"), 9),
            (_("系数"), 9),
            (_("基数（元）"), 13),
            (_("提成（元）"), 13),
            (_("线索奖励（元）"), 14),
            (_("补记（元）"), 13),
            (_("合计（元）"), 14),
            (_("核定人"), 12),
            (_("校验码"), 18),
        ],
    )
    detail = sheet(
        _("明细"),
        [
            (_("门店"), 18),
            (_("姓名"), 12),
            (_("部分"), 12),
            (_("项目"), 30),
            (_("数量"), 14),
            (_("标准"), 18),
            (_("金额（元）"), 13),
            (_("系数"), 9),
            (_("怎样计算"), 80),
            (_("线索编号"), 38),
        ],
    )
    parts = {"factor": _("系数"), "pay": _("提成"), "bonus": _("线索奖励"), "correction": _("上月补记")}
    at = 2
    for number, row in enumerate(rows, 2):
        content = row.content
        role = str(Role(row.role).label) if row.role else _("已离店")
        for column, word in enumerate(
            (stores.get(row.store_id, ""), names.get(row.person_id, "—"), role, row.get_state_display())
        ):
            summary.write_string(number, column, str(word), text)
        summary.write_number(number, 4, Decimal(row.factor) / 10_000, factor)
        for column, fen in enumerate(
            (content["base_fen"], row.pay_fen, row.bonus_fen, row.correction_fen, row.total_fen), 5
        ):
            yuan(summary, number, column, fen)
        summary.write_string(number, 10, names.get(row.approved_by_id, ""), text)
        summary.write_string(number, 11, row.digest[:16] if row.state == Statement.State.APPROVED else "", text)
        leads = {f"lead-{b['event']}": b["lead"] for b in [*content["bonuses"], *content["late"]]}
        for line in reading.lines(content, customers):
            words = (
                stores.get(row.store_id, ""),
                names.get(row.person_id, "—"),
                parts[line.part],
                line.title,
                line.quantity,
                line.rate,
            )
            for column, word in enumerate(words):
                detail.write_string(at, column, str(word), text)
            yuan(detail, at, 6, line.fen)
            if line.factor is not None:
                detail.write_number(at, 7, Decimal(line.factor) / 10_000, factor)
            detail.write_string(at, 8, line.words, text)
            detail.write_string(at, 9, leads.get(line.code, ""), text)
            at += 1
    if rows:
        last = len(rows) + 2
        summary.write_string(last, 0, _("合计"), head)
        for column, name in ((6, "pay_fen"), (7, "bonus_fen"), (8, "correction_fen"), (9, "total_fen")):
            yuan(summary, last, column, sum(getattr(r, name) or 0 for r in rows), bold)
    summary.autofilter(1, 0, max(len(rows) + 1, 1), 11)
    detail.autofilter(1, 0, max(at - 1, 1), 9)
    book.close()
    return buffer.getvalue()


def file_name(month: date) -> str:
    """statements-2026-10.xlsx"""
    return f"statements-{month:%Y-%m}.xlsx"
