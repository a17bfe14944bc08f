"""Pages of schemes and statements. Thin: parse, call, render."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cheban.core import clock
from cheban.core.errors import NotFound
from cheban.lists import paging
from cheban.lists import views as lists
from cheban.org.access import page, require_permission
from cheban.scorecard import errors
from cheban.scorecard.incentives import book, months, reading, schemes, simulating, statements
from cheban.scorecard.incentives.terms import HOUSE, KINDS, METRICS, factor_words

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _uuids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


@page(may="incentive.see")
def statement_list(request: HttpRequest) -> HttpResponse:
    """Statements of the scope."""
    found = lists.show(request, "statements")
    if isinstance(found, HttpResponse):
        return found
    asked = found["list"]["asked"].values
    month = months.read(str(asked.get("month", ""))) or months.before(clock.today())
    context = found | {
        "can_approve": request.actor.may("incentive.approve"),
        "can_export": request.actor.may("list.export"),
        "month": month,
        "month_words": months.words(month),
        "stores_live": request.actor.stores[:50],
        "now": clock.now(),
    }
    return render(request, "scorecard/statements.html", context)


@require_POST
@page(may="incentive.see")
def refresh(request: HttpRequest) -> HttpResponse:
    """Work out the drafts now instead of within ten minutes."""
    statements.refresh(list(request.actor.stores))
    messages.success(request, _("草稿已按现在的记录重新算过。"))
    return redirect(f"{reverse('scorecard:statements')}?{request.POST.get('query', '')[:500] or 'all=1'}")


@page(may="incentive.see")
def paymonth(request: HttpRequest, paymonth_id: UUID) -> HttpResponse:
    """What a store's month still owes: the list of its statements."""
    found = reading.month_of(paymonth_id)
    if found is None:
        raise NotFound(_("没有这个月份，或不属于您的门店。"))
    return redirect(f"{reverse('scorecard:statements')}?month={found.month:%Y-%m}&store={found.store_id}")


@page("scorecard/my_statements.html", may="incentive.own")
def mine(request: HttpRequest) -> dict[str, Any]:
    """One's own statements; the newest stands open."""
    rows = reading.mine(request.actor)
    newest = next(iter(rows), None)
    context: dict[str, Any] = {"rows": [], "now": clock.now(), "months": months.words}
    if newest is not None:
        context |= reading.page(newest, statements.fresh_content(newest), request.actor)
    for row in rows:
        row.month_words, row.factor_words = months.words(row.month), factor_words(row.factor)
    return context | {"rows": rows}


def _statement(request: HttpRequest, statement_id: UUID) -> dict[str, Any]:
    found = statements.one(statement_id, request.actor)
    content = statements.fresh_content(found)
    context = reading.page(found, content, request.actor)
    if context["can_approve"] and not context["is_approved"]:
        seen = statements.look([found], by=request.actor)
        context |= {"seen": seen.seen, "refused": seen.refused[0][1] if seen.refused else ""}
    return context | {"now": clock.now()}


@page("scorecard/statement.html", may="incentive.own")
def statement(request: HttpRequest, statement_id: UUID) -> dict[str, Any]:
    """One statement, as a pay slip."""
    return _statement(request, statement_id)


@page("scorecard/statement_records.html", may="incentive.own")
def records(request: HttpRequest, statement_id: UUID, code: str) -> dict[str, Any]:
    """The very records of a line."""
    found = statements.one(statement_id, request.actor)
    content = statements.fresh_content(found)
    context = reading.records(found, content, code, at=clock.now())
    if context is None:
        raise NotFound(_("这张对账单没有这一行。"))
    return context | reading.whose(found) | {"statement": found, "now": clock.now()}


@require_POST
@page(may="incentive.approve")
def set_base(request: HttpRequest, statement_id: UUID) -> HttpResponse:
    """Enter or take away the person's commission of the month."""
    found = statements.one(statement_id, request.actor)
    try:
        statements.set_base(found, by=request.actor, yuan=request.POST.get("base", ""))
    except errors.Invalid as refusal:
        context = _statement(request, statement_id) | {
            "typed": request.POST,
            "wrong": refusal.facts,
            "message": refusal.message,
        }
        return render(request, "scorecard/statement.html", context, status=422)
    messages.success(request, _("基数已保存，提成按系数重新算过。"))
    return redirect("scorecard:statement", statement_id)


@require_POST
@page(may="incentive.approve")
def approve_one(request: HttpRequest, statement_id: UUID) -> HttpResponse:
    """Close one statement for good, as it was seen."""
    found = statements.one(statement_id, request.actor)
    statements.approve([found], by=request.actor, seen=request.POST.get("seen", ""))
    messages.success(request, _("已核定并封存；之后到的记录补在下个月。"))
    return redirect("scorecard:statement", statement_id)


