"""Who is in, and who is out at once: passwords, people who leave. Reliability rows 14, 18."""

from __future__ import annotations

import pytest
from django.test import Client

from cheban.org import commands, scope
from cheban.org.roles import Role
from tests import given

NEW = "another-long-password-2027"
WRONG = "not-this-one-at-all"


@pytest.fixture
def person(cast):
    """A service advisor of store A who has a password."""
    found = cast.staff[Role.SERVICE_ADVISOR]
    found.set_password(given.PASSWORD)
    found.save()
    return found


def try_to_sign_in(login: str, password: str = given.PASSWORD, *, client: Client | None = None):
    return (client or Client()).post("/account/login/", {"login": login, "password": password})


def signed_in(login: str, password: str = given.PASSWORD) -> Client:
    client = Client()
    assert try_to_sign_in(login, password, client=client).status_code == 302
    assert is_in(client)
    return client


def is_in(client: Client) -> bool:
    answer = client.get("/customers/")
    assert answer.status_code == 200 or answer["Location"].startswith("/account/login/")
    return answer.status_code == 200


def test_a_changed_password_ends_all_other_sessions_of_that_person_and_of_nobody_else(cast, person):
    other_person = cast.staff[Role.STORE_MANAGER]
    other_person.set_password(given.PASSWORD)
    other_person.save()
    here, elsewhere, other = signed_in(person.login), signed_in(person.login), signed_in(other_person.login)
    answer = here.post(
        "/account/password/", {"oldpassword": given.PASSWORD, "password1": NEW, "password2": NEW}, follow=True
    )
    assert answer.status_code == 200
    assert (is_in(here), is_in(elsewhere), is_in(other)) == (True, False, True)
    assert try_to_sign_in(person.login).status_code == 200, "the old password opens nothing"
    signed_in(person.login, NEW)


def test_a_password_reset_by_the_manager_ends_every_session(cast, person):
    sessions = [signed_in(person.login), signed_in(person.login)]
    scope.set_stores([cast.a.id])
    commands.reset_password(person, by=cast.actor(Role.STORE_MANAGER), password=NEW)
    assert [is_in(s) for s in sessions] == [False, False]


def test_a_person_made_inactive_is_out_with_the_next_request_and_cannot_come_back(cast, person):
    client = signed_in(person.login)
    scope.set_stores([cast.a.id])
    commands.set_active(person, by=cast.actor(Role.STORE_MANAGER), is_active=False)
    assert not is_in(client)
    refused = try_to_sign_in(person.login, client=client)
    assert not is_in(client)
    assert refused.status_code == 403
    assert "这个账号已停用" in refused.content.decode()
    scope.set_stores([cast.a.id])
    commands.set_active(person, by=cast.actor(Role.STORE_MANAGER), is_active=True)
    signed_in(person.login)


def test_a_session_that_outlived_the_deactivation_is_no_good_either(cast, person):
    client = signed_in(person.login)
    type(person).objects.filter(pk=person.pk).update(is_active=False)  # as a restored backup would have it
    assert not is_in(client)


def test_a_new_session_begins_with_signing_in(person):
    client = Client()
    client.get("/account/login/")
    client.session.save()
    before = client.session.session_key
    assert try_to_sign_in(person.login, client=client).status_code == 302
    assert client.session.session_key != before


def test_an_unknown_account_is_told_the_same_as_a_wrong_password(person):
    known, unknown = try_to_sign_in(person.login, WRONG), try_to_sign_in("nobody.at.all", WRONG)
    assert known.status_code == unknown.status_code == 200

    def told(answer) -> list[str]:
        return [str(e) for errors in answer.context["form"].errors.values() for e in errors]

    assert told(known) == told(unknown) != []
