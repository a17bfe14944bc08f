"""Leads by REST: brought, listed, answered; ADF in with errors by line, out with the phone audited. Y02, R109."""

from __future__ import annotations

import pytest

from cheban.api.scopes import SCOPES
from cheban.core.ids import new_id
from cheban.org import scope
from cheban.org.roles import Role
from cheban.sales.leads import adf
from cheban.sales.models import Lead
from tests import given
from tests.test_api_matrix import ADF, token_of

NEW = {"kind": "trade_in", "text": "想置换", "name": "韩梅", "phone": "13500001111", "external_id": "W-1"}


@pytest.fixture
def ask(cast, client):
    """Ask as the store manager's program: (method, path, body) -> answer."""
    token = token_of(cast, Role.STORE_MANAGER, scopes=tuple(SCOPES))

    def run(method: str, path: str, body: object = None, *, kind: str = "application/json", key: str = ""):
        import json

        data = body if isinstance(body, (str, bytes)) else "" if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key or new_id().hex}
        answer = client.generic(method, f"/api/v1{path}", data, content_type=kind, headers=headers)
        scope.set_stores([cast.a.id])
        return answer

    return run


@pytest.mark.req("Y02", "R109")
def test_a_lead_is_brought_known_again_listed_and_answered(ask):
    made = ask("POST", "/leads", NEW)
    assert made.status_code == 201
    lead = made.json()
    assert (lead["state"], lead["origin"], lead["words"][0]["text"]) == ("pushed", "crm", "想置换")
    again = ask("POST", "/leads", NEW | {"text": "又来一次"})
    assert (again.status_code, again.json()["id"]) == (200, lead["id"])
    answer = ask(
        "POST",
        f"/leads/{lead['id']}/answers",
        {"stage": "quoted", "words": "报价了", "next_contact_on": str(given.days(2))},
    )
    assert (answer.status_code, answer.json()["name"]) == (201, "lead.answered")
    won = {"stage": "won", "deal_fen": 15_000_000, "deal_what": "途岳", "service_share_percent": 0}
    assert ask("POST", f"/leads/{lead['id']}/answers", won).json()["name"] == "lead.won"
    assert ask("POST", f"/leads/{lead['id']}/answers", won).status_code == 409
    whole = ask("GET", f"/leads/{lead['id']}").json()
    assert [a["words"] for a in whole["answers"]] == ["途岳", "报价了"] and whole["deal_fen"] == 15_000_000


def test_the_list_is_filtered_and_goes_on_by_cursor(ask):
    for n in range(3):
        ask("POST", "/leads", NEW | {"phone": f"1350000000{n}", "external_id": str(n)})
    first = ask("GET", "/leads?limit=2&which=open&kind=trade_in").json()
    assert len(first["data"]) == 2 and first["next"]
    second = ask("GET", f"/leads?limit=2&which=open&kind=trade_in&cursor={first['next']}").json()
    assert len({lead["id"] for lead in first["data"] + second["data"]}) == 3 and second["next"] is None
    assert ask("GET", "/leads?state=won").json()["data"] == []
    assert ask("GET", "/leads?clock=never").status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "boat"}, "kind"),
        ({"text": " "}, "text"),
        ({"phone": "12"}, "phone"),
        ({"name": ""}, "name"),
        ({"wish": "x"}, "wish"),
    ],
)
def test_what_is_wrong_is_named(ask, body, field):
    answer = ask("POST", "/leads", NEW | body)
    assert answer.status_code == 422 and field in answer.json()["fields"]
    assert not Lead.objects.exists()


@pytest.mark.parametrize("body", [{"stage": "won"}, {"stage": "lost"}, {"stage": "contacted"}, {"stage": "appraised"}])
def test_an_answer_that_lacks_something_is_refused(ask, body):
    lead = ask("POST", "/leads", NEW).json()
    assert ask("POST", f"/leads/{lead['id']}/answers", body).status_code == 422


@pytest.mark.req("Y02")
def test_adf_comes_in_once_for_its_key_and_goes_out_again(ask, cast):
    made = ask("POST", "/leads/adf", ADF, kind="application/xml", key="one")
    assert made.status_code == 201 and len(made.json()["data"]) == 1
    again = ask("POST", "/leads/adf", ADF, kind="application/xml", key="one")
    assert again.headers["Idempotent-Replayed"] == "true" and Lead.objects.count() == 1
    out = ask("GET", f"/leads/{made.json()['data'][0]['id']}/adf")
    assert (out.status_code, out["Content-Type"]) == (200, "application/xml")
    assert adf.parse(out.content)[0].phone == "+8613500001111"


@pytest.mark.req("Y02")
def test_a_wrong_adf_file_is_told_by_line_and_other_kinds_are_refused(ask):
    wrong = ask("POST", "/leads/adf", ADF.replace("<name>韩梅</name>", ""), kind="text/xml")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "AdfWrong")
    assert list(wrong.json()["fields"]) == ["line 2 name"]
    bomb = '<!DOCTYPE a [<!ENTITY b "c">]><adf>&b;</adf>'
    assert ask("POST", "/leads/adf", bomb, kind="application/xml").status_code == 422
    assert ask("POST", "/leads/adf", ADF, kind="application/json").status_code == 415
    assert ask("POST", "/leads", ADF, kind="application/xml").status_code == 415
