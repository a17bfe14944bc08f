"""How allauth behaves here: no sign-up, staff are made by managers; secrets of second factors lie sealed."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from cheban.core import privacy
from cheban.org.access import actor_for, signed_in
from cheban.org.models import Staff
from cheban.site import errors, growing_delay


class Backend(AuthenticationBackend):
    """Signs in as allauth does; a session's person comes with the roles they hold."""

    def get_user(self, user_id: int) -> Staff | None:
        """The person of a session; None for one who is gone or may not sign in any more."""
        staff = signed_in(user_id)
        return staff if staff is not None and self.user_can_authenticate(staff) else None


class Adapter(DefaultAccountAdapter):
    """Sign-in only."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": _("登录失败次数太多，请稍后再试。忘记密码时，请店长为您重设。"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up: a manager adds staff."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Before a password is looked at: does this account wait, does this address? Raises ValidationError in words."""
        self._login_failed_rl_usage = ratelimit.consume(
            request, app="allauth.account", action="login_failed", config={"login_failed": "30/m/ip"}
        )
        if not self._login_failed_rl_usage:
            raise self.validation_error("too_many_login_attempts")
        seconds = growing_delay.attempt(credentials.get("username", ""), self.get_client_ip(request))
        if seconds >= 60:
            raise ValidationError(
                _("登录失败次数太多，请等 %(minutes)d 分钟后再试。忘记密码时，请店长为您重设。"),
                params={"minutes": -(-seconds // 60)},
                code="wait",
            )
        if seconds:
            raise ValidationError(
                _("登录失败次数太多，请等 %(seconds)d 秒后再试。忘记密码时，请店长为您重设。"),
                params={"seconds": seconds},
                code="wait",
            )

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Staff | None:
        """The right password ends the delay. Raises ValidationError while there is one."""
        staff = super().authenticate(request, **credentials)
        if staff:
            growing_delay.forgive(credentials.get("username", ""), self.get_client_ip(request))
        return staff

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

    def send_notification_mail(self, *args, **kwargs) -> None:
        """As above: the audit trail tells of changes to how somebody signs in."""


class SecondFactor(DefaultMFAAdapter):
    """Authenticator apps and passkeys of staff."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("验证码不对，或已经用过。"),
        "cannot_delete_authenticator": _("您的角色需要第二重验证，不能停用最后一种。"),
    }

    def encrypt(self, text: str) -> str:
        """Secrets of authenticator apps and recovery codes lie under a key that is outside the database."""
        return privacy.lock(text, purpose="second-factor")

    def decrypt(self, encrypted_text: str) -> str:
        """See `encrypt`."""
        return privacy.unlock(encrypted_text, purpose="second-factor")

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not the last one of a person whose roles need one."""
        if not actor_for(authenticator.user).needs_second_factor:
            return True
        others = Authenticator.objects.filter(user=authenticator.user).exclude(pk=authenticator.pk)
        return others.exclude(type=Authenticator.Type.RECOVERY_CODES).exists()

    def generate_authenticator_name(self, user, type) -> str:
        """What a new passkey is called before somebody renames it."""
        return str(_("我的通行密钥"))
