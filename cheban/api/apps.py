"""Interfaces for programs: REST, tokens, webhooks."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """See cheban/api."""

    name = "cheban.api"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cheban.api import events  # noqa: F401
        from cheban.core import sealed

        sealed.declare("api_keptanswer", "body_sealed", "api_keptanswer.body")
        sealed.declare("api_webhookendpoint", "secret_sealed", "api_webhookendpoint.secret")
