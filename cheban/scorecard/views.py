"""Figures with their definitions and the records behind them. Thin: parse, call, render."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cheban.core import clock
from cheban.core.errors import NotFound
from cheban.lists import views as lists
from cheban.org.access import page, system_actor
from cheban.playbook import wall_views
from cheban.scorecard import board as health
from cheban.scorecard import cells, errors, metrics, targets
from cheban.scorecard.career import standing
from cheban.scorecard.definitions import BY_CODE, LISTED
from cheban.scorecard.improvement import review


def number(text: str) -> int:
    """A whole number out of an address or a form; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def day(text: str) -> date | None:
    """A day out of an address or a form; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@page("scorecard/kept.html", may="metric.see")
def kept(request: HttpRequest) -> dict:
    """Are we keeping our word."""
    return metrics.kept_page(request.actor, at=clock.now()) | {"now": clock.now()}


@page("scorecard/health.html", may="metric.see")
def board(request: HttpRequest) -> dict[str, Any]:
    """The collaboration health board."""
    asked = request.GET
    return health.board(
        request.actor,
        at=clock.now(),
        code=asked.get("when", ""),
        store=asked.get("store", ""),
        sort=asked.get("sort", ""),
        words=asked.get("q", "")[:64],
        page=number(asked.get("page", "")) or 1,
    ) | {"now": clock.now()}


@page("scorecard/health_wall.html", may="metric.see")
def board_wall(request: HttpRequest) -> dict[str, Any]:
    """The board on a wall: of one store, or of all in scope with the worst ones named. No person stands here."""
    at = clock.now()
    return health.board(request.actor, at=at, code="4", store=request.GET.get("store", "")) | {"now": at}


@require_GET
def television(request: HttpRequest, token: str) -> HttpResponse:
    """The health board of one store on its television, by the same link as its tasks (`cheban.playbook.wall`)."""
    return wall_views.television(
        request,
        token,
        template="scorecard/health_wall.html",
        part="scorecard/_health_wall.html",
        board=lambda store, at: health.board(system_actor([store.id]), at=at, code="4"),
    )


@page("scorecard/mine.html", may="metric.own")
def mine(request: HttpRequest) -> dict[str, Any]:
    """One's own figures, each with its formula."""
    standings = standing.own(request.actor.stores, request.actor.staff_id, today=clock.today())
    standing.name_graders(standings)
    return health.mine(request.actor, at=clock.now(), code=request.GET.get("when", "")) | {
        "now": clock.now(),
        "standings": standings,
    }


@page(may="metric.see")
def records(request: HttpRequest) -> HttpResponse:
    """The very records of a figure."""
    asked = BY_CODE.get(request.GET.get("metric", ""))
    if asked is not None and asked.from_tasks:
        return redirect(f"{reverse('scorecard:tasks', args=[asked.code])}?{request.GET.urlencode()}")
    found = lists.show(request, "counted")
    return (
        found
        if isinstance(found, HttpResponse)
        else render(request, "scorecard/records.html", found | {"asked": asked})
    )


@page("scorecard/tasks.html", may="metric.see")
def tasks(request: HttpRequest, metric: str) -> dict[str, Any]:
    """The tasks that a figure made of tasks counts."""
    definition = BY_CODE.get(metric)
    if definition is None or not definition.from_tasks:
        raise NotFound(_("没有这项指标。"))
    asked, at = request.GET, clock.now()
    when = health.period(asked.get("when", ""), clock.day_of(at))
    store = number(asked.get("store", ""))
    ids = [store] if store in request.actor.stores else list(request.actor.stores)
    only_bad = asked.get("bad") == "1"
    person = number(asked.get("person", ""))
    rows, count = review.task_records(metric, ids, when, person=person, only_bad=only_bad, at=at)
    return {
        "rows": rows,
        "count": count,
        "definition": definition,
        "title": _(definition.title),
        "formula": _(definition.formula),
        "period": when,
        "periods": [(code, str(words)) for code, words in health.PERIODS.items()],
        "only_bad": only_bad,
        "store": store if store in request.actor.stores else "",
        "person": person or "",
        "now": at,
    }


def _targets(request: HttpRequest, metric: str) -> dict[str, Any]:
    definition = BY_CODE.get(metric)
    if definition is None or not definition.is_listed:
        raise NotFound(_("没有这项指标。"))
    goals, today = targets.Goals(request.actor.stores), clock.today()
    store_id = request.actor.stores[0] if len(request.actor.stores) == 1 else None
    goal = goals.of(metric, store_id, today)
    may = request.actor.may("target.change")
    return {
        "definition": definition,
        "title": _(definition.title),
        "formula": _(definition.formula),
        "goal": goal,
        "goal_words": cells.goal_words(goal.value, definition),
        "history": targets.history(metric),
        "levels": targets.choices(request.actor) if may else [],
        "others": [{"code": d.code, "title": _(d.title)} for d in LISTED],
        "can_change": may,
        "today": today,
        "now": clock.now(),
        "number": cells.number,
    }


@page("scorecard/targets.html", may="metric.see")
def metric_targets(request: HttpRequest, metric: str) -> dict[str, Any]:
    """How a figure is made, what it has to reach, and what that was before."""
    return _targets(request, metric)


@page(may="target.change")
def change_target(request: HttpRequest, metric: str) -> HttpResponse:
    """Another target from a day on."""
    if request.method != "POST":
        return redirect("scorecard:targets", metric)
    typed = request.POST
    try:
        made = targets.change(
            metric,
            by=request.actor,
            level=targets.level_of(typed.get("level", ""), request.actor),
            value=typed.get("value", ""),
            least=typed.get("least", ""),
            valid_from=day(typed.get("valid_from", "")),
            reason=typed.get("reason", ""),
        )
    except errors.Invalid as refusal:
        context = _targets(request, metric) | {"typed": typed, "wrong": refusal.facts, "message": refusal.message}
        return render(request, "scorecard/targets.html", context, status=422)
    messages.success(
        request,
        _("目标已调整，从生效后的第一个周一起评灯。"),
        extra_tags=f"undo:{reverse('scorecard:withdraw_target', args=[made.id])}",
    )
    return redirect("scorecard:targets", metric)


@require_POST
@page(may="target.change")
def withdraw_target(request: HttpRequest, target_id: int) -> HttpResponse:
    """Undo a target that has judged nothing yet."""
    found = targets.target(target_id)
    level = targets.level_of(str(found.store_id) if found.store_id else "group", request.actor)
    targets.withdraw(found, by=request.actor, level=level)
    messages.success(request, _("已撤销，目标和原来一样。"))
    return redirect("scorecard:targets", found.metric)


def uuid_of(text: str) -> UUID | None:
    """An id out of an address; None for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return None
