"""The privacy desk: requests with their clock, a person's copy, erasure, the history of consent."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cheban.core import clock
from cheban.customers import choices, forms
from cheban.customers import queries as customers
from cheban.customers.commands import Invalid
from cheban.customers.privacy_desk import commands, persons, queries, retention
from cheban.customers.privacy_desk.models import PrivacyRequest
from cheban.org.access import page

TYPES = {"json": "application/json; charset=utf-8", "pdf": "application/pdf"}


@page("customers/privacy/list.html", may="privacy.take")
def requests(request: HttpRequest) -> dict:
    """Requests being worked on, the most urgent first; and those that were answered."""
    show = "closed" if request.GET.get("show") == "closed" else "open"
    counts = queries.counts()
    here = reverse("customers:privacy")
    tabs = [
        {"label": _("办理中"), "url": here, "active": show == "open", "count": counts.get("open")},
        {"label": _("已答复"), "url": f"{here}?show=closed", "active": show == "closed", "count": None},
    ]
    return queries.worklist(show=show, after=request.GET.get("after", "")) | {
        "show": show,
        "tabs": tabs,
        "standing": persons.standing() if request.actor.may("privacy.handle") else None,
    }


@page("customers/privacy/new.html", may="privacy.take")
def take(request: HttpRequest, customer_id: UUID) -> dict | HttpResponse:
    """What the customer asks for, how, and how one knows that it is they."""
    customer = customers.customer(customer_id)
    form = forms.Form(request.POST, {})
    if request.method == "POST":
        try:
            made = commands.take(
                customer,
                by=request.actor,
                **{k: request.POST.get(k, "") for k in ("kind", "channel", "identity_check")},
            )
        except Invalid as refusal:
            form = forms.Form(request.POST, refusal.facts)
        else:
            messages.success(request, _("已登记，请在 %(on)s 前答复。") % {"on": made.due_on.isoformat()})
            return redirect("customers:privacy_request", made.id)
    return {
        "customer": customer,
        "form": form,
        "kinds": PrivacyRequest.Kind.choices,
        "channels": PrivacyRequest.Channel.choices,
    }


@page(may="privacy.take")
def one(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """One request: its clock, what to do, the answer."""
    return _show(request, queries.request(request_id), forms.Form({}, {}))


def _show(request: HttpRequest, asked: PrivacyRequest, form: forms.Form) -> HttpResponse:
    context = queries.page_of(asked) | {
        "form": form,
        "purposes": choices.PURPOSE,
        "can_handle": request.actor.may("privacy.handle"),
        "can_erase": request.actor.may("privacy.erase"),
        "can_edit": request.actor.may("customer.edit"),
    }
    return render(request, "customers/privacy/request.html", context, status=422 if form.errors else 200)


@require_POST
@page(may="privacy.handle")
def answer(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Close with an answer, or refuse with a reason."""
    asked = queries.request(request_id)
    try:
        commands.answer(
            asked,
            by=request.actor,
            text=request.POST.get("answer", ""),
            is_refused=request.POST.get("refused") == "1",
        )
    except Invalid as refusal:
        return _show(request, asked, forms.Form(request.POST, refusal.facts))
    messages.success(request, _("已办结。"))
    return redirect("customers:privacy")


@require_POST
@page(may="privacy.handle")
def copy(request: HttpRequest, request_id: UUID, form: str) -> HttpResponse:
    """The person's copy as a download; nothing of it is kept on the server."""
    asked = queries.request(request_id)
    body = commands.copy(asked, by=request.actor, form=form)
    response = HttpResponse(body, content_type=TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="personal-data-{clock.today().isoformat()}.{form}"'
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@page(may="privacy.handle")
def withdraw(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Consent withdrawn, with the request as proof."""
    asked = queries.request(request_id)
    try:
        count = commands.withdraw(asked, by=request.actor, purposes=request.POST.getlist("purposes"))
    except Invalid as refusal:
        return _show(request, asked, forms.Form(request.POST, refusal.facts))
    messages.success(request, _("已登记 %(n)d 项撤回，从现在起不再为此联系。请写明答复后办结。") % {"n": count})
    return redirect("customers:privacy_request", asked.id)


@require_POST
@page(may="privacy.erase")
def erase(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Erase; the name typed by hand is the confirmation."""
    asked = queries.request(request_id)
    errors = {}
    if request.POST.get("name", "").strip() != asked.customer.name:
        errors["name"] = _("与客户姓名不一致。")
    if not request.POST.get("answer", "").strip():
        errors["erase_answer"] = _("请写明怎样答复的客户。")
    if errors:
        return _show(request, asked, forms.Form(request.POST, errors))
    commands.erase(asked, by=request.actor, text=request.POST["answer"])
    messages.success(request, _("个人信息已删除。依法留存的部分不再指向本人。"))
    return redirect("customers:privacy_request", asked.id)


@page("customers/privacy/retention.html", may="privacy.handle")
def kept(request: HttpRequest) -> dict | HttpResponse:
    """How long each class is kept; what would go tonight; days and switch."""
    stores = request.actor.stores
    asked = request.GET.get("store", "")
    store_id = int(asked) if asked.isdigit() and int(asked) in stores else stores[0]
    return {
        "classes": retention.look(store_id),
        "store_id": store_id,
        "can_choose": request.actor.may("privacy.erase"),
    }


@require_POST
@page(may="privacy.erase")
def keep(request: HttpRequest) -> HttpResponse:
    """Days and switch of one class."""
    days, store = request.POST.get("days", ""), request.POST.get("store", "")
    if not (days.isdigit() and store.isdigit()):
        raise Invalid(_("天数请填数字。"))
    made = retention.choose(
        int(store),
        by=request.actor,
        code=request.POST.get("code", ""),
        days=int(days[:6]),
        is_on=request.POST.get("on") == "1",
    )
    if made.is_on:
        messages.success(request, _("已打开，从今夜起执行。"))
    else:
        messages.success(request, _("已保存，没有打开。"))
    return redirect(f"{reverse('customers:retention')}?store={made.store_id}")


@page("customers/privacy/consents.html", may="customer.see")
def consents(request: HttpRequest, customer_id: UUID) -> dict:
    """Every answer about contact, with its proof."""
    customer = customers.customer(customer_id)
    return {"customer": customer, "history": queries.consent_history(customer.id), "now": clock.now()}
