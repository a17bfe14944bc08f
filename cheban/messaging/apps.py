"""The messaging room: outbox, templates, the one gate, channels."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """See cheban/messaging."""

    name = "cheban.messaging"
    default_auto_field = "django.db.models.BigAutoField"
