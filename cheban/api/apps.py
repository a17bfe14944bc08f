"""Interfaces for programs: REST, tokens, webhooks."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """See cheban/api."""

    name = "cheban.api"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.urls import reverse, reverse_lazy
        from django.utils.translation import gettext_lazy as _

        from cheban.api import events  # noqa: F401
        from cheban.api.models import ApiToken, WebhookEndpoint
        from cheban.core import personal, sealed
        from cheban.core.subjects import name, of_rows

        tokens = reverse_lazy("api:tokens")
        name("token", _("接口令牌"), of_rows(ApiToken, lambda row: row.name, lambda row: str(tokens), key="prefix"))
        name(
            "webhook",
            _("事件推送"),
            of_rows(WebhookEndpoint, lambda row: row.name, lambda row: reverse("api:webhook", args=[row.id])),
        )

        sealed.declare("api_keptanswer", "body_sealed", "api_keptanswer.body")
        sealed.declare("api_webhookendpoint", "secret_sealed", "api_webhookendpoint.secret")
        personal.no_person("api_keptanswer", "sealed answers to programs, deleted after 48 hours")
        personal.no_person("api_webhookendpoint", "secrets of receivers")
        personal.no_person("api_webhookdelivery", "ids of events; what is sent holds no personal data (decision 0008)")
