"""What a customer likes is derived from cars, visits and calls, and told only with enough behind it. R005."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from cheban.core.events import record
from cheban.customers import likes
from cheban.customers.models import Vehicle
from cheban.workshop import queries
from cheban.workshop.models import RepairOrder
from tests import given

ZONE = ZoneInfo("Asia/Shanghai")


def _visits(cast, customer, *moments: tuple[str, str]) -> None:
    for number, (at, advisor) in enumerate(moments):
        RepairOrder.objects.create(
            store=cast.a,
            order_no=f"{customer.name}{number}",
            customer_id=customer.id,
            in_at=datetime.fromisoformat(at).replace(tzinfo=ZONE),
            service_advisor_name=advisor,
        )


@pytest.mark.req("R005")
def test_visits_tell_when_somebody_comes_and_to_whom(cast):
    customer = given.customer(cast.a)
    saturday, monday = "2026-10-{:02d} 09:30", "2026-10-12 15:00"
    _visits(
        cast,
        customer,
        (saturday.format(3), "张工"),
        (saturday.format(10), "张工"),
        (saturday.format(17), "张工"),
        (monday, "李工"),
    )
    assert [(like.says, like.basis) for like in queries.likes(customer.id)] == [
        ("常在周末上午来", "到店 4 次中 3 次"),
        ("常找 张工", "到店 4 次中 3 次"),
    ]


@pytest.mark.req("R005")
def test_too_little_or_too_mixed_tells_nothing(cast):
    customer = given.customer(cast.a)
    _visits(cast, customer, ("2026-10-03 09:30", "张工"), ("2026-10-10 09:30", "张工"))
    assert queries.likes(customer.id) == []
    other = given.customer(cast.a, "别人", phone="13911112222")
    _visits(cast, other, ("2026-09-01 09:30", "甲"), ("2026-09-02 15:00", "乙"), ("2026-09-05 15:00", "丙"))
    assert queries.likes(other.id) == []


@pytest.mark.req("R005")
def test_cars_tell_brand_and_colour_and_calls_the_hour(cast, clock):
    customer = given.customer(cast.a)
    for number, colour in enumerate(("白", "白", "黑")):
        car = given.vehicle(cast.a, customer, plate=f"沪A0000{number}", colour=colour)
        Vehicle.objects.filter(id=car.id).update(series=f"车{number}")
    for hour in (9, 10, 11, 16):
        record(
            "contact.reached",
            store_id=cast.a.id,
            customer_id=customer.id,
            at=datetime(2026, 10, 12, hour, tzinfo=ZONE),
            rules=[],
        )
    told = [(like.says, like.basis) for like in likes.of_customer(customer.id, list(Vehicle.objects.all()))]
    assert told == [
        ("认品牌：大众", "3 台车中 3 台"),
        ("喜欢的颜色：白", "3 台车中 2 台"),
        ("上午容易接通", "接通的 4 次中 3 次"),
    ]
