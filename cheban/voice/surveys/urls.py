"""Routes of surveys for colleagues, below /voice/surveys/."""

from django.urls import path

from cheban.voice.surveys import views

app_name = "surveys"
urlpatterns = [
    path("", views.surveys, name="list"),
    path("<uuid:survey_id>/", views.survey, name="survey"),
]
