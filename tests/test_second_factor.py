"""Signing in with more than a password, in the browser: authenticator app, passkey, recovery code. R019, reliability B."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client

from cheban.core.models import AuditEntry
from cheban.org import scope
from cheban.org.models import DealerGroup
from cheban.org.roles import Role
from cheban.site import idle
from tests import given
from tests.looks import calm, one_way, opened, other_way
from tests.serving import browser, web

BACKEND = "cheban.site.accounts.Backend"


def code_of(secret: str) -> str:
    """What the authenticator app shows now."""
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def a_manager(cast):
    found = cast.staff[Role.STORE_MANAGER]
    found.set_password(given.PASSWORD)
    found.save()
    return found


@pytest.mark.browser
@pytest.mark.req("R019")
@one_way
def test_an_authenticator_app_is_set_up_and_asked_for_and_a_recovery_code_works_once(committed, look):
    manager = a_manager(given.cast(scoped=False))
    with web() as address, browser() as chromium:
        page = opened(chromium, address, manager, look)
        page.goto(address + "/account/2fa/totp/activate/")
        if page.locator("#id_password").count():
            page.fill("#id_password", given.PASSWORD)
            page.press("#id_password", "Enter")
        secret = page.locator(".totp-secret").inner_text()
        page.fill("#id_code", code_of(secret))
        page.press("#id_code", "Enter")
        page.wait_for_selector(".recovery-codes")
        recovery = page.locator(".recovery-codes code").first.inner_text()
        calm(page)

        def come_back_with(code: str) -> None:
            page.context.clear_cookies()
            page.goto(address + "/account/login/")
            page.fill("[name=login]", manager.login)
            page.fill("[name=password]", given.PASSWORD)
            page.press("[name=password]", "Enter")
            page.wait_for_selector("#id_code")
            page.fill("#id_code", code)
            page.press("#id_code", "Enter")

        come_back_with(recovery)
        page.wait_for_url("**/my-day/**")
        come_back_with(recovery)
        page.wait_for_selector(".errorlist")
        page.goto(address + "/my-day/")
        assert "/account/" in page.url, "half signed in opens nothing"
        calm(page)
    kept = Authenticator.objects.get(user=manager, type="totp")
    assert secret not in str(kept.data), "its secret lies sealed"


@pytest.mark.browser
@pytest.mark.req("R019")
@other_way
def test_a_passkey_is_added_and_signs_in_without_a_password(committed, look):
    cast = given.cast(scoped=False)
    manager = a_manager(cast)
    with web() as address, browser() as chromium:
        address = address.replace("127.0.0.1", "localhost")  # passkeys need a name, and localhost counts as secure
        page = opened(chromium, address, manager, look)
        device = page.context.new_cdp_session(page)
        device.send("WebAuthn.enable")
        device.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        page.goto(address + "/account/2fa/webauthn/add/")
        if page.locator("#id_password").count():
            page.fill("#id_password", given.PASSWORD)
            page.press("#id_password", "Enter")
        page.click("[data-passkey-go]")
        page.wait_for_selector(".recovery-codes")

        page.context.clear_cookies()
        page.goto(address + "/account/login/")
        page.click(".passkey-in [data-passkey-go]")
        page.wait_for_url("**/my-day/**")
        calm(page)
    with scope.use([cast.a.id]):
        told = list(AuditEntry.objects.filter(subject=f"staff:{manager.id}").values_list("action", flat=True))
    assert "second_factor.added" in told
    assert told.count("session.began") == 2


@pytest.mark.req("R019")
def test_where_the_group_asks_for_it_a_manager_without_a_second_factor_reaches_only_their_own_account(cast):
    DealerGroup.objects.update(require_second_factor=True)
    client = Client()
    client.force_login(cast.staff[Role.STORE_MANAGER], backend=BACKEND)
    for path in ("/my-day/", "/customers/", "/settings/staff/", "/metrics/"):
        assert client.get(path)["Location"] == "/account/2fa/"
    assert client.post("/search/", {"q": "张"})["Location"] == "/account/2fa/"
    assert client.get("/account/2fa/").status_code == 200

    adviser = Client()
    adviser.force_login(cast.staff[Role.SERVICE_ADVISOR], backend=BACKEND)
    assert adviser.get("/my-day/").status_code == 200, "only the roles that reach many people's data"

    Authenticator.objects.create(user=cast.staff[Role.STORE_MANAGER], type="totp", data={"secret": "x"})
    assert client.get("/my-day/").status_code == 200


def test_the_last_second_factor_of_such_a_person_cannot_be_taken_away(cast):
    from cheban.site.accounts import SecondFactor

    manager = cast.staff[Role.STORE_MANAGER]
    totp = Authenticator.objects.create(user=manager, type="totp", data={"secret": "x"})
    Authenticator.objects.create(user=manager, type="recovery_codes", data={})
    assert SecondFactor().can_delete_authenticator(totp)
    DealerGroup.objects.update(require_second_factor=True)
    assert not SecondFactor().can_delete_authenticator(totp)
    Authenticator.objects.create(user=manager, type="webauthn", data={})
    assert SecondFactor().can_delete_authenticator(totp)


@pytest.mark.req("R019")
def test_a_desk_that_was_left_alone_locks_itself_and_leaving_out_the_mark_gains_nothing(cast, clock):
    client = Client()
    client.force_login(cast.staff[Role.SERVICE_ADVISOR], backend=BACKEND)
    start = clock.now
    assert client.get("/my-day/").status_code == 200
    for minutes in (25, 50, 75):
        clock.set(start.replace(minute=0) + timedelta(minutes=minutes + 1))
        assert client.get("/my-day/").status_code == 200, "in use: it stays open"
    clock.set(clock.now + timedelta(minutes=31))
    answer = client.get("/my-day/")
    assert answer["Location"].startswith("/account/login/")
    assert client.get("/my-day/").status_code == 302, "and stays locked"

    client.force_login(cast.staff[Role.SERVICE_ADVISOR], backend=BACKEND)
    clock.set(clock.now + timedelta(minutes=31))
    client.cookies.pop(idle.COOKIE, None)
    assert client.get("/my-day/").status_code == 302


def test_only_the_groups_administrator_says_how_people_sign_in(cast):
    client = Client()
    client.force_login(cast.staff[Role.GROUP_ADMIN], backend=BACKEND)
    assert client.post("/settings/security/", {"second_factor": "1", "idle_minutes": "4"}).status_code == 422
    assert client.post("/settings/security/", {"idle_minutes": "15"}).status_code == 302
    group = DealerGroup.objects.get()
    assert (group.require_second_factor, group.idle_minutes) == (False, 15)
    assert AuditEntry.objects.filter(action="security.changed").count() == 1
