"""How allauth behaves here: no sign-up, staff are made by managers."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from cheban.org.models import Staff
from cheban.site import errors


class Adapter(DefaultAccountAdapter):
    """Sign-in only."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": _("登录失败次数太多，请 5 分钟后再试。忘记密码时，请店长为您重设。"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up: a manager adds staff."""
        return False

    def respond_user_inactive(self, request: HttpRequest, user: Staff) -> HttpResponse:
        """The password is right, but a manager stopped the account."""
        return errors.answer(
            request,
            status=403,
            code="Stopped",
            title=_("这个账号已停用"),
            message=_("如果您还在店里工作，请店长在“人员与角色”里恢复您的账号。"),
        )

    def send_mail(self, *args, **kwargs) -> None:
        """Staff have no e-mail address here; nothing to send."""
