"""Every request: an id and one log line; then one transaction in the asker's scope."""

from __future__ import annotations

import time
from uuid import uuid4

import structlog
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation

from cheban.core.errors import Refused
from cheban.org import access, entry
from cheban.site import errors, idle, vitals
from cheban.site.sso import door

log = structlog.get_logger("cheban.request")

PUBLIC = (
    "/account/login",
    "/account/2fa/authenticate/",  # between password and second factor
    "/account/2fa/webauthn/login/",
    "/healthz",
    "/readyz",
    "/static/",
    "/language/",
    "/favicon.ico",
    "/api/v1/",
    "/receipts/",  # providers tell what became of messages, at a signed address
    "/wecom/",  # a card's button: WeCom says who clicked
    "/c/",  # an owner's conversation: the link is the key (core.owner_links)
    "/s/",  # an owner's survey: likewise
    "/k/",  # an owner's complaint: a secret in the address opens one complaint, or the form to file one
    "/wall/show/",  # a television: a signed link opens one store's board, nothing else
)
"""Paths that need nobody signed in. Everything else does, by default. Programs show a token instead:
`cheban.api.door`."""
PUBLIC_EXACTLY = frozenset({"/metrics"})
"""Asks for its own token; the scorecard's pages lie below /metrics/ and are not public."""


class RequestLog:
    """A request id in every log line and answer, and one line per request: route, never the path's values."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid4().hex[:16]
        structlog.contextvars.bind_contextvars(request_id=request_id)
        start = time.monotonic()
        try:
            response = self.get_response(request)
        finally:
            structlog.contextvars.clear_contextvars()
        response["X-Request-Id"] = request_id
        match = getattr(request, "resolver_match", None)
        if match and match.route not in ("healthz", "readyz", "metrics"):
            vitals.count_request(
                route=match.route,
                method=request.method or "",
                status=response.status_code,
                seconds=time.monotonic() - start,
            )
            log.info(
                "request",
                method=request.method,
                route=match.route,
                status=response.status_code,
                ms=round((time.monotonic() - start) * 1000),
                request_id=request_id,
                staff=getattr(getattr(request, "actor", None), "staff_id", None),
            )
        return response


class Scope:
    """Who asks, which stores; one transaction with row-level security set; refusals become sentences."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(PUBLIC) or request.path in PUBLIC_EXACTLY:
            with translation.override(_chosen_language(request)):
                return self.get_response(request)
        try:
            if not request.user.is_authenticated:
                return self._to_login(request)
            chosen, origin = request.session.get("store"), request.META.get("REMOTE_ADDR", "")
            with entry.entered(
                request,
                lambda: access.actor_for(request.user, chosen=chosen, origin=origin),
                language=request.user.language,
            ) as actor:
                if idle.is_over(request, minutes=actor.idle_minutes):
                    return idle.end(request)
                request.second_factor_missing = actor.needs_second_factor and not is_mfa_enabled(request.user)
                if request.second_factor_missing and not request.path.startswith("/account/"):
                    return redirect("mfa_index")
                response = self.get_response(request)
                if hasattr(response, "render") and not response.is_rendered:
                    response.render()
                if response.status_code >= 400:
                    transaction.set_rollback(True)
        except OperationalError as error:
            return errors.unavailable(request, error)
        if response.get("Content-Type", "").startswith(("text/html", "application/json")):
            response["Cache-Control"] = "no-store"
        if not request.headers.get("X-Live"):  # a page that refreshes by itself is nobody's work
            idle.remember(request, response)
        if not request.user.is_authenticated:
            response["Clear-Site-Data"] = '"cache"'  # signed out: the next person at this desk finds nothing
            if settings.OIDC:
                request.session[door.ASK_AGAIN] = True  # nor comes in with what the identity provider remembers
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A refusal is an answer; anything else goes on to the 500 page. Either way nothing is written."""
        if isinstance(exception, Refused):
            return errors.refused(request, exception)
        if isinstance(exception, OperationalError):
            return errors.unavailable(request, exception)
        return None

    @staticmethod
    def _to_login(request: HttpRequest) -> HttpResponse:
        if request.headers.get("HX-Request"):
            response = HttpResponse(status=401)
            response["HX-Redirect"] = "/account/login/"
            return response
        return redirect(f"/account/login/?next={request.path}" if request.method == "GET" else "/account/login/")


def _chosen_language(request: HttpRequest) -> str:
    """The language chosen with the switch before signing in: the browser is not asked, the house speaks Chinese."""
    wanted = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    return wanted if wanted in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
