"""Lists out as spreadsheets: masked like the screen, formula-safe, watermarked, limited, audited. R019."""

from __future__ import annotations

import io
from datetime import date
from uuid import UUID

import xlsxwriter
from django.utils.translation import gettext as _

from cheban.core.errors import Refused
from cheban.customers import queries
from cheban.org.access import Actor, audit, command

LIMIT = 10_000


class TooMany(Refused):
    """More rows than one export may hold."""

    status = 422


@command("customer.export")
def customers_xlsx(
    filters: queries.Filters, *, by: Actor, today: date, ids: tuple[UUID, ...] | None = None
) -> tuple[bytes, int]:
    """The filtered customers as xlsx bytes and their number. Raises TooMany above 10,000 rows."""
    if ids:
        filters = queries.Filters(ids=ids)
    rows, after = [], ""
    while True:
        found = queries.customer_list(filters, sort="newest", after=after, today=today, limit=1000)
        rows += found["rows"]
        after = found["after"]
        if len(rows) > LIMIT:
            raise TooMany(_("一次最多导出 %(n)d 位客户，请先加筛选条件。") % {"n": LIMIT})
        if not after:
            break
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
