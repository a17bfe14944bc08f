"""Every endpoint x every role x own and other store, generated from the router; the document says what the router does.

R019, Y02, reliability A 1, 4, H 87. Row 1: another store's row is 404. A new endpoint without a row in EXPECTED fails.
"""

from __future__ import annotations

import base64
import io
import json
import re
from uuid import UUID

import pytest
from django.test import Client

from cheban.api import document, tokens, v1
from cheban.api.models import ApiToken
from cheban.api.scopes import SCOPES
from cheban.core import files
from cheban.core.ids import new_id
from cheban.customers.models import ImportBatch
from cheban.org import scope
from cheban.org.roles import GRANTS, PERMISSIONS, Role
from cheban.playbook.models import Task
from cheban.sales.models import HandoverSheet, Lead, PromiseProof, SalesPromise, VehicleDelivery
from cheban.voice.conversations import commands as talks
from cheban.voice.models import Complaint
from cheban.voice.surveys.models import Survey
from cheban.workshop.models import RepairOrder
from tests import given

EXPECTED = {
    "GET /customers": "customers:read",
    "POST /customers": "customers:write",
    "POST /customers/search": "customers:read",
    "GET /customers/{customer_id}": "customers:read",
    "PATCH /customers/{customer_id}": "customers:write",
    "POST /customers/{customer_id}/reveal": "customers:reveal",
    "POST /customers/{customer_id}/notes": "customers:write",
    "GET /customers/{customer_id}/consents": "consent:read",
    "POST /customers/{customer_id}/consents": "consent:write",
    "GET /customers/{customer_id}/timeline": "events:read",
    "GET /vehicles": "vehicles:read",
    "POST /vehicles": "vehicles:write",
    "GET /vehicles/{vehicle_id}": "vehicles:read",
    "PATCH /vehicles/{vehicle_id}": "vehicles:write",
    "POST /vehicles/{vehicle_id}/odometer": "vehicles:write",
    "GET /vehicles/{vehicle_id}/owners": "vehicles:read",
    "POST /vehicles/{vehicle_id}/owners": "vehicles:write",
    "GET /repair-orders": "repair_orders:read",
    "GET /repair-orders/{order_id}": "repair_orders:read",
    "GET /tasks": "",
    "POST /tasks/{contact_id}/outcome": "tasks:write",
    "GET /leads": "leads:read",
    "POST /leads": "leads:write",
    "POST /leads/adf": "leads:write",
    "GET /leads/{lead_id}": "leads:read",
    "GET /leads/{lead_id}/adf": "leads:reveal",
    "POST /leads/{lead_id}/answers": "leads:answer",
    "GET /arrivals": "arrivals:read",
    "POST /arrivals": "arrivals:write",
    "GET /deliveries": "deliveries:read",
    "POST /deliveries": "deliveries:write",
    "GET /deliveries/{delivery_id}": "deliveries:read",
    "POST /deliveries/{delivery_id}/move": "deliveries:write",
    "POST /deliveries/{delivery_id}/cancel": "deliveries:write",
    "GET /promises": "promises:read",
    "POST /promises": "promises:write",
    "GET /promises/{promise_id}": "promises:read",
    "POST /promises/{promise_id}/settle": "promises:settle",
    "GET /promises/{promise_id}/proofs": "promises:read",
    "POST /promises/{promise_id}/proofs": "promises:prove",
    "GET /promises/{promise_id}/proofs/{proof_id}/file": "promises:reveal",
    "POST /promises/{promise_id}/proofs/{proof_id}/remove": "promises:prove",
    "GET /conversations": "conversations:read",
    "GET /conversations/{conversation_id}": "conversations:read",
    "GET /conversations/{conversation_id}/messages": "conversations:read",
    "POST /conversations/{conversation_id}/messages": "conversations:write",
    "GET /complaints": "complaints:read",
    "POST /complaints": "complaints:write",
    "GET /complaints/{complaint_id}": "complaints:read",
    "POST /complaints/{complaint_id}/answer": "complaints:answer",
    "GET /surveys": "surveys:read",
    "GET /surveys/{survey_id}": "surveys:read",
    "GET /events": "events:read",
    "GET /custom-fields": "",
    "GET /me": "",
    "GET /stores": "",
    "GET /staff": "staff:read",
    "GET /metrics": "metrics:read",
    "GET /imports": "imports:read",
    "GET /imports/{batch_id}": "imports:read",
    "PUT /inbound/{source}/customers": "inbound:write",
    "PUT /inbound/{source}/vehicles": "inbound:write",
    "PUT /inbound/{source}/repair-orders": "inbound:write",
}
"""Endpoint -> scope ('' = any token; /tasks asks by `of`)."""
ADF = """<?adf version="1.0"?><adf><prospect><requestdate>2026-11-23T09:00:00+08:00</requestdate>
<vehicle><year>2026</year><make>大众</make><model>揽境</model></vehicle><customer><contact><name>韩梅</name>
<phone>13500001111</phone></contact></customer></prospect></adf>"""
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\nstartxref\n9\n%%EOF\n"
ROUTER = {f"{method} {route}": operation for method, route, operation in v1.operations()}


