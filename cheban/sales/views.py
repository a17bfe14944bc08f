"""Deliveries, sheets, first feedback on a screen. Thin: parse, call, render."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cheban.core import clock
from cheban.core.errors import Refused
from cheban.lists import views as lists
from cheban.org.access import page
from cheban.sales import errors, queries
from cheban.sales import feedback as first_feedback
from cheban.sales.deliveries import commands as delivering
from cheban.sales.handover import commands as handing
from cheban.sales.handover import fields
from cheban.sales.typed import as_id, as_moment, as_number


@page(may="delivery.see")
def deliveries(request: HttpRequest) -> HttpResponse:
    """Deliveries and their sheets, by keyset pages."""
    found = lists.show(request, "deliveries")
    if isinstance(found, HttpResponse):
        return found
    return render(request, "sales/deliveries.html", found | {"can_plan": request.actor.may("delivery.plan")})


@page(may="delivery.plan")
def new_delivery(request: HttpRequest) -> HttpResponse:
    """Appoint a delivery for a customer's car."""
    asked = request.POST or request.GET
    customer, cars = queries.choose(as_id(asked.get("customer", "")), as_id(asked.get("vehicle", "")))
    wrong: dict[str, str] = {}
    message = ""
    if request.method == "POST":
        try:
            moment = as_moment(request.POST.get("scheduled_at", ""))
            if moment is None:
                raise errors.Invalid(_("请选择交车的日期和时间。"), scheduled_at=_("请选择。"))
            vehicle_id = as_id(request.POST.get("vehicle", ""))
            if vehicle_id is None:
                raise errors.Invalid(_("请选择要交的车。"), vehicle=_("请选择。"))
            made = delivering.plan(
                by=request.actor,
                vehicle_id=vehicle_id,
                scheduled_at=moment,
                sales_consultant_id=as_number(request.POST.get("sales_consultant_id", "")),
                service_specialist_id=as_number(request.POST.get("service_specialist_id", "")),
            )
        except Refused as refusal:
            wrong, message = {k: str(v) for k, v in refusal.facts.items()}, refusal.message
        else:
            messages.success(request, _("已约好交车。"))
            return redirect("sales:delivery", made.id)
    stores = [customer.store_id] if customer else request.actor.stores
    context = {
        "customer": customer,
        "cars": cars,
        "typed": asked,
        "wrong": wrong,
        "message": message,
        "sales": queries.people_of_side(stores, "delivery.sales_side"),
        "service": queries.people_of_side(stores, "delivery.service_side"),
        "me": request.actor.staff_id,
        "now": clock.now(),
    }
    return render(request, "sales/new_delivery.html", context, status=422 if message else 200)


@page("sales/delivery.html", may="delivery.see")
def delivery(request: HttpRequest, delivery_id: UUID) -> dict[str, Any]:
    """One delivery: checklists, sheet, promises, first feedback."""
    return _delivery(request, delivery_id)


def _delivery(request: HttpRequest, delivery_id: UUID) -> dict[str, Any]:
    return queries.page(queries.delivery(delivery_id), request.actor) | {"now": clock.now()}


