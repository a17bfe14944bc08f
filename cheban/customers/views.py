"""The list, the customer-360 page and what one does there. Thin: parse, call, render."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cheban.core import clock, slots
from cheban.core.errors import BadValue
from cheban.customers import bulk as bulk_deeds
from cheban.customers import choices, commands, forms, likes, quality, queries, search
from cheban.customers.fields import definitions
from cheban.customers.fields import forms as field_forms
from cheban.customers.privacy_desk import queries as privacy
from cheban.customers.vehicles import edit_vehicle
from cheban.lists import views as lists
from cheban.org.access import page


@page(may="customer.see")
def customer_list(request: HttpRequest) -> HttpResponse:
    """Customers, filtered, by keyset pages."""
    found = lists.show(request, "customers")
    if isinstance(found, HttpResponse):
        return found
    asked_by = {f["code"]: f["options"] for f in found["list"]["filters"]}
    keepers = [(code, name) for code, name in asked_by["keeper"] if code != "none"]
    may = {f"can_{what}": request.actor.may(f"customer.{what}") for what in ("create", "edit")}
    return render(request, "customers/list.html", found | may | {"tiers": choices.TIER, "keepers": keepers})


@page("customers/new.html", may="customer.create")
def new_customer(request: HttpRequest) -> dict | HttpResponse:
    """First visit: name, phone, vehicle."""
    form = forms.Form(request.POST, {})
    store = request.POST.get("store", "")
    store_id = int(store) if store.isascii() and store.isdigit() else request.actor.stores[0]
    own = [f for f in definitions.for_store(store_id, "customer") if f.is_required]
    if request.method == "POST":
        try:
            made = commands.create_customer(
                by=request.actor,
                store_id=store_id,
                custom=_asked(request, own, {}),
                **{k: request.POST.get(k, "") for k in ("name", "phone", "plate", "vin")},
                **{
                    k: request.POST.get(k, "")
                    for k in ("kind", "gender", "habits", "special_requests", "source")
                    if request.POST.get(k)
                },
            )
        except commands.Invalid as refusal:
            form = forms.Form(request.POST, refusal.facts)
        else:
            messages.success(request, _("%(name)s 的档案已建立。") % {"name": made.name})
            return redirect("customers:customer", made.id)
    post = request.POST if request.method == "POST" else None
    boxes = field_forms.boxes(own, {}, post=post, errors=form.errors)
    return {"form": form, "choices": forms.EDIT_CHOICES, "boxes": boxes}


def _asked(request: HttpRequest, own: list, extra: dict, held: Collection[int] = ()) -> dict[str, Any]:
    """The custom fields that were sent. Raises Invalid naming each wrong box."""
    asked, wrong = field_forms.read(request.POST, own, extra, held=held)
    if wrong:
        raise commands.Invalid(_("有几处需要改正。"), **wrong)
    return asked


@page("customers/customer.html", may="customer.see")
def customer(request: HttpRequest, customer_id: UUID) -> dict | HttpResponse:
    """Who, which vehicles, what is due, what happened, what next. Old links lead to the file that holds theirs now."""
    holder = queries.customer(customer_id)
    if holder.id != customer_id:
        return redirect("customers:customer", holder.id)
    return _page_of(request, holder)


OF_OTHER_ROOMS = tuple(
    f"customer.{what}" for what in ("sales", "promises", "conversations", "surveys", "leads", "complaints", "likes")
)
"""What other rooms show on a customer's page."""
OWN_ROWS = {
    "merges": "customers_customermerge WHERE survivor_id = %s",
    "former": "customers_vehicleownership WHERE customer_id = %s AND until_on IS NOT NULL",
    "requests": "customers_privacyrequest WHERE customer_id = %s",
    "reached": "core_event WHERE customer_id = %s AND name = 'contact.reached'",
}
"""What most customers have none of, and where it is."""


