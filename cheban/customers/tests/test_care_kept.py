"""Readings that do not fit, inspections that pass: what the forecast keeps by itself. R086, R090."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cheban.core import clock as real_clock
from cheban.customers import care, commands
from cheban.customers.models import OdometerReading
from cheban.org.roles import Role
from tests import given


def marked(vehicle) -> list[int]:
    return list(OdometerReading.objects.filter(vehicle=vehicle, is_doubtful=True).values_list("km", flat=True))


@pytest.mark.req("R090")
def test_one_number_too_high_does_not_cast_doubt_on_all_that_follow(cast):
    vehicle, by = given.vehicle(cast.a, given.customer(cast.a)), cast.actor(Role.SERVICE_ADVISOR)
    for days, km in ((-200, 10_000), (-100, 140_000)):  # 14,000, with a zero too many
        commands.read_odometer(vehicle, by=by, km=km, on=given.days(days))
    commands.read_odometer(vehicle, by=by, km=18_000, on=given.days(-50), is_right=True)
    assert marked(vehicle) == [18_000]  # of two that contradict each other the later one
    commands.read_odometer(vehicle, by=by, km=19_000, on=given.days(-20), is_right=True)
    vehicle.refresh_from_db()
    assert marked(vehicle) == [140_000]
    assert vehicle.odometer_km == 19_000


@pytest.mark.req("R086")
def test_after_an_inspection_has_passed_the_next_one_is_owed_without_a_visit(cast, clock):
    vehicle = given.vehicle(cast.a, given.customer(cast.a), registered_on=given.days(-6 * 365), seats=5, use="family")
    care.refresh([vehicle.id], today=real_clock.today())
    vehicle.refresh_from_db()
    first = vehicle.inspection_due_on
    clock.set(real_clock.now() + timedelta(days=(first - real_clock.today()).days + care.PASSED_DAYS))
    assert care.refresh_passed(today=real_clock.today()) == 0  # still spoken of
    clock.set(real_clock.now() + timedelta(days=1))
    assert care.refresh_passed(today=real_clock.today()) == 1
    vehicle.refresh_from_db()
    assert vehicle.inspection_due_on > real_clock.today()
