"""Owners' pages: complain, see how it goes, say whether it is solved. No session, no sign-in; one link, one store.

Nothing of anybody is shown but what the holder of the link said or was told. R118, R123, R125.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cheban.core import clock, owner_links, privacy
from cheban.core.errors import BadValue, NotFound, Refused
from cheban.customers.phone import parse_phone
from cheban.org import scope
from cheban.org.access import system_actor
from cheban.voice import choices
from cheban.voice.complaints import commands, errors, links, queries, solving

MOST_TEXT = 5_000


def _address(request: HttpRequest) -> str:
    return request.META.get("REMOTE_ADDR", "")


def _answer(request: HttpRequest, token: str, do: Callable[[links.Opened], Any]) -> HttpResponse:
    """Open the link in its store's scope and do something there; a link that does not work is like no page at all."""
    try:
        store_id = owner_links.store_of(token)
        with scope.use([store_id]):
            found = do(links.opened(token, at=clock.now()))
            answer = found if isinstance(found, HttpResponse) else render(request, "voice/owner.html", found)
    except NotFound:
        answer = render(request, "voice/owner_gone.html", {}, status=404)
    except errors.TooOften as refusal:
        answer = render(request, "voice/owner_gone.html", {"message": refusal.message}, status=429)
    answer["Cache-Control"] = "no-store"
    answer["Referrer-Policy"] = "same-origin"
    return answer


def _page(request: HttpRequest, token: str, got: links.Opened) -> dict[str, Any]:
    base = {"token": token, "now": clock.now(), "here": f"/k/{token}/", "frame_theme": "system"}
    if got.complaint is not None:
        return base | queries.owner_page(got.complaint)
    return base | {
        "store": got.link.store,
        "kinds": choices.KINDS,
        "is_known": got.link.customer_id is not None,
        "plate": privacy.mask_plate(got.vehicle.plate_number) if got.vehicle else "",
        "plate_kind": got.vehicle.plate_kind if got.vehicle else "",
        "typed": {},
    }


@require_GET
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Where the complaint stands; or the form to file one."""
    try:
        links.allow(f"open:{_address(request)}", links.OPENINGS)
    except errors.TooOften as refusal:
        return render(request, "voice/owner_gone.html", {"message": refusal.message}, status=429)
    return _answer(request, token, lambda got: _page(request, token, got))


def _count(request: HttpRequest, got: links.Opened) -> None:
    links.allow(f"write:{_address(request)}", links.WRITINGS)
    links.allow(f"link:{got.link.id}", links.OF_A_LINK)


@require_POST
def file(request: HttpRequest, token: str) -> HttpResponse:
    """An owner complains; from then on the address of their complaint is theirs."""

    def do(got: links.Opened) -> HttpResponse:
        if got.complaint is not None:
            return redirect("owner:show", token)
        _count(request, got)
        typed = {name: request.POST.get(name, "") for name in ("kind", "text", "name", "phone", "plate")}
        try:
            claim = None if got.link.customer_id else _claim(typed)
            made = commands.file_by_owner(
                store_id=got.link.store_id,
                customer_id=got.link.customer_id,
                vehicle=got.vehicle,
                kind=typed["kind"],
                text=typed["text"][:MOST_TEXT],
                claim=claim,
            )
        except errors.Invalid as refusal:
            context = _page(request, token, got) | {
                "typed": typed,
                "message": refusal.message,
                "wrong": {k: str(v) for k, v in refusal.facts.items()},
            }
            return render(request, "voice/owner.html", context, status=422)
        return redirect("owner:show", links.token_of(links.of_complaint(made, by_id=None)))

    return _answer(request, token, do)


def _claim(typed: dict[str, str]) -> dict[str, str]:
    """Who they say they are. Raises Invalid."""
    found = {name: " ".join(typed[name].split())[:40] for name in ("name", "phone", "plate")}
    try:
        found["phone"] = parse_phone(found["phone"]).e164
    except BadValue:
        raise errors.Invalid(_("请填写您的手机号，我们好回复您。"), phone=_("请填写 11 位手机号。")) from None
    if not found["plate"]:
        raise errors.Invalid(_("请填写车牌，我们好找到您的车。"), plate=_("请填写。"))
    return found


@require_POST
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Solved, or not."""

    def do(got: links.Opened) -> HttpResponse:
        if got.complaint is None:
            return redirect("owner:show", token)
        _count(request, got)
        owner, said = system_actor([got.link.store_id], name=_("车主")), request.POST.get("said", "")
        try:
            solution = queries.solution_of(got.complaint.id)
            if request.POST.get("solved") == "1":
                solving.confirm(solution, by=owner, said=said)
            else:
                solving.object_to(solution, by=owner, said=said)
        except Refused as refusal:
            context = _page(request, token, got) | {"message": refusal.message, "typed": {"said": said}}
            return render(request, "voice/owner.html", context, status=refusal.status)
        return redirect("owner:show", token)

    return _answer(request, token, do)
