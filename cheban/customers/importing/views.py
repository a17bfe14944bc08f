"""The import wizard: choose a file, check columns, look at wrong rows, write, undo. Thin: parse, call, render."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST

from cheban.core import clock
from cheban.core.disk import has_no_room
from cheban.customers.fields import definitions
from cheban.customers.importing import commands, kinds, pipeline, reading, reports
from cheban.lists import views as lists
from cheban.org import queries as org
from cheban.org.access import page

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@page(may="import.see")
def imports(request: HttpRequest) -> HttpResponse:
    """What was imported, and the place to drop a file."""
    found = lists.show(request, "imports")
    if isinstance(found, HttpResponse):
        return found
    more = {
        "now": clock.now(),
        "kinds": [(k, w.label) for k, w in kinds.WRITERS.items()],
        "store_list": org.stores(request.actor),
        "sources": commands.sources(request.actor.stores),
        "can_run": request.actor.may("import.run"),
    }
    return render(request, "customers/imports.html", found | more)


@require_POST
@page(may="import.run")
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file; the next page shows how its columns were understood."""
    file = request.FILES.get("file")
    if file is None:
        raise commands.FileRefused(_("请选择一个文件（xlsx、xls 或 csv）。"))
    store = request.POST.get("store", "")
    batch = commands.upload(
        file.chunks(),
        by=request.actor,
        file_name=file.name,
        size=file.size,
        store_id=int(store) if store.isdigit() else request.actor.stores[0],
        kind=request.POST.get("kind") or "auto",
        source_system=request.POST.get("source", ""),
    )
    return redirect("customers:import", batch.id)


def _context(request: HttpRequest, batch_id: UUID) -> dict:
    batch = commands.get(batch_id)
    step = {"checking": 2, "ready": 2, "writing": 3, "done": 4, "undoing": 4, "undone": 4, "failed": 1}[batch.state]
    plan = reading.plan_from_json(batch.plan)
    return {
        "batch": batch,
        "step": step,
        "step_labels": list(enumerate((_("选文件"), _("检查"), pgettext("导入的步骤", "写入"), _("完成")), 1)),
        "plan": plan,
        "kind_label": kinds.label(batch.kind),
        "is_running": batch.state in ("checking", "writing", "undoing"),
        "is_stuck": has_no_room(settings.DATA_DIR),
        "estimate": max(plan.row_estimate, batch.rows_total, batch.rows_done),
        "fields": reading.field_choices(definitions.importable(batch.store_id)),
        "kinds": [(k, w.label) for k, w in kinds.WRITERS.items()],
        "rejected_rows": commands.kept_rows(batch, is_rejected=True) if batch.state in ("ready", "done") else [],
        "flagged_rows": commands.kept_rows(batch, is_rejected=False, limit=30)
        if batch.state in ("ready", "done")
        else [],
        "good": batch.rows_total - batch.rejected,
        "can_run": request.actor.may("import.run"),
        "can_undo": request.actor.may("import.undo"),
    }


@page("customers/import.html", may="import.see")
def batch(request: HttpRequest, batch_id: UUID) -> dict:
    """One import, at whatever step it is."""
    return _context(request, batch_id)


@page("customers/_import_progress.html", may="import.see")
def progress(request: HttpRequest, batch_id: UUID) -> dict | HttpResponse:
    """The running step; when it has ended the page loads again."""
    context = _context(request, batch_id)
    if not context["is_running"]:
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    return context


@require_POST
@page(may="import.run")
def mapping(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """The corrected columns: fields `map:<sheet number>:<column index>` and `kind:<sheet number>`."""
    found = commands.get(batch_id)
    sheets = [table.sheet for table in reading.plan_from_json(found.plan).tables]
    columns: dict[str, dict[str, str]] = {}
    chosen: dict[str, str] = {}
    for key, value in request.POST.items():
        parts = key.split(":")
        if len(parts) >= 2 and parts[1].isdigit() and int(parts[1]) < len(sheets):
            sheet = sheets[int(parts[1])]
            if parts[0] == "map" and len(parts) == 3 and parts[2].isdigit():
                columns.setdefault(sheet, {})[parts[2]] = value
            elif parts[0] == "kind":
                chosen[sheet] = value
    commands.correct_mapping(
        found, by=request.actor, columns=columns, kinds=chosen, save_as=request.POST.get("save_as", "")
    )
    return redirect("customers:import", batch_id)


@require_POST
@page(may="import.run")
def write(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Write the good rows."""
    commands.start_writing(commands.get(batch_id), by=request.actor)
    return redirect("customers:import", batch_id)


@require_POST
@page(may="import.undo")
def undo(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """Undo all of it."""
    commands.start_undo(commands.get(batch_id), by=request.actor)
    return redirect("customers:import", batch_id)


@page(may="import.see")
def report(request: HttpRequest, batch_id: UUID) -> HttpResponse:
    """The wrong rows as a spreadsheet with one more column that says what is wrong."""
    found = commands.get(batch_id)
    response = HttpResponse(reports.xlsx(found), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="import-{str(batch_id)[:8]}-rows-to-correct.xlsx"'
    return response


@page(may="import.see")
def template(request: HttpRequest, kind: str) -> HttpResponse:
    """An empty spreadsheet with the headings that are understood best."""
    response = HttpResponse(reports.template(kind), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{kind}.xlsx"'
    return response


@page("customers/_import_row.html", may="import.run")
def fix_row(request: HttpRequest, batch_id: UUID, row_id: UUID) -> dict | HttpResponse:
    """One wrong row: shown for correction, tried again when posted."""
    found, row = commands.get(batch_id), commands.get_row(batch_id, row_id)
    content = pipeline.row_content(row)
    problems, raw = content["problems"], content["raw"]
    if request.method == "POST":
        raw = {heading: request.POST.get(f"v:{number}", "") for number, heading in enumerate(raw)}
        left = commands.fix_row(row, raw, by=request.actor)
        if not left:
            if request.htmx:
                return render(request, "customers/_import_fixed.html", {"batch": commands.get(batch_id), "row": row})
            messages.success(request, _("第 %(n)d 行已改正并导入。") % {"n": row.row})
            return redirect("customers:import", batch_id)
        problems = [
            {"column": p.column, "value": p.value, "problem": str(p.problem), "expected": str(p.expected)} for p in left
        ]
    wrong = {p["column"]: p for p in problems}
    return {
        "batch": found,
        "row": row,
        "problems": problems,
        "cells": [
            {"name": f"v:{i}", "heading": h, "value": v, "problem": wrong.get(h)}
            for i, (h, v) in enumerate(raw.items())
        ],
    }
