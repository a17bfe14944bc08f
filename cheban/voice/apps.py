"""The voice room."""

from django.apps import AppConfig


class VoiceConfig(AppConfig):
    """See cheban/voice."""

    name = "cheban.voice"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cheban.voice import events  # noqa: F401
        from cheban.voice.conversations import offers as conversations
        from cheban.voice.surveys import offers as surveys

        conversations.offer()
        surveys.offer()
