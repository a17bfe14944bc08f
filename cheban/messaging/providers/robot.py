"""A WeCom group robot. Source: 企业微信开发者中心, 群机器人配置说明: POST /cgi-bin/webhook/send?key=; 20 messages a minute."""

from __future__ import annotations

from collections.abc import Mapping

from cheban.messaging.channels import Accepted, Busy, Letter, Outcome, Turned, Unsure, said
from cheban.messaging.providers import http

LATER = {-1: 60, 45009: 60, 93000: 300, 93017: 300}
"""Answers that speak of a limit or of the robot, not of this message: a wrong key is mended, and nothing is lost."""


class Robot:
    """The robot of a store's group. It keeps no ids, so nobody can ask it later."""

    def __init__(self, account_id: str, settings: Mapping[str, str]) -> None:
        self._url, self._key = f"{settings['endpoint'].rstrip('/')}/cgi-bin/webhook/send", settings["key"]

    def send(self, letter: Letter) -> Outcome:
        """See channels.Channel."""
        body = {"msgtype": "text", "text": {"content": letter.text}}
        found = http.post(self._url, {"key": self._key}, body)
        if not isinstance(found, dict):
            return found
        match found.get("errcode"):
            case 0:
                return Accepted()
            case code if code in LATER:
                return Busy(LATER[code], said(code, found.get("errmsg", "")))
            case int() as code:
                return Turned(said(code, found.get("errmsg", "")))
            case _:
                return Unsure("no_answer no errcode")

    def status(self, letter: Letter) -> Outcome | None:
        """See channels.Channel."""
        return None
