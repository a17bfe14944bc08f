"""Builders of the sales room's tests."""

from __future__ import annotations

from datetime import timedelta

from cheban.core import clock
from cheban.org import dispatch, scope
from cheban.org.access import Actor
from cheban.org.roles import Role
from cheban.playbook import ladder
from cheban.sales.deliveries import checklist
from cheban.sales.deliveries import commands as delivering
from cheban.sales.handover import commands as handing
from cheban.sales.handover import fields
from cheban.sales.models import HandoverRevision, VehicleDelivery
from tests import given

SAID = {
    "motive": "family",
    "worries": ["upkeep", "operation"],
    "needs_note": "二胎，周末常去露营",
    "channel": "wechat",
    "channel_time": "工作日晚上",
    "events": ["self_drive"],
}


def work(cast) -> None:
    """Everything that is due now, in the store's scope: reactions, the ladder."""
    while dispatch.run_pending():
        pass
    scope.set_stores([cast.a.id])
    ladder.escalate_overdue(at=clock.now())


def sales(cast) -> Actor:
    """The sales consultant."""
    return cast.actor(Role.SALES_CONSULTANT)


def service(cast) -> Actor:
    """The service specialist."""
    return cast.actor(Role.SERVICE_SPECIALIST)


def planned(cast, **fields_of_car) -> VehicleDelivery:
    """A new car with its buyer and an appointment in an hour."""
    buyer = given.customer(cast.a, "王小明")
    car = given.vehicle(
        cast.a,
        buyer,
        **{"vin": "LSVAA4187E2000001", "plate": "", "energy": "hybrid", "model": "1.5T", "driver_assistance": "L2"}
        | fields_of_car,
    )
    return delivering.plan(
        by=sales(cast),
        vehicle_id=car.id,
        scheduled_at=clock.now() + timedelta(hours=1),
        sales_consultant_id=cast.staff[Role.SALES_CONSULTANT].id,
        service_specialist_id=cast.staff[Role.SERVICE_SPECIALIST].id,
    )


def delivered(cast, **fields_of_car) -> VehicleDelivery:
    """A car that both explained and the buyer drove off with, now."""
    made = planned(cast, **fields_of_car)
    for point in checklist.POINTS:
        by = sales(cast) if point.side == "sales" else service(cast)
        delivering.tick(made, by=by, point=point.code, is_done=True)
    delivering.complete(made, by=sales(cast))
    return made


def sent(cast, delivery: VehicleDelivery | None = None) -> HandoverRevision:
    """A sheet that sales filled in and sent."""
    delivery = delivery or delivered(cast)
    sheet = delivery.sheet
    sheet.refresh_from_db()
    handing.fill_in(sheet, by=sales(cast), data=SAID, version=sheet.version)
    return handing.send(sheet, by=sales(cast))


def all_right(revision: HandoverRevision, **wrong: str) -> dict:
    """Checks and remarks for an answer; `wrong` names what is wrong and why."""
    return {"checks": {code: code not in wrong for code in revision.content}, "remarks": wrong}


assert set(SAID) <= set(fields.BY_CODE)
