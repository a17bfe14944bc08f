"""The button of a card: WeCom says who clicked; nobody else's page, nobody else's name. Y07."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from cheban.core.models import AuditEntry
from cheban.messaging import accounts, members
from cheban.messaging.models import WecomMember
from cheban.org import scope
from cheban.org.roles import Role
from tests.providers.wecom import WecomServer

pytestmark = [pytest.mark.req("Y07", "R019"), pytest.mark.django_db]
PHONE = {"HTTP_USER_AGENT": "Mozilla/5.0 (iPhone) AppleWebKit/605 wxwork/4.1.22 MicroMessenger/7.0.1"}
PAGE = "/inbox/"


@pytest.fixture
def wecom(cast):
    with WecomServer() as server:
        by = cast.actor(Role.GROUP_ADMIN)
        server.account = accounts.save(None, by=by, provider="wecom", store_id=None, given=server.settings())
        members.enter(server.account, {cast.staff[Role.CALLER].id: "lisi"}, by=by)
        yield server


def click(client: Client, wecom, *, page: str = PAGE, **more):
    return client.get(f"/wecom/{wecom.account.id}/go/", {"next": page}, **(PHONE | more))


def come_back(client: Client, wecom, answer, *, user: str, state: str | None = None, code: str = "c1"):
    """What WeCom's page does: sends the browser back with a code for whoever is signed in there."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}
    wecom.codes[code] = user
    return client.get(
        f"/wecom/{wecom.account.id}/back/", {"code": code, "state": asked["state"] if state is None else state}, **PHONE
    )


def signed_in(client: Client) -> str:
    return client.session.get("_auth_user_id", "")


def test_a_click_in_wecom_opens_the_page_signed_in(cast, wecom):
    client = Client()
    answer = click(client, wecom)
    at = urlsplit(answer["Location"])
    asked = parse_qs(at.query)
    assert (at.netloc, at.fragment) == ("open.weixin.qq.com", "wechat_redirect")
    assert (asked["appid"], asked["scope"], asked["response_type"]) == ([wecom.CORP], ["snsapi_base"], ["code"])
    assert asked["redirect_uri"] == [f"https://cheban.example.com/wecom/{wecom.account.id}/back/"]
    answer = come_back(client, wecom, answer, user="lisi")
    assert answer["Location"] == PAGE
    assert signed_in(client) == str(cast.staff[Role.CALLER].id)
    assert click(client, wecom)["Location"] == PAGE  # signed in already: at once
    scope.set_stores([cast.a.id])
    assert AuditEntry.objects.filter(action="session.by_wecom", actor_id=cast.staff[Role.CALLER].id).exists()


def test_a_card_passed_on_opens_for_whoever_clicks(cast, wecom):
    members.enter(wecom.account, {cast.staff[Role.PARTS].id: "zhangsan"}, by=cast.actor(Role.GROUP_ADMIN))
    client = Client()
    come_back(client, wecom, click(client, wecom), user="zhangsan")
    assert signed_in(client) == str(cast.staff[Role.PARTS].id)


def test_an_answer_that_was_not_asked_for_or_comes_twice_signs_nobody_in(cast, wecom):
    client = Client()
    come_back(client, wecom, click(client, wecom), user="lisi", state="made-up")
    assert signed_in(client) == ""
    stranger, answer = Client(), click(client, wecom)
    come_back(stranger, wecom, answer, user="lisi")  # another browser did not ask
    assert signed_in(stranger) == ""
    assert come_back(client, wecom, answer, user="lisi")["Location"] == PAGE
    again = Client()
    assert "/account/login/" in come_back(again, wecom, answer, user="lisi")["Location"]


def test_an_old_answer_signs_nobody_in(wecom, clock):
    client = Client()
    answer = click(client, wecom)
    clock.set(clock.now + __import__("datetime").timedelta(minutes=6))
    assert "/account/login/" in come_back(client, wecom, answer, user="lisi")["Location"]
    assert signed_in(client) == ""


def test_a_code_that_wecom_does_not_know_leads_to_the_usual_sign_in(wecom):
    client = Client()
    answer = click(client, wecom)
    wecom.expire_tokens()
    state = parse_qs(urlsplit(answer["Location"]).query)["state"][0]
    answer = client.get(f"/wecom/{wecom.account.id}/back/", {"code": "forged", "state": state}, **PHONE)
    assert answer["Location"] == "/account/login/?next=%2Finbox%2F"


def test_elsewhere_than_in_wecom_one_signs_in_as_usual_and_lands_on_the_page(wecom):
    answer = click(Client(), wecom, HTTP_USER_AGENT="Mozilla/5.0 Chrome/140")
    assert answer["Location"] == "/account/login/?next=%2Finbox%2F"


@pytest.mark.parametrize("page", ["https://evil.example.com/", "//evil.example.com", "javascript:alert(1)", "\\\\evil"])
def test_the_button_leads_only_to_pages_of_this_house(cast, wecom, page):
    client = Client()
    client.force_login(cast.staff[Role.CALLER], backend="cheban.site.accounts.Backend")
    assert click(client, wecom, page=page)["Location"] == "/"


def test_a_stopped_colleague_is_not_signed_in(cast, wecom):
    caller = cast.staff[Role.CALLER]
    caller.is_active = False
    caller.save(update_fields=["is_active"])
    client = Client()
    come_back(client, wecom, click(client, wecom), user="lisi")
    assert signed_in(client) == ""


def test_a_second_factor_is_asked_as_after_a_password(cast, wecom):
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(cast.staff[Role.CALLER], generate_totp_secret())
    client = Client()
    answer = come_back(client, wecom, click(client, wecom), user="lisi")
    assert answer["Location"].startswith("/account/2fa/authenticate/")
    assert signed_in(client) == ""


def test_a_stranger_signs_in_once_by_password_and_is_known_from_then_on(cast, wecom):
    manager = cast.staff[Role.STORE_MANAGER]
    manager.set_password("Cheban-2026-x")
    manager.save()
    client = Client()
    answer = come_back(client, wecom, click(client, wecom), user="zhangsan")
    assert "/account/login/" in answer["Location"]
    client.post(answer["Location"], {"login": manager.login, "password": "Cheban-2026-x"}, **PHONE)
    assert signed_in(client) == str(manager.id)
    assert WecomMember.objects.get(staff=manager).user_id == "zhangsan"
    another = Client()
    come_back(another, wecom, click(another, wecom), user="zhangsan", code="c2")
    assert signed_in(another) == str(manager.id)


def test_a_known_colleague_is_not_taken_over_by_another_member(cast, wecom):
    """The caller is lisi; signing in by password from zhangsan's phone does not change that."""
    caller = cast.staff[Role.CALLER]
    caller.set_password("Cheban-2026-x")
    caller.save()
    client = Client()
    answer = come_back(client, wecom, click(client, wecom), user="zhangsan")
    client.post(answer["Location"], {"login": caller.login, "password": "Cheban-2026-x"}, **PHONE)
    assert signed_in(client) == str(caller.id)
    assert list(WecomMember.objects.values_list("user_id", flat=True)) == ["lisi"]


def test_an_account_that_is_off_signs_nobody_in(cast, wecom):
    client = Client()
    answer = click(client, wecom)
    accounts.switch(wecom.account, by=cast.actor(Role.GROUP_ADMIN), is_on=False)
    assert "/account/login/" in come_back(client, wecom, answer, user="lisi")["Location"]
    assert signed_in(client) == ""