@require_POST
@page(may="incentive.approve")
def approve(request: HttpRequest) -> HttpResponse:
    """Several at once: how many, how much and whose first, then the deed."""
    spec, asked = lists.asked_of(request, "statements")
    is_all = request.POST.get("all") == "1"
    ids = (
        paging.first_ids(spec, asked, today=clock.today(), most=statements.MOST_AT_ONCE)
        if is_all
        else _uuids(request.POST.getlist("ids"))
    )
    rows = statements.many(ids)
    if request.POST.get("sure") != "1":
        found = statements.look(rows, by=request.actor)
        context = {
            "look": found,
            "rows": [
                {"row": row, "draft": draft, "month": months.words(row.month)}
                for row, draft in found.rows[: statements.SAMPLE]
            ],
            "refused": [
                {"row": row, "problem": problem, "month": months.words(row.month)} for row, problem in found.refused
            ],
            "query": asked.query(),
        }
        return render(request, "scorecard/approve_look.html", context)
    count = statements.approve(rows, by=request.actor, seen=request.POST.get("seen", ""))
    messages.success(request, _("已核定 %(n)d 张对账单并封存。") % {"n": count})
    return redirect(f"{reverse(spec.url)}?{asked.query() or 'all=1'}")


@page(may="incentive.see")
def workbook(request: HttpRequest) -> HttpResponse:
    """The month as a workbook."""
    require_permission(request.actor, "list.export")
    month = months.read(request.GET.get("month", "")) or months.before(clock.today())
    answer = HttpResponse(book.workbook(month, by=request.actor), content_type=XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{book.file_name(month)}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _form(typed: dict[str, str], wrong: dict[str, Any]) -> dict[str, Any]:
    """What the form shows: what was typed, each field with its error."""

    def fields(names: list[tuple[str, str]], prefix: str) -> list[dict[str, Any]]:
        return [
            {
                "name": f"{prefix}_{code}",
                "label": label,
                "value": typed.get(f"{prefix}_{code}", ""),
                "error": wrong.get(f"{prefix}_{code}", ""),
            }
            for code, label in names
        ]

    def table(name: str) -> list[dict[str, Any]]:
        return [
            {
                "n": n,
                "floor": typed.get(f"{name}_from_{n}", ""),
                "gives": typed.get(f"{name}_gives_{n}", ""),
                "error": wrong.get(f"{name}_{n}", ""),
            }
            for n in range(1, schemes.ROWS + 1)
        ]

    return typed | {
        "bonus": fields([(code, str(label)) for code, label in KINDS.items()], "bonus"),
        "weights": fields(reading.figure_titles(METRICS), "weight"),
        "steps": table("step"),
        "rates": table("rate"),
    }


def _scheme(request: HttpRequest) -> dict[str, Any]:
    actor, today = request.actor, clock.today()
    known = schemes.Schemes(actor.stores)
    store_id = actor.stores[0] if len(actor.stores) == 1 else None
    asked = request.GET.get("store", "")
    if asked.isascii() and asked.isdigit() and int(asked) in actor.stores:
        store_id = int(asked)
    valid = known.of(store_id, today)
    may = actor.may("incentive.change")
    levels = schemes.choices(actor) if may else []
    level = str(store_id) if store_id is not None else next(iter(dict(levels)), "")
    ahead = schemes.months_ahead(today, with_this=False)
    return {
        "parts": reading.scheme_words(valid.terms),
        "is_house": valid.scheme_id is None,
        "month_words": months.words(months.first_of(today)),
        "history": [
            row | {"valid_words": months.words(row["scheme"].valid_from), "changes": reading.changes(row, HOUSE)}
            for row in schemes.history(actor.stores)
        ],
        "levels": levels,
        "months_ahead": [(m.isoformat(), months.words(m)) for m in [months.first_of(today), *ahead]],
        "form": _form(schemes.typed_of(valid.terms) | {"valid_from": ahead[0].isoformat(), "level": level}, {}),
        "can_change": may and bool(levels),
        "now": clock.now(),
    }


@page("scorecard/scheme.html", may="incentive.own")
def scheme(request: HttpRequest) -> dict[str, Any]:
    """The scheme in words, for everybody who is measured by it; its form for who may change it."""
    return _scheme(request)


@page(may="incentive.change")
def change_scheme(request: HttpRequest) -> HttpResponse:
    """Try a scheme on last month, or save it."""
    if request.method != "POST":
        return redirect("scorecard:scheme")
    typed = request.POST.dict()
    last = months.before(clock.today())
    follows = typed.get("follows") == "1"
    try:
        level = schemes.level_of(typed.get("level", ""), request.actor)
        terms = None if follows else schemes.read(typed)
        if typed.get("action") != "save":
            tried = reading.tried(simulating.simulate(terms, level.stores, last))
            context = _scheme(request) | {"form": _form(typed, {}), "tried": tried, "tried_words": months.words(last)}
            return render(request, "scorecard/scheme.html", context)
        made = schemes.change(
            terms,
            by=request.actor,
            level=level,
            valid_from=months.read(typed.get("valid_from", "")),
            reason=typed.get("reason", ""),
        )
    except errors.Invalid as refusal:
        context = _scheme(request) | {
            "form": _form(typed, refusal.facts),
            "wrong": refusal.facts,
            "message": refusal.message,
        }
        return render(request, "scorecard/scheme.html", context, status=422)
    messages.success(request, _("方案已保存，%(month)s 起用。") % {"month": months.words(made.valid_from)})
    return redirect("scorecard:scheme")