@require_POST
@page(may="delivery.plan")
def move(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Another moment."""
    found, moment = queries.delivery(delivery_id), as_moment(request.POST.get("scheduled_at", ""))
    if moment is None:
        raise errors.Invalid(_("请选择交车的日期和时间。"))
    delivering.move(found, by=request.actor, scheduled_at=moment)
    messages.success(request, _("已改期。"))
    return redirect("sales:delivery", delivery_id)


@require_POST
@page(may="delivery.plan")
def cancel(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """The buyer does not take the car."""
    delivering.cancel(queries.delivery(delivery_id), by=request.actor, reason=request.POST.get("reason", ""))
    messages.success(request, _("已取消这次交车。"))
    return redirect("sales:delivery", delivery_id)


@require_POST
@page(may="delivery.carry_out")
def tick(request: HttpRequest, delivery_id: UUID, point: str) -> HttpResponse:
    """A point was explained, or not yet."""
    delivering.tick(
        queries.delivery(delivery_id), by=request.actor, point=point, is_done=request.POST.get("done") == "1"
    )
    if request.htmx:
        return render(request, "sales/_checks.html", _delivery(request, delivery_id))
    return redirect("sales:delivery", delivery_id)


@require_POST
@page(may="delivery.carry_out")
def complete(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """The buyer drives off."""
    delivering.complete(queries.delivery(delivery_id), by=request.actor)
    messages.success(request, _("已交付。交接表 24 小时内发出，3 天内登记首次反馈。"))
    return redirect("sales:delivery", delivery_id)


@page(may="handover.write")
def fill_in(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Save the sheet, and send it when asked to. What is wrong stands beside its field, with what was typed."""
    sheet = queries.sheet(delivery_id)
    if request.method != "POST":  # reloaded, or refreshed by the stream, after a refusal
        return redirect("sales:delivery", delivery_id)
    data = {
        f.code: request.POST.getlist(f.code) if f.kind == "choices" else request.POST.get(f.code, "")
        for f in fields.ASKED
    }
    try:
        version = as_number(request.POST.get("version", ""))
        if request.POST.get("send") == "1":
            handing.fill_in_and_send(sheet, by=request.actor, data=data, version=version)
            messages.success(request, _("交接表已发出，等售后专员逐项确认。"))
        else:
            handing.fill_in(sheet, by=request.actor, data=data, version=version)
            messages.success(request, _("已保存。"))
    except (errors.Invalid, errors.Incomplete) as refusal:
        wrong = dict.fromkeys(refusal.facts.get("missing", ()), _("请填写。")) or refusal.facts
        context = _delivery(request, delivery_id)
        for dimension in context["answers"]:
            for line in dimension["fields"]:
                code = line["field"].code
                line["error"] = str(wrong.get(code, ""))
                line["value"] = data.get(code, line["value"])
        return render(request, "sales/delivery.html", context | {"message": refusal.message}, status=422)
    return redirect("sales:delivery", delivery_id)


@page("sales/revision.html", may="delivery.see")
def revision(request: HttpRequest, revision_id: UUID) -> dict[str, Any]:
    """A sheet as it was sent: what sales recorded, what service confirms line by line; prints as the signed form."""
    return _revision(request, revision_id)


def _revision(request: HttpRequest, revision_id: UUID) -> dict[str, Any]:
    found = queries.revision(revision_id)
    context = queries.page(queries.delivery(found.sheet.delivery_id), request.actor)
    shown = next(r for r in context["revisions"] if r["id"] == found.id)
    dimensions = [
        {"label": label, "lines": [line for line in shown["lines"] if line["dimension"] == code]}
        for code, label in fields.DIMENSIONS.items()
    ]
    is_open = found.answered_at is None
    return context | {
        "revision": shown,
        "dimensions": dimensions,
        "can_answer": is_open and context["can_confirm"],
        "is_mine": is_open and found.sent_by_id == request.actor.staff_id,
        "now": clock.now(),
    }


@page(may="handover.confirm")
def answer(request: HttpRequest, revision_id: UUID) -> HttpResponse:
    """Confirm the sheet, or send it back with what is wrong."""
    found = queries.revision(revision_id)
    if request.method != "POST":
        return redirect("sales:revision", revision_id)
    said = {code: request.POST.get(f"is_{code}", "") for code in found.content}
    checks = {code: value == "right" for code, value in said.items() if value in ("right", "wrong")}
    remarks = {code: request.POST.get(f"why_{code}", "") for code in found.content}
    try:
        event = handing.answer(found, by=request.actor, checks=checks, remarks=remarks)
    except (errors.Invalid, errors.Incomplete) as refusal:
        context = _revision(request, revision_id)
        missing = refusal.facts.get("missing", ())
        for dimension in context["dimensions"]:
            for line in dimension["lines"]:
                code = line["code"]
                line |= {"said": said[code], "why": remarks[code]}
                line["error"] = _("请确认这一项。") if code in missing else str(refusal.facts.get(code, ""))
        return render(request, "sales/revision.html", context | {"message": refusal.message}, status=422)
    done = event.name == "handover.confirmed"
    messages.success(request, _("已确认，交接完成。") if done else _("已退回给销售顾问改正。"))
    return redirect("sales:revision", revision_id)


@page(may="feedback.record")
def record_feedback(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """What the buyer asked in the first days."""
    found = queries.delivery(delivery_id)
    if request.method != "POST":
        return redirect("sales:delivery", delivery_id)
    typed = {name: request.POST.get(name, "") for name in ("questions", "needs")}
    try:
        first_feedback.record_first(found, by=request.actor, **typed)
    except errors.Invalid as refusal:
        context = _delivery(request, delivery_id) | {"feedback_typed": typed, "feedback_wrong": refusal.facts}
        return render(request, "sales/delivery.html", context, status=422)
    messages.success(request, _("已登记，销售顾问会看到。"))
    return redirect("sales:delivery", delivery_id)


@page(may="delivery.see")
def feedback(request: HttpRequest, feedback_id: UUID) -> HttpResponse:
    """The delivery's page, where its feedback stands."""
    return redirect("sales:delivery", queries.feedback(feedback_id).delivery_id)


@require_POST
@page(may="feedback.read")
def read_feedback(request: HttpRequest, feedback_id: UUID) -> HttpResponse:
    """The sales consultant has read it."""
    found = queries.feedback(feedback_id)
    first_feedback.read(found, by=request.actor)
    return redirect("sales:delivery", found.delivery_id)
