"""Promises on a screen: put on record, proved, kept. Thin: parse, call, render."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from cheban.core import clock, files
from cheban.core.errors import NotFound, Refused
from cheban.lists import views as lists
from cheban.org.access import page
from cheban.sales import choices, errors, queries
from cheban.sales.promises import commands as promising
from cheban.sales.promises import proofs as proving
from cheban.sales.typed import as_day, as_id, as_number


@page(may="delivery.see")
def promises(request: HttpRequest) -> HttpResponse:
    """Promises, by keyset pages."""
    found = lists.show(request, "promises")
    return found if isinstance(found, HttpResponse) else render(request, "sales/promises.html", found)


@page(may="promise.make")
def new_promise(request: HttpRequest) -> HttpResponse:
    """Put a promise on record."""
    asked = request.POST or request.GET
    customer, cars = queries.choose(as_id(asked.get("customer", "")), None)
    if customer is None:
        raise NotFound(_("没有这位客户，或不属于您的门店。"))
    wrong: dict[str, str] = {}
    message = ""
    if request.method == "POST":
        try:
            promising.make(
                by=request.actor,
                customer_id=customer.id,
                vehicle_id=as_id(asked.get("vehicle", "")),
                due_on=as_day(asked.get("due_on", "")),
                keeper_id=as_number(asked.get("keeper_id", "")),
                proofs=request.FILES.getlist("proofs"),
                **{name: asked.get(name, "") for name in ("kind", "what", "evidence", "side")},
            )
        except Refused as refusal:
            wrong, message = {k: str(v) for k, v in refusal.facts.items()}, refusal.message
        else:
            messages.success(request, _("承诺已登记，售后也看得到。"))
            return redirect("customers:customer", customer.id)
    context = {
        "customer": customer,
        "cars": cars,
        "typed": asked,
        "wrong": wrong,
        "message": message,
        "kinds": choices.KINDS,
        "sides": choices.SIDES,
        "people": dict(
            queries.people_of_side([customer.store_id], "delivery.sales_side")
            + queries.people_of_side([customer.store_id], "delivery.service_side")
        ).items(),
        "me": request.actor.staff_id,
        "today": clock.today(),
        "accept": files.ACCEPT,
        "limit_mb": files.MOST_BYTES >> 20,
    }
    return render(request, "sales/new_promise.html", context, status=422 if message else 200)


def _promise(request: HttpRequest, promise_id: UUID) -> dict[str, Any]:
    found = queries.promise(promise_id)
    proofs = queries.proofs_of(found)
    who = queries.names(
        [found.keeper_id, found.promised_by_id, found.settled_by_id, found.disputed_by_id, request.actor.staff_id]
        + [staff_id for proof in proofs for staff_id in (proof.added_by_id, proof.removed_by_id)]
    )
    stores = [found.store_id]
    return {
        "promise": queries.promise_row(found, who),
        "found": found,
        "who": {
            "promised": who.get(found.promised_by_id, ""),
            "settled": who.get(found.settled_by_id, ""),
            "disputed": who.get(found.disputed_by_id, ""),
        },
        "is_late": found.state == "open" and found.due_on < clock.today(),
        "people": dict(
            queries.people_of_side(stores, "delivery.sales_side")
            + queries.people_of_side(stores, "delivery.service_side")
        ).items(),
        "can_keep": found.state == "open" and request.actor.may("promise.keep"),
        "can_change": found.state == "open" and request.actor.may("promise.make"),
        "can_dispute": not (found.disputed_at and not found.found_at) and request.actor.may("promise.dispute"),
        "can_clarify": bool(found.disputed_at and not found.found_at) and request.actor.may("promise.make"),
        "proofs": [queries.proof_row(proof, who, request.actor) for proof in proofs],
        "can_prove": request.actor.may("promise.prove"),
        "can_open": request.actor.may("customer.reveal"),
        "accept": files.ACCEPT,
        "limit_mb": files.MOST_BYTES >> 20,
        "now": clock.now(),
        "today": clock.today(),
    }


@page("sales/promise.html", may="delivery.see")
def promise(request: HttpRequest, promise_id: UUID) -> dict[str, Any]:
    """One promise: what, proof, who, what became of it."""
    return _promise(request, promise_id)


@page(may="promise.dispute")
def settle_promise(request: HttpRequest, promise_id: UUID, deed: str) -> HttpResponse:
    """Kept, given up, changed, disputed or clarified; each asks its own permission."""
    found, by, typed = queries.promise(promise_id), request.actor, request.POST
    if request.method != "POST":
        return redirect("sales:promise", promise_id)
    deeds = {
        "keep": lambda: promising.keep(found, by=by, how=typed.get("how", "")),
        "give-up": lambda: promising.give_up(found, by=by, how=typed.get("how", "")),
        "change": lambda: promising.change(
            found, by=by, due_on=as_day(typed.get("due_on", "")), keeper_id=as_number(typed.get("keeper_id", ""))
        ),
        "dispute": lambda: promising.dispute(found, by=by, claimed=typed.get("claimed", "")),
        "clarify": lambda: promising.clarify(found, by=by, found=typed.get("found", "")),
    }
    if deed not in deeds:
        raise NotFound(_("没有这一步。"))
    try:
        deeds[deed]()
    except errors.Invalid as refusal:
        context = _promise(request, promise_id) | {"deed": deed, "message": refusal.message, "typed": typed}
        return render(request, "sales/promise.html", context, status=422)
    messages.success(request, _("已登记。"))
    return redirect("sales:promise", promise_id)


@page(may="promise.prove")
def add_proofs(request: HttpRequest, promise_id: UUID) -> HttpResponse:
    """Attach photos or PDFs to a promise."""
    found = queries.promise(promise_id)
    if request.method != "POST":
        return redirect("sales:promise", promise_id)
    try:
        made = proving.add(found, by=request.actor, uploads=request.FILES.getlist("proofs"))
    except errors.Invalid as refusal:
        context = _promise(request, promise_id) | {"message": refusal.message}
        return render(request, "sales/promise.html", context, status=422)
    messages.success(request, ngettext("已附上 %(n)d 个文件。", "已附上 %(n)d 个文件。", len(made)) % {"n": len(made)})
    return redirect("sales:promise", promise_id)


@require_GET
@page(may="customer.reveal")
def proof(request: HttpRequest, proof_id: UUID) -> HttpResponse:
    """The file itself; each opening is audited."""
    found = queries.proof(proof_id)
    return files.response(proving.opened(found, by=request.actor), name=f"proof-{found.added_at:%Y%m%d-%H%M}")


@require_POST
@page(may="promise.prove")
def remove_proof(request: HttpRequest, proof_id: UUID) -> HttpResponse:
    """Take a file out that does not belong here."""
    found = queries.proof(proof_id)
    proving.remove(found, by=request.actor, why=request.POST.get("why", ""))
    messages.success(request, _("已拿掉，文件已销毁。"))
    return redirect("sales:promise", found.promise_id)
