"""A cell of a list changed where it stands: by the normal command, never over somebody else's change, taken back. Y09."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client

from cheban.core.models import Event
from cheban.customers.lists import SPEC
from cheban.customers.models import Customer
from cheban.lists import editing
from cheban.lists.models import BulkDeed
from cheban.org import scope
from cheban.org.roles import Role
from tests import given

BACKEND = "cheban.site.accounts.Backend"


@pytest.fixture
def desk(cast):
    """A service adviser at a browser, and one customer of theirs."""
    client = Client()
    client.force_login(cast.staff[Role.SERVICE_ADVISOR], backend=BACKEND)
    cast.client, cast.customer = client, given.customer(cast.a, "张三", tags=["常客"])
    return cast


def _cell(column: str, customer: Customer) -> str:
    return f"/lists/customers/cell/{column}/{customer.id}/"


def _was(column: str, customer: Customer) -> str:
    return editing.as_text(SPEC.column(column).edit.read(customer))


def _now(cast) -> Customer:
    scope.set_stores([cast.a.id, cast.b.id])
    return Customer.objects.get(id=cast.customer.id)


@pytest.mark.req("Y09", "R010")
def test_a_cell_is_saved_by_the_normal_command_and_taken_back(desk):
    url, was = _cell("marks", desk.customer), _was("marks", desk.customer)
    form = desk.client.get(url).content.decode()
    assert '<option value="ordinary" selected' in form and 'value="常客"' in form
    answer = desk.client.post(url, {"was": was, "tier": "gold", "tags": "常客，夏季"})
    assert "金卡" in answer.content.decode() and answer.content.decode().lstrip().startswith("<td")
    changed = _now(desk)
    assert (changed.tier, changed.tags) == ("gold", ["夏季", "常客"])
    assert [e.facts["fields"] for e in Event.objects.filter(name="customer.changed")] == [["tags", "tier"]]
    toast = json.loads(answer["HX-Trigger"])["toast"]
    assert "金卡" in toast["text"] and toast["undo"] == f"/lists/undo/{BulkDeed.objects.get().id}/"
    taken = desk.client.post(toast["undo"], headers={"HX-Request": "true"})
    assert taken.status_code == 204 and "已撤回" in json.loads(taken["HX-Trigger"])["toast"]["text"]
    back = _now(desk)
    assert (back.tier, back.tags) == ("ordinary", ["常客"])


def test_what_somebody_changed_meanwhile_stays_and_is_shown(desk):
    url, was = _cell("marks", desk.customer), _was("marks", desk.customer)
    Customer.objects.filter(id=desk.customer.id).update(tier="platinum")
    answer = desk.client.post(url, {"was": was, "tier": "gold", "tags": "常客"})
    assert answer.status_code == 409
    said = answer.content.decode()
    assert "白金" in said and '<option value="gold" selected' in said
    assert _now(desk).tier == "platinum" and not Event.objects.filter(name="customer.changed").exists()


def test_taking_back_leaves_what_somebody_changed_since(desk):
    url = _cell("marks", desk.customer)
    answer = desk.client.post(url, {"was": _was("marks", desk.customer), "tier": "gold", "tags": "常客"})
    _now(desk)
    Customer.objects.filter(id=desk.customer.id).update(tier="platinum")
    desk.client.post(json.loads(answer["HX-Trigger"])["toast"]["undo"])
    assert _now(desk).tier == "platinum"


@pytest.mark.parametrize(
    ("column", "fields", "says"),
    [
        ("marks", {"tier": "diamond", "tags": ""}, "请从列出的里面选一个"),
        ("marks", {"tier": "gold", "tags": "很" * 33}, "每个最多 32 个字"),
        ("review", {"review_on": "明天"}, "请填日期"),
        ("review", {"review_on": "2020-01-01"}, "核查日期已经过去"),
        ("keeper", {"keeper_id": "999999"}, "请从列出的里面选一个"),
        ("preferred_time", {"preferred_time": "晚" * 65}, "最多 64 个字"),
    ],
)
def test_what_cannot_be_is_said_at_the_cell_and_nothing_is_written(desk, column, fields, says):
    answer = desk.client.post(_cell(column, desk.customer), {"was": _was(column, desk.customer), **fields})
    assert answer.status_code == 422 and says in answer.content.decode() and 'role="alert"' in answer.content.decode()
    assert not BulkDeed.objects.exists() and not Event.objects.filter(name="customer.changed").exists()


def test_every_open_column_of_customers_can_be_changed_and_emptied(desk, clock):
    day = (clock.now + timedelta(days=90)).date().isoformat()
    keeper = str(desk.staff[Role.SERVICE_ADVISOR].id)
    for column, fields, empty in (
        ("keeper", {"keeper_id": keeper}, {"keeper_id": ""}),
        ("review", {"review_on": day}, {"review_on": ""}),
        ("channel", {"preferred_channel": "wechat"}, {"preferred_channel": ""}),
        ("preferred_time", {"preferred_time": "周末上午"}, {"preferred_time": ""}),
    ):
        for texts in (fields, empty):
            answer = desk.client.post(_cell(column, desk.customer), {"was": _was(column, _now(desk)), **texts})
            assert answer.status_code == 200, answer.content.decode()
            assert SPEC.column(column).edit.read(_now(desk)) == texts


def test_nothing_happens_when_nothing_was_changed(desk):
    answer = desk.client.post(
        _cell("marks", desk.customer), {"was": _was("marks", desk.customer), "tier": "ordinary", "tags": "常客"}
    )
    assert answer.status_code == 200 and "HX-Trigger" not in answer
    assert not BulkDeed.objects.exists()


@pytest.mark.req("R019")
def test_only_who_may_edit_opens_a_cell_and_only_of_their_stores(desk):
    technician = Client()
    technician.force_login(desk.staff[Role.TECHNICIAN], backend=BACKEND)
    assert technician.get(_cell("marks", desk.customer)).status_code == 403
    assert "data-edit" not in technician.get("/customers/?all=1").content.decode()
    assert "data-edit=" in desk.client.get("/customers/?all=1").content.decode()
    _now(desk)
    foreign = given.customer(desk.b, "李四", phone="13900000001")
    for call in (desk.client.get, desk.client.post):
        assert call(_cell("marks", foreign)).status_code == 404
        assert call(_cell("phone", desk.customer)).status_code == 404  # sealed: never in a list
        assert call("/lists/customers/cell/marks/1/").status_code == 404


def test_the_search_within_the_list_finds_names_pinyin_and_plates(desk):
    scope.set_stores([desk.a.id])
    given.customer(desk.a, "单红", phone="13800000009")
    for text, names in (("张", ["张三"]), ("shanh", ["单红"]), ("zs", ["张三"]), ("没有的", []), ("x", [])):
        rows = desk.client.get("/customers/", {"q": text}).context["rows"]
        assert [c.name for c in rows] == names, text
