"""How complete a file is, what it lacks, who looks after it. R009-R011."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cheban.core import clock as the_clock
from cheban.customers import bulk, commands, quality
from cheban.customers.commands import Invalid
from cheban.customers.lists import SPEC
from cheban.customers.models import Customer, QualityDay, Vehicle
from cheban.lists import commands as lists
from cheban.lists import paging
from cheban.lists.state import Asked
from cheban.org import scope
from cheban.org.roles import Role
from tests import given

pytestmark = pytest.mark.req("R009", "R010", "R011")


def whole(cast, **fields) -> Customer:
    """A file that lacks nothing."""
    made = given.customer(
        cast.a, "全齐", phone="13811112222", gender="f", birthday=314, preferred_channel="phone", **fields
    )
    given.vehicle(
        cast.a, made, vin="LSVAA4182E2184847", purchased_on=given.days(-400), insurance_until=given.days(90),
        odometer_on=given.days(-30), odometer_km=8000,
    )  # fmt: skip
    commands.change_consent(
        made, by=cast.actor(Role.STORE_MANAGER), purpose="service", channel="any", is_given=True, proof="签字"
    )
    return made


def score(customer) -> int:
    return quality.of([customer.id], today=the_clock.today())[customer.id].score


def lacking(customer) -> list[str]:
    return [field.code for field in quality.of([customer.id], today=the_clock.today())[customer.id].missing]


def test_the_weights_add_up_to_a_hundred():
    assert sum(field.weight for field in quality.FIELDS) == 100


def test_a_whole_file_has_every_point(cast):
    assert score(whole(cast)) == 100


@pytest.mark.parametrize(
    ("table", "change", "code"),
    [
        (Vehicle, {"plate_number": ""}, "plate"),
        (Vehicle, {"vin_is_doubtful": True}, "vin"),
        (Vehicle, {"odometer_on": date(2025, 11, 1)}, "mileage"),
        (Vehicle, {"purchased_on": None}, "purchased_on"),
        (Vehicle, {"insurance_until": None}, "insurance"),
        (Customer, {"birthday": None}, "birthday"),
        (Customer, {"gender": ""}, "gender"),
        (Customer, {"preferred_channel": ""}, "channel"),
    ],
)
def test_what_is_missing_costs_its_weight_and_is_named(cast, table, change, code):
    made = whole(cast)
    table.objects.update(**change)
    assert lacking(made) == [code]
    assert score(made) == 100 - quality.BY_CODE[code].weight


def test_a_company_needs_no_birthday(cast):
    made = whole(cast)
    Customer.objects.update(kind="company", birthday=None, gender="")
    assert score(made) == 100


def test_every_missing_field_is_a_work_list(cast):
    full, bare = whole(cast), given.customer(cast.a, "空白", phone="13822223333")
    today = the_clock.today()
    for field in quality.FIELDS:
        rows = paging.page(SPEC, Asked(values={"missing": field.code}), today=today)["rows"]
        expected = [] if field.code == "phone" else [bare.id]
        assert [row.id for row in rows] == expected, field.code
    assert full.id not in [row.id for row in rows]


def test_a_list_without_the_columns_asks_nothing_more(cast, django_assert_num_queries):
    for number in range(30):
        given.customer(cast.a, f"客{number}", phone=f"138{number:08d}")
    with django_assert_num_queries(5):
        rows = paging.page(SPEC, Asked(), today=the_clock.today())["rows"]
    with django_assert_num_queries(1):
        assert {row.complete.score for row in rows} == {20}


def test_files_are_given_to_a_keeper_and_taken_back(cast):
    manager, made = cast.actor(Role.STORE_MANAGER), whole(cast)
    keeper = cast.staff[Role.SERVICE_SPECIALIST]
    count, deed = bulk.do([made.id], by=manager, action="set_keeper", value=str(keeper.pk))
    assert count == 1 and Customer.objects.get(id=made.id).keeper_id == keeper.pk
    lists.undo(deed.id, by=manager)
    assert Customer.objects.get(id=made.id).keeper_id is None


def test_somebody_of_another_store_keeps_no_file_here(cast):
    made = whole(cast)
    with pytest.raises(Invalid, match="负责人"):
        bulk.do([made.id], by=cast.actor(Role.STORE_MANAGER), action="set_keeper", value=str(cast.staff["outsider"].pk))


def test_a_reviewed_file_comes_back_in_a_year_and_can_be_taken_back(cast, clock):
    manager, made = cast.actor(Role.STORE_MANAGER), whole(cast)
    _count, deed = bulk.do([made.id], by=manager, action="reviewed", value="")
    assert Customer.objects.get(id=made.id).review_on == date(2027, 11, 23)

    def due() -> list:
        return paging.page(SPEC, Asked(values={"review": True}), today=the_clock.today())["rows"]

    assert not due()
    clock.set(clock.now + timedelta(days=365))
    assert [row.id for row in due()] == [made.id]
    clock.set(clock.now - timedelta(days=365))
    lists.undo(deed.id, by=manager)
    assert Customer.objects.get(id=made.id).review_on is None


def test_the_stores_figures_are_counted_at_night_and_agree_with_each_file(cast):
    whole(cast)
    bare = given.customer(cast.a, "空白", phone="13822223333", review_on=given.days(-1), keeper_id=7)
    quality.count_day(today=the_clock.today())
    quality.count_day(today=the_clock.today())
    day = QualityDay.objects.get()
    assert (day.files, day.complete, day.overdue, day.unkept) == (2, 1, 1, 1)
    assert {code for code, count in day.lacking.items() if count} == set(lacking(bare))
    board = quality.board()
    assert board["percent"] == 50.0 and board["fields"][0]["code"] in ("plate", "vin")
    scope.set_stores([cast.b.id])
    assert quality.board()["files"] == 0
