"""Pages of accounts at providers, and the address where providers report. Thin: parse, call, render."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import structlog
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from cheban.core.errors import BadValue, NotFound
from cheban.messaging import accounts, members, receipts
from cheban.messaging.channels import Accepted
from cheban.messaging.providers import PROVIDERS
from cheban.org.access import page

log = structlog.get_logger("cheban.messages")
MOST_BYTES = 2_000_000


@page("messaging/accounts.html", may="channel.manage")
def account_list(request: HttpRequest) -> dict[str, Any]:
    """The accounts, and the providers that may be added."""
    return accounts.overview(request.actor)


def _store(request: HttpRequest) -> int | None:
    wanted = request.POST.get("store", "")
    return int(wanted) if wanted.isascii() and wanted.isdigit() else None


def _form(request: HttpRequest, provider: Any, row: Any, *, given: Any, wrong: Any) -> dict[str, Any]:
    found = accounts.overview(request.actor)
    kept = row.only_store_id if row else None
    return {
        "provider": provider,
        "account": row,
        "fields": accounts.form(provider, row, given, wrong),
        "stores": found["stores"],
        "store_id": _store(request) if given else kept,
        "meaning": provider.meaning(row.check_said) if row else "",
        "members": members.overview(row, request.actor) if row else [],
        "report_url": _report_url(request, row) if row and row.channel == "sms" else "",
    }


def _report_url(request: HttpRequest, row: Any) -> str:
    return request.build_absolute_uri(reverse("receipts:take", args=[receipts.address_of(row)]))


@page("messaging/account.html", may="channel.manage")
def new_account(request: HttpRequest, provider: str) -> dict[str, Any] | HttpResponse:
    """Add an account of a provider."""
    if provider not in PROVIDERS:
        raise NotFound(_("没有这个渠道。"))
    if request.method == "POST":
        return _save(request, PROVIDERS[provider], None)
    return _form(request, PROVIDERS[provider], None, given={}, wrong={})


@page("messaging/account.html", may="channel.manage")
def account(request: HttpRequest, account_id: UUID) -> dict[str, Any] | HttpResponse:
    """One account: settings, test, who is who."""
    row = accounts.account(account_id, request.actor)
    if request.method == "POST":
        return _save(request, PROVIDERS[row.provider], row)
    return _form(request, PROVIDERS[row.provider], row, given={}, wrong={})


def _save(request: HttpRequest, provider: Any, row: Any) -> HttpResponse:
    given = request.POST.dict()
    try:
        saved = accounts.save(row, by=request.actor, provider=provider.code, store_id=_store(request), given=given)
    except accounts.WrongAccount as refusal:
        context = _form(request, provider, row, given=given, wrong=refusal.facts)
        return render(request, "messaging/account.html", context, status=422)
    messages.success(request, _("账号已保存。发一条测试，看看通不通。"))
    return redirect("channels:account", saved.id)


@require_POST
@page(may="channel.manage")
def switch_account(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Send by it, or no longer."""
    row = accounts.account(account_id, request.actor)
    is_on = request.POST.get("on") == "1"
    accounts.switch(row, by=request.actor, is_on=is_on)
    messages.success(request, _("已启用。") if is_on else _("已停用，之后的消息留在发件箱里。"))
    return redirect("channels:account", row.id)


@require_POST
@page(may="channel.manage")
def remove_account(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Take it away."""
    accounts.remove(accounts.account(account_id, request.actor), by=request.actor)
    messages.success(request, _("账号已删除。"))
    return redirect("channels:list")


@require_POST
@page(may="channel.manage")
def test_account(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Send one message by it, and say what the provider answered."""
    row = accounts.account(account_id, request.actor)
    outcome = accounts.test(row, by=request.actor, to=request.POST.get("to", ""))
    if isinstance(outcome, Accepted):
        messages.success(request, _("服务商已收下，请看看收到没有。"))
    else:
        said = outcome.said or _("没有回答")
        meaning = PROVIDERS[row.provider].meaning(outcome.said)
        messages.error(
            request, _("没有发出。服务商的回答：%(said)s") % {"said": said} + (f" · {meaning}" if meaning else "")
        )
    return redirect("channels:account", row.id)


@require_POST
@page(may="channel.manage")
def set_members(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Who the colleagues are in WeCom."""
    row = accounts.account(account_id, request.actor)
    typed = {name.removeprefix("member-"): value for name, value in request.POST.items() if name.startswith("member-")}
    count = members.enter(row, {int(id): value for id, value in typed.items() if id.isdigit()}, by=request.actor)
    messages.success(request, _("已保存 %(n)d 位同事的改动。") % {"n": count} if count else _("没有改动。"))
    return redirect(f"{reverse('channels:account', args=[row.id])}#members")


@csrf_exempt
@require_POST
def take_receipts(request: HttpRequest, token: str) -> HttpResponse:
    """Where the provider of an account reports. Nobody is signed in: the signed address says whose it is."""
    try:
        row = receipts.account_of(token)
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            raise BadValue("too large", expected=f"at most {MOST_BYTES} bytes")
        reports = receipts.read_aliyun(request.body) if row.provider == "aliyun" else []
    except NotFound:
        return JsonResponse({"code": 404, "msg": "unknown address"}, status=404)
    except BadValue as error:
        return JsonResponse({"code": 400, "msg": str(error)}, status=400)
    kept = receipts.take(row, reports)
    log.info("receipts", account=str(row.id), told=len(reports), kept=kept)
    return JsonResponse({"code": 0, "msg": "ok"})
