"""To the group's identity provider and back: authorization code with PKCE, state, nonce and the age of the sign-in."""

from __future__ import annotations

import secrets
from typing import Any

import structlog
from allauth.account.adapter import get_adapter as account_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import get_next_redirect_url, perform_login
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from allauth.utils import build_absolute_uri
from django.conf import settings
from django.db.models import Min
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from requests import RequestException

from cheban.core import clock
from cheban.org.models import DealerGroup
from cheban.site import errors
from cheban.site.sso import links, tokens

log = structlog.get_logger("cheban.sso")

ASK_AGAIN = "sso_ask_again"
"""Key of the session: somebody signed out at this desk, so the provider shall ask who comes next."""


class Misconfigured(Exception):
    """The provider describes itself otherwise than the settings do."""


class OAuthAdapter(OpenIDConnectOAuth2Adapter):
    """allauth's client, with our route back and a description that has to be the configured issuer's own."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """Discovery. Raises RequestException, Misconfigured."""
        config = super().openid_config
        if not isinstance(config, dict) or config.get("issuer") != settings.OIDC["issuer"]:
            raise Misconfigured
        return config

    def get_callback_url(self, request: HttpRequest, app) -> str:
        """Registered at the provider as the redirect URI."""
        return build_absolute_uri(request, reverse("sso_back"))


class Provider(OpenIDConnectProvider):
    """allauth's provider, always with PKCE."""

    oauth2_adapter_class = OAuthAdapter
    pkce_enabled_default = True


def _provider(request: HttpRequest) -> Provider:
    if not settings.OIDC:
        raise Http404
    return get_adapter(request).get_provider(request, links.PROVIDER)


@require_GET
def begin(request: HttpRequest) -> HttpResponse:
    """Send the person to the provider. Who signed in there longer ago than a desk may be left alone signs in anew."""
    provider = _provider(request)
    shortest = DealerGroup.objects.aggregate(least=Min("idle_minutes"))["least"] or 30
    again = request.session.pop(ASK_AGAIN, False)
    max_age, nonce = (0 if again else shortest * 60), secrets.token_urlsafe(32)
    params = {"nonce": nonce, "max_age": str(max_age)} | ({"prompt": "login"} if again else {})
    try:
        return provider.redirect(
            request,
            process="login",
            next_url=get_next_redirect_url(request),
            auth_params=params,
            nonce=nonce,
            max_age=max_age,
            asked_at=clock.now().timestamp(),
        )
    except (RequestException, Misconfigured, OAuth2Error, KeyError, ValueError) as error:
        return _unreachable(request, error)


@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """The person comes back with a code: ask the provider who it is, and sign in. The second factor is asked here as
    ever."""
    provider = _provider(request)
    state = statekit.unstash_state(request, provider_id=links.PROVIDER, state_id=request.GET.get("state", ""))
    if state is None:
        return _no(request, "state", _("这次登录不是从这个浏览器开始的，或已过了 10 分钟。请从登录页重新开始。"))
    if "code" not in request.GET:
        return _no(request, "cancelled", _("企业账号那边没有完成登录。请从登录页重新开始，或用密码登录。"))
    adapter = provider.get_oauth2_adapter(request)
    try:
        client = adapter.get_client(request, provider.app)
        answer = client.get_access_token(request.GET["code"], pkce_code_verifier=state["pkce_code_verifier"])
        with get_adapter().get_requests_session() as session:
            described = session.get(adapter.openid_config["jwks_uri"])
            described.raise_for_status()
            keys = described.json()["keys"]
        token = answer["id_token"]
    except (RequestException, Misconfigured, OAuth2Error, KeyError, ValueError, TypeError) as error:
        return _unreachable(request, error)
    try:
        claims = tokens.verify(
            token,
            keys=keys,
            issuer=settings.OIDC["issuer"],
            client_id=provider.app.client_id,
            nonce=state["nonce"],
            asked_at=state["asked_at"],
            max_age=state["max_age"],
            at=clock.now(),
        )
        staff = links.staff_of(claims, origin=request.META.get("REMOTE_ADDR", ""))
    except tokens.TokenRefused as refusal:
        return _no(
            request,
            refusal.args[0],
            _("企业账号给出的登录凭证不可信或已过期，没有登录。请重新开始；仍不行时告诉管理员。"),
        )
    except links.NobodyHere:
        return _no(request, "nobody", _("您的企业账号在这里没有对应的同事账号。请店长在“人员与角色”里添加您。"))
    except links.LinkedToAnother:
        return _no(request, "linked", _("这个账号已经连到另一个企业账号。请管理员核对身份后解除旧的连接。"))
    if request.user.is_authenticated:
        account_adapter(request).logout(request)
    if staff.is_active:
        record_authentication(request, staff, "socialaccount", provider=links.PROVIDER)
    response = perform_login(request, staff, email_verification="none", redirect_url=state.get("next"))
    request.session.set_expiry(0)
    return response


def _no(request: HttpRequest, why: str, message: str) -> HttpResponse:
    log.warning("sso_refused", why=why)
    return errors.answer(request, status=403, code="NotSignedIn", title=_("没有登录"), message=message)


def _unreachable(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("sso_unreachable", kind=type(error).__name__)
    return errors.answer(
        request,
        status=502,
        code="ProviderUnreachable",
        title=_("企业账号暂时用不了"),
        message=_("企业账号的登录服务没有正常回答。请稍后再试，或用密码登录。"),
    )