@pytest.mark.req("R019")
def test_every_endpoint_has_an_expectation():
    assert {name: operation.auth_callbacks[0].scope for name, operation in ROUTER.items()} == EXPECTED


def test_every_scope_stands_for_permissions_that_there_are():
    assert all(scope.permissions and scope.permissions <= set(PERMISSIONS) for scope in SCOPES.values())


def test_the_document_is_the_router():
    """Row 87: no endpoint that is not written down, none written down that is not there."""
    told = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in document.openapi()["paths"].items()
        for method in methods
    }
    assert told == set(ROUTER)
    assert document.openapi()["openapi"] == "3.1.0"
    json.dumps(document.openapi())


@pytest.fixture
def things(cast):
    """One of everything in store A and in store B."""
    found = {}
    for key, store in (("own", cast.a), ("other", cast.b)):
        scope.set_stores([store.id])
        customer = given.customer(store, phone="13800001234" if key == "own" else "13900001234")
        vehicle = given.vehicle(store, customer, vin="")
        order = RepairOrder.objects.create(
            store=store, order_no="RO1", customer=customer, vehicle=vehicle, in_at=given.clock.now()
        )
        batch = ImportBatch.objects.create(
            store=store, file_name="x", file_sha256=b"", file_bytes=1, kind="customers", state="done", plan={}
        )
        contact = new_id()
        Task.objects.create(
            store=store,
            rule="birthday",
            duty="x",
            role="sales_consultant",
            customer_id=customer.id,
            subject_id=customer.id,
            occasion_on=given.days(0),
            contact_id=contact,
            due_on=given.days(0),
            starts_at=given.clock.now(),
            due_at=given.clock.now(),
            planned_on=given.days(0),
        )
        lead = Lead.objects.create(
            store=store, customer=customer, kind="trade_in", grade="a", state="pushed", holder_id=1,
            proposed_at=given.clock.now(), pushed_at=given.clock.now(),
        )  # fmt: skip
        found[key] = dealings(cast, store, customer, vehicle) | {
            "lead_id": lead.id,
            "customer_id": customer.id,
            "vehicle_id": vehicle.id,
            "order_id": order.id,
            "batch_id": batch.id,
            "contact_id": contact,
            "source": "erp",
        }
    scope.set_stores([cast.a.id])
    return found


def dealings(cast, store, customer, vehicle) -> dict:
    """A planned delivery, another new car, a promise, a complaint, a conversation and a survey of a store."""
    now, own = given.clock.now(), store == cast.a
    delivery = VehicleDelivery.objects.create(
        store=store, customer=customer, vehicle=vehicle, scheduled_at=now + given.timedelta(days=1),
        sales_consultant_id=1, service_specialist_id=2,
    )  # fmt: skip
    HandoverSheet.objects.create(store=store, delivery=delivery)
    promise = SalesPromise.objects.create(
        store=store, customer=customer, kind="gift", what="x", evidence="x", due_on=given.days(1), side="sales",
        keeper_id=1, promised_by_id=1, promised_at=now,
    )  # fmt: skip
    proof = PromiseProof.objects.create(
        store=store, promise=promise, file=files.keep(files.take(io.BytesIO(PDF)), store_id=store.id, by_id=None),
        added_by_id=1, added_at=now,
    )  # fmt: skip
    complaint = Complaint.objects.create(
        store=store, customer=customer, vehicle=vehicle, channel="phone", kind="waiting", text="x", filed_at=now
    )
    conversation = talks.open_for(
        store_id=store.id, cause="x", customer_id=customer.id, vehicle_id=vehicle.id, sales_consultant_id=None,
        service_specialist_id=None,
    )  # fmt: skip
    talks.ask(conversation.id, text="x", key=new_id())
    survey = Survey.objects.create(
        store=store, kind="delivery", cause="x", customer=customer, vehicle=vehicle, happened_at=now, invited_at=now,
        expires_at=now + given.timedelta(days=1), link_digest=new_id().bytes * 2,
    )  # fmt: skip
    return {
        "delivery_id": delivery.id,
        "new_car_id": given.vehicle(store, customer, vin="", plate="沪D12345").id,
        "promise_id": promise.id,
        "proof_id": proof.id,
        "complaint_id": complaint.id,
        "conversation_id": conversation.id,
        "survey_id": survey.id,
        "sales_id": cast.staff[Role.SALES_CONSULTANT].id if own else 1,
        "service_id": cast.staff[Role.SERVICE_SPECIALIST].id if own else 2,
    }


