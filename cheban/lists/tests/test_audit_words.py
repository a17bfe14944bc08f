"""The audit page in words: actions, names, filters; its search has an index for every way to search. R019, Y09."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import translation

from cheban.core import clock as real_clock
from cheban.core import subjects
from cheban.lists import paging, spec
from cheban.lists.state import Asked
from cheban.org import audit_words, scope
from cheban.org.access import audit
from cheban.org.roles import Role
from tests import given

ROOT = Path(__file__).resolve().parents[2]
BACKEND = "cheban.site.accounts.Backend"
CALL = re.compile(
    r'(?:audit|_audit|note_sign_in|rotate_note|_note)\(\s*(?:[\w.]+,\s*)?((?:"[a-z_]+\.[a-z_]+"(?:\s+if\s+[^\n]+?\s+else\s+)?)+)'
)


@pytest.fixture
def client(cast):
    found = Client()
    found.force_login(cast.staff[Role.STORE_MANAGER], backend=BACKEND)
    return found


def table(page: str) -> str:
    return page[page.index('class="card table-card"') :]


@pytest.mark.req("R019")
def test_every_action_that_the_house_writes_has_words_in_both_languages():
    """Read out of the source: a new audit row without words fails here."""
    written = set()
    for file in ROOT.rglob("*.py"):
        if "tests" not in file.parts and "migrations" not in file.parts:
            for call in CALL.findall(file.read_text(encoding="utf-8")):
                written |= set(re.findall(r'"([a-z_]+\.[a-z_]+)"', call))
    assert len(written) > 45
    written |= {f"{code}.exported" for code in spec.declared()} | {"channel.member_set", "channel.member_removed"}
    assert written - set(audit_words.ACTIONS) == set()
    with translation.override("en"):
        assert [c for c in audit_words.ACTIONS if re.search(r"[\u4e00-\u9fff]", audit_words.words(c))] == []


@pytest.mark.req("R019")
def test_a_row_says_in_words_who_did_what_with_whom(cast, client):
    who = given.customer(cast.a, "张伟")
    by = cast.actor(Role.CALLER)
    audit("pii.revealed", by=by, subject=f"customer:{who.id}", store_id=cast.a.id, reason="首保提醒")
    audit("staff.stopped", by=by, subject=f"staff:{cast.staff[Role.PARTS].id}", store_id=cast.a.id)
    page = table(client.get("/settings/audit/").content.decode())
    assert "查看完整号码或地址" in page and 'title="pii.revealed"' in page
    assert f'<a href="/customers/{who.id}/">张*</a>' in page and "张伟" not in page
    assert "停用同事的登录" in page and cast.staff[Role.PARTS].name in page


def test_what_lies_in_another_store_or_is_gone_keeps_its_code(cast, client):
    scope.set_stores([cast.b.id])
    theirs = given.customer(cast.b, "李外", phone="13900001111")
    scope.set_stores([cast.a.id])
    by = cast.actor(Role.CALLER)
    for subject in (f"customer:{theirs.id}", "customer:nonsense", "view:999999", "unknown:1", "keys"):
        audit("view.shared", by=by, subject=subject, store_id=cast.a.id)
    page = table(client.get("/settings/audit/").content.decode())
    assert "李" not in page and f'<span class="code">customer:{theirs.id}</span>' in page


def test_an_action_that_nobody_knows_any_more_shows_its_code(cast, client):
    audit("old.done", by=cast.actor(Role.CALLER), subject="old:1", store_id=cast.a.id)
    assert "old.done" in table(client.get("/settings/audit/").content.decode())


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("q=查看完整", "pii.revealed", "staff.stopped"),
        ("q=pii", "pii.revealed", "staff.stopped"),
        ("q=首保", "pii.revealed", "staff.stopped"),
        ("q=技师", "staff.stopped", "pii.revealed"),
        ("action=staff.stopped", "staff.stopped", "pii.revealed"),
        ("action=nonsense", "staff.stopped", "不会出现"),
        ("q=没有这样的", "没有符合条件的记录", "pii.revealed"),
    ],
)
def test_words_names_and_reasons_find(cast, client, query, there, not_there):
    by = cast.actor(Role.CALLER)
    audit("pii.revealed", by=by, subject="customer:1", store_id=cast.a.id, reason="首保提醒")
    audit("staff.stopped", by=by, subject=f"staff:{cast.staff[Role.TECHNICIAN].id}", store_id=cast.a.id)
    page = table(client.get(f"/settings/audit/?{query}").content.decode())
    assert there in page and not_there not in page


def test_filters_by_action_and_person_stand_as_chips(cast, client):
    person = cast.staff[Role.CALLER]
    audit("pii.revealed", by=cast.actor(Role.CALLER), subject="customer:1", store_id=cast.a.id)
    page = client.get(f"/settings/audit/?action=pii.revealed&person={person.id}").content.decode()
    assert "做了什么：查看完整号码或地址" in page and f"谁：{person.name}" in page


def test_the_queries_of_a_page_do_not_grow_with_its_rows(cast, client, django_assert_max_num_queries):
    by = cast.actor(Role.CALLER)
    people = [given.customer(cast.a, f"客{n}", phone=f"138{n:08d}") for n in range(50)]
    for n, kind in enumerate(subjects.kinds()):
        audit("view.shared", by=by, subject=f"{kind}:{n + 1}", store_id=cast.a.id)
    client.get("/settings/audit/")
    with django_assert_max_num_queries(20 + len(subjects.kinds())):
        client.get("/settings/audit/")
    for who in people:
        audit("pii.revealed", by=by, subject=f"customer:{who.id}", store_id=cast.a.id)
    with django_assert_max_num_queries(22):
        client.get("/settings/audit/")


@pytest.mark.parametrize(
    ("values", "index"),
    [
        ({"q": "拆回合并"}, "audit_by_action"),
        ({"q": "罕见的原因"}, "audit_by_reason"),
        ({"action": "customer.unmerged"}, "audit_by_action"),
        ({"subject": "customer:7"}, "audit_by_subject"),
    ],
)
def test_a_search_goes_through_an_index_under_row_level_security(cast, values, index):
    """40,000 rows, as the application's role: what is rare is found without reading all of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO core_auditentry (store_id, actor_id, action, subject, reason, origin, facts)
               SELECT %s, NULL, 'pii.revealed', 'customer:' || n, '首保提醒 ' || n, '', '{}'
               FROM generate_series(1, 40000) n""",
            [cast.a.id],
        )
    audit(
        "customer.unmerged", by=cast.actor(Role.CALLER), subject="customer:0", store_id=cast.a.id, reason="罕见的原因"
    )
    listed = spec.get("audit")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # no statistics inside a transaction of the test
    asked = Asked(listed and values)
    plan = paging.matching(listed, asked, today=real_clock.today()).explain()
    assert index in plan
