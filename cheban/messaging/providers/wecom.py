"""WeCom application messages to staff, with a button that opens the page. Y07.

Source: 企业微信开发者中心: 获取 access_token (GET /cgi-bin/gettoken, valid `expires_in` seconds, the same for everybody
until then), 发送应用消息 (POST /cgi-bin/message/send), 网页授权登录 and 获取访问用户身份 (GET /cgi-bin/auth/getuserinfo).

The token is kept for all processes in the shared cache, sealed; one that the provider no longer takes is fetched anew
once. A repeat within 30 minutes is dropped by the provider itself (`enable_duplicate_check`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.core.cache import cache
from django.utils import translation
from django.utils.translation import gettext_noop

from cheban.core import privacy
from cheban.messaging.channels import Accepted, Busy, Letter, Outcome, Turned, Unsure, said
from cheban.messaging.providers import http

OLD_TOKEN = (40014, 42001)
LATER = {-1: 60, 45009: 60, 45033: 60, 40001: 300, 40013: 300, 40056: 300, 60020: 300, 301002: 300, 48002: 300}
"""Answers that speak of a limit or of the account, not of this message."""
MOST_TITLE, MOST_TEXT = 128, 512
"""Bytes that a text card shows."""
REPEATS_SECONDS = 1800
SPARE_SECONDS = 300
AUTHORIZE = "https://open.weixin.qq.com/connect/oauth2/authorize"


class Wecom:
    """One application of one company in WeCom."""

    def __init__(self, account_id: str, settings: Mapping[str, str]) -> None:
        self._id, self._settings = account_id, settings
        self._root = settings["endpoint"].rstrip("/")

    def send(self, letter: Letter) -> Outcome:
        """See channels.Channel."""
        body = {
            "touser": letter.address,
            "msgtype": "textcard",
            "agentid": int(self._settings["agent_id"]),
            "textcard": {
                "title": _cut(letter.title or letter.text, MOST_TITLE),
                "description": _cut(letter.text, MOST_TEXT),
                "url": self.link(letter.path),
                "btntxt": _in_the_houses_language(gettext_noop("打开")),
            },
            "enable_duplicate_check": 1,
            "duplicate_check_interval": REPEATS_SECONDS,
        }
        found = self._call("/cgi-bin/message/send", body)
        if not isinstance(found, dict):
            return found
        code = found.get("errcode")
        if code == 0 and not found.get("invaliduser") and not found.get("unlicenseduser"):
            return Accepted(str(found.get("msgid", "")))
        if code == 0:
            return Turned(said(81013, "user & party & tag all invalid"))
        return _refused(code, found.get("errmsg", ""))

    def status(self, letter: Letter) -> Outcome | None:
        """See channels.Channel."""
        return None

    def link(self, path: str) -> str:
        """The address of a card: our own page, which asks WeCom who clicked (`cheban.site.wecom`)."""
        return f"{self._settings['site'].rstrip('/')}/wecom/{self._id}/go/?{urlencode({'next': path or '/'})}"

    def ask_who(self, state: str) -> str:
        """Where to send somebody so that WeCom tells us who they are, without a click."""
        back = f"{self._settings['site'].rstrip('/')}/wecom/{self._id}/back/"
        asked = {
            "appid": self._settings["corp_id"],
            "redirect_uri": back,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
            "agentid": self._settings["agent_id"],
        }
        return f"{AUTHORIZE}?{urlencode(asked, quote_via=quote)}#wechat_redirect"

    def who(self, code: str) -> str:
        """The member's UserID that a code stands for; '' for a stranger, or when WeCom does not say."""
        found = self._call("/cgi-bin/auth/getuserinfo", None, code=code)
        if isinstance(found, dict) and found.get("errcode") == 0:
            return str(found.get("userid") or found.get("UserId") or "")
        return ""

    def _call(self, path: str, body: dict[str, Any] | None, **params: str) -> dict[str, Any] | Outcome:
        """The answer of one call under a token; with an old token, of a second one under a new token."""
        found: dict[str, Any] | Outcome = {}
        for fresh in (False, True):
            token = self._token(fresh=fresh)
            if not isinstance(token, str):
                return token
            asked = {"access_token": token, **params}
            found = http.get(self._root + path, asked) if body is None else http.post(self._root + path, asked, body)
            if not isinstance(found, dict) or found.get("errcode") not in OLD_TOKEN:
                return found
        return found

    def _token(self, *, fresh: bool) -> str | Outcome:
        place = f"wecom-token:{self._id}:{hashlib.sha256(self._settings['secret'].encode()).hexdigest()[:16]}"
        if not fresh and (kept := cache.get(place)):
            return privacy.unlock(kept, purpose="wecom-token")
        asked = {"corpid": self._settings["corp_id"], "corpsecret": self._settings["secret"]}
        found = http.get(f"{self._root}/cgi-bin/gettoken", asked)
        if not isinstance(found, dict):  # nothing was handed over yet
            return Busy(60, getattr(found, "said", ""))
        if found.get("errcode") != 0:
            return Busy(LATER.get(found.get("errcode"), 300), said(found.get("errcode"), found.get("errmsg", "")))
        token = str(found["access_token"])
        seconds = max(60, int(found.get("expires_in", 7200)) - SPARE_SECONDS)
        cache.set(place, privacy.lock(token, purpose="wecom-token"), seconds)
        return token


def _refused(code: object, words: str) -> Outcome:
    text = said(code, words)
    if code in LATER or code in OLD_TOKEN:
        return Busy(LATER.get(code, 60), text)
    return Turned(text) if isinstance(code, int) else Unsure("no_answer no errcode")


def _in_the_houses_language(text: str) -> str:
    with translation.override(settings.LANGUAGE_CODE):
        return translation.gettext(text)


def _cut(text: str, most: int) -> str:
    """At most so many bytes of UTF-8, never half a character."""
    raw = text.encode()
    return text if len(raw) <= most else raw[: most - 3].decode(errors="ignore") + "…"
