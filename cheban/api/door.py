"""The door of programs: what every request passes, in this order.

size and kind of the body -> token -> requests a minute -> one transaction in the token's scope (`org.entry`, as for
people) -> Idempotency-Key -> the endpoint (its `needs` asks scope and permission before anything is read).
Whatever goes wrong is a problem+json. Session cookies are not looked at, so a foreign page can do nothing here.
"""

from __future__ import annotations

import functools
import json
import logging
import re
from collections.abc import Callable
from typing import Any

import ninja.parser
from django.conf import settings
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header

from cheban.api import idempotency, limits, tokens
from cheban.api.problems import CONTENT_TYPE, of_refusal, problem
from cheban.api.scopes import SCOPES
from cheban.core import clock
from cheban.core.disk import is_full_disk
from cheban.core.errors import NotPermitted, Refused
from cheban.org.access import require_permission
from cheban.org.entry import entered

log = logging.getLogger("django.request")
WITHOUT_KEY = frozenset(["search_customers", "reveal"])
"""POST routes that create nothing, so that a key is not asked for; a revealed value is not kept either."""
TAKE_XML = frozenset(["bring_adf"])
"""Routes whose body is application/xml (or text/xml) instead of JSON."""
_ESCAPED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


class needs:
    """What an endpoint asks of the token: one scope, or only that there is one (''). Runs before the input is read."""

    openapi_security_schema = {"type": "http", "scheme": "bearer", "description": "cbn_…"}

    def __init__(self, scope: str = "") -> None:
        if scope and scope not in SCOPES:
            raise KeyError(scope)
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Any:
        """Raises NotPermitted naming the scope, or the permission that the maker has lost."""
        if self.scope:
            if self.scope not in request.token.scopes:
                raise NotPermitted(_("这个令牌没有“%(scope)s”。请建立一个带它的令牌。") % {"scope": self.scope})
            for permission in sorted(SCOPES[self.scope].permissions):
                require_permission(request.actor, permission)
        return request.token


def language_of(request: HttpRequest, *, default: str) -> str:
    """The first language of Accept-Language that we speak."""
    for wanted, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        try:
            return translation.get_supported_language_variant(wanted)
        except LookupError:
            continue
    return default


class Parser(ninja.parser.Parser):
    """Reads a body as RFC 8259 has it; numbers and characters that no column can hold are refused."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Raises ValueError."""
        text = request.body.decode()
        value = json.loads(text, parse_constant=_refuse)
        if _ESCAPED.search(text) or "\x00" in text:
            json.dumps(value, ensure_ascii=False).encode()  # half a pair of surrogates
            if _holds_nul(value):
                raise ValueError
        return value


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(k) or _holds_nul(v) for k, v in value.items())
    return isinstance(value, list) and any(map(_holds_nul, value))


def _refuse(_text: str) -> None:
    raise ValueError


class Unreadable(Refused):
    """The body cannot be read."""

    status = 400


def door(view: Callable[..., HttpResponse], query_names: Callable[[HttpRequest], set[str] | None]) -> Callable:
    """The view of an endpoint behind the door. `query_names` says which query parameters there are."""

    @functools.wraps(view)
    def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        headers: dict[str, str] = {}
        with translation.override(language_of(request, default=settings.LANGUAGE_CODE)):
            try:
                response = _admitted(request, functools.partial(view, request, *args, **kwargs), query_names, headers)
            except Refused as refusal:
                response = of_refusal(refusal)
                if isinstance(refusal, idempotency.KeyBusy):
                    response["Retry-After"] = "1"
            except OperationalError as error:
                response = _unavailable(error)
            except Exception as error:
                log.exception("api failed", exc_info=error)
                full = is_full_disk(error)
                response = problem(507, "DiskFull") if full else problem(500, "Failed")
        for name, value in headers.items():
            response[name] = value
        response["Cache-Control"] = "no-store"
        response["Vary"] = "Authorization, Accept-Language"
        return response

    run.csrf_exempt = True
    return run


