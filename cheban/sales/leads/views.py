"""Leads on a screen. Thin: parse, call, render."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import BadValue, NotFound
from cheban.core.money import parse_fen
from cheban.lists import views as lists
from cheban.org.access import page
from cheban.sales import errors
from cheban.sales.leads import choices, commands, joining, queries, turns


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _fen(name: str, text: str) -> int | None:
    """Yuan as typed, in fen; None for nothing. Raises Invalid."""
    if not text.strip():
        return None
    try:
        return parse_fen(text)
    except BadValue as error:
        raise errors.Invalid(_("请检查金额。"), **{name: f"{error.problem} {error.expected}".strip()}) from None


@page(may="lead.see")
def leads(request: HttpRequest) -> HttpResponse:
    """Leads, by keyset pages."""
    found = lists.show(request, "leads")
    return found if isinstance(found, HttpResponse) else render(request, "sales/leads.html", found)


@page(may="lead.record")
def new_lead(request: HttpRequest) -> HttpResponse:
    """Write down what a customer wishes; whoever may push pushes with the same press."""
    asked = request.POST or request.GET
    customer, cars = queries.choose(_id(asked.get("customer", "")))
    wrong: dict[str, str] = {}
    message = ""
    if request.method == "POST":
        try:
            made = commands.record_by_hand(
                by=request.actor,
                customer_id=customer.id,
                vehicle_id=_id(asked.get("vehicle", "")),
                holder_id=_number(asked.get("holder_id", "")),
                **{name: asked.get(name, "") for name in ("kind", "text", "where", "grade", "wanted")},
            )
        except errors.Invalid as refusal:
            wrong, message = {k: str(v) for k, v in refusal.facts.items()}, refusal.message
        else:
            messages.success(
                request,
                _("已登记，等售后专员确认。") if made.state == "proposed" else _("已推送给销售顾问，24 小时内答复。"),
            )
            return redirect("sales:lead", made.id)
    can_push = request.actor.may("lead.push")
    context = {
        "customer": customer,
        "cars": cars,
        "typed": asked,
        "wrong": wrong,
        "message": message,
        "kinds": choices.KINDS,
        "grades": choices.GRADES,
        "where": choices.WHERE,
        "consultants": queries.consultants([customer.store_id]) if can_push else [],
        "can_push": can_push,
        "now": clock.now(),
    }
    return render(request, "sales/new_lead.html", context, status=422 if message else 200)


@page("sales/lead.html", may="lead.see")
def lead(request: HttpRequest, lead_id: UUID) -> dict[str, Any]:
    """One lead: who, their words, the car, visits, the path, what was answered."""
    return _lead(request, lead_id)


@page(may="lead.see")
def lead_turn(request: HttpRequest, turn_id: UUID) -> HttpResponse:
    """The lead that a turn is about, where its duty is done."""
    return redirect("sales:lead", queries.lead_of_turn(turn_id))


def _lead(request: HttpRequest, lead_id: UUID) -> dict[str, Any]:
    return queries.page(queries.lead(lead_id), request.actor) | {"now": clock.now(), "today": clock.today()}


def _do(request: HttpRequest, lead_id: UUID, deed: str, do: Callable[[Any], Any], says: str) -> HttpResponse:
    """One deed of the lead's page: done, or the form again with what was typed and what is wrong."""
    found = queries.lead(lead_id)
    if request.method != "POST":  # reloaded, or refreshed by the stream, after a refusal
        return redirect("sales:lead", lead_id)
    try:
        do(found)
    except errors.Invalid as refusal:
        again = {"deed": deed, "message": refusal.message, "typed": request.POST, "wrong": refusal.facts}
        return render(request, "sales/lead.html", _lead(request, lead_id) | again, status=422)
    messages.success(request, says)
    return redirect("sales:lead", lead_id)


@page(may="lead.push")
def push(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Confirm as A or B and give it to a consultant."""
    typed = request.POST
    return _do(
        request,
        lead_id,
        "push",
        lambda found: commands.push(
            found, by=request.actor, grade=typed.get("grade", ""), holder_id=_number(typed.get("holder_id", ""))
        ),
        _("已推送给销售顾问，24 小时内答复。"),
    )


@page(may="lead.push")
def dismiss(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """It is no lead."""
    typed = request.POST
    return _do(
        request,
        lead_id,
        "dismiss",
        lambda found: commands.dismiss(
            found, by=request.actor, reason=typed.get("reason", ""), why=typed.get("why", "")
        ),
        _("已排除。"),
    )


@page(may="lead.answer")
def answer(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Report back to whoever found it."""
    typed = request.POST
    return _do(
        request,
        lead_id,
        "answer",
        lambda found: commands.answer(
            found,
            by=request.actor,
            words=typed.get("words", ""),
            stage=typed.get("stage", ""),
            next_contact_on=_day(typed.get("next_contact_on", "")),
            appraised_fen=_fen("appraised", typed.get("appraised", "")),
        ),
        _("已反馈，售后看得到。"),
    )


@page(may="lead.answer")
def win(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """A car was sold."""
    typed = request.POST
    return _do(
        request,
        lead_id,
        "win",
        lambda found: commands.win(
            found,
            by=request.actor,
            deal_fen=_fen("deal", typed.get("deal", "")) or 0,
            deal_what=typed.get("deal_what", ""),
            service_share_percent=_number(typed.get("service_share_percent", "")),
        ),
        _("成交已登记，奖励按比例记给售后和销售。"),
    )


@page(may="lead.answer")
def lose(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """It came to nothing."""
    typed = request.POST
    return _do(
        request,
        lead_id,
        "lose",
        lambda found: commands.lose(found, by=request.actor, reason=typed.get("reason", ""), why=typed.get("why", "")),
        _("已登记原因。"),
    )


@page(may="lead.assign")
def give(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """To another consultant."""
    typed = request.POST
    return _do(
        request,
        lead_id,
        "give",
        lambda found: turns.give(
            found, by=request.actor, holder_id=_number(typed.get("holder_id", "")) or 0, why=typed.get("why", "")
        ),
        _("已改派，24 小时重新计。"),
    )


@page(may="lead.join")
def join(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """Two leads are one, or they are two."""
    found = queries.lead(lead_id)
    if request.method != "POST":
        return redirect("sales:lead", lead_id)
    other_id = _id(request.POST.get("other", ""))
    if other_id is None:
        raise NotFound(_("没有这条线索，或不属于您的门店。"))
    other = queries.lead(other_id)
    if request.POST.get("both") == "1":
        joining.keep_both(found, other, by=request.actor)
        messages.success(request, _("记下了：这是两条线索。"))
        return redirect("sales:lead", lead_id)
    kept = joining.join(found, other, by=request.actor)
    messages.success(request, _("已合为一条。"))
    return redirect("sales:lead", kept.id)
