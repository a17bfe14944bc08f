"""The wall board, for people and for televisions, and its display links. Thin: parse, call, render."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cheban.core import clock, slots
from cheban.core.errors import NotFound
from cheban.org import scope
from cheban.org.access import page
from cheban.playbook import wall

Board = Callable[..., dict[str, Any]]


@page("playbook/wall.html", may="wall.see")
def board(request: HttpRequest) -> dict:
    """The board of one store, for somebody who is signed in."""
    at = clock.now()
    store, stores = wall.store_for(request.GET.get("store", ""), request.actor)
    return wall.board(store, at=at) | {"stores_here": stores, "now": at, "live": f"store:{store.id}"}


def television(request: HttpRequest, token: str, *, template: str, part: str, board: Board) -> HttpResponse:
    """A board on a television: no session, read only, one store. A link that does not work is a 404 like any other.

    `board` gives what `template` shows of a store at a moment; `part` is what the screen fetches again.
    """
    at = clock.now()
    try:
        link_id, store_id = wall.store_of(token)
        with scope.use([store_id]):
            context = board(wall.opened(link_id, at=at), at=at) | {"now": at, "address": request.path}
            answer = render(request, part if request.htmx else template, context)
    except NotFound:
        answer = render(request, "playbook/wall_gone.html", {}, status=404)
        if request.htmx:
            answer["HX-Refresh"] = "true"
    answer["Cache-Control"] = "no-store"
    answer["Referrer-Policy"] = "no-referrer"
    return answer


@require_GET
def show(request: HttpRequest, token: str) -> HttpResponse:
    """What is due in a store, on its television."""
    return television(request, token, template="playbook/wall.html", part="playbook/_wall.html", board=wall.board)


@page("playbook/wall_links.html", may="wall.share")
def links(request: HttpRequest) -> dict:
    """Televisions that show a board."""
    _store, stores = wall.store_for("", request.actor)
    root = f"{request.scheme}://{request.get_host()}"
    boards = [("wall:show", _("任务")), *slots.ask("wall.boards", default=[])]
    shown = wall.links()
    for link in shown:
        link.addresses = [(title, root + reverse(name, args=[link.token])) for name, title in boards]
    return {"links": shown, "stores_here": stores, "now": clock.now()}


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
