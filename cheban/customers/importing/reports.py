"""Spreadsheets about an import: the rows to correct with what is wrong, and empty templates. Formula-safe."""

from __future__ import annotations

import io
from pathlib import Path

import xlsxwriter
from django.utils.translation import gettext as _

from cheban.customers.importing import headers, pipeline
from cheban.customers.models import ImportBatch

SAFE = {"strings_to_formulas": False, "strings_to_urls": False}


def xlsx(batch: ImportBatch, target: Path | None = None) -> bytes:
    """Refused and doubtful rows under their own headings, with 行号 and 问题; imports again once corrected."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        str(target) if target else buffer, SAFE | {"constant_memory": True, "in_memory": target is None}
    )
    bold, red = book.add_format({"bold": True}), book.add_format({"bg_color": "#FDE2E1"})
    sheets: dict[str, tuple] = {}
    for is_rejected in (True, False):
        for row, content in pipeline.rows_of(batch, is_rejected=is_rejected):
            name = (row.sheet or _("数据"))[:24] + ("" if is_rejected else _("（存疑）"))
            if name not in sheets:
                sheet = book.add_worksheet(_sheet_name(name, sheets))
                headings = list(content["raw"])
                for column, heading in enumerate([*headings, _("问题"), _("原行号")]):
                    sheet.write_string(0, column, heading, bold)
                    sheet.set_column(column, column, 40 if column == len(headings) else 16)
                sheets[name] = (sheet, headings, [0])
            sheet, headings, count = sheets[name]
            count[0] += 1
            wrong = {p["column"] for p in content["problems"]}
            for column, heading in enumerate(headings):
                sheet.write_string(
                    count[0], column, str(content["raw"].get(heading, "")), red if heading in wrong else None
                )
            told = _("；").join(
                p["column"] + _("：") + " ".join(filter(None, (p["problem"], p["expected"])))
                for p in content["problems"]
            )
            sheet.write_string(count[0], len(headings), told)
            sheet.write_number(count[0], len(headings) + 1, row.row)
    if not sheets:
        book.add_worksheet(_("没有错行"))
    book.close()
    return buffer.getvalue()


def _sheet_name(name: str, used: dict) -> str:
    clean = "".join(c if c not in "[]:*?/\\" else "_" for c in name).strip("'") or "1"
    taken = set(used)
    return clean[:28] if clean[:28] not in taken else f"{clean[:25]}~{len(used)}"


def template(kind: str) -> bytes:
    """An empty sheet with the Chinese headings of a kind."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, SAFE | {"in_memory": True})
    sheet, bold = book.add_worksheet(), book.add_format({"bold": True, "num_format": "@"})
    for column, heading in enumerate(headers.template_headings(kind)):
        sheet.write_string(0, column, heading, bold)
        sheet.set_column(column, column, 18)
    book.close()
    return buffer.getvalue()