def _page_of(request: HttpRequest, who: queries.Customer) -> dict:
    at, customer_id = clock.now(), who.id
    may_edit = request.actor.may("customer.edit")
    there_is = slots.worth_asking(OF_OTHER_ROOMS, customer_id, **OWN_ROWS)

    def told(what: str) -> list:
        return slots.ask(f"customer.{what}", customer_id) if f"customer.{what}" in there_is else []

    found = queries.page_360(who, is_merged="merges" in there_is, has_former="former" in there_is)
    search.remember(customer_id, request.actor, store_id=found["customer"].store_id, at=at)
    group = request.GET.get("show", "")
    tasks = slots.ask("customer.tasks", customer_id, at=at, default=[])
    own = definitions.for_store(who.store_id)
    of_cars = [f for f in own if f.subject == "vehicle"]
    for car in found["vehicles"]:
        car.custom = definitions.shown(car.extra, of_cars)
        car.boxes = field_forms.boxes(of_cars, car.extra) if may_edit else []
    is_sealed = any(f.is_personal for f in own)
    deals = told("sales")
    return found | {
        "custom": definitions.shown(who.extra, [f for f in own if f.subject == "customer"]),
        "sealed": definitions.sealed_of([customer_id]) if is_sealed else [],
        "timeline": queries.timeline(customer_id, group=group, is_merged="merges" in there_is),
        "show": group,
        "tasks": tasks,
        "next_actions": slots.ask("customer.next_actions", tasks, request.actor, default=[]),
        "promises": told("promises"),
        "deals": deals,
        "conversations": told("conversations"),
        "surveys": told("surveys"),
        "leads": told("leads") if request.actor.may("lead.see") else [],
        "complaints": told("complaints") if request.actor.may("complaint.see") else [],
        "to_deliver": queries.to_deliver(found["vehicles"], today=clock.today()) - {d["vehicle_id"] for d in deals},
        "likes": [
            *likes.of_customer(
                customer_id,
                [*found["vehicles"], *(past.vehicle for past in found["former"])],
                was_reached="reached" in there_is,
            ),
            *told("likes"),
        ],
        "complete": quality.of([customer_id], today=clock.today())[customer_id] if may_edit else None,
        "keeper": quality.names({found["customer"].keeper_id} - {None}).get(found["customer"].keeper_id, ""),
        "today": clock.today(),
        "now": at,
        "purposes": forms.PURPOSES,
        "can_edit": may_edit,
        "can_reveal": request.actor.may("customer.reveal"),
        "can_consent": request.actor.may("consent.change"),
        "can_note": request.actor.may("note.add"),
        "can_merge": request.actor.may("customer.merge"),
        "can_take_request": request.actor.may("privacy.take"),
        "requests": privacy.open_requests(customer_id)
        if request.actor.may("privacy.take") and "requests" in there_is
        else [],
    }


@page("customers/quality.html", may="customer.edit")
def files(request: HttpRequest) -> dict:
    """How complete the files are, what they lack most, whose day of review has come."""
    return quality.board() | {"me": request.actor.staff_id}


