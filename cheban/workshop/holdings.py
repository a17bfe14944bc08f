"""What the workshop holds about a person. See core.personal."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core.money import plain_yuan
from cheban.core.personal import Holding, Person, Row, hold
from cheban.workshop.models import Arrival, RepairOrder


def _orders(person: Person) -> list[Row]:
    orders = RepairOrder.objects.filter(customer_id__in=person.ids).prefetch_related("lines").order_by("in_at", "id")
    found: list[Row] = [
        {
            _("工单号"): order.order_no,
            _("进店"): order.in_at,
            _("出厂"): order.out_at,
            _("里程（公里）"): order.odometer_km,
            _("客户描述"): order.concern,
            _("项目"): "、".join(line.item for line in order.lines.all() if line.item),
            _("金额（元）"): plain_yuan(order.total_fen),
        }
        for order in orders
    ]
    return [{label: value for label, value in row.items() if value not in ("", None)} for row in found]


def _blank(person: Person) -> int:
    return RepairOrder.objects.filter(customer_id__in=person.ids).update(concern="", region="")


def _arrivals(person: Person) -> list[Row]:
    return [
        {_("到店"): one.arrived_at, _("您说过的话"): one.heard}
        for one in Arrival.objects.filter(customer_id__in=person.ids).order_by("arrived_at", "id")
    ]


def _blank_arrivals(person: Person) -> int:
    return Arrival.objects.filter(customer_id__in=person.ids).update(heard="")


def offer() -> None:
    """Register both (called when the app is ready)."""
    hold(
        Holding(
            "repair_orders",
            gettext_lazy("维修工单"),
            ("workshop_repairorder", "workshop_repairorderline"),
            _orders,
            _blank,
            kept=gettext_lazy("工单号、项目与金额按财税与维修档案法规留存，不再指向本人"),
            order=50,
        ),
        Holding(
            "arrivals",
            gettext_lazy("到店"),
            ("workshop_arrival",),
            _arrivals,
            _blank_arrivals,
            kept=gettext_lazy("到店的时间与经办人留存，说过的话清空"),
            order=51,
        ),
    )
