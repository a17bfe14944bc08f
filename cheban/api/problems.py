"""Errors for programs: problem+json (RFC 9457) with a stable code, in the caller's language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from cheban.core.errors import Refused

CONTENT_TYPE = "application/problem+json"


def titles() -> dict[int, str]:
    """What each status means here."""
    return {
        400: _("请求读不懂"),
        401: _("没有有效的令牌"),
        403: _("没有权限"),
        404: _("没有找到"),
        405: _("这个地址不支持这种方法"),
        409: _("现在不能这样做"),
        413: _("请求太大"),
        415: _("只接受 application/json"),
        422: _("有几处需要改正"),
        429: _("请求太多"),
        500: _("出错了，什么都没有改动"),
        503: _("数据库正在恢复"),
        507: _("服务器的磁盘满了，什么都没有改动"),
    }


def problem(
    status: int, code: str, *, detail: str = "", fields: Mapping[str, str] | None = None, **headers: str
) -> HttpResponse:
    """One error. `code` is stable for programs; `fields` maps field -> sentence."""
    title = titles().get(status, _("没有完成"))
    body: dict[str, Any] = {
        "type": f"urn:cheban:problem:{code}",
        "title": title,
        "status": status,
        "detail": str(detail) or title,
        "code": code,
    }
    if fields:
        body["fields"] = {k: str(v) for k, v in fields.items()}
    response = HttpResponse(json.dumps(body, ensure_ascii=False).encode(), status=status, content_type=CONTENT_TYPE)
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response


def of_refusal(refusal: Refused) -> HttpResponse:
    """A command said no."""
    fields = {k: v for k, v in refusal.facts.items() if isinstance(v, str)} if refusal.status == 422 else None
    headers = {"WWW_Authenticate": 'Bearer realm="cheban"'} if refusal.status == 401 else {}
    return problem(refusal.status, refusal.code, detail=str(refusal.message), fields=fields, **headers)


def of_validation(errors: list[dict[str, Any]]) -> HttpResponse:
    """What the schema found wrong: field -> sentence. Wrong query parameters are 422 like wrong bodies."""
    fields: dict[str, str] = {}
    for error in errors:
        path = [
            str(p) for p in error.get("loc", ()) if p not in ("body", "query", "path", "payload", "given", "filters")
        ]
        fields.setdefault(".".join(path) or "body", _sentence(error))
    return problem(422, "Invalid", detail=_("有几处需要改正。"), fields=fields)


def _sentence(error: Mapping[str, Any]) -> str:
    kind, about = error.get("type", ""), error.get("ctx") or {}
    if kind == "missing":
        return _("必填。")
    if kind == "extra_forbidden":
        return _("没有这个字段。")
    if kind == "string_too_long":
        return _("最多 %(n)s 个字。") % {"n": about.get("max_length")}
    if kind == "string_too_short":
        return _("至少 %(n)s 个字。") % {"n": about.get("min_length")}
    if kind in ("greater_than_equal", "less_than_equal"):
        return _("不在允许的范围内：%(n)s。") % {"n": about.get("ge", about.get("le"))}
    if kind in ("too_long", "too_short"):
        return _("项数应在 %(n)s 以内。") % {"n": about.get("max_length", about.get("min_length"))}
    if kind in ("literal_error", "enum"):
        return _("只能是：%(all)s") % {"all": about.get("expected", "")}
    wanted = {
        "string_type": _("应是文字。"),
        "int_type": _("应是整数。"),
        "int_parsing": _("应是整数。"),
        "bool_type": _("应是 true 或 false。"),
        "list_type": _("应是数组。"),
        "model_attributes_type": _("应是对象。"),
        "date_from_datetime_parsing": _("日期写作 2026-11-23。"),
        "uuid_parsing": _("应是 UUID。"),
        "timezone_aware": _("时刻要带时区，例如 2026-11-23T09:00:00+08:00。"),
    }
    return wanted.get(kind) or _("格式不对。")
