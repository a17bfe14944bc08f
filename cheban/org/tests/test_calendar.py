"""Holidays are entered for one store, or at once for all of somebody's stores."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from cheban.core.models import CalendarDay
from cheban.org.models import StaffRole
from cheban.org.roles import Role
from tests import given

BACKEND = "cheban.site.accounts.Backend"


@pytest.fixture
def cast(db):
    """The administrator of both stores; a manager of store A only."""
    found = given.cast()
    StaffRole.objects.create(staff=found.staff[Role.GROUP_ADMIN], store=found.b, role=Role.GROUP_ADMIN)
    CalendarDay.objects.filter(on__year=2027).delete()
    return found


def _enter(cast, role: str, **form: str):
    client = Client()
    client.force_login(cast.staff[role], backend=BACKEND)
    return client.post(
        reverse("org:set_day"), {"store": cast.a.id, "on": "2027-02-08", "kind": "holiday", "name": "春节", **form}
    )


def _days() -> list[tuple[int, str, str]]:
    return list(
        CalendarDay.objects.filter(on="2027-02-08").order_by("store_id").values_list("store_id", "kind", "name")
    )


def test_a_holiday_of_one_store_leaves_the_others_alone(cast):
    _enter(cast, Role.GROUP_ADMIN)
    assert _days() == [(cast.a.id, "holiday", "春节")]


def test_a_holiday_of_all_stores_is_entered_and_corrected_at_once(cast):
    _enter(cast, Role.GROUP_ADMIN, all="1")
    _enter(cast, Role.GROUP_ADMIN, all="1", kind="make_up_workday", name="调休")
    assert _days() == [(cast.a.id, "make_up_workday", "调休"), (cast.b.id, "make_up_workday", "调休")]
    _enter(cast, Role.GROUP_ADMIN, all="1", kind="usual")
    assert _days() == []


def test_all_stores_are_those_of_the_one_who_asks(cast):
    _enter(cast, Role.STORE_MANAGER, all="1")
    assert _days() == [(cast.a.id, "holiday", "春节")]


def test_an_unknown_kind_of_day_is_refused_and_changes_nothing(cast):
    assert _enter(cast, Role.GROUP_ADMIN, all="1", kind="maybe").status_code == 422
    assert _days() == []


def test_a_known_year_is_filled_in_all_stores(cast):
    CalendarDay.objects.filter(on__year=2025).delete()
    client = Client()
    client.force_login(cast.staff[Role.GROUP_ADMIN], backend=BACKEND)
    client.post(reverse("org:seed_year"), {"store": cast.a.id, "year": "2025", "all": "1"})
    found = CalendarDay.objects.filter(on="2025-10-01").order_by("store_id").values_list("store_id", "kind")
    assert list(found) == [(cast.a.id, "holiday"), (cast.b.id, "holiday")]


def test_my_day_names_two_stores_and_counts_the_rest_in_one_line(cast):
    client = Client()
    client.force_login(cast.staff[Role.GROUP_ADMIN], backend=BACKEND)
    gaps = client.get("/my-day/").context["calendar_gaps"]
    assert [(gap["year"], gap["count"], gap["stores"]) for gap in gaps] == [(2027, 2, "甲店、乙店")]
