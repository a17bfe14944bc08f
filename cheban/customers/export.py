"""Lists out as spreadsheets: masked like the screen, formula-safe, watermarked, limited, audited. R019."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from uuid import UUID

import xlsxwriter
from django.utils.translation import gettext as _

from cheban.core.errors import Refused
from cheban.customers.lists import SPEC, dress
from cheban.customers.models import Customer
from cheban.lists import paging
from cheban.lists.state import Asked
from cheban.org.access import Actor, audit, command

LIMIT = 10_000


class TooMany(Refused):
    """More rows than one export may hold."""

    status = 422


@command("customer.export")
def customers_xlsx(asked: Asked, *, by: Actor, today: date, ids: tuple[UUID, ...] | None = None) -> tuple[bytes, int]:
    """The filtered customers as xlsx bytes and their number. Raises TooMany above 10,000 rows."""
    rows: list[Customer] = []
    while not ids:
        found = paging.page(SPEC, asked, today=today, limit=1000)
        rows += found["rows"]
        if len(rows) > LIMIT:
            raise TooMany(_("一次最多导出 %(n)d 位客户，请先加筛选条件。") % {"n": LIMIT})
        if not found["after"]:
            break
        asked = replace(asked, after=found["after"])
    if ids:
        rows = list(Customer.objects.filter(id__in=ids).order_by("-created_at", "-id")[: LIMIT + 1])
        dress(rows)
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer,
        {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "in_memory": True,
            "default_date_format": "yyyy-mm-dd",
        },
    )
    sheet = book.add_worksheet(_("客户"))
    mark = _("%(name)s 于 %(day)s 导出 %(n)d 行，仅供内部使用") % {
        "name": by.name,
        "day": today.isoformat(),
        "n": len(rows),
    }
    sheet.set_header("&C" + mark.replace("&", "&&"))
    sheet.write_string(0, 0, mark)
    headings = [
        _("姓名"),
        _("类型"),
        _("手机"),
        _("车牌"),
        _("车系"),
        _("等级"),
        _("标签"),
        _("上次到店"),
        _("到店次数"),
        _("累计消费（元）"),
    ]
    for column, heading in enumerate(headings):
        sheet.write_string(1, column, heading)
    for number, customer in enumerate(rows, 2):
        phone = next((p["masked"] for p in customer.reach if p["kind"] == "mobile"), "")
        for column, text in enumerate(
            (
                customer.name,
                customer.get_kind_display(),
                phone,
                _("、").join(c.plate_number for c in customer.cars),
                _("、").join(c.series for c in customer.cars if c.series),
                customer.get_tier_display(),
                _("、").join(customer.tags),
            )
        ):
            sheet.write_string(number, column, str(text))
        if customer.last_visit_on:
            sheet.write_datetime(number, 7, customer.last_visit_on)
        sheet.write_number(number, 8, customer.visits)
        sheet.write_number(number, 9, customer.spent_fen / 100)
    sheet.set_column(0, 9, 16)
    sheet.freeze_panes(2, 0)
    book.close()
    audit("customers.exported", by=by, subject="customers", store_id=by.stores[0], rows=len(rows))
    return buffer.getvalue(), len(rows)