def _admitted(request, view: Callable[[], HttpResponse], query_names, headers: dict[str, str]) -> HttpResponse:
    at = clock.now()
    _check_size(request)
    token = tokens.authenticate(request.headers.get("Authorization", ""), at=at)
    request.token = token
    allowance = limits.count(token, at=at)
    headers |= allowance.headers
    if allowance.left < 0:
        return problem(
            429,
            "TooMany",
            detail=_("每分钟最多 %(n)d 次，请等 %(s)d 秒再试。") % {"n": allowance.limit, "s": allowance.reset},
            Retry_After=str(allowance.reset),
        )
    names = query_names(request)
    if names is None:
        return _plain(view())
    _check_kind(request, names)
    language = language_of(request, default=token.maker.language)
    origin = request.META.get("REMOTE_ADDR", "")
    with entered(request, lambda: tokens.actor_of(token, origin=origin), language=language):
        needed = request.method == "POST" and request.resolver_match.url_name not in WITHOUT_KEY
        key = ""
        if request.method != "GET" and request.resolver_match.url_name not in WITHOUT_KEY:
            key = idempotency.key_of(request, is_required=needed)
        if not key:
            return _or_nothing(view)
        row = idempotency.begin(token, key, request)
        if isinstance(row, HttpResponse):
            return row
        with transaction.atomic():
            response = _or_nothing(view)
        if response.status_code >= 500:
            transaction.set_rollback(True)
        else:
            idempotency.keep(row, response)
        return response


def _or_nothing(view: Callable[[], HttpResponse]) -> HttpResponse:
    """Run the endpoint; an error undoes the innermost transaction. Exceptions become answers here."""
    try:
        response = _plain(view())
    except Refused as refusal:
        response = of_refusal(refusal)
    if response.status_code >= 400:
        transaction.set_rollback(True)
    return response


def _check_size(request: HttpRequest) -> None:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > limits.MOST_BYTES:
        raise TooLarge(_("正文最多 %(mb)d MB，请分几次送。") % {"mb": limits.MOST_BYTES >> 20})


def _check_kind(request: HttpRequest, names: set[str]) -> None:
    if request.resolver_match.url_name in TAKE_XML:
        if request.content_type not in ("application/xml", "text/xml"):
            raise WrongKind(_("正文请用 application/xml。"))
    elif request.method in ("POST", "PUT", "PATCH") and request.content_type != "application/json":
        raise WrongKind(_("正文请用 application/json。"))
    elif limits.depth(request.body) > limits.MOST_DEPTH:
        raise Unreadable(_("JSON 嵌套太深，最多 %(n)d 层。") % {"n": limits.MOST_DEPTH})
    unknown = sorted(set(request.GET) - names)
    if unknown:
        raise UnknownParameter(_("没有这些参数。"), **{name[:64]: _("没有这个参数。") for name in unknown})
    twice = sorted(name for name in request.GET if len(request.GET.getlist(name)) > 1)
    if twice:
        raise UnknownParameter(_("参数只能写一次。"), **{name[:64]: _("写了不止一次。") for name in twice})
    if any("\x00" in value for value in request.GET.values()):
        raise Unreadable(_("参数里有不能用的字符。"))


class TooLarge(Refused):
    """The body is larger than the limit."""

    status = 413


class WrongKind(Refused):
    """The body is not of the kind that the route reads."""

    status = 415


class UnknownParameter(Refused):
    """A query parameter that the endpoint does not have."""

    status = 422


def _plain(response: HttpResponse) -> HttpResponse:
    """A 404 or 405 of the framework as a problem."""
    if response.status_code == 405 and response.get("Content-Type") != CONTENT_TYPE:
        return problem(405, "MethodNotAllowed", Allow=response["Allow"])
    return response


def _unavailable(error: OperationalError) -> HttpResponse:
    if is_full_disk(error):
        return problem(507, "DiskFull")
    return problem(503, "Unavailable", detail=_("数据没有丢失，请过几秒再试。"), Retry_After="5")
