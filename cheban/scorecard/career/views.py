"""The page of the career path. Thin: parse, call, render."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cheban.core import clock
from cheban.core.errors import NotFound, WrongState
from cheban.org import queries as org
from cheban.org.access import page
from cheban.scorecard import errors, targets
from cheban.scorecard.career import grading, ladder, standing


def _chosen(request: HttpRequest) -> int:
    """The store that is looked at: the one asked for, else the first by name. Raises NotFound for one of elsewhere."""
    asked = request.GET.get("store") or request.POST.get("store") or ""
    if not asked:
        return org.stores(request.actor)[0].id
    if not (asked.isascii() and asked.isdigit() and int(asked) in request.actor.stores):
        raise NotFound(_("没有这个门店，或不属于您。"))
    return int(asked)


def _context(
    request: HttpRequest,
    store_id: int,
    *,
    typed: Mapping[str, str] | None = None,
    wrong: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    words = " ".join((request.GET.get("q") or "").split())[:32]
    found = standing.standings(store_id, today=clock.today())
    standing.name_graders(found)
    ladders = ladder.Ladders([store_id])
    row = ladders.row(store_id)
    return {
        "people": [s for s in found if words.lower() in f"{s.person} {s.roles} {s.title}".lower()],
        "ready": sum(s.is_ready for s in found),
        "counts": [(title, sum(s.grade == grade for s in found)) for grade, title in ladder.TITLES.items()],
        "words": words,
        "store_id": store_id,
        "store_list": org.stores(request.actor),
        "grades": list(ladder.TITLES.items()),
        "ladder": ladder.rows(ladders.of(store_id), typed=typed, wrong=wrong),
        "ladder_row": row,
        "fields": list(ladder.FIELDS.values()),
        "levels": targets.choices(request.actor) if request.actor.may("target.change") else [],
        "can_grade": request.actor.may("staff.manage"),
        "can_change": request.actor.may("target.change"),
        "own_id": request.actor.staff_id,
    }


@page("scorecard/career.html", may="metric.see")
def career(request: HttpRequest) -> dict[str, Any]:
    """The people of a store with their grades and what the next one asks of them."""
    return _context(request, _chosen(request))


def _back(store_id: int, anchor: str = "") -> str:
    return f"{reverse('scorecard:career')}?store={store_id}{anchor}"


@require_POST
@page(may="staff.manage")
def grade(request: HttpRequest, staff_id: int) -> HttpResponse:
    """Give somebody a grade."""
    store_id, typed = _chosen(request), request.POST
    grade_text, seen = typed.get("grade", ""), typed.get("seen", "")
    try:
        made = grading.give(
            store_id,
            staff_id,
            by=request.actor,
            grade=int(grade_text) if grade_text.isdecimal() and len(grade_text) < 3 else 0,
            seen=int(seen) if seen.isdecimal() and len(seen) < 6 else -1,
            reason=typed.get("reason", ""),
        )
    except errors.Invalid as refusal:
        context = _context(request, store_id) | {
            "typed": typed,
            "wrong": refusal.facts,
            "message": refusal.message,
            "wrong_of": staff_id,
        }
        return render(request, "scorecard/career.html", context, status=422)
    except WrongState as refusal:
        messages.warning(request, refusal.message)
        return redirect(_back(store_id))
    messages.success(request, _("已评定为%(grade)s，本人会收到提醒。") % {"grade": ladder.TITLES[made.grade]})
    return redirect(_back(store_id, f"#person-{staff_id}"))


@require_POST
@page(may="target.change")
def change_ladder(request: HttpRequest) -> HttpResponse:
    """Another ladder from now on."""
    store_id, typed = _chosen(request), request.POST
    try:
        level = ladder.level_of(typed.get("level", ""), request.actor)
        ladder.change(by=request.actor, level=level, typed=typed, reason=typed.get("reason", ""))
    except errors.Invalid as refusal:
        context = _context(request, store_id, typed=typed, wrong=refusal.facts) | {
            "typed": typed,
            "wrong": refusal.facts,
            "message": refusal.message,
            "wrong_of": "ladder",
        }
        return render(request, "scorecard/career.html", context, status=422)
    messages.success(request, _("职级条件已更新，从现在起按新的条件看；已评定的职级不变。"))
    return redirect(_back(store_id, "#ladder"))
