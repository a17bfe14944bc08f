"""Pages of exports: asking, one's own, fetching a file. Thin: parse, call, render."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cheban.core import clock
from cheban.core.errors import NotFound
from cheban.lists import queries, state
from cheban.lists.exporting import commands, limits, run
from cheban.lists.exporting import queries as exporting
from cheban.lists.exporting.parts import ZONE
from cheban.org.access import audit, page

TYPES = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv; charset=utf-8"}


@page("lists/exports/list.html", may="list.export")
def exports(request: HttpRequest) -> dict:
    """One's own exports, the newest first, with their progress."""
    return {"rows": exporting.mine(request.actor), "now": clock.now(), "kept_days": limits.KEPT_DAYS}


@page(may="list.export")
def ask(request: HttpRequest, code: str) -> HttpResponse:
    """What will go out, for what purpose; then the request itself."""
    actor, sent = request.actor, request.POST if request.method == "POST" else request.GET
    found = queries.spec_for(code, actor)
    commands.require_export(found, actor)
    query = sent.get("query", "")[:2000] if "query" in sent else sent.urlencode()
    asked = state.read(found, QueryDict(query), actor.stores)
    try:
        chosen = [str(UUID(i)) if found.id_type == "uuid" else str(int(i)) for i in sent.getlist("ids")]
    except ValueError:
        raise NotFound(_("没有这些行。")) from None
    columns = sent.getlist("columns") or queries.arrangement(found, actor)["columns"]
    refusal: commands.ExportRefused | None = None
    if request.method == "POST" and "purpose" in sent:
        try:
            commands.ask(
                found,
                asked,
                by=actor,
                columns=columns,
                form=sent.get("form", ""),
                purpose=sent["purpose"],
                chosen=chosen,
            )
            return redirect("exports:list")
        except commands.ExportRefused as refused:
            refusal = refused
    limit = limits.of(actor)
    shown: dict[str, Any] = {
        "code": code,
        "title": found.title,
        "back": found.url,
        "query": asked.query(),
        "chips": state.chips(found, asked, actor.stores),
        "chosen": chosen,
        "rows": commands.count(found, asked, chosen, most=min(limit.rows, commands.COUNT_CAP)),
        "counted_to": min(limit.rows, commands.COUNT_CAP),
        "limit": limit,
        "left": max(limit.per_hour - exporting.lately(actor, at=clock.now()), 0),
        "columns": queries.shown_columns(found, columns),
        "headings": [out.label for c in queries.shown_columns(found, columns) for out in found.column(c).out],
        "purpose": sent.get("purpose", ""),
        "form": sent.get("form", "xlsx"),
        "refusal": refusal,
        "kept_days": limits.KEPT_DAYS,
    }
    return render(request, "lists/exports/ask.html", shown, status=refusal.status if refusal else 200)


@require_GET
@page(may="list.export")
def download(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """The file, to its maker only and only while they still may; each fetching is audited."""
    export = exporting.one(export_id, request.actor)
    run.actor_of(export)
    file = exporting.file_of(export)
    if export.state != export.State.DONE or not file.exists():
        raise NotFound(_("文件还没有好，或已经删除。请重新导出。"))
    actor, rows = request.actor, export.rows_done
    audit("export.downloaded", by=actor, subject=f"export:{export.id}", store_id=actor.stores[0], rows=rows)
    title = queries.spec_for(export.list_code, actor).title
    name = f"{title}-{export.asked_at.astimezone(ZONE):%Y-%m-%d}-{rows}.{export.form}"
    response = FileResponse(file.open("rb"), as_attachment=True, filename=name, content_type=TYPES[export.form])
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@page(may="list.export")
def cancel(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """Call an export off."""
    commands.cancel(export_id, by=request.actor)
    return redirect("exports:list")
