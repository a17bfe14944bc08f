"""Every change of a delivery: plan, move, cancel, tick, complete. R036-R037."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, NotPermitted, WrongState
from cheban.core.events import record
from cheban.core.live import announce
from cheban.core.models import Event
from cheban.customers import queries as customers
from cheban.customers import vehicles
from cheban.org.access import Actor, audit, command
from cheban.org.models import StaffRole
from cheban.org.roles import permissions_of
from cheban.sales.deliveries import checklist
from cheban.sales.errors import Incomplete, Invalid, PlannedAlready
from cheban.sales.models import DeliveryCheck, HandoverSheet, SalesPromise, VehicleDelivery

FURTHEST = timedelta(days=180)
State = VehicleDelivery.State
MAY = {SalesPromise.Side.SALES: "delivery.sales_side", SalesPromise.Side.SERVICE: "delivery.service_side"}
"""Side of the house -> the permission to do its part of a delivery."""


def _check_moment(at: datetime, *, now: datetime) -> datetime:
    if not now - timedelta(hours=1) <= at <= now + FURTHEST:
        raise Invalid(_("交车时间要在现在之后、半年之内。"), scheduled_at=_("请改时间。"))
    return at


def _check_person(staff_id: int, store_id: int, permission: str, *, label: str) -> None:
    """Raises NotFound unless the person works in the store and may do this side's part."""
    roles = set(
        StaffRole.objects.filter(staff_id=staff_id, store_id=store_id, staff__is_active=True).values_list(
            "role", flat=True
        )
    )
    if not roles or permission not in permissions_of(roles):
        raise NotFound(_("%(who)s要选本店在岗、能做这一半的同事。") % {"who": label})


@command("delivery.plan")
def plan(
    *, by: Actor, vehicle_id: UUID, scheduled_at: datetime, sales_consultant_id: int, service_specialist_id: int
) -> VehicleDelivery:
    """Appoint the delivery of a car to its owner, with both people; the sheet begins with it.

    Raises Invalid (moment, no owner, one person for both), NotFound (vehicle, person), PlannedAlready.
    """
    vehicle, now = customers.vehicle(vehicle_id), clock.now()
    if vehicle.owner_id is None:
        raise Invalid(_("这辆车还没有车主。请先在客户档案里登记车主。"))
    if sales_consultant_id == service_specialist_id:
        raise Invalid(_("交车由两个人做：销售顾问和售后专员不能是同一位。"), service_specialist_id=_("请选另一位。"))
    _check_moment(scheduled_at, now=now)
    _check_person(sales_consultant_id, vehicle.store_id, "delivery.sales_side", label=_("销售顾问"))
    _check_person(service_specialist_id, vehicle.store_id, "delivery.service_side", label=_("售后专员"))
    try:
        with transaction.atomic():
            made = VehicleDelivery.objects.create(
                store_id=vehicle.store_id,
                customer_id=vehicle.owner_id,
                vehicle=vehicle,
                scheduled_at=scheduled_at,
                sales_consultant_id=sales_consultant_id,
                service_specialist_id=service_specialist_id,
                planned_by_id=by.staff_id,
            )
    except IntegrityError:
        raise PlannedAlready(_("这辆车已经约好交给这位客户，请打开那次交车。")) from None
    HandoverSheet.objects.create(store_id=made.store_id, delivery=made)
    _tell(made, "delivery.planned", by=by, when=scheduled_at.isoformat())
    return made


@command("delivery.plan")
def move(delivery: VehicleDelivery, *, by: Actor, scheduled_at: datetime) -> Event:
    """Another moment. Raises Invalid, WrongState."""
    _check_moment(scheduled_at, now=clock.now())
    _set(delivery, State.PLANNED, scheduled_at=scheduled_at)
    return _tell(delivery, "delivery.moved", by=by, when=scheduled_at.isoformat())


