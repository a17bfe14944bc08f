"""Single sign-on against an OpenID provider over real HTTP. R017, R019, decision 21, reliability A."""

from __future__ import annotations

import http.client
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from cheban.core.models import AuditEntry
from cheban.org import scope
from cheban.org.models import Staff
from cheban.org.roles import Role
from cheban.site.sso import links
from tests import oidc

pytestmark = pytest.mark.req("R017", "R019")


@pytest.fixture
def idp(cast, settings):
    """The provider; the person at the browser is the service advisor of store A."""
    with oidc.provider() as made:
        settings.OIDC = {"issuer": made.issuer, "name": "集团账号", "claim": "employee_number", "email_domain": ""}
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {
                "provider_class": "cheban.site.sso.door.Provider",
                "APPS": [
                    {
                        "provider_id": "sso",
                        "name": "sso",
                        "client_id": oidc.CLIENT_ID,
                        "secret": oidc.CLIENT_SECRET,
                        "settings": {"server_url": made.issuer},
                    }
                ],
            }
        }
        made.staff = cast.staff[Role.SERVICE_ADVISOR]
        made.person = {"employee_number": made.staff.login}
        yield made


def at_the_provider(where: str) -> str:
    """The browser's way through the provider: path and query that it comes back to."""
    parts = urlsplit(where)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    connection.request("GET", f"{parts.path}?{parts.query}")
    back = urlsplit(connection.getresponse().headers["Location"])
    connection.close()
    return f"{back.path}?{back.query}"


def go(client: Client | None = None, *, to: str = ""):
    """From the button to the answer on coming back."""
    client = client or Client()
    begun = client.get("/account/login/sso/" + (f"?next={to}" if to else ""))
    assert begun.status_code == 302, begun.content.decode()
    return client.get(at_the_provider(begun["Location"]))


def is_in(client: Client) -> bool:
    return client.get("/my-day/").status_code == 200


def test_a_known_person_signs_in_without_a_password_and_is_linked_once(idp, cast):
    client = Client()
    answer = go(client, to="/customers/")
    assert (answer.status_code, answer["Location"]) == (302, "/customers/")
    assert is_in(client)
    assert go(Client()).status_code == 302
    account = SocialAccount.objects.get()
    assert account.user == idp.staff
    assert account.extra_data == {}, "nothing of what the provider knows is kept"
    with scope.use([cast.a.id]):
        told = list(AuditEntry.objects.filter(subject=f"staff:{idp.staff.id}").values_list("action", flat=True))
    assert (told.count("sso.linked"), told.count("session.began")) == (1, 2)


def test_the_question_carries_state_nonce_pkce_and_the_age_that_is_allowed(idp):
    go()
    assert idp.asked["code_challenge_method"] == "S256"
    assert len(idp.asked["nonce"]) >= 32
    assert len(idp.asked["state"]) >= 16
    assert idp.asked["max_age"] == "1800", "a sign-in older than a desk may be left alone does not count"
    assert idp.asked["response_type"] == "code"


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": [oidc.CLIENT_ID, "another"]},
        {"azp": "another"},
        {"iss": "https://another.example"},
        {"exp": 1},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"auth_time": 1},
        {"auth_time": None},
        {"sub": ""},
        {"sub": 7},
    ],
    ids=str,
)
def test_a_token_that_is_not_the_answer_to_our_question_is_refused_in_words(idp, lie):
    idp.lies = lie
    client = Client()
    answer = go(client)
    assert answer.status_code == 403
    assert "不可信或已过期" in answer.content.decode()
    assert not is_in(client)
    assert not SocialAccount.objects.exists()


def test_a_token_signed_by_another_key_or_by_none_or_by_the_clients_secret_is_refused(idp):
    idp.sign_with = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert go().status_code == 403
    idp.sign_with, idp.algorithm = None, "none"
    assert go().status_code == 403
    idp.sign_with, idp.algorithm = oidc.CLIENT_SECRET * 3, "HS256"
    assert go().status_code == 403
    idp.sign_with, idp.algorithm = idp.key, "RS256"
    assert go().status_code == 302


def test_coming_back_without_having_left_or_twice_or_in_another_browser_is_refused(idp):
    client, other = Client(), Client()
    way = at_the_provider(client.get("/account/login/sso/")["Location"])
    for stranger in (other, Client()):
        answer = stranger.get(way)
        assert answer.status_code == 403
        assert "不是从这个浏览器开始" in answer.content.decode()
    assert client.get(way).status_code == 302
    assert client.get(way).status_code == 403, "a second time"


