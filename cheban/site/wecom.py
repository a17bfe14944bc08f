"""A card's button opens the page signed in: WeCom says who clicked, not the link. Y07, decision 0026.

`go` is what the card links to. Inside WeCom it asks WeCom for the member (网页授权, snsapi_base: no question is put to the
person), `back` exchanges the code for the UserID and signs in the colleague who is that member. A card that is passed on
opens for whoever clicks it, as themself. A second factor is asked as after a password. A member whom nobody knows yet
signs in once with the password, and is known from then on.
"""

from __future__ import annotations

import re
import secrets
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from allauth.account.utils import perform_login
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET

from cheban.core import clock
from cheban.messaging import accounts, members
from cheban.messaging.models import ChannelAccount, Message
from cheban.org.commands import note_sign_in
from cheban.org.models import Staff

ASKED, STRANGER = "wecom_asked", "wecom_stranger"
ASKED_SECONDS, STRANGER_SECONDS = 300, 900
INSIDE = re.compile(r"wxwork/", re.IGNORECASE)
"""WeCom's own browser says so in its name."""


def _account(account_id: UUID) -> ChannelAccount | None:
    rows = ChannelAccount.objects.filter(channel=Message.Channel.WECOM, is_on=True, removed_at=None)
    return rows.filter(id=account_id).first()


def _page(request: HttpRequest, wanted: str) -> str:
    """A page of this site, or the first one."""
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith("/") else "/"


def _login(path: str) -> HttpResponse:
    return redirect(f"{reverse('account_login')}?{urlencode({'next': path})}")


@require_GET
def go(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """The button. Signed in already: the page. Inside WeCom: ask who it is. Elsewhere: sign in as usual."""
    path = _page(request, request.GET.get("next", ""))
    if request.user.is_authenticated:
        return redirect(path)
    account = _account(account_id)
    if account is None or not INSIDE.search(request.headers.get("User-Agent", "")):
        return _login(path)
    state = secrets.token_urlsafe(24)
    request.session[ASKED] = {"state": state, "next": path, "at": clock.now().timestamp(), "account": str(account.id)}
    return redirect(accounts.channel_of_account(account).ask_who(state))


@require_GET
def back(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """WeCom's answer. The state must be the one that this browser was given, and counts once."""
    asked = request.session.pop(ASKED, None)
    if not _is_answer(request, account_id, asked):
        return _login(asked["next"] if asked else "/")
    path, account = asked["next"], _account(account_id)
    if account is None:
        return _login(path)
    user_id = accounts.channel_of_account(account).who(request.GET.get("code", ""))
    if not user_id:
        return _login(path)
    staff = members.staff_of(account, user_id)
    if staff is None:
        request.session[STRANGER] = {
            "account": str(account.id),
            "user_id": user_id,
            "at": clock.now().timestamp(),
        }
        return _login(path)
    note_sign_in(staff, "session.by_wecom", origin=request.META.get("REMOTE_ADDR", ""))
    return perform_login(request, staff, redirect_url=path)


def _is_answer(request: HttpRequest, account_id: UUID, asked: dict[str, Any] | None) -> bool:
    return (
        asked is not None
        and asked["account"] == str(account_id)
        and 0 <= clock.now().timestamp() - asked["at"] <= ASKED_SECONDS
        and bool(request.GET.get("code"))
        and constant_time_compare(asked["state"], request.GET.get("state", ""))
    )


@receiver(user_logged_in)
def remember_stranger(sender: Any, request: HttpRequest | None, user: Staff, **_: Any) -> None:
    """Somebody who came from WeCom unknown has shown by password who they are: the next card opens by itself."""
    stranger = request.session.pop(STRANGER, None) if request is not None else None
    if not stranger or clock.now().timestamp() - stranger["at"] > STRANGER_SECONDS:
        return
    account = _account(UUID(stranger["account"]))
    if account is None or members.is_member(user) or not members.works_for(user, account):
        return
    try:
        members.link(user, account, stranger["user_id"], linked_by_id=user.pk)
    except members.WrongMember:  # somebody else is that member by now
        return
    note_sign_in(user, "session.wecom_linked", origin=request.META.get("REMOTE_ADDR", ""))
