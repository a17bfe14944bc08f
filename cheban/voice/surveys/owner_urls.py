"""Route of a customer's survey, below /s/: short, for a text message."""

from django.urls import path

from cheban.voice.surveys import views

app_name = "survey"
urlpatterns = [path("<str:token>/", views.owner, name="page")]
