"""Owners' pages: nobody is signed in, the link is the key. One place for its scope, its limits and its refusals."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from cheban.core import owner_links
from cheban.core.errors import NotFound
from cheban.org import scope
from cheban.org.entry import ZONE


def opened_by(find: Callable[[str], Any], *, gone: str) -> Callable[[Callable[..., HttpResponse]], Callable]:
    """A view of an owner: `view(request, token, found)` in the scope of the token's store, `found` being what `find`
    makes of the token. `gone` is the template for a link that does not work (404) and for too many tries (429)."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def run(request: HttpRequest, token: str) -> HttpResponse:
            origin = request.META.get("REMOTE_ADDR", "")
            if owner_links.is_guessing(origin):
                return _closed(request, gone, 429, _("请求太多，请过一分钟再打开。"))
            try:
                with scope.use([owner_links.store_of(token)]), timezone.override(ZONE):
                    answer = view(request, token, find(token))
            except NotFound:
                owner_links.is_guessing(origin, missed=True)
                return _closed(request, gone, 404, "")
            answer["Cache-Control"] = "no-store"
            return answer

        return run

    return decorate


def _closed(request: HttpRequest, template: str, status: int, why: str) -> HttpResponse:
    answer = render(request, template, {"why": why}, status=status)
    answer["Cache-Control"] = "no-store"
    return answer


def key_of(text: str) -> UUID | None:
    """The browser's key of what it sends, or None for something else."""
    try:
        return UUID(text)
    except ValueError:
        return None
