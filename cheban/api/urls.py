"""Pages about interfaces, below /settings/."""

from django.urls import path

from cheban.api import views

app_name = "api"
urlpatterns = [
    path("tokens/", views.token_list, name="tokens"),
    path("tokens/make/", views.make_token, name="make_token"),
    path("tokens/<uuid:token_id>/revoke/", views.revoke_token, name="revoke_token"),
    path("webhooks/", views.webhook_list, name="webhooks"),
    path("webhooks/make/", views.make_webhook, name="make_webhook"),
    path("webhooks/<uuid:endpoint_id>/", views.webhook, name="webhook"),
    path("webhooks/<uuid:endpoint_id>/change/", views.change_webhook, name="change_webhook"),
    path("webhooks/<uuid:endpoint_id>/secret/", views.renew_webhook_secret, name="renew_webhook_secret"),
    path("webhooks/<uuid:endpoint_id>/switch/", views.switch_webhook, name="switch_webhook"),
    path("webhooks/<uuid:endpoint_id>/remove/", views.remove_webhook, name="remove_webhook"),
    path("webhooks/<uuid:endpoint_id>/test/", views.test_webhook, name="test_webhook"),
    path(
        "webhooks/<uuid:endpoint_id>/deliveries/<uuid:delivery_id>/again/", views.resend_webhook, name="resend_webhook"
    ),
]
