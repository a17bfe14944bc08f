"""My day, one contact, the team board, the handbook. Thin: parse, call, render."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cheban.core import clock, live
from cheban.core.errors import NotFound
from cheban.core.ids import new_id
from cheban.lists import commands as lists
from cheban.lists import views as list_views
from cheban.org.access import page
from cheban.playbook import (
    changing,
    commands,
    contacts,
    dry_run,
    explaining,
    handmade,
    knobs,
    moves,
    planner,
    queries,
    reading,
    reassigning,
    teams,
)
from cheban.playbook.outcomes import WEATHER
from cheban.playbook.rules import HANDBOOK


def _day(request: HttpRequest, *, wanted: UUID | None = None) -> dict:
    """The list with the wanted contact opened, or the first one on a wide screen."""
    at = clock.now()
    found = queries.my_day(request.actor, at=at)
    rows = [row for group in found["groups"] for row in group.contacts]
    row = next((r for r in rows if r.id == wanted), None)
    chosen = row.id if row else wanted or (rows[0].id if rows else None)
    parts = live.parts(request.headers)
    is_asked = not parts or "contact" in parts  # a list that changed does not read the opened contact again
    current = contacts.contact(chosen, request.actor, at=at) if chosen and is_asked else None
    for each in rows:
        each.is_current = each.id == chosen
    position = next((i for i, r in enumerate(rows) if r.id == chosen), None)
    following = rows[position + 1].id if position is not None and position + 1 < len(rows) else None
    return found | {
        "current": current,
        "next_id": following,
        "is_chosen": wanted is not None,
        "now": at,
        "colleagues": [c for c in teams.colleagues(request.actor, at=at) if c["id"] != request.actor.staff_id]
        if current and current["can_hand_over"]
        else [],
        "can_reassign": request.actor.may("task.reassign"),
        "calendar_gaps": queries.calendar_gaps(request.actor, today=clock.today()),
    }


@page("playbook/my_day.html", may="task.see_own")
def my_day(request: HttpRequest) -> dict:
    """Today's work list."""
    return _day(request)


