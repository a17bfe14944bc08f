"""Alerts and complaints on a screen. Thin: parse, call, render."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cheban.core import clock, owner_links
from cheban.core.errors import BadValue, NotFound
from cheban.core.money import parse_fen
from cheban.lists import views as lists
from cheban.org import levels
from cheban.org.access import page, require_permission
from cheban.voice import choices
from cheban.voice.complaints import alarms, commands, errors, limits, links, queries, solving, telling


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _yes(text: str) -> bool | None:
    return {"1": True, "0": False}.get(text)


def _fen(text: str, name: str) -> int | None:
    """Yuan as typed, in fen; None for nothing typed. Raises Invalid."""
    if not text.strip():
        return None
    try:
        return parse_fen(text.strip())
    except (BadValue, ValueError):
        raise errors.Invalid(_("金额不对。"), **{name: _("请填写元，最多两位小数。")}) from None


def _address(request: HttpRequest, link: Any) -> str:
    return f"{request.scheme}://{request.get_host()}/k/{links.token_of(link)}/"


@page(may="complaint.see")
def complaints(request: HttpRequest) -> HttpResponse:
    """Complaints, by keyset pages."""
    found = lists.show(request, "complaints")
    if isinstance(found, HttpResponse):
        return found
    return render(request, "voice/complaints.html", found | {"can_file": request.actor.may("complaint.file")})


@page(may="complaint.file")
def new_complaint(request: HttpRequest) -> HttpResponse:
    """Put a complaint on record."""
    asked = request.POST or request.GET
    customer, cars = queries.choose(_id(asked.get("customer", "")))
    if customer is None:
        raise NotFound(_("没有这位客户，或不属于您的门店。"))
    wrong: dict[str, str] = {}
    message = ""
    if request.method == "POST":
        try:
            made = commands.file(
                by=request.actor,
                customer_id=customer.id,
                vehicle_id=_id(asked.get("vehicle", "")),
                channel=asked.get("channel", ""),
                kind=asked.get("kind", ""),
                text=asked.get("text", ""),
                amount_fen=_fen(asked.get("amount", ""), "amount"),
            )
        except errors.Invalid as refusal:
            wrong, message = {k: str(v) for k, v in refusal.facts.items()}, refusal.message
        else:
            messages.success(request, _("投诉已登记。24 小时内首次答复，三方同时查证。"))
            return redirect("voice:complaint", made.id)
    context = {
        "customer": customer,
        "cars": cars,
        "typed": asked,
        "wrong": wrong,
        "message": message,
        "kinds": choices.KINDS,
        "channels": choices.CHANNELS,
    }
    return render(request, "voice/new_complaint.html", context, status=422 if message else 200)


def _complaint(request: HttpRequest, complaint_id: UUID) -> dict[str, Any]:
    found = queries.complaint(complaint_id)
    context = queries.page(found, request.actor)
    if context["can_propose"]:
        context |= queries.team_choices(found.store_id) | {"causes": choices.CAUSES}
    return context | {"now": clock.now()}


@page("voice/complaint.html", may="complaint.see")
def complaint(request: HttpRequest, complaint_id: UUID) -> dict[str, Any]:
    """The complaint's room: words, three cards, one solution, one voice."""
    return _complaint(request, complaint_id)


