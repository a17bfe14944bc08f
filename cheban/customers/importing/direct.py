"""Rows that come from a program instead of a file: the same reading, checks, writing, report and undo. R030, Y02, Y03.

They go through the very pipeline of files, as a small workbook with one column per field: what a file's row would be
refused for, a program's row is refused for.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from django.conf import settings

from cheban.customers.importing import pipeline
from cheban.customers.importing.commands import FileRefused
from cheban.customers.importing.fields import BY_CODE
from cheban.customers.importing.files import Unreadable
from cheban.customers.models import Customer, ImportBatch, Vehicle
from cheban.org import scope
from cheban.org.access import Actor, audit, command

FIRST_ROW = 2
"""The first row of data, as a spreadsheet counts: what a report calls row 2 is the first one that was sent."""


@command("import.run")
def bring_in(
    rows: Sequence[Mapping[str, str]], *, by: Actor, store_id: int, kind: str, source: str, name: str
) -> dict[str, Any]:
    """Write rows (field code -> text; money in yuan) into a store and say what became of each.

    Returns {batch, refused, flagged}; the last two as `pipeline.report_entries` gives them. Raises FileRefused.
    """
    codes = [code for code in BY_CODE if any(row.get(code) for row in rows)]
    folder = settings.DATA_DIR / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".xlsx") as file:
        path = Path(file.name)
        _workbook(path, codes, rows, sheet=kind)
        try:
            batch = pipeline.create(
                path,
                store_id=store_id,
                file_name=name,
                kind=kind,
                mapping={"kind": kind, "columns": {c: c for c in codes}, "options": {"heading_row": 1}},
                source_system=source,
                by_id=by.staff_id,
                keep=False,
            )
        except Unreadable as error:
            raise FileRefused(str(error.problem)) from None
        audit("import.uploaded", by=by, subject=f"import:{batch.id}", store_id=store_id, kind=kind, rows=len(rows))
        batch = pipeline.write(batch.id, store_id=store_id, path=path)
    scope.set_stores(by.stores, actor_id=by.staff_id)  # the pipeline narrowed it to one store
    if batch.state == ImportBatch.State.FAILED:
        raise FileRefused(batch.problem)
    return {
        "batch": batch,
        "refused": pipeline.report_entries(batch, is_rejected=True),
        "flagged": pipeline.report_entries(batch, is_rejected=False),
    }


def _workbook(path: Path, codes: Sequence[str], rows: Sequence[Mapping[str, str]], *, sheet: str) -> None:
    """Text cells only: nothing is a formula, a number or a link by itself."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    page = book.add_worksheet(sheet)
    for column, code in enumerate(codes):
        page.write_string(0, column, code)
        for number, row in enumerate(rows, 1):
            if value := row.get(code):
                page.write_string(number, column, value)
    book.close()


def customers_by_number(numbers: Sequence[str], *, store_id: int) -> dict[str, Any]:
    """Customer ids by the source system's numbers, of one store."""
    rows = Customer.objects.filter(store_id=store_id, customer_no__in=list(numbers))
    return dict(rows.values_list("customer_no", "id"))


def vehicles_by_vin(vins: Sequence[str], *, store_id: int) -> dict[str, Any]:
    """Vehicle ids by VIN, of one store."""
    rows = Vehicle.objects.filter(store_id=store_id, vin__in=[v for v in vins if v])
    return dict(rows.values_list("vin", "id"))