def token_of(cast, role: str, *, scopes=tuple(SCOPES), per_minute: int = 600) -> str:
    """A token with these scopes of a person of store A, made as if the person once could."""
    person, secret = cast.staff[role], "s" * 43
    made = ApiToken.objects.create(
        name="x",
        prefix=new_id().hex[-12:],
        secret_hash=tokens._hash(secret),
        maker=person,
        maker_stamp=tokens.stamp(person),
        store_ids=[cast.a.id],
        scopes=list(scopes),
        per_minute=per_minute,
        expires_at=given.clock.now() + given.timedelta(days=1),
    )
    return f"cbn_{made.prefix}_{secret}"


def body_of(name: str, ids: dict) -> dict | None:
    """A body that is in order."""
    rows = {
        "customers": [{"external_id": "1", "name": "王强", "mobile": "13700001111"}],
        "vehicles": [{"external_id": "1", "name": "王强", "mobile": "13700001111", "plate": "沪B12345"}],
        "repair-orders": [{"external_id": "R1", "in_at": "2026-11-01T09:00:00+08:00", "lines": [{"item": "机油"}]}],
    }
    return {
        "POST /customers": {"name": "李雷", "phone": "13600001111"},
        "POST /customers/search": {"q": "张"},
        "PATCH /customers/{customer_id}": {"occupation": "教师"},
        "POST /customers/{customer_id}/reveal": {"field": "phone", "reason": "回电"},
        "POST /customers/{customer_id}/notes": {"text": "想换轮胎"},
        "POST /customers/{customer_id}/consents": {"purpose": "care", "is_given": True, "proof": "电话"},
        "POST /vehicles": {"owner_id": str(ids["customer_id"]), "plate": "沪C12345"},
        "PATCH /vehicles/{vehicle_id}": {"colour": "白"},
        "POST /vehicles/{vehicle_id}/odometer": {"km": 1000},
        "POST /vehicles/{vehicle_id}/owners": {"customer_id": str(ids["customer_id"])},
        "POST /arrivals": {"vehicle_id": str(ids["vehicle_id"])},
        "POST /deliveries": {
            "vehicle_id": str(ids["new_car_id"]),
            "scheduled_at": (given.clock.now() + given.timedelta(days=2)).isoformat(),
            "sales_consultant_id": ids["sales_id"],
            "service_specialist_id": ids["service_id"],
        },
        "POST /deliveries/{delivery_id}/move": {
            "scheduled_at": (given.clock.now() + given.timedelta(days=3)).isoformat()
        },
        "POST /deliveries/{delivery_id}/cancel": {"reason": "客户改主意"},
        "POST /promises": {
            "customer_id": str(ids["customer_id"]),
            "kind": "gift",
            "what": "脚垫",
            "evidence": "合同",
            "due_on": str(given.days(9)),
            "side": "sales",
            "keeper_id": ids["sales_id"],
        },
        "POST /promises/{promise_id}/settle": {"outcome": "kept", "how": "客户签收"},
        "POST /promises/{promise_id}/proofs": {"content": base64.b64encode(PDF).decode()},
        "POST /promises/{promise_id}/proofs/{proof_id}/remove": {"why": "附错了"},
        "POST /conversations/{conversation_id}/messages": {"text": "收到"},
        "POST /complaints": {"customer_id": str(ids["customer_id"]), "kind": "waiting", "text": "等了四个小时"},
        "POST /complaints/{complaint_id}/answer": {"text": "已道歉"},
        "POST /tasks/{contact_id}/outcome": {"outcome": "no_answer"},
        "POST /leads": {"kind": "referral", "text": "朋友想买", "name": "李雷", "phone": "13600001111"},
        "POST /leads/{lead_id}/answers": {
            "stage": "contacted",
            "words": "周末来",
            "next_contact_on": str(given.days(3)),
        },
    }.get(name) or ({"rows": rows[name.rsplit("/", 1)[1]]} if name.startswith("PUT") else None)


