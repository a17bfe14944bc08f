"""The wall board, for people and for televisions, and its display links. Thin: parse, call, render."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cheban.core import clock
from cheban.core.errors import NotFound
from cheban.org import scope
from cheban.org.access import page
from cheban.playbook import wall


@page("playbook/wall.html", may="wall.see")
def board(request: HttpRequest) -> dict:
    """The board of one store, for somebody who is signed in."""
    at = clock.now()
    store, stores = wall.store_for(request.GET.get("store", ""), request.actor)
    return wall.board(store, at=at) | {"stores_here": stores, "now": at, "live": f"store:{store.id}"}


@require_GET
def show(request: HttpRequest, token: str) -> HttpResponse:
    """The board on a television: no session, read only, one store. A link that does not work is a 404 like any other."""
    at = clock.now()
    try:
        link_id, store_id = wall.store_of(token)
        with scope.use([store_id]):
            context = wall.board(wall.opened(link_id, at=at), at=at) | {"now": at, "address": request.path}
            answer = render(request, "playbook/_wall.html" if request.htmx else "playbook/wall.html", context)
    except NotFound:
        answer = render(request, "playbook/wall_gone.html", {}, status=404)
        if request.htmx:
            answer["HX-Refresh"] = "true"
    answer["Cache-Control"] = "no-store"
    answer["Referrer-Policy"] = "no-referrer"
    return answer


@page("playbook/wall_links.html", may="wall.share")
def links(request: HttpRequest) -> dict:
    """Televisions that show a board."""
    _store, stores = wall.store_for("", request.actor)
    root = f"{request.scheme}://{request.get_host()}"
    return {"links": wall.links(), "stores_here": stores, "root": root, "now": clock.now()}


@require_POST
@page(may="wall.share")
def make_link(request: HttpRequest) -> HttpResponse:
    """One more television."""
    store = request.POST.get("store", "")
    wall.make_link(
        request.POST.get("name", ""),
        by=request.actor,
        store_id=int(store) if store.isdigit() else request.actor.stores[0],
    )
    messages.success(request, _("显示链接已建立，在那块屏的浏览器里打开它。"))
    return redirect("wall:links")


@require_POST
@page(may="wall.share")
def revoke_link(request: HttpRequest, link_id: int) -> HttpResponse:
    """The television shows nothing more."""
    wall.revoke_link(link_id, by=request.actor)
    messages.success(request, _("显示链接已撤销，那块屏不再显示。"))
    return redirect("wall:links")
