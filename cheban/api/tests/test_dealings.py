"""Programs read and write deliveries, promises, conversations, complaints, surveys and arrivals as people do. Y02, R032."""

from __future__ import annotations

import base64
import json
from collections import defaultdict

import pytest
from django.test import Client

from cheban.core.ids import new_id
from cheban.core.models import AuditEntry, Event
from cheban.org import scope
from cheban.org.roles import Role
from cheban.sales.tests import given as deal
from cheban.voice.conversations.models import Conversation
from cheban.voice.tests import given as talk
from cheban.voice.tests import griefs
from cheban.workshop.models import Arrival
from tests import given
from tests.test_api_matrix import PDF, ask, token_of

pytestmark = pytest.mark.req("Y02")


def call(cast, name: str, *, body=None, query: str = "", role: str = Role.STORE_MANAGER, **ids):
    status, answer = ask(token_of(cast, role), name, defaultdict(new_id, ids), body=body, query=query)
    scope.set_stores([cast.a.id])
    return status, answer


def promised(cast) -> dict[str, str]:
    """The id of a new promise, as an address takes it."""
    asked = {
        "customer_id": str(given.customer(cast.a).id), "kind": "gift", "what": "脚垫", "evidence": "合同",
        "due_on": str(given.days(9)), "side": "sales", "keeper_id": cast.staff[Role.SALES_CONSULTANT].id,
    }  # fmt: skip
    return {"promise_id": call(cast, "POST /promises", body=asked)[1]["id"]}


def test_a_delivery_is_read_with_its_sheet_and_what_was_wrong_with_it(cast):
    sent = deal.sent(cast)
    delivery = sent.sheet.delivery
    status, answer = call(cast, "GET /deliveries/{delivery_id}", delivery_id=delivery.id)
    assert status == 200 and (answer["state"], answer["handover_state"]) == ("completed", "sent")
    assert len(answer["checks"]) == 10 and answer["feedback"] is None
    [revision] = answer["handover"]
    assert revision["number"] == 1 and revision["content"]["name"] == "王小明" and revision["wrong"] == {}
    status, answer = call(cast, "GET /deliveries", query="?state=planned")
    assert (status, answer["data"]) == (200, [])


def test_pages_follow_one_another_without_a_gap_or_a_repeat(cast):
    customer = given.customer(cast.a)
    for number in range(5):
        asked = {
            "customer_id": str(customer.id), "kind": "gift", "what": f"脚垫 {number}", "evidence": "合同",
            "due_on": str(given.days(9)), "side": "sales", "keeper_id": cast.staff[Role.SALES_CONSULTANT].id,
        }  # fmt: skip
        assert call(cast, "POST /promises", body=asked)[0] == 201
    seen, cursor = [], ""
    while cursor is not None:
        status, answer = call(cast, "GET /promises", query=f"?limit=2&cursor={cursor}" if cursor else "?limit=2")
        assert status == 200
        seen += [row["what"] for row in answer["data"]]
        cursor = answer["next"]
    assert seen == [f"脚垫 {n}" for n in (4, 3, 2, 1, 0)]
    assert all(row["proofs_count"] == 0 for row in answer["data"])
    status, answer = call(cast, "GET /promises", query="?limit=2&is_disputed=true")
    assert answer == {"data": [], "next": None}


def test_a_program_attaches_a_proof_reads_it_and_takes_out_a_wrong_one(cast):
    of = promised(cast)
    pdf = {"content": base64.b64encode(PDF).decode()}
    status, made = call(cast, "POST /promises/{promise_id}/proofs", body=pdf, **of)
    assert (status, made["kind"], made["bytes"], made["removed_at"]) == (201, "pdf", len(PDF), None)
    path = f"/api/v1/promises/{of['promise_id']}/proofs/{made['id']}/file"
    token = token_of(cast, Role.STORE_MANAGER)
    answer = Client().get(path, headers={"Authorization": f"Bearer {token}"})
    scope.set_stores([cast.a.id])
    assert (answer.status_code, answer["Content-Type"], answer.content) == (200, "application/pdf", PDF)
    assert AuditEntry.objects.filter(action="proof.opened", subject=f"promise:{of['promise_id']}").count() == 1
    remove = "POST /promises/{promise_id}/proofs/{proof_id}/remove"
    status, gone = call(cast, remove, body={"why": "附错了客户"}, proof_id=made["id"], **of)
    assert (status, gone["kind"], gone["bytes"], gone["removed_why"]) == (201, None, None, "附错了客户")
    assert call(cast, remove, body={"why": "再拿一次"}, proof_id=made["id"], **of)[0] == 409
    assert Client().get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 404
    status, listed = call(cast, "GET /promises/{promise_id}/proofs", **of)
    assert status == 200 and [row["id"] for row in listed["data"]] == [made["id"]]


