"""Before a delivery the buyer is reminded by message, as long ahead as the rule of their store says. R036, R093.

The rule `delivery_reminder` gives both colleagues their part; its lead time is the buyer's too, and a store that
switches it off sends nothing. What was moved, cancelled or handed over meanwhile is not written any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from cheban.messaging import commands as messaging
from cheban.messaging.commands import Owed
from cheban.messaging.models import Message
from cheban.messaging.texts import Field, Kind, declare
from cheban.org.models import Staff
from cheban.playbook import effective
from cheban.sales.models import VehicleDelivery

RULE = "delivery_reminder"
LEAST = timedelta(hours=1)
"""Who appoints a delivery for the next hour has just spoken with the buyer."""
MOST = 500


def _appointment(store_id: int, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the message says, read when it goes out; nothing, so that it is not sent, once the appointment is another."""
    found = VehicleDelivery.objects.select_related("vehicle", "store").filter(id=facts.get("delivery_id")).first()
    if found is None or found.state != VehicleDelivery.State.PLANNED or found.scheduled_at.isoformat() != facts["when"]:
        return {}
    names = dict(
        Staff.objects.filter(id__in=[found.sales_consultant_id, found.service_specialist_id]).values_list("id", "name")
    )
    local = found.scheduled_at.astimezone(ZoneInfo(found.store.time_zone))
    return {
        "moment": f"{local:%m-%d %H:%M}",
        "series": found.vehicle.series,
        "consultant": names.get(found.sales_consultant_id, ""),
        "specialist": names.get(found.service_specialist_id, ""),
    }


KIND = declare(
    Kind(
        "delivery.reminded",
        _("提车提醒"),
        Message.Class.SERVICE,
        _("{name}您好，您的{series}约好{moment}提车，{consultant}和{specialist}一起等您，请带好身份证原件。"),
        purpose="service",
        lives=timedelta(days=1),
        works_out=_appointment,
    ),
    fields={
        "series": Field(_("车系"), _("速腾")),
        "moment": Field(_("约好的时间"), "11-29 15:00"),
        "consultant": Field(_("销售顾问"), _("王敏")),
        "specialist": Field(_("售后专员"), _("李强")),
    },
)


def remind(*, at: datetime) -> int:
    """Owe the reminders whose time has come; returns how many are new. Needs scope; safe to run twice."""
    near = VehicleDelivery.objects.filter(
        state=VehicleDelivery.State.PLANNED, scheduled_at__range=(at + LEAST, at + timedelta(days=15))
    )
    found = list(near.order_by("scheduled_at", "id")[:MOST])
    rules = {store: effective.of_store(store)[RULE] for store in {row.store_id for row in found}}
    return messaging.send_many(
        Owed(
            key=f"delivery:{row.id}:{row.scheduled_at.isoformat()}",
            kind=KIND.code,
            channel="sms",
            store_id=row.store_id,
            customer_id=row.customer_id,
            vehicle_id=row.vehicle_id,
            facts={"delivery_id": str(row.id), "when": row.scheduled_at.isoformat()},
            expires_at=row.scheduled_at,
        )
        for row in found
        if rules[row.store_id].is_on and row.scheduled_at - timedelta(days=rules[row.store_id].values["days"]) <= at
    )