@require_POST
@page(may="customer.edit")
def reviewed(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """One file was looked through: due again in a year."""
    bulk_deeds.do([queries.customer(customer_id).id], by=request.actor, action="reviewed", value="")
    messages.success(request, _("已记为核查过。"))
    return redirect("customers:customer", customer_id)


@page("customers/_timeline.html", may="customer.see")
def timeline(request: HttpRequest, customer_id: UUID) -> dict:
    """More of what happened, older first page by page; or one group of it."""
    found = queries.customer(customer_id)
    group = request.GET.get("show", "")
    return {
        "customer": found,
        "timeline": queries.timeline(customer_id, before=request.GET.get("before", ""), group=group),
        "show": group,
    }


@page("customers/edit.html", may="customer.edit")
def edit_customer(request: HttpRequest, customer_id: UUID) -> dict | HttpResponse:
    """Change the file."""
    found = queries.customer(customer_id)
    form = forms.Form(forms.customer_values(found), {})
    own = definitions.for_store(found.store_id, "customer")
    held = {row["field"].id for row in definitions.sealed_of([found.id])} if own else set()
    extra = dict(found.extra)
    if request.method == "POST":
        try:
            typed = forms.read_customer(request.POST)
            custom = _asked(request, own, extra, held)
            commands.edit_customer(found, by=request.actor, custom=custom, **typed)
        except commands.Invalid as refusal:
            form = forms.Form(request.POST, refusal.facts)
        except BadValue as error:
            form = forms.Form(request.POST, {"birth_on": str(error.problem)})
        else:
            messages.success(request, _("档案已更新。"))
            return redirect("customers:customer", customer_id)
    post = request.POST if request.method == "POST" else None
    boxes = field_forms.boxes(own, extra, held=held, post=post, errors=form.errors)
    return {"customer": found, "form": form, "choices": forms.EDIT_CHOICES, "boxes": boxes}


@require_POST
@page(may="note.add")
def add_note(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """A note into the timeline."""
    commands.add_note(queries.customer(customer_id), by=request.actor, text=request.POST.get("text", ""))
    if request.htmx:
        return render(
            request,
            "customers/_timeline.html",
            {"customer": queries.customer(customer_id), "timeline": queries.timeline(customer_id), "show": ""},
        )
    return redirect("customers:customer", customer_id)


@require_POST
@page(may="consent.change")
def consent(request: HttpRequest, customer_id: UUID) -> HttpResponse:
    """What the customer said about being contacted."""
    commands.change_consent(
        queries.customer(customer_id),
        by=request.actor,
        purpose=request.POST.get("purpose", ""),
        channel=request.POST.get("channel", "any"),
        is_given=request.POST.get("given") == "1",
        proof=request.POST.get("proof", ""),
    )
    messages.success(request, _("已登记，从现在起按客户的意思联系。"))
    return redirect("customers:customer", customer_id)


@require_POST
@page(may="customer.edit")
def odometer(request: HttpRequest, vehicle_id: UUID) -> HttpResponse:
    """An odometer reading by hand; a refusal stands beside the field, with what was typed."""
    vehicle = queries.vehicle(vehicle_id)
    typed, is_right = request.POST.get("km", ""), request.POST.get("is_right") == "1"
    text = typed.replace(",", "").replace("，", "").strip()
    try:
        if not (text.isascii() and text.isdigit()):
            raise commands.Invalid(_("里程请填数字，单位公里。"))
        commands.read_odometer(vehicle, by=request.actor, km=int(text[:9]), on=clock.today(), is_right=is_right)
    except (commands.Invalid, commands.OdometerBackwards) as refusal:
        if not vehicle.owner_id:
            raise
        wrong = {"vehicle_id": vehicle.id, "km": typed[:20], "is_right": is_right, "error": refusal.message}
        context = _page_of(request, queries.customer(vehicle.owner_id)) | {"odometer": wrong}
        return render(request, "customers/customer.html", context, status=422)
    messages.success(request, _("里程已登记，保养日期已重新预计。"))
    return redirect("customers:customer", vehicle.owner_id) if vehicle.owner_id else redirect("customers:list")


@require_POST
@page(may="customer.edit")
def vehicle_custom(request: HttpRequest, vehicle_id: UUID) -> HttpResponse:
    """A vehicle's custom fields; a refusal stands beside its box, with what was typed."""
    vehicle = queries.vehicle(vehicle_id)
    own = definitions.for_store(vehicle.store_id, "vehicle")
    try:
        edit_vehicle(vehicle, by=request.actor, custom=_asked(request, own, vehicle.extra))
    except commands.Invalid as refusal:
        if not vehicle.owner_id:
            raise
        context = _page_of(request, queries.customer(vehicle.owner_id))
        car = next(car for car in context["vehicles"] if car.id == vehicle.id)
        car.boxes = field_forms.boxes(own, car.extra, post=request.POST, errors=refusal.facts)
        car.has_wrong_box = True
        return render(request, "customers/customer.html", context, status=422)
    messages.success(request, _("车辆资料已保存。"))
    return redirect("customers:customer", vehicle.owner_id) if vehicle.owner_id else redirect("customers:list")


@require_POST
@page(may="customer.reveal")
def reveal(request: HttpRequest, what: str, row_id: UUID) -> HttpResponse:
    """The full value: one click, one audit row with the reason of the page it was on."""
    value = commands.reveal(what, row_id, by=request.actor, reason=request.POST.get("reason", "") or _("客户页查看"))
    return render(request, "components/revealed.html", {"value": value, "is_phone": value.replace("-", "").isdigit()})


def _ids(request: HttpRequest) -> list[UUID]:
    """The ticked rows. Raises Invalid for what is no id."""
    try:
        return [UUID(i) for i in request.POST.getlist("ids")]
    except ValueError:
        raise commands.Invalid(_("请先勾选客户。")) from None


@require_POST
@page(may="customer.edit")
def bulk(request: HttpRequest) -> HttpResponse:
    """A tag or a tier for the ticked customers, or for all that match: how many and whom first, then the deed."""
    spec, asked = lists.asked_of(request, "customers")
    action, value = request.POST.get("action", ""), request.POST.get("value", "").strip()
    own = {"set_tier": "tier", "set_keeper": "keeper"}.get(action)
    value = request.POST.get(own, "") if own else value or request.POST.get("tag", "").strip()
    is_all = request.POST.get("all") == "1"
    ids = bulk_deeds.matching_ids(asked, today=clock.today(), spec=spec) if is_all else _ids(request)
    if request.POST.get("sure") != "1":
        context = bulk_deeds.preview(ids, by=request.actor, action=action, value=value)
        context |= {"ids": [] if is_all else ids, "is_all": is_all, "query": asked.query()}
        return render(request, "customers/bulk.html", context)
    count, deed = bulk_deeds.do(ids, by=request.actor, action=action, value=value)
    tags = f"undo:{reverse('lists:undo', args=[deed.id])}" if deed else ""
    messages.success(request, _("已更新 %(n)d 位客户。") % {"n": count}, extra_tags=tags)
    return redirect(f"{reverse(spec.url)}?{asked.query() or 'all=1'}")