def test_a_proof_that_is_no_file_is_refused_with_its_reason(cast):
    of = promised(cast)
    for content, words in (("不是", "Base64"), ("AAAA", "不是照片"), (base64.b64encode(PDF[:20]).decode(), "不完整")):
        body = {"content": content.ljust(4)}
        status, answer = call(cast, "POST /promises/{promise_id}/proofs", body=body, **of)
        assert status == 422 and words in json.dumps(answer, ensure_ascii=False), answer
    status, answer = call(cast, "GET /promises/{promise_id}/proofs", **of)
    assert (status, answer) == (200, {"data": []})


def test_a_proof_is_found_only_under_its_own_promise(cast):
    of, other = promised(cast), promised(cast)
    pdf = {"content": base64.b64encode(PDF).decode()}
    made = call(cast, "POST /promises/{promise_id}/proofs", body=pdf, **of)[1]
    file = "GET /promises/{promise_id}/proofs/{proof_id}/file"
    assert call(cast, file, **other, proof_id=made["id"])[0] == 404
    assert call(cast, file, **of, proof_id=made["id"])[0] == 200


def test_an_answer_of_a_program_ends_the_customers_wait(cast):
    found = talk.conversation(cast)
    talk.asks(found)
    status, answer = call(cast, "GET /conversations", query="?is_waiting=true")
    assert [row["id"] for row in answer["data"]] == [str(found.id)] and "link" not in str(answer)
    by = {"role": Role.SERVICE_SPECIALIST, "conversation_id": found.id}
    status, answer = call(cast, "POST /conversations/{conversation_id}/messages", body={"text": "可以慢开"}, **by)
    assert status == 201 and answer["author_id"] == cast.staff[Role.SERVICE_SPECIALIST].id
    assert Conversation.objects.get().waiting_since is None
    status, answer = call(cast, "GET /conversations/{conversation_id}/messages", **by)
    assert [row["text"] for row in answer["data"]] == ["可以慢开", "胎压灯亮了，能开吗？"]
    status, answer = call(cast, "POST /conversations/{conversation_id}/messages", body={"text": "  "}, **by)
    assert status == 422


@pytest.mark.req("R119")
def test_a_complaint_filed_by_a_program_alarms_like_any_other(cast):
    owner = griefs.owner(cast)
    asked = {"customer_id": str(owner.id), "vehicle_id": str(owner.car.id), "kind": "safety", "text": griefs.BRAKES}
    status, answer = call(cast, "POST /complaints", body=asked)
    assert (status, answer["level"], answer["state"]) == (201, "red", "filed")
    assert Event.objects.filter(name="alert.raised").exists()
    status, answer = call(cast, "GET /complaints/{complaint_id}", complaint_id=answer["id"])
    assert {card["side"] for card in answer["findings"]} == {"sales", "service", "quality"}
    assert len(answer["solutions"]) == 1 and "13800001234" not in str(answer)


@pytest.mark.req("R032")
def test_a_gate_camera_tells_an_arrival_by_plate_once(cast):
    owner = griefs.owner(cast)
    status, answer = call(cast, "POST /arrivals", body={"plate": "沪A8K3X1"})
    assert (status, answer["source"], answer["customer_id"]) == (201, "camera", str(owner.id))
    status, again = call(cast, "POST /arrivals", body={"plate": "沪A·8K3X1"})
    assert (status, again["id"]) == (200, answer["id"]) and Arrival.objects.count() == 1
    assert call(cast, "POST /arrivals", body={"plate": "沪Z00000"})[0] == 404
    assert call(cast, "POST /arrivals", body={})[0] == 404
    status, answer = call(cast, "POST /arrivals", body={"plate": "沪A8K3X1", "arrived_at": "2026-11-20T09:00:00+08:00"})
    assert status == 422 and "arrived_at" in answer["fields"]
