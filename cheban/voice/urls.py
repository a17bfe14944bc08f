"""Routes of the voice room, below /voice/."""

from django.urls import include, path

app_name = "voice"
urlpatterns = [path("", include("cheban.voice.complaints.urls"))]