@page(may="complaint.see")
def do(request: HttpRequest, complaint_id: UUID, deed: str) -> HttpResponse:
    """One step of a complaint; each asks its own permission. What is refused stands beside its form."""
    found, by, typed = queries.complaint(complaint_id), request.actor, request.POST
    if request.method != "POST":  # reloaded, or refreshed by the stream, after a refusal
        return redirect("voice:complaint", complaint_id)
    deeds = {
        "answer": lambda: commands.answer(found, by=by, text=typed.get("text", "")),
        "match": lambda: _match(found, typed, by=by),
        "dismiss": lambda: commands.dismiss(found, by=by, why=typed.get("why", "")),
        "find": lambda: commands.find(
            queries.finding(_id(typed.get("finding", "")) or UUID(int=0)),
            by=by,
            text=typed.get("text", ""),
            is_ours=_yes(typed.get("is_ours", "")),
            promises=typed.getlist("promises"),
        ),
        "propose": lambda: solving.propose(
            queries.solution_of(found.id),
            by=by,
            cause=typed.get("cause", ""),
            measure=typed.get("measure", ""),
            improvement=typed.get("improvement", ""),
            compensation_fen=_fen(typed.get("compensation", ""), "compensation") or 0,
            speaker_id=_number(typed.get("speaker_id", "")),
            executor_id=_number(typed.get("executor_id", "")),
        ),
        "approve": lambda: solving.approve(queries.solution_of(found.id), by=by),
        "refuse": lambda: solving.refuse(queries.solution_of(found.id), by=by, why=typed.get("why", "")),
        "carry_out": lambda: solving.carry_out(queries.solution_of(found.id), by=by, how=typed.get("how", "")),
        "confirm": lambda: solving.confirm(queries.solution_of(found.id), by=by, said=typed.get("said", "")),
        "object": lambda: solving.object_to(queries.solution_of(found.id), by=by, said=typed.get("said", "")),
        "check": lambda: solving.check(
            found, by=by, has_recurred=_yes(typed.get("has_recurred", "")), note=typed.get("note", "")
        ),
    }
    if deed not in deeds:
        raise NotFound(_("没有这一步。"))
    try:
        deeds[deed]()
    except (errors.Invalid, errors.BeyondLimit) as refusal:
        context = _complaint(request, complaint_id) | {
            "deed": deed,
            "at_card": typed.get("finding", ""),
            "message": refusal.message,
            "typed": typed,
            "wrong": {k: str(v) for k, v in refusal.facts.items()},
        }
        return render(request, "voice/complaint.html", context, status=422)
    messages.success(request, _("已登记。"))
    return redirect("voice:complaint", complaint_id)


def _match(found: Any, typed: Any, *, by: Any) -> Any:
    """Whose a claimed complaint is, by the plate or the phone that staff typed."""
    car = queries.car_by_text(typed.get("plate", ""))
    return commands.match(found, by=by, customer_id=car.owner_id, vehicle_id=car.id)


@require_POST
@page("components/revealed.html", may="customer.reveal")
def reveal_claim(request: HttpRequest, complaint_id: UUID) -> dict[str, Any]:
    """The whole number that a claimant gave."""
    phone = commands.reveal_claim(queries.complaint(complaint_id), by=request.actor)
    return {"value": phone.removeprefix("+86"), "is_phone": True}


@page("voice/_banner.html", may="complaint.see")
def banner(request: HttpRequest) -> dict[str, Any]:
    """The strip of red alerts alone: open pages fetch it the moment that one is raised or taken."""
    return {"alerts": queries.waiting_alerts(request.actor)}


