"""A desk that nobody works at locks itself: after some minutes without a request one signs in again. Reliability 22.

When the last request was stands in a cookie, signed for this very session, so that no request has to write the
database for it. It is renewed at most once a minute.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from cheban.core import clock

COOKIE = "seen"
BEGAN = "began"
"""Key of the session: when it was signed in (a moment in seconds)."""
RENEW_SECONDS = 60


def _signer(request: HttpRequest) -> Signer:
    return Signer(salt=f"seen:{request.session.session_key}")


def _seen(request: HttpRequest) -> float | None:
    """When this session was last seen; None for a session that is new or whose cookie is not its own."""
    try:
        return float(_signer(request).unsign(request.COOKIES.get(COOKIE, "")))
    except (BadSignature, ValueError):
        return None


def is_over(request: HttpRequest, *, minutes: int) -> bool:
    """Whether this session was left alone for too long. One without its cookie has just begun, or lost it: then the
    moment of signing in decides, so that leaving the cookie out gains nothing."""
    seen = _seen(request)
    if seen is None:
        seen = request.session.get(BEGAN, 0.0)
    return clock.now().timestamp() - seen > minutes * 60


def end(request: HttpRequest) -> HttpResponse:
    """Sign out, and say why; a fragment asks the page to go there."""
    where = f"/account/login/?next={request.path}" if request.method == "GET" else "/account/login/"
    logout(request)
    messages.info(request, _("很久没有操作，已自动退出。请重新登录。"))
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=401)
        response["HX-Redirect"] = "/account/login/"
        return response
    return redirect(where)


def remember(request: HttpRequest, response: HttpResponse) -> None:
    """Renew the mark of a session that is in use."""
    if not request.user.is_authenticated or not request.session.session_key:
        response.delete_cookie(COOKIE)
        return
    now, seen = clock.now().timestamp(), _seen(request)
    if seen is None or now - seen > RENEW_SECONDS:
        response.set_cookie(
            COOKIE,
            _signer(request).sign(f"{now:.0f}"),
            httponly=True,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
