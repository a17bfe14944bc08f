"""An open page that asks for the parts that changed gets these and not the rest. Decision 0029."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cheban.core import clock as the_clock
from cheban.core.ids import new_id
from cheban.org.roles import Role
from cheban.playbook.models import Task
from tests import given


@pytest.fixture
def caller(cast):
    """A caller with one contact, signed in."""
    person = cast.staff[Role.CALLER]
    customer = given.customer(cast.a, "周静", phone="13800001000")
    Task.objects.create(
        store=cast.a, rule="birthday", duty="greet", role=Role.CALLER, assignee_id=person.pk, customer_id=customer.id,
        subject_id=customer.id, occasion_on=given.days(0), due_on=given.days(0), contact_id=new_id(),
        starts_at=the_clock.now() - timedelta(minutes=5), due_at=the_clock.now() + timedelta(hours=6),
        planned_on=given.days(0),
    )  # fmt: skip
    client = Client()
    client.force_login(person)
    return client


def asked(client: Client, path: str, parts: str = "") -> tuple[str, int]:
    """The page, and how many queries it took."""
    headers = {"X-Live": parts} if parts else {}
    client.get(path, headers=headers)
    with CaptureQueriesContext(connection) as found:
        answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode(), len(found)


def test_parts_of_the_day_come_without_frame_and_without_the_opened_contact(caller):
    whole, many = asked(caller, "/my-day/")
    parts, few = asked(caller, "/my-day/", "day-title day-list")
    assert 'id="day-list"' in parts and "周静" in parts
    assert "<nav" in whole and "<nav" not in parts
    assert 'id="contact"' in whole and 'id="contact"' not in parts
    assert few < many - 5
    assert 'id="contact"' in asked(caller, "/my-day/", "day-list contact")[0]


def test_a_changed_menu_count_brings_the_frame(caller):
    whole, _many = asked(caller, "/my-day/", "nav-live-1 day-list")
    assert "<nav" in whole and 'id="nav-live-1"' in whole


def test_parts_of_a_list_come_without_its_tools(cast):
    client = Client()
    client.force_login(cast.staff[Role.STORE_MANAGER])
    whole, many = asked(client, "/my-day/team/?all=1")
    parts, few = asked(client, "/my-day/team/?all=1", "team-tiles people list")
    for wanted in ("team-tiles", "people", "list"):
        assert f'id="{wanted}"' in parts
    assert 'class="list-tools"' in whole and 'class="list-tools"' not in parts
    assert few < many
