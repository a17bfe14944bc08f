"""Names of customers, vehicles and imports on the audit page: masked, and the way to the record. R019."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cheban.core.privacy import mask_name, mask_plate
from cheban.core.subjects import Named, name, of_rows
from cheban.customers.models import Customer, ImportBatch, Vehicle
from cheban.customers.privacy_desk import retention


def _plate(row: Vehicle) -> str:
    return mask_plate(row.plate_number) or row.series or _("车辆")


def offer() -> None:
    """Register (called when the app is ready)."""
    name(
        "customer",
        gettext_lazy("客户档案"),
        of_rows(
            Customer,
            lambda row: mask_name(row.name) or _("已删除的客户"),
            lambda row: reverse("customers:customer", args=[row.id]),
        ),
    )
    name(
        "vehicle",
        gettext_lazy("车辆"),
        of_rows(
            Vehicle, _plate, lambda row: reverse("customers:customer", args=[row.owner_id]) if row.owner_id else ""
        ),
    )
    name(
        "import",
        gettext_lazy("导入"),
        of_rows(ImportBatch, lambda row: row.file_name, lambda row: reverse("customers:import", args=[row.id])),
    )
    name(
        "retention",
        gettext_lazy("保存期限"),
        lambda codes: {
            code: Named(str(retention.BY_CODE[code].title), reverse("customers:retention"))
            for code in codes
            if code in retention.BY_CODE
        },
    )
