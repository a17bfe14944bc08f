"""Interfaces for programs: REST, tokens, webhooks."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """See cheban/api."""

    name = "cheban.api"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cheban.api import events  # noqa: F401
        from cheban.core import personal, sealed

        sealed.declare("api_keptanswer", "body_sealed", "api_keptanswer.body")
        sealed.declare("api_webhookendpoint", "secret_sealed", "api_webhookendpoint.secret")
        personal.no_person("api_keptanswer", "sealed answers to programs, deleted after 48 hours")
        personal.no_person("api_webhookendpoint", "secrets of receivers")
        personal.no_person("api_webhookdelivery", "ids of events; what is sent holds no personal data (decision 0008)")
