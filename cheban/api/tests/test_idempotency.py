"""The same request again: one effect, the same answer byte for byte. Reliability rows 54-55."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from django.db import connection, transaction

from cheban.api import idempotency, tokens
from cheban.api.models import KeptAnswer
from cheban.core.models import Event
from cheban.customers.models import Customer
from cheban.org import scope
from cheban.org.access import actor_for
from tests import given, serving

pytestmark = pytest.mark.req("Y02", "Y03")
BODY = {"name": "张伟", "phone": "13800001234"}


def test_a_repeated_request_gets_the_kept_answer(cast, program):
    manager = program()
    first, again = (manager.post("/customers", BODY, key="one") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content and again["Content-Type"] == first["Content-Type"]
    assert again["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first
    assert Customer.objects.count() == 1


def test_a_refusal_is_kept_too(cast, program):
    manager = program()
    first, again = (manager.post("/customers", BODY | {"phone": "123"}, key="one") for _ in range(2))
    assert (first.status_code, again.status_code) == (422, 422)
    assert again.content == first.content and again["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("path", "body"),
    [("/customers", BODY | {"name": "李娜"}), ("/customers", BODY | {"tags": ["a"]}), ("/vehicles", BODY)],
)
def test_the_same_key_with_another_request_is_refused(cast, program, path, body):
    manager = program()
    manager.post("/customers", BODY, key="one")
    answer = manager.post(path, body, key="one")
    assert (answer.status_code, answer.json()["code"]) == (422, "KeyUsed")
    assert Customer.objects.count() == 1


@pytest.mark.parametrize("key", ["", "a b", "键", "x" * 129])
def test_what_creates_needs_a_key(cast, program, key):
    headers = {"Idempotency-Key": key} if key.isascii() else {"Idempotency-Key": key.encode().decode("latin-1")}
    answer = program().send("POST", "/customers", BODY, **(headers if key else {}))
    assert (answer.status_code, answer.json()["code"]) == (400, "KeyMissing")
    assert Customer.objects.count() == 0


def test_keys_of_two_tokens_are_apart(cast, program):
    one, two = program(), program()
    assert one.post("/customers", BODY, key="k").status_code == 201
    answer = two.post("/customers", BODY | {"name": "李娜", "phone": "13800009999"}, key="k")
    assert answer.status_code == 201


def test_what_is_kept_is_sealed_and_goes_after_two_days(cast, program, clock):
    manager = program()
    manager.post("/customers", BODY, key="one")
    with connection.cursor() as cursor:
        cursor.execute("SELECT body_sealed FROM api_keptanswer")
        assert "张伟".encode() not in bytes(cursor.fetchone()[0])
    row = KeptAnswer.objects.get()
    assert idempotency.forget(at=row.created_at + timedelta(hours=47)) == 0
    assert idempotency.forget(at=row.created_at + timedelta(hours=49)) == 1


def test_a_revealed_value_is_not_kept(cast, program):
    customer = given.customer(cast.a)
    answer = program().post(f"/customers/{customer.id}/reveal", {"field": "phone", "reason": "回电话"}, key="one")
    assert answer.json() == {"value": "13800001234"}
    assert KeptAnswer.objects.count() == 0


@pytest.mark.browser
def test_two_hundred_threads_with_one_key_make_one_customer(committed, clock):
    """Through the real server: one runs, the others wait for its answer or are told to come again."""
    with transaction.atomic():
        cast = given.cast()
        shown = tokens.make(
            by=actor_for(cast.staff["store_manager"]), name="x", scopes=["customers:write"], store_ids=[cast.a.id]
        )
    headers = {"Authorization": f"Bearer {shown.text}", "Idempotency-Key": "one"}
    barrier = threading.Barrier(200)

    def ask(client: httpx.Client) -> tuple[int, bytes]:
        barrier.wait()
        for _ in range(100):
            answer = client.post("/api/v1/customers", json=BODY, headers=headers)
            if answer.status_code != 409:
                break
        return answer.status_code, answer.content

    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    with (
        serving.web() as address,
        httpx.Client(base_url=address, timeout=120, limits=limits) as client,
        ThreadPoolExecutor(200) as pool,
    ):
        answers = list(pool.map(ask, [client] * 200))
    assert {status for status, _body in answers} == {201}
    assert len({body for _status, body in answers}) == 1, "byte-equal"
    with scope.use([cast.a.id]):
        assert Customer.objects.count() == 1
        assert Event.objects.filter(name="customer.recorded").count() == 1