def test_a_code_is_worth_nothing_with_another_verifier(idp):
    mine, theirs = Client(), Client()
    code = parse_qs(urlsplit(at_the_provider(theirs.get("/account/login/sso/")["Location"])).query)["code"][0]
    state = parse_qs(urlsplit(mine.get("/account/login/sso/")["Location"]).query)["state"][0]
    assert mine.get(f"/account/login/sso/back/?code={code}&state={state}").status_code == 502
    assert not is_in(mine)


def test_nobody_signs_up_and_a_stopped_person_stays_out(idp):
    before = Staff.objects.count()
    idp.person = {"employee_number": "somebody.unknown"}
    answer = go()
    assert answer.status_code == 403
    assert "没有对应的同事账号" in answer.content.decode()
    idp.person = {"employee_number": idp.staff.login}
    Staff.objects.filter(pk=idp.staff.pk).update(is_active=False)
    assert "没有对应的同事账号" in go().content.decode(), "not linked yet: told the same"
    Staff.objects.filter(pk=idp.staff.pk).update(is_active=True)
    assert go().status_code == 302
    Staff.objects.filter(pk=idp.staff.pk).update(is_active=False)
    client = Client()
    answer = go(client)
    assert answer.status_code == 403
    assert "已停用" in answer.content.decode()
    assert not is_in(client)
    assert Staff.objects.count() == before


def test_a_staff_number_given_anew_does_not_open_the_account_until_the_operator_unlinks_it(idp, cast):
    assert go().status_code == 302
    idp.person["sub"] = "subject-2"
    assert "已经连到另一个企业账号" in go().content.decode()
    assert links.unlink(idp.staff)
    assert go().status_code == 302
    idp.person = {"sub": "subject-2", "employee_number": cast.staff[Role.STORE_MANAGER].login}
    client = Client()
    go(client)
    assert client.session["_auth_user_id"] == str(idp.staff.pk), "linked: the subject counts, no other claim"


@pytest.mark.parametrize(
    ("claims", "domain", "works"),
    [
        ({"email": "{}@dealer.example", "email_verified": True}, "dealer.example", True),
        ({"email": "{}@dealer.example", "email_verified": False}, "dealer.example", False),
        ({"email": "{}@dealer.example", "email_verified": "true"}, "dealer.example", False),
        ({"email": "{}@dealer.example"}, "dealer.example", False),
        ({"email": "{}@elsewhere.example", "email_verified": True}, "dealer.example", False),
        ({"email": "{}@dealer.example", "email_verified": True}, "", False),
    ],
)
def test_a_mail_address_links_only_when_verified_and_of_the_groups_own_domain(idp, settings, claims, domain, works):
    settings.OIDC = settings.OIDC | {"claim": "email", "email_domain": domain}
    idp.person = claims | {"email": claims["email"].format(idp.staff.login)}
    assert go().status_code == (302 if works else 403)


def test_the_providers_second_factor_does_not_replace_ours(idp):
    Authenticator.objects.create(user=idp.staff, type="totp", data={"secret": "x"})
    idp.person["amr"] = ["mfa"]
    client = Client()
    assert go(client)["Location"].startswith("/account/2fa/authenticate/")
    assert not is_in(client)


def test_after_signing_out_the_provider_asks_who_comes_next(idp):
    client = Client()
    go(client)
    client.post("/account/logout/")
    idp.signed_in_ago = 600
    answer = go(client)
    assert (idp.asked["prompt"], idp.asked["max_age"]) == ("login", "0")
    assert answer.status_code == 403, "the provider did not ask: its old sign-in does not count"


def test_a_provider_that_is_down_or_calls_itself_otherwise_is_told_in_words(idp, settings):
    idp.describes_itself_as = "https://another.example"
    assert Client().get("/account/login/sso/").status_code == 502
    idp.describes_itself_as = ""
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"] = {"server_url": "http://127.0.0.1:9"}
    answer = Client().get("/account/login/sso/")
    assert answer.status_code == 502
    assert "用密码登录" in answer.content.decode()


def test_the_way_back_leads_only_into_this_house(idp):
    assert go(to="https://evil.example/")["Location"] == "/"


def test_the_button_is_there_only_where_a_provider_is_named(idp, settings):
    assert "用集团账号登录" in Client().get("/account/login/").content.decode()
    settings.OIDC = None
    assert "/account/login/sso/" not in Client().get("/account/login/").content.decode()
    assert Client().get("/account/login/sso/").status_code == 404
    assert Client().get("/account/login/sso/back/?code=1&state=2").status_code == 404
