"""The customers room."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """See cheban/customers."""

    name = "cheban.customers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cheban.core import slots
        from cheban.customers import events, facts, queries, reactions  # noqa: F401
        from cheban.customers.duplicates import linked

        facts.offer()
        linked.offer()
        slots.provide("contact.cards", queries.cards)
        slots.provide("contact.detail", queries.contact_detail)
