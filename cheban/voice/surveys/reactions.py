"""When customers are asked: the day after a delivery, and after visits that files brought. R132, Y05."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from cheban.core.events import reaction
from cheban.core.models import Event
from cheban.customers.models import Vehicle
from cheban.org.models import Store
from cheban.voice.surveys import commands
from cheban.voice.surveys.models import Survey
from cheban.voice.surveys.plans import ASKING

_VISITS = """
SELECT DISTINCT ON (e.customer_id) e.store_id, e.customer_id, e.vehicle_id, e.at, e.facts ->> 'order_no'
FROM core_event e
WHERE e.name = 'repair_order.imported' AND e.at > %(since)s AND e.at <= %(at)s AND e.customer_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM voice_survey s WHERE s.customer_id = e.customer_id AND s.invited_at > %(asked)s)
  AND NOT EXISTS (SELECT 1 FROM voice_survey s WHERE s.store_id = e.store_id AND s.cause = 'order:' || (e.facts ->> 'order_no'))
ORDER BY e.customer_id, e.at DESC LIMIT %(most)s
"""
MOST = 500


@reaction("delivery.completed")
def ask_after_delivery(event: Event) -> None:
    """Next day the buyer is asked how both kept their word. R135."""
    car = Vehicle.objects.filter(id=event.vehicle_id).first()
    plan = ASKING.plans.get(Survey.Kind.DELIVERY)
    if event.customer_id is None or car is None or plan is None:
        return
    commands.invite(
        plan,
        store=Store.objects.get(id=event.store_id),
        cause=f"delivery:{event.facts['delivery_id']}",
        customer_id=event.customer_id,
        vehicle_id=car.id,
        happened_at=event.at,
        sales_staff_id=car.sales_consultant_id,
        service_staff_id=car.service_specialist_id,
    )


def ask_after_visits(*, at: datetime) -> int:
    """Invite those whose visit a file brought lately; returns how many. Needs scope; safe to run twice.

    A file tells thousands of visits at once, most of them old: the few of the last days are looked up here, instead of a
    reaction owed for each.
    """
    plan, made = ASKING.plans.get(Survey.Kind.REPAIR_ORDER), 0
    if plan is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _VISITS,
            {
                "since": at - timedelta(days=plan.late_days),
                "at": at,
                "asked": at - timedelta(days=ASKING.terms.gap_days),
                "most": MOST,
            },
        )
        found = cursor.fetchall()
    stores = Store.objects.in_bulk({row[0] for row in found})
    cars = Vehicle.objects.in_bulk({row[2] for row in found if row[2]})
    for store_id, customer_id, vehicle_id, happened_at, order_no in found:
        car = cars.get(vehicle_id)
        invited = commands.invite(
            plan,
            store=stores[store_id],
            cause=f"order:{order_no}",
            customer_id=customer_id,
            vehicle_id=car.id if car else None,
            happened_at=happened_at,
            sales_staff_id=car.sales_consultant_id if car else None,
            service_staff_id=car.service_specialist_id if car else None,
        )
        made += invited is not None
    return made


def words_of(event: Event) -> str:
    """What the customer wrote beside the points, for whoever listens for danger and wishes (`core.said`)."""
    return Survey.objects.filter(id=UUID(event.facts["survey_id"])).values_list("said", flat=True).first() or ""
