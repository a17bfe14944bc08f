"""The customers room."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """See cheban/customers."""

    name = "cheban.customers"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cheban.customers import events  # noqa: F401
