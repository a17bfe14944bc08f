"""Every list's page in one function, and the small deeds around it. Thin: parse, call, render."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cheban.core import clock
from cheban.core.errors import Refused
from cheban.lists import commands, editing, paging, queries, spec, state
from cheban.org.access import Actor, page
from cheban.org.roles import Role


def show(request: HttpRequest, code: str) -> dict[str, Any] | HttpResponse:
    """What a list's template needs, from its declaration and the address; or the way to the role's default view."""
    actor: Actor = request.actor
    found = queries.spec_for(code, actor)
    views = list(queries.views_of(code, actor))
    if not request.GET and (default := queries.default_view(views, actor)):
        return redirect(_address(found, default))
    asked = state.read(found, request.GET, actor.stores)
    view = next((v for v in views if v.id == asked.view), None)
    arranged = queries.arrangement(found, actor)
    shown = queries.shown_columns(found, (view.columns if view else []) or arranged["columns"])
    today = clock.today()
    narrowed = paging.narrow(found, asked, today=today)
    rows = paging.page(found, asked, today=today, in_one_store=len(actor.stores) == 1, narrowed=narrowed)
    counted = {"count": len(rows["rows"]), "count_more": False}
    if rows["after"] and not asked.after:
        number, more = paging.count(found, asked, today=today, narrowed=narrowed)
        counted = {"count": number, "count_more": more}
    kept = asked.query()
    return rows | {
        "list": {
            "code": code,
            "title": found.title,
            "asked": asked,
            "query": kept,
            "sort": state.order(found, asked).code,
            "sorts": _sorts(found, asked),
            "chips": state.chips(found, asked, actor.stores),
            "filters": SimpleLazyObject(lambda: _filters(found, asked, actor)),
            "counts_people": found.counts_people,
            "headings": _headings(found, asked, shown, actor),
            "columns": shown,
            "cells": [found.column(code).cell or f"{found.cells}/{code}.html" for code in shown],
            "all_columns": _all_columns(found, shown),
            "is_dense": arranged["is_dense"],
            "views": [_chip(found, v, v == view or (not asked.view and v.query == kept), actor) for v in views],
            "is_plain": not kept and view is None,
            "can_save": actor.may("view.save"),
            "can_share": actor.may("view.share"),
            "can_export": actor.may("list.export") and actor.may(found.export_permission),
            "roles": Role.choices,
            **counted,
        }
    }


def own(code: str) -> Callable[[HttpRequest], Hashable]:
    """What a person chose for how this list looks: columns, density, a saved view of theirs (`org.access.page`)."""

    def chosen(request: HttpRequest) -> Hashable:
        found = queries.spec_for(code, request.actor)
        arranged = queries.arrangement(found, request.actor)
        named = request.GET.get("view", "")
        is_theirs = named.isdigit() and queries.views_of(code, request.actor).filter(id=named).exists()
        return tuple(arranged["columns"]), arranged["is_dense"], is_theirs

    return chosen


def _address(found: spec.ListSpec, view: Any) -> str:
    return f"{reverse(found.url)}?view={view.id}{'&' + view.query if view.query else ''}"


def _chip(found: spec.ListSpec, view: Any, is_on: bool, actor: Actor) -> dict[str, Any]:
    return {
        "id": view.id,
        "name": view.name,
        "url": _address(found, view),
        "is_on": is_on,
        "is_shared": view.is_shared,
        "can_change": queries.may_change(view, actor),
    }


def _headings(found: spec.ListSpec, asked: state.Asked, shown: list[str], actor: Actor) -> list[dict[str, Any]]:
    """The headings, and where the script finds the form of each cell that the asker may change."""
    headings = state.headings(found, asked, shown)
    for heading in headings:
        edit = found.column(heading["code"]).edit
        if edit and actor.may(edit.permission):
            heading["edit"] = reverse("lists:cell", args=[found.code, heading["code"], "0"]).removesuffix("0/")
    return headings


def _sorts(found: spec.ListSpec, asked: state.Asked) -> list[dict[str, Any]]:
    now = state.order(found, asked)
    result = []
    for each in found.sorts:
        for up, label in ((False, each.largest), (True, each.smallest)):
            on = each.code == now.code and up == asked.up
            result.append({"code": each.code + (state.UP if up else ""), "label": label, "is_on": on})
    return result


def _filters(found: spec.ListSpec, asked: state.Asked, actor: Actor) -> list[dict[str, Any]]:
    """Each filter for the add-filter menu: its field and its value; the others travel along as hidden fields."""
    return [
        {
            "code": f.code,
            "label": f.label,
            "kind": f.kind,
            "unit": f.unit,
            "value": _as_typed(asked.values.get(f.code, "")),
            "options": f.options(actor.stores) if f.kind == "choice" else [],
        }
        for f in found.filters
    ]


def _as_typed(value: Any) -> Any:
    """A value as its field takes it again: a template would write days and decimals in the reader's language."""
    return value if value is True else str(value)


def _all_columns(found: spec.ListSpec, shown: list[str]) -> list[dict[str, Any]]:
    """Columns to choose from: the shown ones in their order, then the others."""
    free = [code for code in shown if not found.column(code).fixed]
    rest = [c.code for c in found.columns if not c.fixed and c.code not in free]
    return [{"code": code, "label": found.column(code).label, "is_shown": code in free} for code in [*free, *rest]]


