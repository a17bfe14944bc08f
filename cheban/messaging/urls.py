"""Routes of notices and the outbox."""

from django.urls import path

from cheban.messaging import views

app_name = "messaging"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("read/", views.read_all, name="read_all"),
    path("<uuid:item_id>/open/", views.open_notice, name="open_notice"),
    path("outbox/", views.outbox, name="outbox"),
    path("outbox/<uuid:message_id>/", views.message, name="message"),
    path("outbox/<uuid:message_id>/resend/", views.resend, name="resend"),
]
