"""One store among hundreds: the frame leads to a page that finds it, and carries none of their names itself. R019, Y09."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from cheban.org.models import StaffRole, Store
from cheban.org.roles import Role
from cheban.site.shell import MANY_STORES


@pytest.fixture
def analyst(cast):
    """Works in more stores than a menu lists, all but one of store B's group."""
    person = cast.staff[Role.OPERATIONS]
    group = cast.a.group
    made = [
        Store.objects.create(group=group, code=f"M{n}", name=f"第 {n} 店", city="宁波" if n == 7 else "")
        for n in range(MANY_STORES)
    ]
    StaffRole.objects.bulk_create(StaffRole(staff=person, store=store, role=Role.OPERATIONS) for store in made)
    page = Client()
    page.force_login(person, backend="cheban.site.accounts.Backend")
    return page


HEALTH = "/metrics/health/?when=13"


@pytest.mark.req("R019")
def test_the_frame_of_a_large_group_leads_to_the_finder_and_lists_no_store(analyst):
    page = analyst.get(reverse("scorecard:cases")).content.decode()
    assert 'name="store" value="' not in page and reverse("choose_store") in page


@pytest.mark.req("R019", "Y09")
def test_a_store_is_found_chosen_and_the_page_one_came_from_opens_again(analyst):
    found = analyst.get(reverse("choose_store"), {"q": "nb", "next": HEALTH})
    [store] = found.context["found"]
    assert store.city == "宁波" and HEALTH in found.content.decode()
    chosen = analyst.post(reverse("choose_store"), {"store": store.id, "next": HEALTH})
    assert (chosen.status_code, chosen["Location"]) == (302, HEALTH)
    assert analyst.get(HEALTH).context["current_store"] == store
    analyst.post(reverse("choose_store"), {"store": "", "next": HEALTH})
    assert analyst.get(HEALTH).context["current_store"] == None  # noqa: E711 - a lazy one


@pytest.mark.req("R019")
def test_a_store_one_does_not_work_in_is_neither_found_nor_chosen_and_no_strange_address_opens(analyst, cast):
    strange = Store.objects.create(group=cast.a.group, code="ZZ", name="外店")
    found = analyst.get(reverse("choose_store"), {"q": "外店", "next": "https://example.com/"})
    assert (found.context["found"], found.context["next"]) == ([], "/")
    answer = analyst.post(reverse("choose_store"), {"store": strange.id, "next": "//example.com/"})
    assert answer["Location"] == "/" and analyst.get(HEALTH).context["current_store"] == None  # noqa: E711 - a lazy one
