"""Custom fields through the API: told, written, refused by name, filtered. Y02, R019."""

from __future__ import annotations

import pytest

from cheban.api import document
from cheban.customers.fields import commands as fields
from cheban.org import scope
from cheban.org.access import system_actor
from cheban.org.levels import Level
from cheban.org.roles import Role
from tests import given


@pytest.fixture
def defined(cast):
    """Every kind about customers, one about vehicles, one personal, one of another store."""
    by = cast.actor(Role.STORE_MANAGER)
    level = Level(cast.a.group_id, cast.a.id, (cast.a.id,))
    made = {
        kind: fields.define(
            by=by,
            level=level,
            subject="customer",
            label=f"字段{kind}",
            kind=kind,
            choices=["甲", "乙"] if "ch" in kind else [],
        )
        for kind in ("text", "number", "money", "date", "yes_no", "choice", "choices")
    }
    made["film"] = fields.define(by=by, level=level, subject="vehicle", label="贴膜日期", kind="date")
    made["secret"] = fields.define(
        by=by, level=level, subject="customer", label="紧急联系人", kind="text", is_personal=True
    )
    scope.set_stores([cast.b.id])
    other = Level(cast.b.group_id, cast.b.id, (cast.b.id,))
    made["other"] = fields.define(
        by=system_actor([cast.b.id]), level=other, subject="customer", label="乙店的", kind="text"
    )
    scope.set_stores([cast.a.id])
    return made


VALUES = {"text": "延安高架", "number": 6.5, "money": 12345, "date": "2026-03-05", "yes_no": False}


@pytest.mark.req("Y02")
def test_fields_are_listed_written_read_and_emptied(program, defined):
    erp = program()
    told = {f["code"]: f for f in erp.get("/custom-fields").json()["data"]}
    assert set(told) == {f.code for f in defined.values()} - {defined["other"].code}
    assert told[defined["choice"].code]["choices"][0] == {"code": "jia", "label": "甲", "is_offered": True}
    sent = {defined[kind].code: value for kind, value in VALUES.items()}
    sent |= {
        defined["choice"].code: "yi",
        defined["choices"].code: ["yi", "jia"],
        defined["secret"].code: "李 13912345678",
    }
    made = erp.post("/customers", {"name": "张伟", "phone": "13800001234", "custom": sent})
    assert made.status_code == 201, made.content
    shown = made.json()["custom"]
    assert shown == {c: v for c, v in sent.items() if c != defined["secret"].code} | {
        defined["choices"].code: ["jia", "yi"]
    }
    one = f"/customers/{made.json()['id']}"
    changed = erp.send("PATCH", one, {"custom": {defined["text"].code: None, defined["number"].code: 7}})
    assert changed.json()["custom"][defined["number"].code] == 7
    assert defined["text"].code not in changed.json()["custom"]
    assert erp.get("/customers").json()["data"][0]["custom"] == changed.json()["custom"]


def test_wrong_values_are_named_and_nothing_is_written(program, cast, defined):
    erp = program()
    who = given.customer(cast.a)
    sent = {
        defined["number"].code: "7",
        defined["date"].code: "2026-02-30",
        defined["choice"].code: "bing",
        defined["text"].code: "电话 13812345678",
        defined["other"].code: "x",
        defined["film"].code: "2026-01-01",
        "nonsense": 1,
    }
    answer = erp.send("PATCH", f"/customers/{who.id}", {"custom": sent, "remarks": "x"})
    assert answer.status_code == 422 and answer["Content-Type"] == "application/problem+json"
    assert set(answer.json()["fields"]) == {f"custom.{code}" for code in sent}
    assert erp.get(f"/customers/{who.id}").json()["remarks"] == ""
    assert erp.send("PATCH", f"/customers/{who.id}", {"custom": "x"}).status_code == 422
    assert erp.send("PATCH", f"/customers/{who.id}", {"extra": {}}).status_code == 422


def test_vehicles_have_theirs(program, cast, defined):
    erp, film = program(), defined["film"].code
    who = given.customer(cast.a)
    body = {"owner_id": str(who.id), "plate": "沪A12345", "custom": {film: "2026-03-05"}}
    made = erp.post("/vehicles", body)
    assert made.status_code == 201 and made.json()["custom"] == {film: "2026-03-05"}
    one = f"/vehicles/{made.json()['id']}"
    assert erp.send("PATCH", one, {"custom": {film: "2026-03-06"}}).json()["custom"] == {film: "2026-03-06"}
    assert erp.get(one).json()["custom"] == erp.get("/vehicles").json()["data"][0]["custom"]
    wrong = erp.send("PATCH", one, {"custom": {film: 5}})
    assert wrong.status_code == 422 and f"custom.{film}" in wrong.json()["fields"]


def test_the_list_is_filtered_by_one_field(program, cast, defined):
    erp = program()
    by = cast.actor(Role.STORE_MANAGER)
    from cheban.customers import commands

    for n, points in enumerate([1, 5, 9]):
        who = given.customer(cast.a, f"客{n}", phone=f"1380000000{n}")
        commands.edit_customer(who, by=by, custom={defined["number"].code: points, defined["choice"].code: "jia"})

    def found(text: str) -> int:
        answer = erp.get(f"/customers?custom={text}")
        return len(answer.json()["data"]) if answer.status_code == 200 else answer.status_code

    number, choice = defined["number"].code, defined["choice"].code
    assert found(f"{number}:%3E%3D5") == 2 and found(f"{number}:5") == 1 and found(f"{number}:%3C%3D1") == 1
    assert found(f"{choice}:jia") == 3 and found(f"{choice}:yi") == 0
    for wrong in (
        "nonsense:1",
        number,
        f"{number}:x",
        f"{choice}:bing",
        f"{defined['secret'].code}:李",
        f"{number}:1e999",
    ):
        assert found(wrong) == 422, wrong


def test_the_document_says_what_custom_is():
    schemas = document.openapi()["components"]["schemas"]
    for name in ("CustomerOut", "CustomerChange", "VehicleOut", "VehicleChange"):
        assert "GET /custom-fields" in str(schemas[name]["properties"]["custom"])