def ask(token: str, name: str, ids: dict, *, body: dict | None = None, query: str = "") -> tuple[int, dict]:
    """Status and answer."""
    method, route = name.split(" ")
    path = "/api/v1" + re.sub(r"{(\w+)}", lambda found: str(ids[found[1]]), route) + query
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_id().hex}
    sent = body if body is not None else body_of(name, ids)
    data, kind = "" if sent is None else json.dumps(sent), "application/json"
    if name == "POST /leads/adf":
        data, kind = ADF, "application/xml"
    client = Client(raise_request_exception=False)
    answer = client.generic(method, path, data, content_type=kind, headers=headers)
    return answer.status_code, answer.json() if "json" in answer["Content-Type"] else {}


@pytest.mark.req("R019", "Y02", "R202")
@pytest.mark.parametrize("role", Role.values)
def test_a_token_may_do_exactly_what_its_makers_role_says(role, cast, things):
    token, wrong = token_of(cast, role), []
    PromiseProof.objects.update(added_by_id=cast.staff[role].id)  # another's needs a further permission
    for name, wanted in EXPECTED.items():
        scope.set_stores([cast.a.id])
        status, answer = ask(token, name, things["own"], query="?of=team" if name == "GET /tasks" else "")
        needed = (
            SCOPES["tasks:read_team" if name == "GET /tasks" else wanted].permissions
            if wanted or "tasks" in name
            else set()
        )
        allowed = needed <= GRANTS[role]
        if (status == 403) == allowed or status >= 500 or (allowed and status >= 400):
            wrong.append((name, "may" if allowed else "may not", status, answer))
    assert wrong == []


@pytest.mark.req("R019", "Y02")
def test_a_token_without_the_scope_is_refused_everywhere(cast, things):
    wrong = []
    for name, wanted in EXPECTED.items():
        if wanted:
            token = token_of(cast, Role.GROUP_ADMIN, scopes=[s for s in SCOPES if s != wanted])
            scope.set_stores([cast.a.id])
            status, answer = ask(token, name, things["own"])
            if status != 403 or wanted not in answer["detail"]:
                wrong.append((name, status))
    assert wrong == []


@pytest.mark.req("R019", "Y02")
def test_what_belongs_to_another_store_is_not_found(cast, things):
    token, leaks = token_of(cast, Role.STORE_MANAGER), []
    for name in EXPECTED:
        if "_id}" in name:
            scope.set_stores([cast.a.id])
            status, _answer = ask(token, name, things["other"], body=body_of(name, things["own"]))
            if status != 404:
                leaks.append((name, status))
    for name, key in (("POST /vehicles", "owner_id"), ("POST /vehicles/{vehicle_id}/owners", "customer_id")):
        foreign = body_of(name, things["own"]) | {key: str(things["other"]["customer_id"])}
        scope.set_stores([cast.a.id])
        status, _answer = ask(token, name, things["own"], body=foreign)
        if status != 404:
            leaks.append((name, key, status))
    for name in ("POST /customers", "PUT /inbound/{source}/customers"):
        scope.set_stores([cast.a.id])
        status, _answer = ask(token, name, things["own"], body=body_of(name, things["own"]) | {"store_id": cast.b.id})
        if status != 422:
            leaks.append((name, "store_id", status))
    assert leaks == []


@pytest.mark.req("R019")
def test_lists_and_searches_show_nothing_of_another_store(cast, things):
    token = token_of(cast, Role.STORE_MANAGER)
    others = {str(v) for v in things["other"].values() if isinstance(v, UUID)}
    for name in EXPECTED:
        if name.startswith("GET") and "{" not in name or name.endswith("search"):
            scope.set_stores([cast.a.id])
            for body in ({"q": "13900001234"}, {"q": "张伟"}) if name.endswith("search") else (None,):
                status, answer = ask(token, name, things["own"], body=body)
                assert status == 200, (name, answer)
                assert not any(other in json.dumps(answer) for other in others), name
