"""Notices of colleagues: once per fact, one's own only, there when the cause is. R205."""

from __future__ import annotations

from django.test import Client

from cheban.core.events import record
from cheban.messaging import commands, queries
from cheban.messaging.models import InboxItem, Message
from cheban.org.dispatch import run_pending
from cheban.org.roles import Role
from tests import given


def test_an_escalated_task_is_in_the_inbox_of_the_person_above_once(cast, django_assert_max_num_queries):
    who, manager = given.customer(cast.a), cast.staff[Role.STORE_MANAGER]
    facts = {"rules": [], "level": 1, "to": manager.id}
    event = record("task.escalated", store_id=cast.a.id, customer_id=who.id, **facts)
    run_pending()
    from cheban.messaging.reactions import tell_who_it_went_up_to

    tell_who_it_went_up_to(event)  # delivered again
    reader = cast.actor(Role.STORE_MANAGER)
    with django_assert_max_num_queries(3):
        page = queries.inbox(reader)
    assert [row["about"] for row in page["rows"]] == ["张伟"]
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
    assert commands.mark_read(item.id, by=cast.actor(Role.CALLER)) == 0
    client = Client()
    client.force_login(caller, backend="cheban.site.accounts.Backend")
    assert client.post(f"/inbox/{item.id}/open/").status_code == 404
    client.force_login(manager, backend="cheban.site.accounts.Backend")
    assert "任务超时，升级到您" in client.get("/inbox/").content.decode()
    assert client.post(f"/inbox/{item.id}/open/").status_code == 302
    assert InboxItem.objects.get().read_at is not None
