"""The playbook room."""

from django.apps import AppConfig


class PlaybookConfig(AppConfig):
    """See cheban/playbook."""

    name = "cheban.playbook"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cheban.core import slots
        from cheban.playbook import events, queries, reactions  # noqa: F401

        slots.provide("contact.words", queries.contact_words)
        slots.provide("customer.tasks", queries.tasks_of_customer)
        slots.provide("customer.next_actions", queries.next_actions)
