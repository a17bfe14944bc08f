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
        from cheban.sales import audited, events, facts, holdings, lists, queries, undoing, words  # noqa: F401
        from cheban.sales.deliveries import reminding  # noqa: F401
        from cheban.sales.leads import events as _told  # noqa: F401
        from cheban.sales.leads import facts as lead_facts
        from cheban.sales.leads import hearing, turns  # noqa: F401
        from cheban.sales.leads import holdings as lead_holdings
        from cheban.sales.leads import lists as _lead_lists  # noqa: F401
        from cheban.sales.leads import queries as leads

        facts.offer()
        lead_facts.offer()
        lead_holdings.offer()
        holdings.offer()
        audited.offer()
        undoing.offer()
        link(
            Link("sales_vehicledelivery", "customer_id", _("交车"), vehicle="vehicle_id", added="created_at"),
            Link("sales_lead", "customer_id", _("线索"), vehicle="vehicle_id", added="proposed_at"),
            Link("sales_salespromise", "customer_id", _("销售承诺"), vehicle="vehicle_id", added="promised_at"),
        )
        said.offer("feedback.recorded", queries.words_of)
        live.topic("delivery", queries.may_hear)
        for noun in ("delivery", "handover", "promise", "feedback"):
            slots.provide(f"timeline.{noun}", words.timeline)
        live.topic("lead", leads.may_hear)
        slots.provide("customer.leads", leads.of_customer, rows="sales_lead WHERE customer_id = %s")
        slots.provide("timeline.lead", leads.event_words)
        slots.provide("customer.promises", queries.promises_of, rows="sales_salespromise WHERE customer_id = %s")
        slots.provide("customer.sales", queries.sales_of, rows="sales_vehicledelivery WHERE customer_id = %s")
