"""Pages of messaging: my notices, the outbox. Thin: parse, call, render."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cheban.messaging import commands, queries
from cheban.org.access import page


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@page("messaging/inbox.html", may="inbox.use")
def inbox(request: HttpRequest) -> dict[str, Any]:
    """My notices."""
    only = request.GET.get("only") == "unread"
    found = queries.inbox(request.actor, before=_uuid(request.GET.get("before", "")), only_unread=only)
    return found | {"only_unread": only, "staff_id": request.actor.staff_id}


@require_POST
@page(may="inbox.use")
def open_notice(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """Read a notice and go where it leads."""
    item = commands.mine(item_id, request.actor)
    commands.mark_read(item.id, by=request.actor)
    return redirect(queries.address_of(item))


@require_POST
@page(may="inbox.use")
def read_all(request: HttpRequest) -> HttpResponse:
    """All of them are read."""
    commands.mark_read(by=request.actor)
    return redirect("messaging:inbox")


@page("messaging/outbox.html", may="outbox.see")
def outbox(request: HttpRequest) -> dict[str, Any]:
    """What the house sends, by state."""
    return queries.outbox(state=request.GET.get("state", ""), before=_uuid(request.GET.get("before", "")))


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
