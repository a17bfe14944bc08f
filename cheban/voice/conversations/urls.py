"""Routes of conversations for colleagues, below /voice/conversations/."""

from django.urls import path

from cheban.voice.conversations import views

app_name = "conversations"
urlpatterns = [
    path("", views.conversations, name="list"),
    path("open/", views.open_conversation, name="open"),
    path("<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("<uuid:conversation_id>/answer/", views.answer, name="answer"),
    path("<uuid:conversation_id>/renew/", views.renew, name="renew"),
    path("question/<uuid:question_id>/", views.question, name="question"),
]