def asked_of(request: HttpRequest, code: str) -> tuple[spec.ListSpec, state.Asked]:
    """The list and what was asked of it, out of the posted field `query`."""
    found = queries.spec_for(code, request.actor)
    return found, state.read(found, QueryDict(request.POST.get("query", "")[:2000]), request.actor.stores)


@require_POST
@page(may="view.save")
def save_view(request: HttpRequest, code: str) -> HttpResponse:
    """Keep the filters, order and columns in force under a name."""
    found, asked = asked_of(request, code)
    made = commands.save_view(
        found,
        asked,
        by=request.actor,
        name=request.POST.get("name", ""),
        columns=request.POST.getlist("columns"),
        is_shared=request.POST.get("shared") == "1",
        default_for=request.POST.get("default_for", ""),
    )
    messages.success(request, _("视图“%(name)s”已保存，在列表上方一点就到。") % {"name": made.name})
    return redirect(_address(found, made))


@require_POST
@page(may="view.save")
def change_view(request: HttpRequest, view_id: int) -> HttpResponse:
    """Rename a view, or share it."""
    view = commands.change_view(
        view_id,
        by=request.actor,
        name=request.POST.get("name", ""),
        is_shared=request.POST.get("shared") == "1",
    )
    messages.success(request, _("视图“%(name)s”已更新。") % {"name": view.name})
    return redirect(_address(queries.spec_for(view.list_code, request.actor), view))


@require_POST
@page(may="view.save")
def delete_view(request: HttpRequest, view_id: int) -> HttpResponse:
    """Delete a view; the rows stay."""
    found = queries.spec_for(commands.delete_view(view_id, by=request.actor), request.actor)
    messages.success(request, _("视图已删除，客户资料不受影响。") if found.code == "customers" else _("视图已删除。"))
    return redirect(f"{reverse(found.url)}?all=1")


@require_POST
@page(may="view.save")
def arrange(request: HttpRequest, code: str) -> HttpResponse:
    """Choose and order the columns, and the density."""
    found, asked = asked_of(request, code)
    reset = request.POST.get("reset") == "1"
    commands.arrange(
        found,
        by=request.actor,
        columns=() if reset else request.POST.getlist("columns"),
        is_dense=not reset and request.POST.get("dense") == "1",
    )
    return redirect(f"{reverse(found.url)}?{asked.query() or 'all=1'}")


@page(may="view.save")
def cell(request: HttpRequest, code: str, column: str, row_id: str) -> HttpResponse:
    """One cell: its small form (GET), the cell itself (GET ?shown=1), or its change (POST).

    What cannot be stays in the form with a sentence; a cell that somebody else changed meanwhile is 409 and shows both.
    """
    found, asked_column = editing.editable(code, column, request.actor)
    if request.method != "POST":
        row = editing.row_of(found, row_id)
        return (
            _cell(request, found, column, row) if request.GET.get("shown") else _cell_form(request, asked_column, row)
        )
    try:
        row, deed = editing.change(
            found, asked_column, row_id, by=request.actor, was=request.POST.get("was", ""), texts=request.POST.dict()
        )
    except Refused as refusal:
        if refusal.status not in (409, 422):
            raise
        said = " ".join(str(each) for each in refusal.facts.values()) or refusal.message
        return _cell_form(
            request, asked_column, editing.row_of(found, row_id), request.POST.dict(), said, refusal.status
        )
    answer = _cell(request, found, column, row)
    if deed:
        text = _("%(label)s已改为“%(now)s”。") % {
            "label": asked_column.label,
            "now": editing.words(asked_column.edit, row),
        }
        toast = {"level": "success", "text": text, "undo": reverse("lists:undo", args=[deed.id])}
        answer["HX-Trigger"] = json.dumps({"toast": toast})
    return answer


def _cell(request: HttpRequest, found: spec.ListSpec, column: str, row: Any) -> HttpResponse:
    found.dress([row])
    return render(request, f"{found.cells}/{column}.html", {"row": row, found.row_name: row})


def _cell_form(
    request: HttpRequest,
    column: spec.Column,
    row: Any,
    texts: dict[str, str] | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    held = column.edit.read(row)
    fields = editing.fields(column.edit, row, held if texts is None else texts)
    context = {"fields": fields, "was": editing.as_text(held), "problem": problem, "column": column}
    return render(request, "lists/_cell_form.html", context, status=status)


@require_POST
@page(may="view.save")
def undo(request: HttpRequest, deed_id: UUID) -> HttpResponse:
    """Take back a deed on many rows."""
    code, restored, whole = commands.undo(deed_id, by=request.actor)
    text = ngettext("已撤回，%(n)d 行恢复原样。", "已撤回，%(n)d 行恢复原样。", restored) % {"n": restored}
    if restored < whole:
        text += _("另有 %(n)d 行之后又改过，保持现在的样子。") % {"n": whole - restored}
    if request.htmx:  # one cell, changed where it stands: the page stays
        answer = HttpResponse(status=204)
        answer["HX-Trigger"] = json.dumps({"toast": {"level": "success", "text": text}})
        return answer
    messages.success(request, text)
    found, asked = asked_of(request, code)
    return redirect(f"{reverse(found.url)}?{asked.query() or 'all=1'}")
