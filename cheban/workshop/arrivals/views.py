"""Who is at the store today, and greeting them. Thin: parse, call, render. R032."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cheban.core import clock
from cheban.core.errors import NotFound
from cheban.customers import queries as customers
from cheban.org.access import page
from cheban.workshop.arrivals import commands, queries


def _day(request: HttpRequest) -> dict[str, Any]:
    now = clock.now()
    return {"rows": queries.day(request.actor, at=now), "now": now, **_may(request)}


def _may(request: HttpRequest) -> dict[str, Any]:
    return {"can_note": request.actor.may("arrival.note"), "can_greet": request.actor.may("arrival.greet")}


@page("workshop/arrivals.html", may="arrival.see")
def arrivals(request: HttpRequest) -> dict[str, Any]:
    """Today's arrivals, who waits for a greeting first."""
    return _day(request)


@require_POST
@page(may="arrival.note")
def note(request: HttpRequest) -> HttpResponse:
    """A car is here: by the button on its customer's page, or by plate or VIN typed at the desk."""
    try:
        vehicle_id = UUID(request.POST.get("vehicle", ""))
    except ValueError:
        plate = request.POST.get("plate", "").strip()
        try:
            if not plate:
                raise NotFound(_("请填写车牌或 VIN。"))
            vehicle_id = customers.vehicle_by_text(plate).id
        except NotFound as refusal:
            context = _day(request) | {"message": refusal.message, "typed": plate}
            return render(request, "workshop/arrivals.html", context, status=422)
    made, is_new = commands.note(vehicle_id, by=request.actor)
    if is_new:
        messages.success(request, _("已登记到店，销售顾问和售后专员马上收到提醒。"))
    else:
        messages.info(request, _("这辆车刚才已经登记过到店。"))
    return redirect("workshop:arrival", made.id)


def _one(request: HttpRequest, arrival_id: UUID) -> dict[str, Any]:
    [row] = queries.shown([queries.arrival(arrival_id)])
    return {"one": row, "arrival": row["row"], "now": clock.now(), **_may(request)}


@page("workshop/arrival.html", may="arrival.see")
def arrival(request: HttpRequest, arrival_id: UUID) -> dict[str, Any]:
    """One arrival: greet the customer here."""
    return _one(request, arrival_id)


@page(may="arrival.greet")
def greet(request: HttpRequest, arrival_id: UUID) -> HttpResponse:
    """The customer was greeted: what they said."""
    found = queries.arrival(arrival_id)
    if request.method != "POST":
        return redirect("workshop:arrival", arrival_id)
    try:
        commands.greet(found, by=request.actor, heard=request.POST.get("heard", ""))
    except commands.Invalid as refusal:
        context = _one(request, arrival_id) | {"message": refusal.message, "typed": request.POST.get("heard", "")}
        return render(request, "workshop/arrival.html", context, status=422)
    messages.success(request, _("已登记。听出增购、置换的意向，会自动变成线索。"))
    return redirect("workshop:arrival", arrival_id)