@command("delivery.plan")
def cancel(delivery: VehicleDelivery, *, by: Actor, reason: str) -> Event:
    """The buyer does not take the car. Raises WrongState, Invalid without a reason."""
    reason = " ".join(reason.split())[:200]
    if not reason:
        raise Invalid(_("请写一句为什么取消。"), reason=_("为什么取消？"))
    _set(delivery, State.PLANNED, state=State.CANCELLED, cancelled_at=clock.now(), cancel_reason=reason)
    return _tell(delivery, "delivery.cancelled", by=by, reason=reason)


@command("delivery.carry_out")
def tick(delivery: VehicleDelivery, *, by: Actor, point: str, is_done: bool) -> None:
    """A point was explained (or was not yet): each side ticks its own. Safe to repeat.

    Raises NotFound, NotPermitted for the other side's point, WrongState when the car is gone.
    """
    found = checklist.BY_CODE.get(point)
    if found is None:
        raise NotFound(_("清单里没有这一项。"))
    if not by.may(MAY[found.side]):
        raise NotPermitted(_("这一项由%(side)s讲解和打勾。") % {"side": SalesPromise.Side(found.side).label})
    locked = VehicleDelivery.objects.select_for_update().get(id=delivery.id)
    if locked.state != State.PLANNED:
        raise WrongState(_("已经交车或取消，清单不再改动。"))
    if is_done:
        DeliveryCheck.objects.get_or_create(
            delivery=locked,
            point=point,
            defaults={"store_id": locked.store_id, "by_id": by.staff_id, "at": clock.now()},
        )
    else:
        DeliveryCheck.objects.filter(delivery=locked, point=point).delete()
    announce("delivery", locked.id)


@command("delivery.carry_out")
def complete(delivery: VehicleDelivery, *, by: Actor) -> Event:
    """The buyer drives off: from here the 24 hours of the sheet and the 3 days of the first feedback run. R028, R039.

    The car takes its two people along. Raises Incomplete naming what was not explained, WrongState.
    """
    ticked = set(DeliveryCheck.objects.filter(delivery=delivery).values_list("point", flat=True))
    missing = [point for point in checklist.POINTS if point.code not in ticked]
    if missing:
        raise Incomplete(
            _("还有 %(n)d 项没有讲解：%(what)s")
            % {"n": len(missing), "what": _("、").join(str(point.label) for point in missing)},
            missing=[point.code for point in missing],
        )
    now = clock.now()
    _set(delivery, State.PLANNED, state=State.COMPLETED, completed_at=now)
    vehicles.take_over(
        delivery.vehicle_id,
        purchased_on=clock.today(),
        sales_consultant_id=delivery.sales_consultant_id,
        service_specialist_id=delivery.service_specialist_id,
    )
    audit("delivery.completed", by=by, subject=f"delivery:{delivery.id}", store_id=delivery.store_id)
    return _tell(
        delivery,
        "delivery.completed",
        by=by,
        at=now,
        points_count=len(checklist.POINTS),
        service_specialist_id=delivery.service_specialist_id,
    )


def _set(delivery: VehicleDelivery, expected: str, **columns: object) -> None:
    """One conditional UPDATE: of several at once one wins. Raises WrongState."""
    if not VehicleDelivery.objects.filter(id=delivery.id, state=expected).update(**columns):
        raise WrongState(_("这次交车已经完成或取消了。请刷新页面看现在的情况。"))
    for name, value in columns.items():
        setattr(delivery, name, value)


def _tell(delivery: VehicleDelivery, name: str, *, by: Actor, at: datetime | None = None, **facts: object) -> Event:
    announce("delivery", delivery.id)
    announce("customer", delivery.customer_id)
    return record(
        name,
        store_id=delivery.store_id,
        at=at,
        actor_id=by.staff_id,
        customer_id=delivery.customer_id,
        vehicle_id=delivery.vehicle_id,
        delivery_id=str(delivery.id),
        **facts,
    )
