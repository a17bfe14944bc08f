"""A customer arrives; their sales consultant greets them and writes down what was said. R032."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, Refused, WrongState
from cheban.core.events import record
from cheban.core.live import announce_all
from cheban.core.models import Event
from cheban.customers.models import Vehicle
from cheban.org.access import Actor, command
from cheban.workshop.models import Arrival

SAME_VISIT = timedelta(hours=4)
"""A car seen again within this time has not come anew: it drove round the yard, or two cameras saw it."""
LATE = timedelta(hours=2)
"""An arrival told later than this is history, and greeting the customer too late."""
TEXT = 300


class Invalid(Refused):
    """Something filled in cannot stay so; the facts name the fields."""

    status = 422


@command("arrival.note")
def note(
    vehicle_id: UUID, *, by: Actor, source: str = Arrival.Source.RECEPTION, arrived_at: datetime | None = None
) -> tuple[Arrival, bool]:
    """The car of a customer is here: (arrival, whether it is new). Within four hours it is the same visit.

    Raises NotFound, Invalid for a moment that lies ahead or too far back.
    """
    now = clock.now()
    at = arrived_at or now
    if not now - LATE <= at <= now + timedelta(minutes=1):
        raise Invalid(_("到店时间要在过去 2 小时之内。"), arrived_at=_("请改时间。"))
    if source not in Arrival.Source.values:
        raise Invalid(_("请选择是谁看到客户到店的。"), source=_("请选择。"))
    car = Vehicle.objects.select_for_update(no_key=True).filter(id=vehicle_id).first()
    if car is None or car.owner_id is None or not car.is_active:
        raise NotFound(_("没有这辆车，或没有车主，或不属于您的门店。"))
    seen = Arrival.objects.filter(vehicle=car, arrived_at__gt=at - SAME_VISIT, arrived_at__lt=at + SAME_VISIT)
    if (earlier := seen.order_by("-arrived_at").first()) is not None:
        return earlier, False
    made = Arrival.objects.create(
        store_id=car.store_id,
        customer_id=car.owner_id,
        vehicle=car,
        arrived_at=min(at, now),
        source=source,
        noted_by_id=by.staff_id,
    )
    _tell(made, "customer.arrived", at=made.arrived_at, by=by, source=source)
    return made, True


@command("arrival.greet")
def greet(arrival: Arrival, *, by: Actor, heard: str) -> Event:
    """Somebody spoke with the customer: what they said, in their words. Whoever listens finds wishes and dangers in it.

    Raises Invalid, WrongState when somebody did so before.
    """
    words = " ".join((heard or "").replace("\x00", "").split())
    if not words:
        raise Invalid(_("请写一句客户说了什么；没有特别的，写“没有”。"), heard=_("请填写。"))
    if len(words) > TEXT:
        raise Invalid(_("最多 %(n)d 个字。") % {"n": TEXT}, heard=_("太长了。"))
    now = clock.now()
    changed = Arrival.objects.filter(id=arrival.id, greeted_at__isnull=True).update(
        greeted_at=now, greeted_by_id=by.staff_id, heard=words
    )
    if not changed:
        raise WrongState(_("已经有同事登记过了。"))
    minutes = int((now - arrival.arrived_at).total_seconds() // 60)
    return _tell(arrival, "customer.greeted", at=now, by=by, minutes_count=minutes)


def _tell(arrival: Arrival, name: str, *, at: datetime, by: Actor, **facts: object) -> Event:
    announce_all([("arrivals", arrival.store_id), ("customer", arrival.customer_id)])
    return record(
        name,
        store_id=arrival.store_id,
        at=at,
        actor_id=by.staff_id,
        customer_id=arrival.customer_id,
        vehicle_id=arrival.vehicle_id,
        arrival_id=str(arrival.id),
        **facts,
    )
