"""Who was handed a car, or promised something, stays when the file that told of them is taken back. R021."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from cheban.core import clock as real_clock
from cheban.customers.importing import pipeline
from cheban.customers.models import Customer, Vehicle
from cheban.org import scope
from cheban.org.roles import Role
from cheban.sales.deliveries import commands as delivering
from cheban.sales.tests import given as deal
from cheban.sales.tests import leading
from tests import given

FILE = """客户名称,手机号,车牌号,车架号,购车日期
张伟,13812345678,沪A12345,LSVAA4182E2184847,2026/11/20
李娜,13912345678,沪B12345,LSVAA4182E2184848,2026/11/20
"""


@pytest.mark.req("R021")
def test_a_delivered_car_and_its_buyer_outlive_the_undo_of_their_file(committed, clock, tmp_path):
    with transaction.atomic():
        cast = given.cast(scoped=False)
    path = tmp_path / "a.csv"
    path.write_text(FILE, encoding="utf-8")
    with scope.use([cast.a.id]):
        batch = pipeline.create(path, store_id=cast.a.id, file_name="a.csv", keep=False)
    pipeline.write(batch.id, store_id=cast.a.id, path=path)
    with scope.use([cast.a.id]):
        car = Vehicle.objects.get(plate_number="沪A12345")
        delivering.plan(
            by=deal.sales(cast),
            vehicle_id=car.id,
            scheduled_at=real_clock.now() + timedelta(hours=1),
            sales_consultant_id=cast.staff[Role.SALES_CONSULTANT].id,
            service_specialist_id=cast.staff[Role.SERVICE_SPECIALIST].id,
        )
    undone = pipeline.undo(batch.id, store_id=cast.a.id)
    assert undone.kept == 2
    with scope.use([cast.a.id]):
        assert [c.name for c in Customer.objects.all()] == ["张伟"]
        assert [v.plate_number for v in Vehicle.objects.all()] == ["沪A12345"]


@pytest.mark.req("R021", "R104")
def test_a_customer_with_a_lead_and_the_car_it_is_about_outlive_the_undo(committed, clock, tmp_path):
    with transaction.atomic():
        cast = given.cast(scoped=False)
    path = tmp_path / "a.csv"
    path.write_text(FILE, encoding="utf-8")
    with scope.use([cast.a.id]):
        batch = pipeline.create(path, store_id=cast.a.id, file_name="a.csv", keep=False)
    pipeline.write(batch.id, store_id=cast.a.id, path=path)
    with scope.use([cast.a.id]):
        who = Customer.objects.get(name="李娜")
        leading.by_hand(cast, who, kind="trade_in", vehicle_id=who.vehicles.get().id)
    undone = pipeline.undo(batch.id, store_id=cast.a.id)
    assert undone.kept == 2
    with scope.use([cast.a.id]):
        assert [c.name for c in Customer.objects.all()] == ["李娜"]
        assert [v.plate_number for v in Vehicle.objects.all()] == ["沪B12345"]
