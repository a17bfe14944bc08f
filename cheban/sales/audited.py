"""Names of deliveries, sheets, promises and leads on the audit page, and the way to them. R019."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core.subjects import name, of_rows
from cheban.sales.models import HandoverRevision, Lead, SalesPromise, VehicleDelivery


def offer() -> None:
    """Register (called when the app is ready)."""
    name(
        "delivery",
        gettext_lazy("交车"),
        of_rows(
            VehicleDelivery,
            lambda row: f"{row.scheduled_at:%Y-%m-%d}",
            lambda row: reverse("sales:delivery", args=[row.id]),
        ),
    )
    name(
        "handover",
        gettext_lazy("客户服务交接表"),
        of_rows(
            HandoverRevision,
            lambda row: _("第 %(n)s 版") % {"n": row.number},
            lambda row: reverse("sales:revision", args=[row.id]),
        ),
    )
    name(
        "promise",
        gettext_lazy("销售承诺"),
        of_rows(SalesPromise, lambda row: row.what, lambda row: reverse("sales:promise", args=[row.id])),
    )
    name(
        "lead",
        gettext_lazy("线索"),
        of_rows(
            Lead,
            lambda row: f"{row.get_kind_display()} {row.proposed_at:%Y-%m-%d}",
            lambda row: reverse("sales:lead", args=[row.id]),
        ),
    )
