"""Routes of the voice room, below /voice/: each sub-room its own."""

from django.urls import include, path

urlpatterns = [
    path("", include(("cheban.voice.complaints.urls", "voice"))),
    path("conversations/", include("cheban.voice.conversations.urls")),
    path("surveys/", include("cheban.voice.surveys.urls")),
]
