"""Pages of messaging: my notices, the outbox. Thin: parse, call, render."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from cheban.lists import views as lists
from cheban.messaging import commands, limits, queries, wording
from cheban.org.access import page


def _ticked(request: HttpRequest) -> list[UUID]:
    """The ticked rows. Raises NotTicked for what is no id."""
    try:
        return [UUID(i) for i in dict.fromkeys(request.POST.getlist("ids"))]
    except ValueError:
        raise commands.NotTicked(_("勾选的几行认不出来，请刷新页面再选。")) from None


@page(may="inbox.use")
def inbox(request: HttpRequest) -> HttpResponse:
    """My notices."""
    found = lists.show(request, "notices")
    if isinstance(found, HttpResponse):
        return found
    return render(request, "messaging/inbox.html", found | {"staff_id": request.actor.staff_id})


@require_GET
@page(may="inbox.use")
def notice(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """My notice is read, and I am where it leads: from the list, or by the button of a card in WeCom."""
    item = commands.mine(item_id, request.actor)
    commands.mark([item.id], is_read=True, by=request.actor)
    return redirect(queries.address_of(item))


@require_POST
@page(may="inbox.use")
def mark(request: HttpRequest) -> HttpResponse:
    """The ticked notices are read, or not read after all."""
    spec, asked = lists.asked_of(request, "notices")
    ids = _ticked(request)
    commands.mark(ids, is_read=request.POST.get("as") != "unread", by=request.actor)
    return redirect(f"{reverse(spec.url)}?{asked.query() or 'all=1'}")


@require_POST
@page(may="inbox.use")
def read_all(request: HttpRequest) -> HttpResponse:
    """All of them are read."""
    commands.mark(None, is_read=True, by=request.actor)
    return redirect("messaging:inbox")


@page(may="outbox.see")
def outbox(request: HttpRequest) -> HttpResponse:
    """What the house sends."""
    found = lists.show(request, "outbox")
    if isinstance(found, HttpResponse):
        return found
    more = {"quick": queries.waiting_for_somebody(), "may_resend": request.actor.may("outbox.resend")}
    return render(request, "messaging/outbox.html", found | more)


@page("messaging/message.html", may="outbox.see")
def message(request: HttpRequest, message_id: UUID) -> dict[str, Any]:
    """One message, word for word."""
    return queries.message_page(message_id) | {"may_send": request.actor.may("outbox.resend")}


@require_POST
@page(may="outbox.resend")
def resend(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Send again, with a reason."""
    again = commands.resend(queries.message(message_id), by=request.actor, reason=request.POST.get("reason", ""))
    messages.success(request, _("已排队，发送前会再核对一次规则。"))
    return redirect("messaging:message", again.id)


@require_POST
@page(may="outbox.resend")
def resend_many(request: HttpRequest) -> HttpResponse:
    """Send the ticked ones again: how many and which first, then with a reason."""
    spec, asked = lists.asked_of(request, "outbox")
    ids, typed = _ticked(request), request.POST.get("reason", "")
    if not ids:
        raise commands.NotTicked(_("请先勾选要再发的消息。"))
    if request.POST.get("sure") != "1":
        return render(request, "messaging/resend.html", queries.resending(ids) | {"ids": ids, "query": asked.query()})
    count = commands.resend_many(ids, by=request.actor, reason=typed)
    messages.success(request, _("%(n)d 条已排队，发送前会再核对一次规则。") % {"n": count})
    return redirect(f"{reverse(spec.url)}?{asked.query() or 'all=1'}")


CAP_LABELS = (
    ("day", gettext_lazy("24 小时内")),
    ("week", gettext_lazy("7 天内")),
    ("marketing_day", gettext_lazy("其中营销，24 小时内")),
    ("marketing_week", gettext_lazy("其中营销，7 天内")),
)


def _settings(request: HttpRequest, *, asked: Mapping[str, str], wrong: Mapping[str, str]) -> dict[str, Any]:
    found = limits.overview(request.actor)
    caps = [
        {
            "name": name,
            "label": label,
            "low": found["ranges"][name][0],
            "high": found["ranges"][name][1],
            "value": asked.get(name, getattr(found["limits"], name)),
            "wrong": wrong.get(name, ""),
        }
        for name, label in CAP_LABELS
    ]
    may = request.actor.may("message.manage")
    return found | {"rows": wording.overview(request.actor), "caps": caps, "may_change": may}


@page("messaging/settings.html", may="outbox.see")
def settings(request: HttpRequest) -> dict[str, Any]:
    """What messages say, how often and when."""
    return _settings(request, asked={}, wrong={})


@require_POST
@page(may="message.manage")
def caps(request: HttpRequest) -> HttpResponse:
    """How often at most."""
    asked = {name: request.POST.get(name, "").strip() for name in limits.RANGES}
    numbers = {
        name: int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1 for name, text in asked.items()
    }
    try:
        limits.set_caps(by=request.actor, **numbers)
    except limits.WrongLimit as refusal:
        context = _settings(request, asked=asked, wrong=refusal.facts)
        return render(request, "messaging/settings.html", context, status=422)
    messages.success(request, _("次数已更新，从下一条消息起生效。"))
    return redirect("messaging:settings")


@require_POST
@page(may="message.manage")
def quiet_hours(request: HttpRequest, store_id: int) -> HttpResponse:
    """When a store writes to nobody."""
    try:
        begin, end = (time.fromisoformat(request.POST.get(name, "")) for name in ("begin", "end"))
    except ValueError:
        raise limits.WrongLimit(_("时间请写成 21:00 这样。")) from None
    limits.set_quiet_hours(store_id, by=request.actor, begin=begin, end=end)
    messages.success(request, _("免打扰时间已更新。"))
    return redirect("messaging:settings")


@page("messaging/wording.html", may="outbox.see")
def kind_wording(request: HttpRequest, kind_code: str) -> dict[str, Any] | HttpResponse:
    """The text of one kind: read it, and change it where one may."""
    kind, may = wording.known_kind(kind_code), request.actor.may("message.manage")
    if request.method == "POST":
        text = "" if request.POST.get("back") else request.POST.get("text", "")
        try:
            if not text.strip() and not request.POST.get("back"):
                raise wording.WrongWording(wording.wrong_in(kind, text))
            wording.set_wording(kind, text, by=request.actor)
        except wording.WrongWording as refusal:
            context = wording.page_of(kind, request.actor) | {"text": text, "look": wording.look(kind, text)}
            context |= {"wrong": refusal.message, "may_change": may}
            return render(request, "messaging/wording.html", context, status=422)
        messages.success(request, _("文字已更新，十秒内生效；已经发出的不变。"))
        return redirect("messaging:wording", kind_code)
    return wording.page_of(kind, request.actor) | {"may_change": may}


@require_POST
@page("messaging/_look.html", may="message.manage")
def wording_look(request: HttpRequest, kind_code: str) -> dict[str, Any]:
    """How a text would come out, while it is typed."""
    kind = wording.known_kind(kind_code)
    return {"kind": kind, "look": wording.look(kind, request.POST.get("text", "")[:2000])}
