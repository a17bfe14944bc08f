"""Errors as sentences: what happened, what to do. Pages for people, JSON where the page asked for JSON."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from cheban.core.disk import is_full_disk
from cheban.core.errors import Refused


def _wants_fragment(request: HttpRequest) -> bool:
    return bool(request.headers.get("HX-Request")) or "json" in request.headers.get("Accept", "")


def answer(request: HttpRequest, *, status: int, title: str, message: str, code: str) -> HttpResponse:
    """The same error as a whole page or, for a fragment request, as JSON that the page shows as a toast."""
    if status >= 500:
        request.actor = None  # the frame asks the database, which may be what failed: the plain page needs none
    if _wants_fragment(request):
        return JsonResponse(
            {"title": title, "detail": message, "code": code, "status": status},
            status=status,
            content_type="application/problem+json",
            json_dumps_params={"ensure_ascii": False},
        )
    return render(request, "error.html", {"status": status, "title": title, "message": message}, status=status)


def refused(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """A command said no: its own sentence, its own status."""
    titles = {403: _("没有权限"), 404: _("没有找到"), 409: _("现在不能这样做")}
    messages = {404: _("这条记录不存在，或不属于您的门店。请用搜索再找一次。")}
    return answer(
        request,
        status=refusal.status,
        code=refusal.code,
        title=titles.get(refusal.status, _("没有完成")),
        message=str(refusal.message) or messages.get(refusal.status, _("请刷新页面后再试。")),
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return answer(
        request,
        status=404,
        code="NotFound",
        title=_("没有找到"),
        message=_("这个地址没有内容，或记录不属于您的门店。请用搜索再找一次。"),
    )


def failed(request: HttpRequest) -> HttpResponse:
    """500: nothing was written."""
    if is_full_disk(sys.exception()):  # Django calls this while it handles the error
        return disk_full(request)
    return answer(
        request,
        status=500,
        code="Failed",
        title=_("出错了，什么都没有改动"),
        message=_("请再试一次；若仍然出错，请把页面时间和您做的操作告诉管理员。"),
    )


def disk_full(request: HttpRequest) -> HttpResponse:
    """507: the server's disk takes no more; nothing was written."""
    return answer(
        request,
        status=507,
        code="DiskFull",
        title=_("服务器的磁盘满了，什么都没有改动"),
        message=_("已保存的数据没有丢。请管理员清出磁盘空间，然后再做一次刚才的操作。"),
    )


def unavailable(request: HttpRequest, error: Exception | None = None) -> HttpResponse:
    """503: the database is away or recovering. 507 when it says that its disk is full."""
    if is_full_disk(error):
        return disk_full(request)
    response = answer(
        request,
        status=503,
        code="Unavailable",
        title=_("数据库正在恢复"),
        message=_("数据没有丢失。页面稍后可用，请过几秒再试。"),
    )
    response["Retry-After"] = "5"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form is older than the session."""
    return answer(request, status=403, code="FormExpired", title=_("页面已过期"), message=_("请刷新页面后再提交一次。"))
