"""What the sales room holds about a person. See core.personal."""

from __future__ import annotations

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core.personal import Holding, Person, Row, hold
from cheban.sales.handover import fields
from cheban.sales.models import FirstFeedback, HandoverRevision, HandoverSheet, SalesPromise, VehicleDelivery
from cheban.sales.promises import proofs


def _deliveries(person: Person) -> list[Row]:
    found: list[Row] = []
    for delivery in VehicleDelivery.objects.filter(customer_id__in=person.ids).order_by("scheduled_at", "id"):
        row: Row = {_("交车"): delivery.completed_at or delivery.scheduled_at, _("状态"): delivery.get_state_display()}
        last = HandoverRevision.objects.filter(sheet__delivery=delivery).order_by("-number").first()
        if last is not None:
            row |= {str(fields.BY_CODE[code].label): words for code, words in last.content.items()}
        first = FirstFeedback.objects.filter(delivery=delivery).first()
        if first is not None:
            row |= {_("首次反馈"): first.questions, _("了解到的需求"): first.needs}
        found.append({label: value for label, value in row.items() if value})
    return found


def _blank_deliveries(person: Person) -> int:
    sheets = HandoverSheet.objects.filter(delivery__customer_id__in=person.ids)
    count = HandoverRevision.objects.filter(sheet__in=sheets).update(content={}, wrong={})
    count += sheets.update(said={})
    count += FirstFeedback.objects.filter(delivery__customer_id__in=person.ids).update(questions="", needs="")
    return count + VehicleDelivery.objects.filter(customer_id__in=person.ids).update(cancel_reason="")


def _promises(person: Person) -> list[Row]:
    return [
        {
            _("承诺"): promise.what,
            _("依据"): promise.evidence,
            _("兑现日期"): promise.due_on,
            _("状态"): promise.get_state_display(),
            _("结果"): promise.settled_how,
            _("客户的说法"): promise.claimed,
            _("依据的照片与 PDF"): promise.files,
        }
        for promise in SalesPromise.objects.filter(customer_id__in=person.ids)
        .annotate(files=Count("proofs", filter=Q(proofs__removed_at__isnull=True)))
        .order_by("promised_at", "id")
    ]


def _blank_promises(person: Person) -> int:
    rows = SalesPromise.objects.filter(customer_id__in=person.ids)
    return proofs.erase(person.ids) + rows.update(evidence="", settled_how="", claimed="", found="")


def offer() -> None:
    """Register both (called when the app is ready)."""
    hold(
        Holding(
            "deliveries",
            gettext_lazy("交车与交接"),
            (
                *("sales_vehicledelivery", "sales_deliverycheck", "sales_handoversheet", "sales_handoverrevision"),
                "sales_firstfeedback",
            ),
            _deliveries,
            _blank_deliveries,
            kept=gettext_lazy("交车的时间与经办人留存，内容清空"),
            order=45,
        ),
        Holding(
            "promises",
            gettext_lazy("销售承诺"),
            ("sales_salespromise", "sales_promiseproof", "core_storedfile"),
            _promises,
            _blank_promises,
            kept=gettext_lazy("承诺的内容与结果按合同留存，依据、照片与往来文字清空"),
            order=46,
        ),
    )
