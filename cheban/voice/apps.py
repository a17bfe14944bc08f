"""The voice room."""

from django.apps import AppConfig


class VoiceConfig(AppConfig):
    """See cheban/voice."""

    name = "cheban.voice"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cheban.voice import events  # noqa: F401
