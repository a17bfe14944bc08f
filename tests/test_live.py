"""Two people at two desks see each other's work without touching the page; a busy one is not disturbed. Y07."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction
from playwright.sync_api import expect

from cheban.core import clock as the_clock
from cheban.core.ids import new_id
from cheban.customers import commands as customers
from cheban.org import scope
from cheban.org.access import system_actor
from cheban.org.roles import Role
from cheban.playbook import reassigning as playbook
from cheban.playbook.models import Task
from tests import given, looks, serving
from tests.looks import LOOKS, Look


@pytest.fixture
def house(committed, clock):
    """A caller with three contacts, and people who can sign in."""
    with transaction.atomic():
        cast = given.cast()
        for role in (Role.STORE_MANAGER, Role.CALLER):
            cast.staff[role].set_password(given.PASSWORD)
            cast.staff[role].save()
        cast.customers = []
        for number, name in enumerate(("周静", "吴磊", "郑洁")):
            who = given.customer(cast.a, name, phone=f"1380000100{number}")
            cast.customers.append(who)
            Task.objects.create(
                store=cast.a, rule="birthday", duty="greet", role=Role.CALLER, assignee_id=cast.staff[Role.CALLER].pk,
                customer_id=who.id, subject_id=who.id, occasion_on=given.days(0), due_on=given.days(0),
                contact_id=new_id(), starts_at=the_clock.now() - timedelta(minutes=5), weight=50 - number,
                due_at=the_clock.now() + timedelta(hours=6), planned_on=given.days(0),
            )  # fmt: skip
    return cast


def opened(chromium, address: str, staff, path: str, *, look: Look = LOOKS[0]):
    page = looks.opened(chromium, address, staff, look)
    page.goto(address + path)
    page.wait_for_selector("html[data-live-stream=open]")
    return page


@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[1]], ids=str)
def test_two_browsers_see_each_others_work_live(house, look):
    manager, caller = house.staff[Role.STORE_MANAGER], house.staff[Role.CALLER]
    with serving.web() as address, serving.browser() as chromium:
        board = opened(chromium, address, manager, "/my-day/team/", look=look)
        day = opened(chromium, address, caller, "/my-day/", look=look)
        story = opened(
            chromium, address, manager, f"/customers/{house.customers[0].id}/", look=replace(look, size="phone")
        )
        assert board.inner_text("#team-tiles b >> nth=0") == "3"

        day.click(".outcome-bar button[name=code] >> nth=0")
        began = time.monotonic()
        expect(board.locator("#team-tiles b").first).to_have_text("2", timeout=5000)
        expect(story.locator("#c360-story")).to_contain_text(caller.name, timeout=5000)
        assert time.monotonic() - began < 3

        # the other way: work handed over by the manager appears on the caller's day
        with scope.use([house.a.id]):
            Task.objects.filter(customer_id=house.customers[1].id).update(assignee_id=manager.pk)
        day.reload()
        day.wait_for_selector("html[data-live-stream=open]")
        assert "吴磊" not in day.inner_text("#day-list")
        with scope.use([house.a.id]):
            contact = Task.objects.get(customer_id=house.customers[1].id)
            playbook.reassign([contact.contact_id], by=system_actor([house.a.id]), to=[caller.pk])
        expect(day.locator("#day-list")).to_contain_text("吴磊", timeout=5000)
        assert [p for page in (board, day, story) for p in page.problems] == []


def test_whoever_is_writing_is_asked_first(house):
    manager = house.staff[Role.STORE_MANAGER]
    with serving.web() as address, serving.browser() as chromium:
        page = opened(chromium, address, manager, f"/customers/{house.customers[0].id}/")
        page.fill("#note-text", "客户正在说")
        with scope.use([house.a.id]):
            customers.add_note(house.customers[0], by=system_actor([house.a.id]), text="同事写的备注")
        page.wait_for_selector("#live-news", timeout=5000)
        assert page.input_value("#note-text") == "客户正在说"
        assert "同事写的备注" not in page.inner_text("#timeline")
        page.click("#live-news")
        expect(page.locator("#timeline")).to_contain_text("同事写的备注", timeout=5000)


def test_a_page_catches_up_after_the_server_was_away(house):
    """Nothing is lost on reconnect: what happened meanwhile is fetched when the stream comes back."""
    caller = house.staff[Role.CALLER]
    port = serving.free_port()
    with serving.browser() as chromium:
        with serving.web(port=port) as address:
            page = opened(chromium, address, caller, "/my-day/")
            assert "周静" in page.inner_text("#day-list")
        with scope.use([house.a.id]):
            Task.objects.filter(customer_id=house.customers[0].id).update(assignee_id=None)
        with serving.web(port=port):
            expect(page.locator("#day-list")).not_to_contain_text("周静", timeout=30000)


def test_a_refused_form_is_left_as_it_was_answered(house):
    """It stands at the form's own address, which knows no GET: nothing is fetched, nothing is said in the console."""
    manager, customer = house.staff[Role.STORE_MANAGER], house.customers[0]
    with scope.use([house.a.id]):
        car = given.vehicle(house.a, customer, vin="LSVAA4187E2000003", plate="粤B12345")
    with serving.web() as address, serving.browser() as chromium:
        page = opened(chromium, address, manager, f"/customers/{customer.id}/")
        page.evaluate(f"""() => {{
            const form = document.querySelector('form[action$="/vehicles/{car.id}/odometer/"]');
            form.querySelector('[name=km]').value = 'x'; form.noValidate = true; form.submit();
        }}""")
        page.wait_for_url("**/odometer/")
        page.wait_for_selector("html[data-live-stream=open]")
        with scope.use([house.a.id]):
            customers.add_note(customer, by=system_actor([house.a.id]), text="同事写的备注")
        page.wait_for_timeout(1000)
        assert "同事写的备注" not in page.inner_text("#c360-story")
        assert [p for p in page.problems if "422" not in p] == []
