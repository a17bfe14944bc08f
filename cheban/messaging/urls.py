"""Routes of notices and the outbox."""

from django.urls import path

from cheban.messaging import views

app_name = "messaging"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("read/", views.read_all, name="read_all"),
    path("mark/", views.mark, name="mark"),
    path("<uuid:item_id>/", views.notice, name="notice"),
    path("settings/", views.settings, name="settings"),
    path("settings/caps/", views.caps, name="caps"),
    path("settings/quiet/<int:store_id>/", views.quiet_hours, name="quiet_hours"),
    path("settings/wording/<str:kind_code>/", views.kind_wording, name="wording"),
    path("settings/wording/<str:kind_code>/look/", views.wording_look, name="wording_look"),
    path("outbox/", views.outbox, name="outbox"),
    path("outbox/resend/", views.resend_many, name="resend_many"),
    path("outbox/<uuid:message_id>/", views.message, name="message"),
    path("outbox/<uuid:message_id>/resend/", views.resend, name="resend"),
]