@page(may="task.see_own")
def contact(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """One contact opened: the whole page, or its fragment for htmx."""
    context = _day(request, wanted=contact_id)
    return render(request, "playbook/_my_day.html" if request.htmx else "playbook/my_day.html", context)


@require_POST
@page(may="task.finish")
def outcome(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """Tell what came of it; the next contact opens by itself."""
    moment = _moment(request.POST.get("when", ""))
    following = request.POST.get("next_id") or None
    event = commands.record_outcome(
        contact_id,
        by=request.actor,
        outcome=request.POST.get("code", ""),
        when=moment,
        reason=request.POST.get("reason", ""),
        note=request.POST.get("note", ""),
    )
    undo = {"url": reverse("playbook:undo", args=[event.id]), "label": _("撤回")}
    try:
        context = _day(request, wanted=UUID(following) if following else None)
    except (NotFound, ValueError):
        context = _day(request)
    context |= {"just_done": {"text": _("结果已登记。"), "undo": undo}, "is_chosen": False}
    if request.htmx:
        return render(request, "playbook/_my_day.html", context)
    messages.success(request, _("结果已登记。"))
    return redirect("playbook:my_day")


@require_POST
@page(may="task.finish")
def undo(request: HttpRequest, event_id: int) -> HttpResponse:
    """Take back an outcome."""
    commands.undo_outcome(contacts.outcome_event(event_id), by=request.actor)
    if request.htmx:
        return render(request, "playbook/_my_day.html", _day(request) | {"just_done": {"text": _("已撤回。")}})
    return redirect("playbook:my_day")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise NotFound() from None


@page("playbook/new_task.html", may="task.create")
def new_task(request: HttpRequest) -> dict:
    """The form of a task written by hand; `customer` and `vehicle` in the address say whom it is about."""
    customer, vehicle = _uuid(request.GET.get("customer", "")), _uuid(request.GET.get("vehicle", ""))
    at = clock.now()
    return teams.new_task(request.actor, at=at, customer_id=customer, vehicle_id=vehicle) | {
        "key": new_id(),
        "now": at,
        "me": request.actor.staff_id,
    }


@require_POST
@page(may="task.create")
def create_task(request: HttpRequest) -> HttpResponse:
    """Make it; the same form again makes nothing."""
    customer = _uuid(request.POST.get("customer", ""))
    key = _uuid(request.POST.get("key", ""))
    if key is None:
        raise NotFound()
    handmade.create(
        handmade.Wanted(
            key=key,
            template=request.POST.get("template", ""),
            to=[int(person) for person in request.POST.getlist("to") if person.isdigit()],
            what=request.POST.get("what", ""),
            due_at=_moment(request.POST.get("due", "")),
            customer_id=customer,
            vehicle_id=_uuid(request.POST.get("vehicle", "")),
        ),
        by=request.actor,
    )
    messages.success(request, _("任务已新建，到了负责人的名单里。"))
    if customer:
        return redirect("customers:customer", customer)
    return redirect("playbook:my_day")


def _moved(request: HttpRequest, event, text: str, *, keeps: UUID | None = None) -> HttpResponse:
    """The list after a move, with its undo; `keeps` leaves that contact open."""
    undo = {"url": reverse("playbook:put_back", args=[event.id]), "label": _("撤回")}
    if not request.htmx:
        messages.success(request, text)
        return redirect("playbook:contact", keeps) if keeps else redirect("playbook:my_day")
    context = _day(request, wanted=keeps) | {"just_done": {"text": text, "undo": undo}}
    return render(request, "playbook/_my_day.html", context | ({} if keeps else {"is_chosen": False}))


@require_POST
@page(may="task.finish")
def take(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """I take it."""
    event = moves.take(contact_id, by=request.actor)
    return _moved(request, event, _("由您处理，不再往上报。"), keeps=contact_id)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise commands.NeedsMore(_("请选择时间。")) from None
    return moment.replace(tzinfo=ZoneInfo("Asia/Shanghai")) if moment and moment.tzinfo is None else moment


@require_POST
@page(may="task.snooze")
def snooze(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """Put it off."""
    event = moves.snooze(
        contact_id,
        by=request.actor,
        until=_moment(request.POST.get("when", "")),
        reason=request.POST.get("reason", ""),
    )
    return _moved(request, event, _("已推迟，到时会回到您的名单里。"))


@require_POST
@page(may="task.hand_over")
def hand_over(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """Hand it to a colleague, with a word."""
    to = request.POST.get("to", "")
    to = int(to) if to.isdigit() else None
    event = moves.hand_over(contact_id, by=request.actor, to=to, note=request.POST.get("note", ""))
    return _moved(request, event, _("已转给同事，时限不变。"))


@require_POST
@page(may="task.hand_over")
def send_back(request: HttpRequest, contact_id: UUID) -> HttpResponse:
    """Send it back, once."""
    event = moves.send_back(contact_id, by=request.actor, note=request.POST.get("note", ""))
    return _moved(request, event, _("已退回。"))


@require_POST
@page(may="task.finish")
def put_back(request: HttpRequest, event_id: int) -> HttpResponse:
    """Take a move back."""
    moves.put_back(moves.move_event(event_id), by=request.actor)
    if request.htmx:
        return render(request, "playbook/_my_day.html", _day(request) | {"just_done": {"text": _("已撤回。")}})
    return redirect("playbook:my_day")


@page("playbook/team.html", may="task.see_team", same_for=list_views.own("team"))
def team(request: HttpRequest) -> dict | HttpResponse:
    """The manager's board: who has how much, and the list of all that is open."""
    found = list_views.show(request, "team")
    if isinstance(found, HttpResponse):
        return found
    at = clock.now()
    return (
        found
        | teams.board(request.actor, at=at)
        | {
            "now": at,
            "runs": queries.last_runs(request.actor.stores),
            "weather": WEATHER.items(),
            "can_run": request.actor.may("playbook.run"),
            "can_reassign": request.actor.may("task.reassign"),
        }
    )


def _to_team(request: HttpRequest) -> HttpResponse:
    """Back to the list as it was asked for."""
    _found, asked = list_views.asked_of(request, "team")
    return redirect(f"{reverse('playbook:team')}?{asked.query() or 'all=1'}")


def _ids(request: HttpRequest) -> list[UUID]:
    try:
        return [UUID(i) for i in dict.fromkeys(request.POST.getlist("contacts"))]
    except ValueError:
        raise NotFound() from None


@require_POST
@page("playbook/reassign.html", may="task.reassign")
def preview_reassign(request: HttpRequest) -> dict:
    """What would move: how many, which, and what each colleague has already. Changes nothing."""
    at = clock.now()
    _found, asked = list_views.asked_of(request, "team")
    ids = reassigning.matching(asked, today=clock.today()) if request.POST.get("all") == "1" else _ids(request)
    if not ids:
        raise commands.NeedsMore(_("请先勾选要改派的事，再选择同事。"))
    chosen = contacts.contacts_of(ids, at=at)
    return {
        "contacts": chosen,
        "sample": chosen[: reassigning.SAMPLE],
        "more": max(len(chosen) - reassigning.SAMPLE, 0),
        "people": teams.loads(request.actor, at=at),
        "query": asked.query(),
        "now": at,
    }


@require_POST
@page(may="task.reassign")
def reassign(request: HttpRequest) -> HttpResponse:
    """Hand the chosen contacts to one colleague, or spread them evenly among several."""
    to = [int(person) for person in request.POST.getlist("to") if person.isdigit()]
    moved, deed = reassigning.reassign(_ids(request), by=request.actor, to=to)
    text = _("已改派 %(n)d 项任务。") % {"n": moved}
    url = reverse("playbook:undo_reassign", args=[deed.id]) if deed else ""
    messages.success(request, text, extra_tags=f"undo:{url}" if url else "")
    return _to_team(request)


@require_POST
@page(may="task.reassign")
def undo_reassign(request: HttpRequest, deed_id: UUID) -> HttpResponse:
    """Give everything back to whom it was with."""
    _code, restored, whole = lists.undo(deed_id, by=request.actor)
    text = _("已撤回，%(n)d 项任务回到原来的人手上。") % {"n": restored}
    if restored < whole:
        text += _("另有 %(n)d 项之后又变过，保持现在的样子。") % {"n": whole - restored}
    messages.success(request, text)
    return _to_team(request)


@require_POST
@page(may="playbook.run")
def run(request: HttpRequest) -> HttpResponse:
    """Plan today now (the worker does it every morning); safe to press again."""
    made = planner.plan_day(clock.today(), store_ids=list(request.actor.stores))
    if made.made:
        messages.success(request, _("今天的计划已生成：新增 %(n)d 项任务。") % {"n": made.made})
    else:
        messages.info(request, _("今天的计划已经是最新的，没有新增任务。"))
    return redirect("playbook:team")


@require_POST
@page(may="playbook.run")
def weather(request: HttpRequest) -> HttpResponse:
    """Sudden weather: those who look after customers get the tips to pass on."""
    commands.warn_of_weather(request.POST.get("kind", ""), by=request.actor)
    messages.success(request, _("已通知负责的同事给客户发用车提示。"))
    return redirect("playbook:team")


@page("playbook/handbook.html", may="playbook.see")
def handbook(request: HttpRequest) -> dict:
    """Every rule in words, as it holds in a store."""
    search, only = request.GET.get("q", ""), request.GET.get("only", "")
    levels = reading.levels(request.actor)
    stores = [each for each in levels if each["value"] != "group"]
    store = next((s for s in stores if s["value"] == request.GET.get("store")), stores[0])
    return {
        "chapters": reading.handbook(request.actor, store_id=int(store["value"]), search=search, only=only),
        "stores": stores,
        "store": store,
        "q": search,
        "only": only,
        "total": len(HANDBOOK.rules),
        "runs": queries.last_runs(request.actor.stores),
    }


def _rule_context(request: HttpRequest, code: str, level: changing.Level) -> dict:
    return reading.one_rule(code, level) | {
        "levels": reading.levels(request.actor),
        "level": "group" if level.store_id is None else str(level.store_id),
        "can_change": request.actor.may("playbook.change"),
        "draft": {},
        "reason": request.POST.get("reason", ""),
        "now": clock.now(),
    }


def _level(request: HttpRequest) -> changing.Level:
    wanted = request.POST.get("level") or request.GET.get("level")
    return changing.level_of(wanted or str(request.actor.stores[0]), request.actor)


@page("playbook/rule.html", may="playbook.see")
def rule(request: HttpRequest, code: str) -> dict:
    """One rule: its words, its numbers and where they come from, its history."""
    return _rule_context(request, code, _level(request))


def _draft(request: HttpRequest, code: str) -> dict[str, str]:
    if code not in HANDBOOK.rules:
        raise NotFound(_("没有这条规则。"))
    values = {name[2:]: value for name, value in request.POST.items() if name.startswith("k-")}
    return values | {"on": "1" if request.POST.get("k-on") else "0"}


@require_POST
@page(may="playbook.change")
def try_rule(request: HttpRequest, code: str) -> HttpResponse:
    """What the form's numbers would make, without saving them."""
    level, draft = _level(request), _draft(request, code)
    values = knobs.checked(HANDBOOK.rules[code], draft)
    found = dry_run.try_out(code, values, store_ids=list(level.stores), today=clock.today())
    if request.htmx:
        return render(request, "playbook/_dry_run.html", {"tried": found, "now": clock.now()})
    context = _rule_context(request, code, level)
    for field in context["fields"]:
        field["value"] = values.get(field["knob"].key, field["value"])
    return render(request, "playbook/rule.html", context | {"tried": found})


@require_POST
@page(may="playbook.change")
def change_rule(request: HttpRequest, code: str) -> HttpResponse:
    """Save the form's numbers."""
    level, seen = _level(request), request.POST.get("seen", "")
    made = changing.change_rule(
        code,
        by=request.actor,
        level=level,
        values=_draft(request, code),
        reason=request.POST.get("reason", ""),
        drops_open=bool(request.POST.get("drops_open")),
        seen=int(seen) if seen.isdigit() else None,
    )
    if made.dropped:
        messages.success(request, _("已保存，取消了 %(n)d 项待办。下一次生成计划时生效。") % {"n": made.dropped})
    else:
        messages.success(request, _("已保存，下一次生成计划时生效。"))
    return redirect(_rule_url(code, level))


@require_POST
@page(may="playbook.change")
def restore_rule(request: HttpRequest, code: str) -> HttpResponse:
    """Back to what held before the newest change."""
    level = _level(request)
    changing.restore_rule(code, by=request.actor, level=level)
    messages.success(request, _("已恢复到上一次的数值。"))
    return redirect(_rule_url(code, level))


def _rule_url(code: str, level: changing.Level) -> str:
    return reverse("playbook:rule", args=[code]) + f"?level={level.store_id or 'group'}"


@page("playbook/explain.html", may="playbook.see")
def explain(request: HttpRequest, code: str) -> dict:
    """Why a task exists or not, for one vehicle or customer of the scope."""
    if code not in HANDBOOK.rules:
        raise NotFound(_("没有这条规则。"))
    text = request.GET.get("subject", "")
    try:
        subject = UUID(text)
    except ValueError:
        raise NotFound(_("请从客户页打开“为什么”。")) from None
    rule = HANDBOOK.rules[code]
    return {
        "rule": {"title": _(rule.title), "requirement": rule.requirement, "code": code},
        "findings": explaining.explain(code, subject, day=clock.today()),
    }
