"""Finding, revealing, consenting, exporting: what people do with a customer's file. R001-R010, R015, R019-R020."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cheban.core import clock as real_clock
from cheban.core.errors import NotFound, NotPermitted
from cheban.core.models import AuditEntry, Event
from cheban.customers import commands, queries, search
from cheban.customers.lists import SPEC
from cheban.customers.models import Consent, Customer
from cheban.lists import paging
from cheban.lists.state import Asked
from cheban.org import scope
from cheban.org.roles import Role
from tests import given


@pytest.fixture
def zhang(cast):
    customer = given.customer(cast.a, "张三", phone="13812341234")
    given.vehicle(cast.a, customer, plate="沪A98765", vin="LSVAA4182E2184847")
    return customer


@pytest.mark.req("R015")
@pytest.mark.parametrize(
    "asked",
    [
        "张三",
        "张",
        "zs",
        "zhangsan",
        "zhang",
        "1234",
        "13812341234",
        "138 1234 1234",
        "98765",
        "沪A·98765",
        "沪a98765",
        "184847",
        "LSVAA",
        "ＺＳ",
    ],
)
def test_anyone_is_found_by_what_one_knows(cast, zhang, asked):
    given.customer(cast.a, "李四", phone="13999999999")
    assert [hit.customer_id for hit in search.find(asked, cast.actor(Role.SERVICE_ADVISOR))] == [zhang.id]


@pytest.mark.parametrize(
    ("name", "asked"),
    [("单红", "shanhong"), ("仇伟", "qw"), ("曾敏", "zengmin"), ("解磊", "xielei"), ("欧阳静", "oyj")],
)
def test_surnames_are_found_by_their_right_reading(cast, name, asked):
    customer = given.customer(cast.a, name)
    assert [hit.customer_id for hit in search.find(asked, cast.actor(Role.SERVICE_ADVISOR))] == [customer.id]


@pytest.mark.req("R019")
def test_search_never_shows_another_stores_customer(cast, zhang):
    scope.set_stores([cast.b.id])
    actor = given.actor_for(cast.staff["outsider"])
    for asked in ("张三", "1234", "98765", "13812341234"):
        assert search.find(asked, actor) == []


def test_the_exact_plate_stands_first(cast, zhang):
    other = given.customer(cast.a, "李四", phone="13999999999")
    given.vehicle(cast.a, other, plate="沪B98765")
    assert search.find("沪A98765", cast.actor(Role.SERVICE_ADVISOR))[0].customer_id == zhang.id


@pytest.mark.req("R019", "R020")
def test_a_reveal_is_one_audit_row_and_the_mask_is_the_rule(cast, zhang):
    point = zhang.contact_points.get()
    assert queries.phones([zhang.id])[zhang.id][0]["masked"] == "138****1234"
    assert commands.reveal("contact_point", point.id, by=cast.actor(Role.CALLER), reason="回电") == "13812341234"
    row = AuditEntry.objects.get()
    assert (row.action, row.actor_id, row.reason, row.subject) == (
        "pii.revealed",
        cast.staff[Role.CALLER].id,
        "回电",
        f"customer:{zhang.id}",
    )
    assert "1234" not in str(row.facts)
    with pytest.raises(NotPermitted):
        commands.reveal("contact_point", point.id, by=cast.actor(Role.TECHNICIAN), reason="")


@pytest.mark.req("R006")
@pytest.mark.parametrize("source", ["purchase", "service", "research"])
def test_where_a_customer_came_from_is_recorded_and_found_again(cast, source):
    """Buyers, service-only customers, and prospects of market research with their needs."""
    by = cast.actor(Role.SERVICE_ADVISOR)
    made = commands.create_customer(
        by=by, store_id=cast.a.id, name="赵敏", phone="13912340000", source=source, special_requests="想要七座"
    )
    other = {"purchase": "service", "service": "research", "research": "purchase"}[source]
    commands.create_customer(by=by, store_id=cast.a.id, name="别人", phone="13912340001", source=other)
    found = paging.page(SPEC, Asked({"source": source}), today=real_clock.today())["rows"]
    assert [(c.id, c.source, c.special_requests) for c in found] == [(made.id, source, "想要七座")]


@pytest.mark.req("R008")
def test_the_extended_profile_is_kept_with_an_event_that_names_fields_not_values(cast, zhang):
    said = {
        "habits": "每天高速上下班",
        "special_requests": "只用原厂件",
        "family": "两个孩子",
        "preferred_time": "周末",
    }
    event = commands.edit_customer(zhang, by=cast.actor(Role.SERVICE_ADVISOR), **said)
    stored = Customer.objects.get(id=zhang.id)
    assert {field: getattr(stored, field) for field in said} == said
    assert sorted(event.facts["fields"]) == sorted(said) and "原厂件" not in str(event.facts)


@pytest.mark.req("R018", "R010")
def test_an_address_is_sealed_and_comes_back(cast, zhang):
    commands.edit_customer(
        zhang, by=cast.actor(Role.SERVICE_ADVISOR), address="上海市浦东新区张杨路 1 号", occupation="教师"
    )
    zhang.refresh_from_db()
    assert "张杨路".encode() not in bytes(zhang.address_sealed)
    assert (
        commands.reveal("address", zhang.id, by=cast.actor(Role.SERVICE_ADVISOR), reason="上门")
        == "上海市浦东新区张杨路 1 号"
    )
    assert Event.objects.get(name="customer.changed").facts["fields"] == ["address", "occupation"]


def test_wrong_fields_are_named_and_nothing_is_written(cast, zhang):
    with pytest.raises(commands.Invalid) as caught:
        commands.edit_customer(
            zhang, by=cast.actor(Role.SERVICE_ADVISOR), name="", phone="1381", birth_on=given.days(3)
        )
    assert set(caught.value.facts) == {"name", "phone", "birth_on"}
    zhang.refresh_from_db()
    assert zhang.name == "张三"


@pytest.mark.req("R020")
def test_the_newest_answer_about_contact_counts_and_all_are_kept(cast, zhang):
    actor = cast.actor(Role.CALLER)
    for given_now in (False, True, False):
        commands.change_consent(zhang, by=actor, purpose="insurance", channel="any", is_given=given_now, proof="电话")
    zhang.refresh_from_db()
    assert zhang.refused_purposes == ["insurance"]
    assert Consent.objects.count() == 3
    with pytest.raises(commands.Invalid):
        commands.change_consent(zhang, by=actor, purpose="insurance", channel="any", is_given=True, proof=" ")


@pytest.mark.req("R090")
def test_an_odometer_that_runs_backwards_is_asked_about_and_then_kept_as_doubtful(cast, zhang):
    vehicle, actor = zhang.vehicles.get(), cast.actor(Role.SERVICE_ADVISOR)
    commands.read_odometer(vehicle, by=actor, km=20_000, on=given.days(-30))
    with pytest.raises(commands.OdometerBackwards):
        commands.read_odometer(vehicle, by=actor, km=9_000, on=given.days(0))
    assert commands.read_odometer(vehicle, by=actor, km=9_000, on=given.days(0), is_right=True).is_doubtful
    vehicle.refresh_from_db()
    assert vehicle.odometer_km == 20_000


def test_the_list_costs_the_same_queries_whatever_its_length(cast, django_assert_num_queries):
    for n in range(30):
        given.vehicle(cast.a, given.customer(cast.a, f"张{n}", phone=f"138{n:08d}"), plate=f"沪A{n:05d}")
    with django_assert_num_queries(5):
        page = paging.page(SPEC, Asked(), today=real_clock.today(), limit=20)
    assert len(page["rows"]) == 20
    rest = paging.page(SPEC, Asked(after=page["after"]), today=real_clock.today(), limit=20)
    assert len({c.id for c in (*page["rows"], *rest["rows"])}) == 30


@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("sort", ["newest", "visited", "spent"])
def test_the_list_of_several_stores_is_one_list_in_order(cast, sort, up):
    """Few of each store are fetched at first; a store that holds many of the first rows must not lose any."""
    with scope.use([cast.a.id, cast.b.id]):
        for n in range(40):
            store = cast.b if n % 7 == 0 or 12 < n < 33 else cast.a
            person = given.customer(store, f"张{n}", phone=f"138{n:08d}")
            Customer.objects.filter(id=person.id).update(
                spent_fen=n * n * 7919 % 101, last_visit_on=given.days(-(n * 31 % 17))
            )
        sign = "" if up else "-"
        column = {"newest": "created_at", "visited": "last_visit_on", "spent": "spent_fen"}[sort]
        wanted = [c.id for c in Customer.objects.order_by(f"{sign}{column}", f"{sign}id")]
        seen, after = [], ""
        while True:
            page = paging.page(SPEC, Asked(sort=sort, up=up, after=after), today=real_clock.today(), limit=11)
            seen += [c.id for c in page["rows"]]
            after = page["after"]
            if not after:
                break
    assert seen == wanted


def test_the_timeline_goes_on_where_it_stopped(cast, zhang, clock):
    for n in range(5):
        clock.set(clock.now + timedelta(minutes=1))
        commands.add_note(zhang, by=cast.actor(Role.SERVICE_ADVISOR), text=f"第 {n} 条")
    first = queries.timeline(zhang.id, most=3)
    second = queries.timeline(zhang.id, most=3, before=first["before"])
    assert [i.event.facts["text"] for i in (*first["items"], *second["items"])] == [
        f"第 {n} 条" for n in (4, 3, 2, 1, 0)
    ]


def test_a_customer_of_another_store_does_not_exist(cast, zhang):
    scope.set_stores([cast.b.id])
    with pytest.raises(NotFound):
        queries.customer(zhang.id)
