"""The workshop room."""

from django.apps import AppConfig


class WorkshopConfig(AppConfig):
    """See cheban/workshop."""

    name = "cheban.workshop"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cheban.workshop import events  # noqa: F401
