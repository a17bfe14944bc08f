"""Who comes in, with what, how often, and what wrong requests are told. Y02, reliability A 1, 4, 6, C 34."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cheban.api import limits, tokens
from cheban.api.models import ApiToken
from cheban.core import clock as house_clock
from cheban.core.errors import NotPermitted
from cheban.core.models import AuditEntry
from cheban.customers.models import Customer
from cheban.org import scope
from cheban.org.access import Actor, actor_for
from cheban.org.models import StaffRole
from cheban.org.roles import Role
from tests import given

pytestmark = pytest.mark.req("Y02", "R030")


@pytest.mark.parametrize("text", ["", "nonsense", "cbn_000000000000_x", "cbn__", "cbn_\u0000_x"])
def test_without_a_valid_token_nobody_comes_in(program, text):
    answer = program("store_manager").__class__(text).get("/me")
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer.json()["code"] == "NoToken"
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_session_cookie_opens_no_door(cast, client):
    client.force_login(cast.staff["store_manager"], backend="cheban.site.accounts.Backend")
    assert client.get("/api/v1/me").status_code == 401


def test_a_token_reads_the_customers_of_its_stores_only(cast, program):
    mine = given.customer(cast.a, "张伟")
    scope.set_stores([cast.b.id])
    other = given.customer(cast.b, "李娜", phone="13900000000")
    scope.set_stores([cast.a.id])
    manager = program()
    assert [c["name"] for c in manager.get("/customers").json()["data"]] == ["张伟"]
    assert manager.get(f"/customers/{mine.id}").json()["phones"][0]["masked"] == "138****1234"
    answer = manager.get(f"/customers/{other.id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")


def test_a_token_does_what_its_scopes_say_and_no_more(cast, program):
    customer = given.customer(cast.a)
    reader = program("store_manager", "customers:read")
    assert reader.get("/customers").status_code == 200
    answer = reader.send("PATCH", f"/customers/{customer.id}", {"name": "别名"})
    assert (answer.status_code, answer.json()["code"]) == (403, "NotPermitted")
    assert "customers:write" in answer.json()["detail"]
    assert reader.get("/staff").status_code == 403


@pytest.mark.req("R019")
@pytest.mark.parametrize(
    "scopes", [["metrics:read"], ["customers:reveal"], ["inbound:write"], ["customers:write"], ["staff:read"]]
)
def test_nobody_makes_a_token_above_themselves(cast, scopes):
    auditor = actor_for(cast.staff["parts"])
    may_make = Actor(auditor.staff_id, "x", {cast.a.id: frozenset({"store_manager"})}, (cast.a.id,))
    limited = Actor(may_make.staff_id, "x", may_make.roles, may_make.stores, limit=frozenset({"token.manage"}))
    with pytest.raises(NotPermitted):
        tokens.make(by=limited, name="x", scopes=scopes, store_ids=[cast.a.id])
    with pytest.raises(NotPermitted):
        tokens.make(by=auditor, name="x", scopes=scopes, store_ids=[cast.a.id])
    with pytest.raises(tokens.Invalid):
        tokens.make(by=may_make, name="x", scopes=scopes, store_ids=[cast.b.id])


def test_a_right_that_the_maker_loses_is_lost_to_the_token(cast, program, clock):
    """Row 18: role change, dismissal and a new password end tokens; a higher role does not raise one."""
    first, second, third = program(), program(), program()
    person = cast.staff["store_manager"]
    assert first.get("/me").status_code == 200
    StaffRole.objects.create(staff=person, store=cast.a, role=Role.CASHIER)
    answer = first.get("/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "NoToken")
    assert ApiToken.objects.get(id=first.token.id).ended_because == "roles"
    StaffRole.objects.filter(staff=person, role=Role.CASHIER).delete()
    assert first.get("/me").status_code == 401, "ended stays ended"
    assert second.get("/me").status_code == 200
    person.set_password("another-long-password-2026")
    person.save()
    assert second.get("/me").status_code == 401
    person.is_active = False
    person.save()
    assert tokens.end_orphans() == 1
    assert ApiToken.objects.get(id=third.token.id).ended_because == "maker"


def test_a_token_ends_on_its_day_and_when_it_is_revoked(cast, program, clock):
    short, long = program(days=30), program(days=60)
    clock.set(clock.now + timedelta(days=31))
    assert short.get("/me").status_code == 401
    assert long.get("/me").status_code == 200
    tokens.revoke(long.token, by=actor_for(cast.staff["store_manager"]))
    assert long.get("/me").status_code == 401
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {"token.made", "token.revoked"}


def test_the_secret_is_not_kept(cast, program):
    manager = program()
    secret = manager.text.split("_", 2)[2]
    with connection.cursor() as cursor:
        cursor.execute("SELECT api_apitoken::text FROM api_apitoken")
        assert all(secret not in row[0] for row in cursor.fetchall())


def test_the_last_use_is_written_once_a_minute(cast, program, clock):
    manager = program()
    with CaptureQueriesContext(
        connection,
    ) as seen:
        for _ in range(5):
            manager.get("/me")
    assert sum("UPDATE" in q["sql"] and "last_used_at" in q["sql"] for q in seen) == 1
    clock.set(clock.now + timedelta(seconds=61))
    with CaptureQueriesContext(connection) as seen:
        manager.get("/me")
    assert sum("UPDATE" in q["sql"] and "last_used_at" in q["sql"] for q in seen) == 1


def test_too_many_requests_wait(cast, program, clock):
    manager = program(per_minute=3)
    answers = [manager.get("/me") for _ in range(5)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429, 429]
    assert [a["RateLimit-Remaining"] for a in answers] == ["2", "1", "0", "0", "0"]
    assert 0 < int(answers[-1]["Retry-After"]) <= 60
    clock.set(clock.now + timedelta(minutes=1))
    assert manager.get("/me").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nothing", None, 404, "NotFound"),
        ("GET", "/conversations/line%0Abreak/messages", None, 404, "NotFound"),
        ("DELETE", "/customers", None, 405, "MethodNotAllowed"),
        ("GET", "/customers?q=1", None, 422, "UnknownParameter"),
        ("GET", "/customers?limit=1&limit=2", None, 422, "UnknownParameter"),
        ("GET", "/customers?limit=101", None, 422, "Invalid"),
        ("GET", "/customers?cursor=forged", None, 422, "BadCursor"),
        ("GET", "/customers?tag=%00", None, 400, "Unreadable"),
        ("POST", "/customers", "{", 400, "Unreadable"),
        ("POST", "/customers", '{"name": NaN}', 400, "Unreadable"),
        ("POST", "/customers", '{"name": "\\u0000", "phone": "13800001234"}', 400, "Unreadable"),
        ("POST", "/customers", '{"name": "\\ud800", "phone": "13800001234"}', 400, "Unreadable"),
        ("POST", "/customers", "[" * 100_000 + "]" * 100_000, 400, "Unreadable"),
        ("POST", "/customers", {"name": "张伟"}, 422, "Invalid"),
        ("POST", "/customers", {"name": "张伟", "phone": "1"}, 422, "Invalid"),
        ("POST", "/customers", {"name": 5, "phone": "13800001234"}, 422, "Invalid"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(cast, program, method, path, body, status, code):
    answer = program().send(method, path, body, key="k")
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert set(answer.json()) >= {"type", "title", "status", "detail", "code"}


@pytest.mark.parametrize("field", ["role", "store", "is_staff", "visits", "spent_fen", "owner", "batch_id", "id"])
def test_unknown_fields_are_refused(cast, program, field):
    """Row 4: mass assignment."""
    customer = given.customer(cast.a)
    manager = program()
    for method, path, body in (
        ("POST", "/customers", {"name": "张伟", "phone": "13800001235", field: 1}),
        ("PATCH", f"/customers/{customer.id}", {field: 1}),
    ):
        answer = manager.send(method, path, body, key=method)
        assert (answer.status_code, list(answer.json()["fields"])) == (422, [field])
    assert Customer.objects.count() == 1


def test_a_large_body_is_refused_before_it_is_read(cast, program):
    answer = program().send("POST", "/customers", '{"name":"' + "a" * limits.MOST_BYTES + '"}', key="k")
    assert (answer.status_code, answer.json()["code"]) == (413, "TooLarge")


def test_errors_speak_the_language_of_the_caller(cast, program):
    manager = program()
    said = {}
    for language in ("zh-CN,zh;q=0.9", "en-US", "fr"):
        manager.language = language
        said[language] = manager.get("/nothing").json()["title"]
    assert said == {"zh-CN,zh;q=0.9": "没有找到", "en-US": "Not found", "fr": "没有找到"}


def test_the_depth_of_json_counts_no_strings():
    assert limits.depth(b'{"a": "[[[[\\"[[", "b": [{"c": 1}]}') == 3


def test_lists_go_on_where_they_ended_and_a_cursor_fits_its_list_only(cast, program, clock):
    for number in range(7):
        given.customer(cast.a, f"客户{number}", phone=f"1380000{number:04d}")
    manager, seen, path = program(), [], "/customers?limit=3"
    while path:
        page = manager.get(path).json()
        seen += [c["name"] for c in page["data"]]
        path = page["next"] and f"/customers?limit=3&cursor={page['next']}"
    assert sorted(seen) == [f"客户{n}" for n in range(7)] and len(seen) == 7
    cursor = manager.get("/customers?limit=3").json()["next"]
    assert manager.get(f"/customers?tier=gold&cursor={cursor}").json()["code"] == "BadCursor"
    assert manager.get(f"/vehicles?cursor={cursor}").json()["code"] == "BadCursor"


@pytest.mark.parametrize(
    ("path", "most"), [("/customers", 16), ("/vehicles", 12), ("/repair-orders", 12), ("/events", 12), ("/imports", 12)]
)
def test_a_list_asks_as_many_questions_for_one_row_as_for_many(cast, program, path, most):
    """The door asks seven (token, roles, stamp, count, use, scope, savepoint); the rest is the list's. A long
    list of customers looks once more into the stores that have many (`_first_of_all_stores`)."""
    manager = program()
    manager.get("/me")
    counts = []
    for number in range(0, 12, 11):
        for n in range(number + 1):
            customer = given.customer(cast.a, f"客{number}{n}", phone=f"1381{number:02d}{n:05d}")
            given.vehicle(cast.a, customer, plate=f"沪A{number:02d}{n:03d}")
        with CaptureQueriesContext(connection) as seen:
            assert manager.get(path).status_code == 200
        counts.append(len(seen))
    assert counts[0] <= counts[1] <= min(most, counts[0] + 1), [q["sql"][:80] for q in seen]


def test_moments_carry_their_offset_and_money_is_whole_fen(cast, program):
    customer = given.customer(cast.a, spent_fen=123_456)
    found = program().get(f"/customers/{customer.id}").json()
    assert found["spent_fen"] == 123_456
    assert found["created_at"].endswith("+08:00")
    assert house_clock.now().tzinfo is not None


def test_a_birthday_that_comes_with_a_new_customer_is_greeted(cast, program):
    program().post("/customers", {"name": "张伟", "phone": "13800001234", "birth_on": "1990-11-28"})
    assert Customer.objects.get().birthday == 1128
    for wrong in ({"birth_on": "2030-01-01"}, {"lunar_birthday": 1331}, {"lunar_birthday": 0}):
        answer = program().post("/customers", {"name": "李雷", "phone": "13800001235"} | wrong)
        assert answer.status_code == 422, wrong
