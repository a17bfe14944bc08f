"""The workshop room."""

from django.apps import AppConfig


class WorkshopConfig(AppConfig):
    """See cheban/workshop."""

    name = "cheban.workshop"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from cheban.core import live, said, slots
        from cheban.core.links import Link, link
        from cheban.customers.importing import kinds, undo
        from cheban.workshop import events, facts, holdings, importing, queries, undoing  # noqa: F401
        from cheban.workshop.arrivals import kinds as _notices  # noqa: F401
        from cheban.workshop.arrivals import queries as arrivals
        from cheban.workshop.arrivals import reactions  # noqa: F401

        facts.offer()
        holdings.offer()
        said.offer("customer.greeted", arrivals.words_of)
        live.topic("arrivals", arrivals.may_hear)
        said.offer("repair_order.concern_told", lambda event: str(event.facts.get("text", "")))
        slots.provide("customer.likes", queries.likes, rows="workshop_repairorder WHERE customer_id = %s")
        link(
            Link("workshop_repairorder", "customer_id", _("维修工单"), vehicle="vehicle_id", added="created_at"),
            Link("workshop_arrival", "customer_id", _("到店"), vehicle="vehicle_id", added="arrived_at"),
        )
        undo.follow(undo.Follower(undoing.take_back, undoing.recount, undoing.HANGS_ON))

        kinds.register(
            "repair_orders",
            kinds.Writer(
                _("维修工单"),
                importing.prepare_orders,
                importing.write_orders,
                importing.count_orders,
                importing.finish_orders,
            ),
        )
