"""Which files are proposed as one person, and which never again. R021, ux 16."""

from __future__ import annotations

import pytest

from cheban.customers import commands
from cheban.customers.duplicates import finding, merging
from cheban.customers.duplicates.queries import already_known
from cheban.customers.models import DuplicatePair
from cheban.org import scope
from cheban.org.roles import Role
from tests import given


def proposed() -> list[tuple[set[str], int]]:
    return [(set(p.reasons), p.score) for p in DuplicatePair.objects.filter(state="proposed").order_by("-score")]


@pytest.mark.req("R021")
@pytest.mark.parametrize(
    ("left", "right", "reasons"),
    [
        ({"name": "王伟"}, {"name": "王伟"}, {"phone", "name"}),
        ({"name": "王伟"}, {"name": "汪伟"}, {"phone", "sound"}),
        ({"name": "王伟"}, {"name": "王先生"}, {"phone", "courtesy"}),
        ({"name": "王伟", "phone": "13800000001"}, {"name": "汪伟", "plate": "same"}, {"plate", "sound"}),
        (
            {"name": "王伟", "phone": "13800000001", "customer_no": "K7"},
            {"name": "王伟", "customer_no": "K7"},
            {"number", "name"},
        ),
        ({"name": "王伟", "phone": "13800000001", "idno": "1"}, {"name": "李雷", "idno": "1"}, {"id_number"}),
    ],
)
def test_two_signs_that_agree_are_proposed_with_their_reasons(cast, left, right, reasons):
    by = cast.actor(Role.STORE_MANAGER)
    for side in (left, right):
        one = given.customer(
            cast.a, side["name"], phone=side.get("phone", "13812340001"), customer_no=side.get("customer_no", "")
        )
        if side.get("idno"):
            commands.edit_customer(one, by=by, id_number="11010519491231002X")
        if "plate" in left or "plate" in right:
            given.vehicle(cast.a, one, plate="沪A55555")
    assert finding.find() == 1
    assert proposed()[0][0] == reasons


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"name": "王伟"}, {"name": "李娜"}),  # man and wife
        ({"name": "王伟", "birth_on": "1970-01-01"}, {"name": "王伟", "birth_on": "2001-01-01"}),  # father and son
        ({"name": "王伟", "phone": "13800000001"}, {"name": "王伟"}),  # a name alone
    ],
)
def test_a_family_that_shares_a_phone_is_not_proposed(cast, left, right):
    for side in (left, right):
        given.customer(cast.a, side.pop("name"), phone=side.pop("phone", "13812340001"), **side)
    assert finding.find() == 0


@pytest.mark.req("R021")
def test_not_the_same_person_is_remembered_for_ever(cast):
    by = cast.actor(Role.STORE_MANAGER)
    one, two = (given.customer(cast.a, "王伟", phone="13812340001") for _n in range(2))
    finding.find()
    merging.keep_apart(by=by, left_id=two.id, right_id=one.id)
    assert (finding.find(), proposed()) == (0, [])
    commands.edit_customer(one, by=by, occupation="教师")
    assert proposed() == []
    assert merging.look_again(by=by, left_id=one.id, right_id=two.id) == 1


def test_a_switchboard_on_many_files_says_nothing(cast):
    for _n in range(finding.CROWD + 1):
        given.customer(cast.a, "王伟", phone="13812340001")
    assert finding.find() == 0


def test_a_new_file_is_compared_at_once_and_evidence_that_went_takes_its_proposal_along(cast):
    by = cast.actor(Role.STORE_MANAGER)
    given.customer(cast.a, "王伟", phone="13812340001")
    made = commands.create_customer(by=by, store_id=cast.a.id, name="王伟", phone="138 1234 0001")
    assert proposed() == [({"phone", "name"}, 70)]
    commands.edit_customer(made, by=by, name="李雷")
    assert proposed() == []


@pytest.mark.req("R019")
def test_another_stores_customers_are_never_compared_or_shown(cast):
    given.customer(cast.a, "王伟", phone="13812340001")
    scope.set_stores([cast.b.id])
    given.customer(cast.b, "王伟", phone="13812340001")
    scope.set_stores([cast.a.id, cast.b.id])
    assert finding.find() == 0
    scope.set_stores([cast.b.id])
    assert len(already_known(phone="13812340001", plate="", vin="")) == 1


@pytest.mark.req("R021")
@pytest.mark.parametrize("typed", [{"phone": "138-1234-0001"}, {"plate": "沪A·12345"}, {"vin": "LSVAA4182E2184847"}])
def test_who_is_known_already_shows_while_one_types(cast, typed):
    known = given.customer(cast.a, "王伟", phone="13812340001")
    given.vehicle(cast.a, known, plate="沪A12345", vin="LSVAA4182E2184847")
    found = already_known(**({"phone": "", "plate": "", "vin": ""} | typed))
    assert [(f["id"], f["phone"]) for f in found] == [(known.id, "138****0001")]
    assert already_known(phone="138", plate="沪", vin="L") == []
