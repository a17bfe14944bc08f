"""Routes of the owners' pages, below /k/."""

from django.urls import path

from cheban.voice.complaints import owner_views as views

app_name = "owner"
urlpatterns = [
    path("<str:token>/", views.show, name="show"),
    path("<str:token>/file/", views.file, name="file"),
    path("<str:token>/answer/", views.answer, name="answer"),
]
