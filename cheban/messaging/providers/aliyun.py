"""SMS by Alibaba Cloud (Dysmsapi 2017-05-25: SendSms, QuerySendDetails), through its own SDK, which signs the calls.

The SDK is imported when the first text goes out: it takes more than a second. `OutId` is the message's own id, so the
provider can be asked what became of a call that it did not answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from cheban.core import clock
from cheban.messaging.channels import Accepted, Busy, Letter, Outcome, Turned, Unsure, said

ZONE = ZoneInfo("Asia/Shanghai")
READ_MS, CONNECT_MS = 10_000, 5_000
SEEN_BY = timedelta(minutes=10)
"""A text that the provider took stands in its details by then; before, one that is not there may still come."""
LATER = {
    "isv.BUSINESS_LIMIT_CONTROL": 3600,
    "isv.DAY_LIMIT_CONTROL": 6 * 3600,
    "isv.MINUTE_LIMIT_CONTROL": 60,
    "isv.AMOUNT_NOT_ENOUGH": 600,
    "isv.OUT_OF_SERVICE": 600,
    "isv.SMS_SIGNATURE_ILLEGAL": 600,
    "isv.ACCOUNT_NOT_EXISTS": 600,
    "isv.ACCOUNT_ABNORMAL": 600,
    "isp.RAM_PERMISSION_DENY": 600,
    "isp.SYSTEM_ERROR": 60,
    "InvalidAccessKeyId.NotFound": 600,
    "InvalidAccessKeyId.Inactive": 600,
    "SignatureDoesNotMatch": 600,
    "Throttling.User": 60,
    "Throttling.Api": 60,
    "ServiceUnavailable": 60,
}
"""Answers that speak of a limit or of the account, not of this text: it waits so many seconds, and is not lost."""
SENDING, FAILED, DELIVERED = 1, 2, 3


class Aliyun:
    """An account's texts under its signature name; the template of a kind stands in the settings."""

    def __init__(self, account_id: str, settings: Mapping[str, str]) -> None:
        self._settings = settings
        self._templates = dict(
            (part.strip() for part in line.split("=", 1)) for line in settings["templates"].splitlines() if "=" in line
        )
        self._client: Any = None

    def _api(self) -> Any:
        if self._client is None:
            from alibabacloud_dysmsapi20170525.client import Client
            from alibabacloud_tea_openapi.utils_models import Config

            at = urlsplit(self._settings["endpoint"])
            self._client = Client(
                Config(
                    access_key_id=self._settings["access_key_id"],
                    access_key_secret=self._settings["access_key_secret"],
                    endpoint=at.netloc,
                    protocol=at.scheme,
                )
            )
        return self._client

    def send(self, letter: Letter) -> Outcome:
        """See channels.Channel."""
        template = self._templates.get(letter.kind)
        if not template:
            return Turned(f"no_template {letter.kind}")
        from alibabacloud_dysmsapi20170525 import models

        values = {name: str(value) for name, value in letter.values.items()}
        asked = models.SendSmsRequest(
            phone_numbers=letter.address,
            sign_name=self._settings["sign_name"],
            template_code=template,
            template_param=json.dumps(values, ensure_ascii=False),
            out_id=letter.request_id,
        )
        try:
            body = self._api().send_sms_with_options(asked, _once()).body
        except Exception as error:  # the SDK raises its own and those of the line
            return _came_of(error)
        if body.code == "OK":
            return Accepted(body.biz_id or "")
        return _refused(body.code, body.message)

    def status(self, letter: Letter) -> Outcome | None:
        """See channels.Channel. Asked by number, day and page of 50, where `OutId` is this message's."""
        if letter.begun_at is None or not letter.address:
            return None
        from alibabacloud_dysmsapi20170525 import models

        for page in range(1, 5):
            asked = models.QuerySendDetailsRequest(
                phone_number=letter.address,
                send_date=f"{letter.begun_at.astimezone(ZONE):%Y%m%d}",
                page_size=50,
                current_page=page,
            )
            try:
                body = self._api().query_send_details_with_options(asked, _once()).body
            except Exception as error:
                return Unsure(_came_of(error).said)
            if body.code != "OK":
                return Unsure(said(body.code, body.message))
            rows = body.sms_send_detail_dtos.sms_send_detail_dto if body.sms_send_detail_dtos else []
            for row in rows or []:
                if row.out_id == letter.request_id:
                    return Turned(said(row.err_code, "")) if row.send_status == FAILED else Accepted()
            if len(rows or []) < 50:
                break
        return Busy(0) if clock.now() - letter.begun_at > SEEN_BY else Unsure("not seen yet")


def _once() -> Any:
    from darabonba.runtime import RuntimeOptions

    return RuntimeOptions(autoretry=False, max_attempts=1, read_timeout=READ_MS, connect_timeout=CONNECT_MS)


def _refused(code: str, words: str) -> Outcome:
    text = said(code, words)
    return Busy(LATER[code], text) if code in LATER else Turned(text)


def _came_of(error: BaseException) -> Outcome:
    """What a call without a proper answer came to."""
    status, code = getattr(error, "status_code", None), str(getattr(error, "code", "") or "")
    if code in LATER or status in (429, 503):
        return Busy(LATER.get(code, 60), said(code or f"HTTP {status}", getattr(error, "message", "")))
    if status is not None and 400 <= int(status) < 500:
        return Turned(said(code or f"HTTP {status}", getattr(error, "message", "")))
    names = {type(cause).__name__ for cause in _causes(error)}
    if names & {"NewConnectionError", "ConnectTimeout", "ConnectTimeoutError", "SSLError", "NameResolutionError"}:
        return Busy(60, "no_connection")
    return Unsure(f"no_answer {type(error).__name__}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error, what it came from, and what it carries: the SDK wraps those of the line several times."""
    left, seen = [error], set()
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        more = [one.__cause__, one.__context__, *(getattr(one, name, None) for name in ("inner_exception", "reason"))]
        more += getattr(one, "args", ())
        left += [each for each in more if isinstance(each, BaseException)]