@page(may="complaint.see")
def alert(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """The page where an alert is taken: its complaint's."""
    return redirect("voice:complaint", queries.alert(alert_id).complaint_id)


@require_POST
@page(may="alert.acknowledge")
def acknowledge(request: HttpRequest, alert_id: UUID) -> HttpResponse:
    """I take it."""
    found = queries.alert(alert_id)
    alarms.acknowledge(found, by=request.actor)
    messages.success(request, _("已接收。请马上联系客户：先停用车辆，再安排救援或检查。"))
    return redirect("voice:complaint", found.complaint_id)


@page(may="complaint.see")
def finding(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    """The page where a card is filled in."""
    return redirect("voice:complaint", queries.finding(finding_id).complaint_id)


@page(may="complaint.see")
def solution(request: HttpRequest, solution_id: UUID) -> HttpResponse:
    """The page where a solution is agreed, approved, carried out."""
    return redirect("voice:complaint", queries.solution(solution_id).complaint_id)


@page("voice/causes.html", may="complaint.see")
def causes(request: HttpRequest) -> dict[str, Any]:
    """Which causes come again, by series and store."""
    return {"rows": queries.causes(request.actor.stores, at=clock.now()), "now": clock.now()}


@page(may="complaint.see")
def goodwill(request: HttpRequest) -> HttpResponse:
    """How much each role may grant, where, since when; and another limit from those who may set one."""
    by, typed = request.actor, request.POST
    wrong: dict[str, str] = {}
    message = ""
    if request.method == "POST":
        require_permission(by, limits.PERMISSION)
        try:
            level = levels.level_of(typed.get("level", ""), by, permission=limits.PERMISSION)
            fen = _fen(typed.get("fen", ""), "fen")
            limits.change(by=by, level=level, role=typed.get("role", ""), fen=fen, reason=typed.get("reason", ""))
        except errors.Invalid as refusal:
            wrong, message = {k: str(v) for k, v in refusal.facts.items()}, refusal.message
        else:
            messages.success(request, _("额度已调整，从现在起有效。"))
            return redirect("voice:goodwill")
    context = limits.page(by) | {"typed": typed, "wrong": wrong, "message": message, "now": clock.now()}
    return render(request, "voice/goodwill.html", context, status=422 if message else 200)


def _drawn(request: HttpRequest, link: Any) -> dict[str, Any]:
    address = _address(request, link)
    return {"address": address, "drawn": owner_links.drawn(address)}


@page(may="complaint.answer")
def link(request: HttpRequest, complaint_id: UUID) -> HttpResponse:
    """The owner's page, as an address to send and a code to scan."""
    found = queries.complaint(complaint_id)
    if request.method == "POST":
        if request.POST.get("send") == "1":
            telling.send_link(found, by=request.actor)
            messages.success(request, _("链接已放进发件箱，马上用短信发出。"))
        else:
            links.share(found, by=request.actor)
        return redirect("voice:link", complaint_id)
    working = links.working(complaint=found)
    if working is None:
        return redirect("voice:complaint", complaint_id)
    return render(request, "voice/link.html", {"complaint": found} | _drawn(request, working))


@page(may="complaint.file")
def invite(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """A page on which this owner may complain."""
    customer, _cars = queries.choose(customer_id)
    if customer is None:
        raise NotFound(_("没有这位客户，或不属于您的门店。"))
    if request.method == "POST":
        made = links.invite(customer_id, by=request.actor)
        if request.POST.get("send") == "1":
            telling.send_invitation(made, by=request.actor)
            messages.success(request, _("链接已放进发件箱，马上用短信发出。"))
        return redirect("voice:invite", customer_id)
    working = links.working(customer=customer, complaint=None)
    if working is None:
        return redirect("customers:customer", customer_id)
    return render(request, "voice/link.html", {"customer_id": customer_id} | _drawn(request, working))


@page("voice/codes.html", may="complaint.share")
def codes(request: HttpRequest) -> dict[str, Any]:
    """Codes on the walls of the stores."""
    return {"codes": links.codes(), "stores_here": queries.stores_of(request.actor), "now": clock.now()}


@require_POST
@page(may="complaint.share")
def make_code(request: HttpRequest) -> HttpResponse:
    """One more code."""
    store_id = _number(request.POST.get("store", "")) or request.actor.stores[0]
    made = links.make_code(request.POST.get("name", ""), by=request.actor, store_id=store_id)
    return redirect("voice:code", made.id)


@page("voice/code.html", may="complaint.share")
def code(request: HttpRequest, owner_link_id: UUID) -> dict[str, Any]:
    """One code, to be printed and hung up."""
    found = next((c for c in links.codes() if c.id == owner_link_id), None)
    if found is None:
        raise NotFound(_("没有这个码，或已经撤销。"))
    address = _address(request, found)
    return {"code": found, "address": address, "drawn": owner_links.drawn(address)}


@require_POST
@page(may="complaint.share")
def revoke_code(request: HttpRequest, owner_link_id: UUID) -> HttpResponse:
    """The code opens nothing any more."""
    links.revoke(owner_link_id, by=request.actor)
    messages.success(request, _("这个码已经撤销，扫了不再能用。"))
    return redirect("voice:codes")
