"""Pages of the frame: home, search, store switch, health."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cheban.core import clock
from cheban.core.calendars import missing_years
from cheban.customers import search as finder
from cheban.customers import stores as places
from cheban.org import queries as org
from cheban.org.access import page, require_permission
from cheban.site import vitals


@page(may=None)
def home(request: HttpRequest) -> HttpResponse:
    """Where each role's day begins."""
    for name, permission in (
        ("playbook:my_day", "task.see_own"),
        ("playbook:team", "task.see_team"),
        ("customers:list", "customer.see"),
    ):
        if request.actor.may(permission):
            return redirect(name)
    return redirect("account_change_password")


@require_POST
@page(may=None)
def search(request: HttpRequest) -> HttpResponse:
    """The palette: what was typed never stands in an address (POST). Empty text answers with recent customers."""
    if not request.actor.may("customer.see"):
        require_permission(request.actor, "customer.see")
    text = request.POST.get("q", "")
    hits = finder.find(text, request.actor) if text.strip() else finder.recent(request.actor)
    labels = {"vehicle": _("车辆"), "phone": _("电话"), "name": _("姓名")} if text.strip() else {}
    groups: dict[str, list] = {}
    for hit in hits:
        groups.setdefault(labels.get(hit.group, _("最近看过")), []).append(
            {
                "title": hit.title,
                "subtitle": hit.subtitle,
                "plate": hit.plate,
                "plate_kind": hit.plate_kind,
                "url": reverse("customers:customer", args=[hit.customer_id]),
            }
        )
    return JsonResponse(
        {"groups": [{"label": label, "items": items} for label, items in groups.items()]},
        json_dumps_params={"ensure_ascii": False},
    )


STORES_SHOWN = 60


@page(may=None)
def choose_store(request: HttpRequest) -> HttpResponse:
    """Narrow the scope to one store, or open it to all of one's stores again (POST); find one among many (GET)."""
    if request.method != "POST":
        words = request.GET.get("q", "")[:64].strip()
        found = places.found(org.stores_of(request.actor), words)
        context = {"found": found[:STORES_SHOWN], "count": len(found), "words": words, "next": _back(request)}
        return render(request, "site/stores.html", context)
    value = request.POST.get("store", "")
    if value.isdigit() and int(value) in request.actor.roles:
        request.session["store"] = int(value)
    else:
        request.session.pop("store", None)
    return redirect(_back(request))


@require_POST
@page(may=None)
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the system has it."""
    value = request.POST.get("theme", "")
    if value in ("light", "dark", "system"):
        request.user.theme = value
        request.user.save(update_fields=["theme"])
    return redirect(_back(request)) if not request.htmx else HttpResponse(status=204)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Chinese or English; kept on the person, or in a cookie before signing in."""
    value = request.POST.get("language", "")
    response = redirect(_back(request))
    if value in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            request.user.language = value
            request.user.save(update_fields=["language"])
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, value, max_age=365 * 86400, samesite="Lax", httponly=True)
        translation.activate(value)
    return response


def _back(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next") or request.headers.get("Referer", "/")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    return target if safe else "/"


@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@require_GET
def readyz(request: HttpRequest) -> HttpResponse:
    """Ready to serve pages: database and disk decide, 503 otherwise. A silent worker or a late queue are named, but
    pages work without them, and taking the pages away would help nobody; so is a missing calendar."""
    checks, warnings = {"database": "ok"}, []
    try:
        checks |= vitals.summary()
        warnings = [
            f"calendar of store {store} lacks {year}"
            for store in org.store_ids()
            for year in missing_years(store, today=clock.today())
        ]
    except Exception as error:  # any failure means not ready
        checks["database"] = type(error).__name__
    ready = checks["database"] == "ok" and checks.get("disk") == "ok"
    return JsonResponse({"ready": ready, "checks": checks, "warnings": warnings}, status=200 if ready else 503)


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus; to others the page does not exist."""
    if not vitals.may_scrape(request):
        return HttpResponse(status=404)
    return HttpResponse(vitals.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")
