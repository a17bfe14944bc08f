"""Pages about interfaces: the reference, tokens, webhooks. Thin: parse, call, render."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cheban.api import document, feed, scopes, tokens
from cheban.api.webhooks import commands as hooks
from cheban.api.webhooks import queries as told
from cheban.core import clock
from cheban.org import queries as org
from cheban.org.access import page
from cheban.playbook.outcomes import OUTCOMES, REFUSE_REASONS

DAYS = (30, 90, 365, 730)


@require_GET
def openapi(request: HttpRequest) -> HttpResponse:
    """The document for programs."""
    return JsonResponse(document.openapi(), json_dumps_params={"ensure_ascii": False})


@require_GET
def reference(request: HttpRequest) -> HttpResponse:
    """The document for people."""
    return render(
        request,
        "api/reference.html",
        {
            "groups": document.reference(),
            "scopes": scopes.SCOPES.values(),
            "events": feed.catalogue(),
            "outcomes": OUTCOMES.items(),
            "reasons": REFUSE_REASONS.items(),
        },
    )


def _tokens(request: HttpRequest, **more: Any) -> dict[str, Any]:
    return {
        "tokens": tokens.listed(request.actor, at=clock.now()),
        "scopes": [scopes.SCOPES[code] for code in scopes.scopes_of(request.actor.permissions)],
        "store_list": org.stores(request.actor),
        "days": DAYS,
        "errors": {},
        "typed": {"name": "", "scopes": [], "stores": [str(s) for s in request.actor.stores], "days": "365"},
    } | more


@page("api/tokens.html", may="token.manage")
def token_list(request: HttpRequest) -> dict[str, Any]:
    """Which programs may come in, what they may do, when they came last."""
    return _tokens(request)


@require_POST
@page(may="token.manage")
def make_token(request: HttpRequest) -> HttpResponse:
    """Make a token and show it, this once."""
    post = request.POST
    days, per_minute = post.get("days", ""), post.get("per_minute", "600")
    try:
        shown = tokens.make(
            by=request.actor,
            name=post.get("name", ""),
            scopes=post.getlist("scopes"),
            store_ids=[int(s) for s in post.getlist("stores") if s.isdigit()],
            days=int(days) if days.isdigit() else 0,
            per_minute=int(per_minute) if per_minute.isdigit() else 0,
        )
    except tokens.Invalid as refusal:
        typed = {
            "name": post.get("name", ""),
            "scopes": post.getlist("scopes"),
            "stores": post.getlist("stores"),
            "days": days,
        }
        return render(
            request, "api/tokens.html", _tokens(request, errors=refusal.facts, typed=typed), status=refusal.status
        )
    return render(request, "api/tokens.html", _tokens(request, shown=shown))


@require_POST
@page(may="token.manage")
def revoke_token(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """End a token at once."""
    token = tokens.get(token_id, request.actor)
    tokens.revoke(token, by=request.actor)
    messages.success(request, _("令牌“%(name)s”已撤销，程序的下一次请求会被拒绝。") % {"name": token.name})
    return redirect("api:tokens")


def _endpoints(request: HttpRequest, **more: Any) -> dict[str, Any]:
    return {
        "rows": told.listed(request.actor, at=clock.now()),
        "events": feed.catalogue(),
        "store_list": org.stores(request.actor),
        "errors": {},
        "typed": {"name": "", "url": "", "events": [], "stores": [str(s) for s in request.actor.stores]},
        "now": clock.now(),
    } | more


def _typed(request: HttpRequest) -> dict[str, Any]:
    post = request.POST
    return {
        "name": post.get("name", ""),
        "url": post.get("url", ""),
        "events": post.getlist("events"),
        "stores": post.getlist("stores"),
    }


@page("api/webhooks.html", may="webhook.manage")
def webhook_list(request: HttpRequest) -> dict[str, Any]:
    """Which systems are told what, and whether it arrives."""
    return _endpoints(request)


@require_POST
@page(may="webhook.manage")
def make_webhook(request: HttpRequest) -> HttpResponse:
    """Make an endpoint and show its secret, this once."""
    typed = _typed(request)
    try:
        endpoint, secret = hooks.make(
            by=request.actor,
            name=typed["name"],
            url=typed["url"],
            event_names=typed["events"],
            store_ids=[int(s) for s in typed["stores"] if s.isdigit()],
        )
    except hooks.Invalid as refusal:
        found = _endpoints(request, errors=refusal.facts, typed=typed)
        return render(request, "api/webhooks.html", found, status=refusal.status)
    return render(request, "api/webhook.html", _endpoint(request, endpoint, secret=secret))


def _endpoint(request: HttpRequest, endpoint: Any, **more: Any) -> dict[str, Any]:
    only = request.GET.get("only", "")
    return {
        "endpoint": endpoint,
        "log": told.log(endpoint, before=request.GET.get("before", ""), only=only),
        "log_state": only,
        "events": feed.catalogue(),
        "errors": {},
        "typed": {"name": endpoint.name, "url": endpoint.url, "events": endpoint.event_names},
        "titles": {entry["name"]: entry["title"] for entry in feed.catalogue()},
        "now": clock.now(),
    } | more


@page("api/webhook.html", may="webhook.manage")
def webhook(request: HttpRequest, endpoint_id: UUID) -> dict[str, Any]:
    """One endpoint: what it is told, what happened to each delivery."""
    return _endpoint(request, told.endpoint(endpoint_id, request.actor))


@require_POST
@page(may="webhook.manage")
def change_webhook(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Another name, address or choice of events."""
    endpoint, typed = told.endpoint(endpoint_id, request.actor), _typed(request)
    try:
        hooks.change(endpoint, by=request.actor, name=typed["name"], url=typed["url"], event_names=typed["events"])
    except hooks.Invalid as refusal:
        found = _endpoint(request, endpoint, errors=refusal.facts, typed=typed)
        return render(request, "api/webhook.html", found, status=refusal.status)
    messages.success(request, _("推送已更新。"))
    return redirect("api:webhook", endpoint_id)


