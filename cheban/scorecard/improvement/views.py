"""Improvements, meetings, actions, task forces and benchmark cases on a screen. Thin: parse, call, render."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound
from cheban.lists import views as lists
from cheban.org import queries as org
from cheban.org.access import page
from cheban.scorecard import errors
from cheban.scorecard.definitions import LISTED
from cheban.scorecard.improvement import actions, book, cases, forces, meetings, practices, review
from cheban.scorecard.views import day, number, uuid_of
from cheban.scorecard.weeks import monday_of


def _store(request: HttpRequest) -> Any:
    """The store that a page is about: the one asked for, or the first of the scope."""
    asked = number(request.POST.get("store", "") or request.GET.get("store", ""))
    mine = org.stores(request.actor)
    return next((s for s in mine if s.id == asked), mine[0])


@page(may="metric.see")
def case_list(request: HttpRequest) -> HttpResponse:
    """Improvement cases, by keyset pages."""
    found = lists.show(request, "improvements")
    return found if isinstance(found, HttpResponse) else render(request, "scorecard/cases.html", found)


@page("scorecard/case.html", may="metric.see")
def case(request: HttpRequest, case_id: UUID) -> dict[str, Any]:
    """One case: why, steps with their clocks, actions, effect."""
    return review.case(request.actor, cases.case(case_id), at=clock.now())


@page(may="improvement.lead")
def case_deed(request: HttpRequest, case_id: UUID, deed: str) -> HttpResponse:
    """Meeting held, plan, action, effect checked."""
    found, by, typed = cases.case(case_id), request.actor, request.POST
    if request.method != "POST":
        return redirect("scorecard:case", case_id)
    deeds: dict[str, Callable[[], Any]] = {
        "meet": lambda: cases.meet(found, by=by, attended=typed.get("attended", ""), cause=typed.get("cause", "")),
        "plan": lambda: cases.plan(found, by=by, text=typed.get("text", "")),
        "check": lambda: cases.check(found, by=by, text=typed.get("text", ""), goes_on=typed.get("goes_on") == "1"),
        "action": lambda: _agree(found, request),
    }
    if deed not in deeds:
        raise NotFound(_("没有这一步。"))
    try:
        deeds[deed]()
    except errors.Invalid as refusal:
        found.refresh_from_db()
        context = review.case(request.actor, found, at=clock.now()) | _refused(refusal, typed, deed)
        return render(request, "scorecard/case.html", context, status=422)
    messages.success(request, _("已登记。"))
    return redirect("scorecard:case", case_id)


def _refused(refusal: errors.Invalid, typed: Any, deed: str) -> dict[str, Any]:
    return {"deed": deed, "message": refusal.message, "typed": typed, "wrong": refusal.facts}


def _agree(origin: actions.Origin, request: HttpRequest) -> Any:
    typed = request.POST
    return actions.agree(
        origin,
        by=request.actor,
        what=typed.get("what", ""),
        owner_id=number(typed.get("owner_id", "")),
        due_on=day(typed.get("due_on", "")),
    )


@page(may="action.do")
def action_list(request: HttpRequest) -> HttpResponse:
    """Actions, by keyset pages."""
    found = lists.show(request, "actions")
    return found if isinstance(found, HttpResponse) else render(request, "scorecard/actions.html", found)


def _action(request: HttpRequest, action_id: UUID) -> dict[str, Any]:
    found = actions.action(action_id)
    [row] = review.actions_of(at=clock.now(), id=action_id)
    leads = request.actor.may("improvement.lead")
    is_open = found.state == "open"
    return {
        "action": row,
        "can_finish": is_open and (leads or found.owner_id == request.actor.staff_id),
        "can_change": is_open and leads,
        "people": review.people(found.store_id) if leads else [],
        "origin_url": _origin(found),
        "today": clock.today(),
        "now": clock.now(),
    }


def _origin(found: actions.Action) -> str:
    if found.case_id:
        return reverse("scorecard:case", args=[found.case_id])
    if found.force_id:
        return reverse("scorecard:force", args=[found.force_id])
    return f"{reverse('scorecard:weekly')}?store={found.store_id}&week={found.meeting.week}"


@page("scorecard/action.html", may="action.do")
def action(request: HttpRequest, action_id: UUID) -> dict[str, Any]:
    """One action: what, who, by when, what came of it."""
    return _action(request, action_id)


@page(may="action.do")
def action_deed(request: HttpRequest, action_id: UUID, deed: str) -> HttpResponse:
    """Done, dropped or changed; each asks its own permission."""
    found, by, typed = actions.action(action_id), request.actor, request.POST
    if request.method != "POST":
        return redirect("scorecard:action", action_id)
    deeds: dict[str, Callable[[], Any]] = {
        "finish": lambda: actions.finish(found, by=by, result=typed.get("result", "")),
        "drop": lambda: actions.drop(found, by=by, result=typed.get("result", "")),
        "change": lambda: actions.change(
            found, by=by, owner_id=number(typed.get("owner_id", "")), due_on=day(typed.get("due_on", ""))
        ),
    }
    if deed not in deeds:
        raise NotFound(_("没有这一步。"))
    try:
        deeds[deed]()
    except errors.Invalid as refusal:
        context = _action(request, action_id) | _refused(refusal, typed, deed)
        return render(request, "scorecard/action.html", context, status=422)
    messages.success(request, _("已登记。"))
    return redirect("scorecard:action", action_id)


def _force(request: HttpRequest, force_id: UUID) -> dict[str, Any]:
    found = forces.force(force_id)
    people = dict(review.people(found.store_id))
    leads = request.actor.may("improvement.lead")
    definition = next(d for d in LISTED if d.code == found.metric)
    return {
        "force": found,
        "title": _(definition.title),
        "lead": people.get(found.lead_id, ""),
        "members": [people[i] for i in found.member_ids if i in people],
        "due_at": found.opened_at + forces.DAYS,
        "is_kept": found.solved_at is not None and found.solved_at <= found.opened_at + forces.DAYS,
        "actions": review.actions_of(at=clock.now(), force=found),
        "people": list(people.items()),
        "can_solve": found.solved_at is None
        and (leads or request.actor.staff_id in {found.lead_id, *found.member_ids}),
        "can_lead": leads,
        "default_due": clock.today() + timedelta(days=3),
        "today": clock.today(),
        "now": clock.now(),
    }


@page("scorecard/force.html", may="action.do")
def force(request: HttpRequest, force_id: UUID) -> dict[str, Any]:
    """One task force: goal, people, clock, solution."""
    return _force(request, force_id)


@page(may="action.do")
def force_deed(request: HttpRequest, force_id: UUID, deed: str) -> HttpResponse:
    """The solution, or an action on the way to it."""
    found, typed = forces.force(force_id), request.POST
    if request.method != "POST":
        return redirect("scorecard:force", force_id)
    deeds: dict[str, Callable[[], Any]] = {
        "solve": lambda: forces.solve(
            found, by=request.actor, solution=typed.get("solution", ""), first_check=typed.get("first_check", "")
        ),
        "action": lambda: _agree(found, request),
    }
    if deed not in deeds:
        raise NotFound(_("没有这一步。"))
    try:
        deeds[deed]()
    except errors.Invalid as refusal:
        context = _force(request, force_id) | _refused(refusal, typed, deed)
        return render(request, "scorecard/force.html", context, status=422)
    messages.success(request, _("已登记。"))
    return redirect("scorecard:force", force_id)


@page(may="improvement.lead")
def new_force(request: HttpRequest) -> HttpResponse:
    """Name the people of a task force."""
    asked = request.POST or request.GET
    case_id = uuid_of(asked.get("case", ""))
    about = cases.case(case_id) if case_id else None
    store = next(s for s in org.stores(request.actor) if s.id == about.store_id) if about else _store(request)
    wrong: dict[str, Any] = {}
    message = ""
    if request.method == "POST":
        try:
            made = forces.open_force(
                by=request.actor,
                store_id=store.id,
                metric=about.metric if about else asked.get("metric", ""),
                goal=asked.get("goal", ""),
                lead_id=number(asked.get("lead_id", "")),
                member_ids=[number(m) for m in request.POST.getlist("member_ids")],
                case=about,
            )
        except errors.Invalid as refusal:
            wrong, message = refusal.facts, refusal.message
        else:
            messages.success(request, _("小组已成立，3 天内提交方案和首次检查。"))
            return redirect("scorecard:force", made.id)
    context = {
        "store": store,
        "case": about,
        "metrics": [(d.code, _(d.title)) for d in LISTED],
        "metric": about.metric if about else asked.get("metric", ""),
        "people": review.people(store.id),
        "typed": asked,
        "picked": request.POST.getlist("member_ids") if request.method == "POST" else [],
        "wrong": wrong,
        "message": message,
        "now": clock.now(),
    }
    return render(request, "scorecard/new_force.html", context, status=422 if message else 200)


def _week(request: HttpRequest) -> date:
    asked = day(request.POST.get("week", "") or request.GET.get("week", "")) or clock.today()
    return min(monday_of(asked), monday_of(clock.today()))


def _weekly(request: HttpRequest) -> dict[str, Any]:
    return review.weekly(request.actor, _store(request), _week(request), at=clock.now()) | {
        "stores": org.stores(request.actor)
    }


@page("scorecard/weekly.html", may="metric.see")
def weekly(request: HttpRequest) -> dict[str, Any]:
    """The weekly joint meeting: what to look at, what was agreed, the minutes."""
    return _weekly(request)


@page(may="improvement.lead")
def weekly_deed(request: HttpRequest, deed: str) -> HttpResponse:
    """Hold the meeting, write a decision, agree on an action."""
    store, week, typed = _store(request), _week(request), request.POST
    here = f"{reverse('scorecard:weekly')}?store={store.id}&week={week}"
    if request.method != "POST":
        return redirect(here)
    held = meetings.of_week(store.id, week)
    if deed not in ("hold", "decide", "action") or (held is None and deed != "hold"):
        raise NotFound(_("先登记例会到会的人，再写决定和行动项。"))
    try:
        if deed == "hold":
            meetings.hold(by=request.actor, store_id=store.id, week=week, attended=typed.get("attended", ""))
        elif deed == "decide":
            meetings.decide(held, by=request.actor, text=typed.get("text", ""))
        else:
            _agree(held, request)
    except errors.Invalid as refusal:
        context = _weekly(request) | _refused(refusal, typed, deed)
        return render(request, "scorecard/weekly.html", context, status=422)
    messages.success(request, _("已登记。"))
    return redirect(here)


@page("scorecard/monthly.html", may="metric.see")
def monthly(request: HttpRequest) -> dict[str, Any]:
    """The monthly review of red figures, actions and whether the effect came."""
    asked = day(f"{request.GET.get('month', '')}-01") or clock.today()
    return review.monthly(request.actor, _store(request), min(asked, clock.today()), at=clock.now()) | {
        "stores": org.stores(request.actor)
    }


@page("scorecard/practices.html", may="practice.nominate")
def practice_list(request: HttpRequest) -> dict[str, Any]:
    """The best-practice handbook, and what is nominated."""
    return book.practices(request.actor, words=request.GET.get("q", "").strip()[:64], at=clock.now()) | {
        "can_publish": request.actor.may("practice.publish"),
        "now": clock.now(),
    }


@page(may="practice.nominate")
def new_practice(request: HttpRequest) -> HttpResponse:
    """Put a case forward."""
    asked = request.POST or request.GET
    store = _store(request)
    wrong: dict[str, Any] = {}
    message = ""
    if request.method == "POST":
        try:
            made = practices.nominate(
                by=request.actor,
                store_id=store.id,
                source=asked.get("source", ""),
                **{name: asked.get(name, "") for name in ("title", "story", "lesson", "kind")},
            )
        except errors.Invalid as refusal:
            wrong, message = refusal.facts, refusal.message
        else:
            messages.success(request, _("已提名，同事可以投票。"))
            return redirect("scorecard:practice", made.id)
    context = {
        "store": store,
        "stores": org.stores(request.actor),
        "typed": asked,
        "wrong": wrong,
        "message": message,
        "kinds": [("lead", _("线索成交")), ("complaint", _("投诉挽回")), ("other", _("其他"))],
        "now": clock.now(),
    }
    return render(request, "scorecard/new_practice.html", context, status=422 if message else 200)


def _practice(request: HttpRequest, practice_id: UUID) -> dict[str, Any]:
    return book.practice(request.actor, practice_id) | {"now": clock.now()}


@page("scorecard/practice.html", may="practice.nominate")
def practice(request: HttpRequest, practice_id: UUID) -> dict[str, Any]:
    """One case: as it reads in the handbook, its versions, its votes."""
    return _practice(request, practice_id)


@page(may="practice.nominate")
def practice_deed(request: HttpRequest, practice_id: UUID, deed: str) -> HttpResponse:
    """Vote, publish, take out, withdraw; each asks its own permission."""
    found, by, typed = practices.practice(practice_id), request.actor, request.POST
    if request.method != "POST":
        return redirect("scorecard:practice", practice_id)
    deeds: dict[str, Callable[[], Any]] = {
        "vote": lambda: practices.vote(found, by=by),
        "unvote": lambda: practices.unvote(found, by=by),
        "publish": lambda: practices.publish(
            found, by=by, **{name: typed.get(name, "") for name in ("title", "story", "lesson")}
        ),
        "take-out": lambda: practices.take_out(found, by=by),
        "withdraw": lambda: practices.withdraw(found, by=by),
    }
    if deed not in deeds:
        raise NotFound(_("没有这一步。"))
    try:
        deeds[deed]()
    except errors.Invalid as refusal:
        context = _practice(request, practice_id) | _refused(refusal, typed, deed)
        return render(request, "scorecard/practice.html", context, status=422)
    if deed == "withdraw":
        messages.success(request, _("已撤回提名。"))
        return redirect("scorecard:practices")
    messages.success(request, _("已登记。"))
    return redirect("scorecard:practice", practice_id)
