"""The list machine: what every list can do."""

from django.apps import AppConfig


class ListsConfig(AppConfig):
    """See cheban/lists."""

    name = "cheban.lists"
    default_auto_field = "django.db.models.BigAutoField"
