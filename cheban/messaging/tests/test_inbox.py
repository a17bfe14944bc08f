"""Notices of colleagues: once per fact, one's own only, there when the cause is. R205."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from cheban.core import clock as the_clock
from cheban.core.events import record
from cheban.messaging import commands, queries
from cheban.messaging.models import InboxItem, Message
from cheban.org import scope
from cheban.org.dispatch import run_pending
from cheban.org.roles import Role
from tests import given


def shown(person, query: str = "") -> tuple[str, list]:
    client = Client()
    client.force_login(person, backend="cheban.site.accounts.Backend")
    answer = client.get(f"/inbox/{query}")
    assert answer.status_code == 200
    return answer.content.decode(), list(answer.context["rows"])


def test_an_escalated_task_is_in_the_inbox_of_the_person_above_once(cast):
    who, manager = given.customer(cast.a), cast.staff[Role.STORE_MANAGER]
    facts = {"rules": [], "level": 1, "to": manager.id}
    event = record("task.escalated", store_id=cast.a.id, customer_id=who.id, **facts)
    run_pending()
    from cheban.messaging.reactions import tell_who_it_went_up_to

    tell_who_it_went_up_to(event)  # delivered again
    assert [row.about for row in shown(manager)[1]] == ["张伟"]
    scope.set_stores([cast.a.id])
    assert queries.unread(cast.actor(Role.CALLER)) == 0


def test_too_much_looking_tells_managers_but_not_the_one_who_looked(cast):
    looker = cast.staff[Role.STORE_MANAGER]
    record("audit.alarmed", store_id=cast.a.id, actor_id=looker.id, action="pii.revealed", count=50)
    run_pending()
    told = set(InboxItem.objects.values_list("staff_id", "level"))
    assert told == {(cast.staff[Role.GROUP_ADMIN].id, "red")}
    assert Message.objects.get().message_class == "red_alert"


def test_nobody_reads_or_clears_the_notices_of_another(cast):
    manager, caller = cast.staff[Role.STORE_MANAGER], cast.staff[Role.CALLER]
    commands.notify([manager.id], key="x", kind="task.escalated", store_id=cast.a.id)
    item = InboxItem.objects.get()
    assert commands.mark([item.id], is_read=True, by=cast.actor(Role.CALLER)) == 0
    client = Client()
    client.force_login(caller, backend="cheban.site.accounts.Backend")
    assert client.get(f"/inbox/{item.id}/").status_code == 404
    assert shown(caller)[1] == []
    client.force_login(manager, backend="cheban.site.accounts.Backend")
    assert "任务超时，升级到您" in client.get("/inbox/").content.decode()
    assert client.get(f"/inbox/{item.id}/").status_code == 302
    scope.set_stores([cast.a.id])
    assert InboxItem.objects.get().read_at is not None


@pytest.mark.req("Y09")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?all=1", ["c", "b", "a"]),
        ("?q=zhangwei", ["a"]),
        ("?q=李雷", ["c"]),
        ("?q=超时", ["c", "a"]),
        ("?unread=1", ["c", "a"]),
        ("?level=red", ["b"]),
        ("?kind=audit.alarmed", ["b"]),
        ("?since=1", ["c", "b"]),
        ("?sort=newest.up", ["a", "b", "c"]),
    ],
)
def test_notices_are_found_by_what_who_how_urgent_and_when(cast, query, found):
    manager = cast.staff[Role.STORE_MANAGER]
    zhang, li = given.customer(cast.a, "张伟"), given.customer(cast.a, "李雷", phone="13600001111")
    for key, kind, about in (("a", "task.escalated", zhang), ("b", "audit.alarmed", None), ("c", "task.escalated", li)):
        about_id = about.id if about else None
        commands.notify([manager.id], key=key, kind=kind, store_id=cast.a.id, customer_id=about_id)
    commands.notify([cast.staff[Role.CALLER].id], key="d", kind="task.escalated", store_id=cast.a.id)
    InboxItem.objects.filter(dedupe_key="a").update(at=the_clock.now() - timedelta(days=3))
    InboxItem.objects.filter(dedupe_key="b").update(read_at=the_clock.now())
    assert [row.dedupe_key for row in shown(manager, query)[1]] == found


def test_ticked_notices_are_read_and_unread_again(cast):
    manager = cast.staff[Role.STORE_MANAGER]
    for key in "abc":
        commands.notify([manager.id], key=key, kind="task.escalated", store_id=cast.a.id)
    ids = {row.dedupe_key: str(row.id) for row in InboxItem.objects.all()}
    client = Client()
    client.force_login(manager, backend="cheban.site.accounts.Backend")

    def mark(how: str, *keys: str) -> list[str]:
        told = {"as": how, "ids": [ids[key] for key in keys], "query": "unread=1"}
        answer = client.post("/inbox/mark/", told)
        assert (answer.status_code, answer["Location"]) == (302, "/inbox/?unread=1")
        return [row.dedupe_key for row in shown(manager, "?unread=1")[1]]

    assert mark("read", "a", "c") == ["b"]
    assert mark("unread", "c") == ["c", "b"]
    assert "刷新页面" in client.post("/inbox/mark/", {"as": "read", "ids": "7"}).content.decode()
    assert client.post("/inbox/read/").status_code == 302 and shown(manager, "?unread=1")[1] == []