@require_POST
@page(may="webhook.manage")
def renew_webhook_secret(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Another secret, shown this once."""
    endpoint = told.endpoint(endpoint_id, request.actor)
    secret = hooks.new_secret(endpoint, by=request.actor)
    return render(request, "api/webhook.html", _endpoint(request, endpoint, secret=secret))


@require_POST
@page(may="webhook.manage")
def switch_webhook(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Stop telling, or begin again."""
    endpoint, is_active = told.endpoint(endpoint_id, request.actor), request.POST.get("active") == "1"
    hooks.set_active(endpoint, by=request.actor, is_active=is_active)
    messages.success(request, _("推送已启用。") if is_active else _("推送已停用。"))
    return redirect("api:webhook", endpoint_id)


@require_POST
@page(may="webhook.manage")
def remove_webhook(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Take an endpoint away."""
    endpoint = told.endpoint(endpoint_id, request.actor)
    hooks.remove(endpoint, by=request.actor)
    messages.success(request, _("推送“%(name)s”已删除。") % {"name": endpoint.name})
    return redirect("api:webhooks")


@require_POST
@page(may="webhook.manage")
def test_webhook(request: HttpRequest, endpoint_id: UUID) -> HttpResponse:
    """Owe a test message; it goes within ten seconds."""
    hooks.test(told.endpoint(endpoint_id, request.actor), by=request.actor)
    messages.success(request, _("测试消息已排队，十秒内发出。刷新可看结果。"))
    return redirect("api:webhook", endpoint_id)


@require_POST
@page(may="webhook.manage")
def resend_webhook(request: HttpRequest, endpoint_id: UUID, delivery_id: UUID) -> HttpResponse:
    """Owe a delivery once more."""
    hooks.send_again(told.delivery(endpoint_id, delivery_id, request.actor), by=request.actor)
    messages.success(request, _("已排队，十秒内重发；消息编号不变，对方不会重复处理。"))
    return redirect("api:webhook", endpoint_id)
