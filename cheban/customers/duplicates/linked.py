"""Which columns of this room point at a customer. See core.links."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cheban.core.links import Link, link


def offer() -> None:
    """Declare them (called when the app is ready)."""
    link(
        Link("customers_vehicle", "owner_id", _("车辆")),
        Link("customers_vehicleownership", "customer_id"),
        Link("customers_contactpoint", "customer_id", _("联系方式"), unique=("value_blind",)),
        Link("customers_sealedvalue", "customer_id", _("加密的字段"), unique=("field_id",)),
        Link("customers_customervalue", "customer_id", id_type="bigint", stays="follows the file's extra by trigger"),
        Link("customers_consent", "customer_id", _("同意记录")),
        Link("customers_privacyrequest", "customer_id", unique=("kind",), removable="x.state = 'open'"),
        Link("customers_recentview", "customer_id", unique=("staff_id",), id_type="bigint"),
        Link("customers_customer", "referrer_id", only="x.id <> %(keep)s"),
        Link("core_event", "customer_id", stays="events never change; the timeline reads the absorbed files' ids too"),
    )
