"""Somebody who looks at too much is noticed. Reliability row 39."""

from __future__ import annotations

import pytest
from django.test import Client

from cheban.core.models import AuditEntry, Event
from cheban.customers import commands
from cheban.customers.models import ContactPoint
from cheban.org.alarms import ALARM, THRESHOLDS
from cheban.org.roles import Role
from tests import given


def look(cast, point, times: int) -> None:
    for _ in range(times):
        commands.reveal("contact_point", point.id, by=cast.actor(Role.CALLER), reason="客户来电")


@pytest.mark.req("R019", "R020")
def test_fifty_reveals_in_an_hour_raise_one_alarm_and_only_one(cast):
    given.customer(cast.a)
    point, most = ContactPoint.objects.get(), THRESHOLDS["pii.revealed"].most
    look(cast, point, most - 1)
    assert not AuditEntry.objects.filter(action=ALARM).exists()
    look(cast, point, 1)
    [alarm] = AuditEntry.objects.filter(action=ALARM)
    assert (alarm.actor_id, alarm.facts) == (cast.staff[Role.CALLER].id, {"what": "pii.revealed", "count": most})
    [told] = Event.objects.filter(name=ALARM)
    assert told.facts == {"action": "pii.revealed", "count": most}
    look(cast, point, 5)
    assert AuditEntry.objects.filter(action=ALARM).count() == 1


def test_the_audit_page_shows_alarms_and_who_looked_at_a_customer_without_a_query_per_row(
    cast, django_assert_max_num_queries
):
    who = given.customer(cast.a)
    look(cast, ContactPoint.objects.get(), 60)
    client = Client()
    client.force_login(cast.staff[Role.STORE_MANAGER], backend="cheban.site.accounts.Backend")
    client.get("/settings/audit/")
    with django_assert_max_num_queries(
        18
    ):  # one asks for red alerts, two of them name the rows: one for each kind of subject
        page = client.get("/settings/audit/")
    assert page.content.decode().count("<tr") > 50
    alarms = client.get("/settings/audit/?alarms=1").content.decode()
    assert "查看完整号码或地址 × 50" in alarms and alarms.count("row-alarm") == 1
    of_one = client.get(f"/settings/audit/?subject=customer:{who.id}").content.decode()
    assert of_one.count("客户来电") == 50
    assert "客户来电" not in client.get("/settings/audit/?subject=customer:x").content.decode()
