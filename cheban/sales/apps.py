"""The sales room."""

from django.apps import AppConfig


class SalesConfig(AppConfig):
    """See cheban/sales."""

    name = "cheban.sales"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from cheban.core import live, said, slots
        from cheban.core.links import Link, link
        from cheban.sales import audited, events, facts, holdings, lists, queries, undoing  # noqa: F401

        facts.offer()
        holdings.offer()
        audited.offer()
        undoing.offer()
        link(
            Link("sales_vehicledelivery", "customer_id", _("交车"), vehicle="vehicle_id", added="created_at"),
            Link("sales_salespromise", "customer_id", _("销售承诺"), vehicle="vehicle_id", added="promised_at"),
        )
        said.offer("feedback.recorded", queries.words_of)
        live.topic("delivery", queries.may_hear)
        slots.provide("customer.promises", queries.promises_of)
        slots.provide("customer.sales", queries.sales_of)
