"""A car is handed over by two people, each with their own half. R036."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from cheban.core import clock as real_clock
from cheban.core.errors import NotFound, NotPermitted, WrongState
from cheban.core.models import Event
from cheban.customers.models import Vehicle
from cheban.org import scope
from cheban.org.roles import Role
from cheban.sales import errors, queries
from cheban.sales.deliveries import checklist
from cheban.sales.deliveries import commands as delivering
from cheban.sales.models import VehicleDelivery
from cheban.sales.tests import given as deal
from tests import given


@pytest.mark.req("R036")
def test_each_side_ticks_its_own_half_and_nobody_the_others(cast):
    delivery = deal.planned(cast)
    delivering.tick(delivery, by=deal.sales(cast), point="functions", is_done=True)
    delivering.tick(delivery, by=deal.service(cast), point="booklet", is_done=True)
    with pytest.raises(NotPermitted):
        delivering.tick(delivery, by=deal.sales(cast), point="booklet", is_done=False)
    with pytest.raises(NotPermitted):
        delivering.tick(delivery, by=deal.service(cast), point="gifts", is_done=True)
    with pytest.raises(NotFound):
        delivering.tick(delivery, by=deal.sales(cast), point="no_such_point", is_done=True)
    delivering.tick(delivery, by=deal.sales(cast), point="functions", is_done=True)  # twice is once
    assert sorted(delivery.checks.values_list("point", flat=True)) == ["booklet", "functions"]
    delivering.tick(delivery, by=deal.sales(cast), point="functions", is_done=False)
    assert list(delivery.checks.values_list("point", flat=True)) == ["booklet"]


@pytest.mark.req("R036")
def test_a_car_leaves_only_when_every_point_was_explained(cast):
    delivery = deal.planned(cast)
    for point in checklist.POINTS[:-1]:
        by = deal.sales(cast) if point.side == "sales" else deal.service(cast)
        delivering.tick(delivery, by=by, point=point.code, is_done=True)
    with pytest.raises(errors.Incomplete) as refusal:
        delivering.complete(delivery, by=deal.sales(cast))
    assert refusal.value.facts["missing"] == ["service_card"]
    delivering.tick(delivery, by=deal.service(cast), point="service_card", is_done=True)
    event = delivering.complete(delivery, by=deal.service(cast))
    assert (event.name, event.facts["delivery_id"]) == ("delivery.completed", str(delivery.id))
    with pytest.raises(WrongState):
        delivering.tick(delivery, by=deal.sales(cast), point="gifts", is_done=False)
    with pytest.raises(WrongState):
        delivering.complete(delivery, by=deal.sales(cast))


@pytest.mark.req("R036", "R035")
def test_the_car_takes_its_two_people_and_its_care_along(cast):
    delivery = deal.delivered(cast)
    car = Vehicle.objects.get(id=delivery.vehicle_id)
    assert car.sales_consultant_id == cast.staff[Role.SALES_CONSULTANT].id
    assert car.service_specialist_id == cast.staff[Role.SERVICE_SPECIALIST].id
    assert car.purchased_on == real_clock.today()
    assert car.first_service_due_on is not None and car.first_service_due_on > real_clock.today()


@pytest.mark.req("R036")
def test_a_delivery_needs_two_people_of_the_store_a_buyer_and_a_moment_ahead(cast):
    buyer = given.customer(cast.a, "王小明")
    car = given.vehicle(cast.a, buyer, vin="LSVAA4187E2000001")
    sales, service = cast.staff[Role.SALES_CONSULTANT].id, cast.staff[Role.SERVICE_SPECIALIST].id

    def plan(**changed):
        asked = {
            "vehicle_id": car.id,
            "scheduled_at": real_clock.now() + timedelta(hours=2),
            "sales_consultant_id": sales,
            "service_specialist_id": service,
        } | changed
        return delivering.plan(by=deal.sales(cast), **asked)

    with pytest.raises(errors.Invalid):
        plan(service_specialist_id=sales)
    with pytest.raises(NotFound):
        plan(sales_consultant_id=cast.staff["outsider"].id)
    with pytest.raises(NotFound):
        plan(service_specialist_id=cast.staff[Role.TECHNICIAN].id)
    for moment in (real_clock.now() - timedelta(hours=2), real_clock.now() + timedelta(days=181)):
        with pytest.raises(errors.Invalid):
            plan(scheduled_at=moment)
    Vehicle.objects.filter(id=car.id).update(owner=None)
    with pytest.raises(errors.Invalid):
        plan()
    Vehicle.objects.filter(id=car.id).update(owner=buyer)
    plan()
    with pytest.raises(errors.PlannedAlready):
        plan()


@pytest.mark.req("R036")
def test_a_cancelled_delivery_may_be_planned_anew_and_says_why(cast):
    delivery = deal.planned(cast)
    with pytest.raises(errors.Invalid):
        delivering.cancel(delivery, by=deal.sales(cast), reason="  ")
    delivering.cancel(delivery, by=deal.sales(cast), reason="客户退订")
    with pytest.raises(WrongState):
        delivering.move(delivery, by=deal.sales(cast), scheduled_at=real_clock.now() + timedelta(days=1))
    again = delivering.plan(
        by=deal.sales(cast),
        vehicle_id=delivery.vehicle_id,
        scheduled_at=real_clock.now() + timedelta(days=1),
        sales_consultant_id=delivery.sales_consultant_id,
        service_specialist_id=delivery.service_specialist_id,
    )
    assert again.id != delivery.id and again.sheet.state == "draft"
    assert Event.objects.get(name="delivery.cancelled").facts["reason"] == "客户退订"


def test_of_eight_who_complete_at_once_one_does(committed, clock):
    cast = given.cast(scoped=False)
    with scope.use([cast.a.id]):
        delivery = deal.planned(cast)
        for point in checklist.POINTS:
            by = deal.sales(cast) if point.side == "sales" else deal.service(cast)
            delivering.tick(delivery, by=by, point=point.code, is_done=True)
    barrier, told = threading.Barrier(8), []

    def complete():
        try:
            with real_clock.frozen(clock.now), scope.use([cast.a.id]):
                mine = VehicleDelivery.objects.get(id=delivery.id)
                barrier.wait()
                delivering.complete(mine, by=deal.sales(cast))
                told.append("done")
        except WrongState:
            told.append("late")
        finally:
            connection.close()

    threads = [threading.Thread(target=complete) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["done"] + ["late"] * 7
    with scope.use([cast.a.id]):
        assert Event.objects.filter(name="delivery.completed").count() == 1


def test_another_stores_delivery_does_not_exist(cast):
    delivery = deal.planned(cast)
    scope.set_stores([cast.b.id])
    with pytest.raises(NotFound):
        queries.delivery(delivery.id)


def test_the_lists_cost_the_same_queries_whatever_their_length(cast, client, django_assert_max_num_queries):
    from cheban.org.models import Staff

    person: Staff = cast.staff[Role.STORE_MANAGER]
    deal.delivered(cast)
    client.force_login(person)
    client.get("/sales/deliveries/?all=1")
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as one:
        assert client.get("/sales/deliveries/?all=1").status_code == 200
    scope.set_stores([cast.a.id])
    for number in range(12):
        buyer = given.customer(cast.a, f"客户{number}", phone=f"1390000{number:04d}")
        car = given.vehicle(cast.a, buyer, vin=f"LSVAA4187E20001{number:02d}")
        delivering.plan(
            by=deal.sales(cast),
            vehicle_id=car.id,
            scheduled_at=real_clock.now() + timedelta(days=1),
            sales_consultant_id=cast.staff[Role.SALES_CONSULTANT].id,
            service_specialist_id=cast.staff[Role.SERVICE_SPECIALIST].id,
        )
    with CaptureQueriesContext(connection) as many:
        assert client.get("/sales/deliveries/?all=1").status_code == 200
    assert len(many) <= len(one)
