"""Alibaba Cloud's SMS (Dysmsapi 2017-05-25) as its documents describe it, with signature version 3 checked.

Source: help.aliyun.com, “V3 版本请求体&签名机制” (ACS3-HMAC-SHA256), SendSms, QuerySendDetails.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from urllib.parse import parse_qsl, quote

from tests.providers.http import Answer, Asked, Provider


class AliyunServer(Provider):
    """One account with one signature name and some templates; `say` replaces the next answers of SendSms."""

    ID, SECRET, SIGN = "LTAI5tExampleKeyId", "ExampleAccessKeySecret", "浦东名车"

    def __init__(self) -> None:
        super().__init__()
        self.templates = {"SMS_100": set(), "SMS_200": {"name", "total"}}
        self.sent: list[dict[str, str]] = []
        self.say: list[Answer] = []
        self.is_late = False  # the details lag behind

    def settings(self, **more: str) -> dict[str, str]:
        """As typed into the account's form."""
        return {
            "access_key_id": self.ID,
            "access_key_secret": self.SECRET,
            "sign_name": self.SIGN,
            "templates": "channel.test=SMS_100",
            "endpoint": self.url,
        } | more

    def answer(self, asked: Asked) -> Answer:
        """By the action in the headers."""
        if problem := self._wrong_signature(asked):
            return Answer({"Code": problem, "Message": "signature", "RequestId": "r"}, status=400)
        values = asked.query | dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
        if asked.headers["x-acs-version"] != "2017-05-25":
            return Answer({"Code": "InvalidVersion", "Message": "version", "RequestId": "r"}, status=400)
        if asked.headers["x-acs-action"] == "SendSms":
            return self._send(values)
        return self._details(values)

    def _send(self, values: dict[str, str]) -> Answer:
        if values.get("SignName") != self.SIGN:
            return self._no("isv.SMS_SIGNATURE_ILLEGAL", "短信签名不合法")
        wanted = self.templates.get(values.get("TemplateCode", ""))
        if wanted is None:
            return self._no("isv.SMS_TEMPLATE_ILLEGAL", "短信模版不合法")
        if wanted - set(json.loads(values.get("TemplateParam") or "{}")):
            return self._no("isv.TEMPLATE_MISSING_PARAMETERS", "模版缺少变量")
        phone = values.get("PhoneNumbers", "")
        if not phone.removeprefix("+86").isdigit() or len(phone.removeprefix("+86")) != 11:
            return self._no("isv.MOBILE_NUMBER_ILLEGAL", f"{phone}invalid mobile number")
        instead = self.say.pop(0) if self.say else None
        if instead is None or instead.drop:
            self.sent.append(values)
        return instead or Answer({"Code": "OK", "Message": "OK", "BizId": f"9000{len(self.sent)}^0", "RequestId": "r"})

    def _details(self, values: dict[str, str]) -> Answer:
        rows = [
            {"OutId": row["OutId"], "SendStatus": 3, "ErrCode": "DELIVERED", "PhoneNum": row["PhoneNumbers"]}
            for row in self.sent
            if row["PhoneNumbers"] == values["PhoneNumber"] and not self.is_late
        ]
        found = {"Code": "OK", "Message": "OK", "RequestId": "r", "TotalCount": len(rows)}
        return Answer(found | {"SmsSendDetailDTOs": {"SmsSendDetailDTO": rows}})

    def _wrong_signature(self, asked: Asked) -> str:
        """The error code, or '' for a good signature."""
        scheme, _space, rest = asked.headers.get("authorization", "").partition(" ")
        parts = dict(part.split("=", 1) for part in rest.split(",") if "=" in part)
        if scheme != "ACS3-HMAC-SHA256" or parts.get("Credential") != self.ID:
            return "InvalidAccessKeyId.NotFound"
        digest = hashlib.sha256(asked.body).hexdigest()
        if asked.headers.get("x-acs-content-sha256") != digest:
            return "SignatureDoesNotMatch"
        signed = parts["SignedHeaders"].split(";")
        query = "&".join(f"{_escaped(k)}={_escaped(v)}" for k, v in sorted(asked.query.items()))
        headers = "".join(f"{name}:{asked.headers[name].strip()}\n" for name in signed)
        canonical = "\n".join([asked.method, asked.path, query, headers, parts["SignedHeaders"], digest])
        text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        good = hmac.new(self.SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
        return "" if hmac.compare_digest(good, parts.get("Signature", "")) else "SignatureDoesNotMatch"

    @staticmethod
    def _no(code: str, words: str) -> Answer:
        return Answer({"Code": code, "Message": words, "RequestId": "r"})


def _escaped(text: str) -> str:
    return quote(text, safe="-_.~")


LIMIT = AliyunServer._no("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1")
DROPPED = Answer(drop=True)
