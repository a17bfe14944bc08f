"""The outbox as a list: found by customer, colleague, kind and reason; one store's, newest first; what waits for somebody. Y09."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from cheban.core import clock as the_clock
from cheban.core.models import AuditEntry
from cheban.messaging import queries
from cheban.messaging.lists import OUTBOX
from cheban.messaging.models import Message
from cheban.org import scope
from cheban.org.roles import Role
from tests import given

pytestmark = pytest.mark.req("Y09", "R044")


@pytest.fixture
def told(cast, kinds):
    """Seven messages of store A to two customers, a colleague and the group; one of store B."""
    zhang, li = given.customer(cast.a, "张伟"), given.customer(cast.a, "李雷", phone="13600001111")
    other = cast.staff[Role.STORE_MANAGER]
    rows = [
        ("waiting", "sms", "quiet_hours", {"customer_id": zhang.id}),
        ("failed", "sms", "refused", {"customer_id": zhang.id}),
        ("sent", "sms", "", {"customer_id": li.id}),
        ("unknown", "sms", "died", {"customer_id": li.id}),
        ("paper", "wecom", "no_account", {"staff_id": other.id}),
        ("paper", "robot", "no_account", {}),
        ("delivered", "sms", "", {"customer_id": zhang.id, "kind": "test.offer", "message_class": "marketing"}),
    ]
    now = the_clock.now()

    def make(store, number, state, channel, why, more):
        fields = {"kind": "test.ready", "message_class": "service"} | more
        return Message.objects.create(
            store=store, dedupe_key=f"m{number}", channel=channel, state=state, why=why, created_at=now,
            not_before_at=now, expires_at=now + timedelta(days=1), **fields,
        )  # fmt: skip

    made = [make(cast.a, n, *row) for n, row in enumerate(rows)]
    scope.set_stores([cast.b.id])
    make(cast.b, 99, "waiting", "sms", "", {})
    scope.set_stores([cast.a.id])
    return made


def newest(messages) -> list:
    """Their ids as the list has them: of one millisecond in no order of their own."""
    return sorted((m.id for m in messages), reverse=True)


def shown(cast, query: str = "", role: str = Role.STORE_MANAGER) -> tuple[str, list]:
    client = Client()
    client.force_login(cast.staff[role], backend="cheban.site.accounts.Backend")
    answer = client.get(f"/inbox/outbox/{query}")
    assert answer.status_code == 200
    scope.set_stores([cast.a.id])
    return answer.content.decode(), list(answer.context["rows"])


def test_it_shows_one_stores_messages_the_newest_first(cast, told):
    page, rows = shown(cast)
    assert [row.id for row in rows] == newest(told)
    assert {row.to for row in rows} == {
        "张伟",
        "李雷",
        "门店群",
        cast.staff[Role.STORE_MANAGER].name,
    } and "免打扰时段，稍后发" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=张伟", [6, 1, 0]),
        ("?q=lilei", [3, 2]),
        ("?q=活动", [6]),
        ("?state=paper", [5, 4]),
        ("?channel=robot", [5]),
        ("?why=died", [3]),
        ("?kind=test.offer&state=delivered", [6]),
        ("?q=没有这个人", []),
    ],
)
def test_it_is_searched_and_filtered(cast, told, query, found):
    assert [row.id for row in shown(cast, query)[1]] == newest(told[n] for n in found)


def test_a_colleague_is_found_by_name(cast, told):
    name = cast.staff[Role.STORE_MANAGER].name
    assert told[4].id in [row.id for row in shown(cast, f"?q={name}")[1]]


def test_what_waits_for_somebody_is_counted_for_this_store_alone(cast, told):
    counted = [(state, count) for state, _label, count in queries.waiting_for_somebody()]
    assert counted == [("waiting", "1"), ("unknown", "1"), ("failed", "1"), ("paper", "2")]
    assert 'href="?state=unknown"' in shown(cast)[0]


def test_a_page_costs_the_same_queries_whatever_its_length(cast, told, django_assert_num_queries):
    rows = list(Message.objects.order_by("-id"))
    with django_assert_num_queries(3):
        OUTBOX.dress(rows)
    assert all(row.title and row.to for row in rows)


def test_pages_follow_one_another(cast, told):
    from cheban.lists import paging, state

    asked, seen = state.Asked(), []
    while True:
        page = paging.page(OUTBOX, asked, today=the_clock.today(), limit=3, in_one_store=True)
        seen += [row.id for row in page["rows"]]
        if not page["after"]:
            break
        asked = state.Asked(after=page["after"])
    assert seen == newest(told)


def test_what_failed_is_sent_again_together_with_one_reason_and_nothing_twice(cast, told):
    client = Client()
    client.force_login(cast.staff[Role.STORE_MANAGER], backend="cheban.site.accounts.Backend")
    by_key = {message.dedupe_key: message for message in told}
    ids = [
        str(by_key[key].id) for key in ("m0", "m1", "m3", "m4", "m6")
    ]  # waiting, failed, unknown, on paper, delivered

    def ask(**more) -> tuple[int, str]:
        answer = client.post("/inbox/outbox/resend/", {"ids": ids, "query": "state=failed"} | more)
        scope.set_stores([cast.a.id])
        return answer.status_code, answer.headers.get("Location", "") or answer.content.decode()

    status, look = ask()
    assert (
        status == 200
        and "将再发 3 条消息" in look
        and "2 条已发出、还在等，或已再发过，不动" in look
        and "张伟" in look
    )
    assert not Message.objects.filter(resend_of_id__isnull=False).exists()
    status, page = ask(sure="1", reason=" ")
    assert status == 422 and "请写明为什么再发一次" in page
    assert ask(sure="1", reason="通道恢复了") == (302, "/inbox/outbox/?state=failed")
    again = Message.objects.filter(resend_of_id__isnull=False)
    assert {m.resend_of_id for m in again} == {by_key[key].id for key in ("m1", "m3", "m4")}
    assert {(m.state, m.resend_reason) for m in again} == {("waiting", "通道恢复了")}
    assert AuditEntry.objects.filter(action="message.resent", reason="通道恢复了").count() == 3
    assert "将再发 0 条消息" in ask()[1]
    ask(sure="1", reason="再来一次")
    assert Message.objects.filter(resend_of_id__isnull=False).count() == 3
    assert client.post("/inbox/outbox/resend/", {}).status_code == 422


def test_nobody_sends_the_messages_of_another_store_again(cast, told):
    scope.set_stores([cast.b.id])
    theirs = Message.objects.get(dedupe_key="m99")
    Message.objects.filter(id=theirs.id).update(state="failed")
    client = Client()
    client.force_login(cast.staff[Role.STORE_MANAGER], backend="cheban.site.accounts.Backend")
    client.post("/inbox/outbox/resend/", {"ids": [str(theirs.id)], "sure": "1", "reason": "试试"})
    scope.set_stores([cast.b.id])
    assert not Message.objects.filter(resend_of_id=theirs.id).exists()
