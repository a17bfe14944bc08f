"""The customers room."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """See cheban/customers."""

    name = "cheban.customers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cheban.core import slots
        from cheban.customers import bulk, events, facts, lists, queries, reactions  # noqa: F401

        facts.offer()
        slots.provide("contact.cards", queries.cards)
        slots.provide("contact.detail", queries.contact_detail)
