"""The handbook room."""

from django.apps import AppConfig


class HandbookConfig(AppConfig):
    """See cheban/handbook."""

    name = "cheban.handbook"
    default_auto_field = "django.db.models.BigAutoField"
