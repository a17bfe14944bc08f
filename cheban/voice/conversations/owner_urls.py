"""Routes of an owner's conversation, below /c/: short, for a text message."""

from django.urls import path

from cheban.voice.conversations import views

app_name = "talk"
urlpatterns = [
    path("<str:token>/", views.talk, name="page"),
    path("<str:token>/say/", views.say, name="say"),
    path("<str:token>/ticket/", views.ticket, name="ticket"),
]
