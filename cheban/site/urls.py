"""All routes. Each belongs to a room; the role matrix test walks this list."""

from allauth.account import views as account
from django.urls import include, path

from cheban.api import v1
from cheban.site import views
from cheban.site.sso import door as sso
from cheban.site.streams import tickets

handler404 = "cheban.site.errors.not_found"
handler500 = "cheban.site.errors.failed"

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="vitals"),
    path("language/", views.language, name="language"),
    path("store/", views.choose_store, name="choose_store"),
    path("theme/", views.theme, name="theme"),
    path("live/ticket/", tickets.ticket, name="live_ticket"),
    path("search/", views.search, name="search"),
    path("account/login/", account.login, name="account_login"),
    path("account/login/sso/", sso.begin, name="sso_begin"),
    path("account/login/sso/back/", sso.back, name="sso_back"),
    path("account/logout/", account.logout, name="account_logout"),
    path("account/password/", account.password_change, name="account_change_password"),
    path("account/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("account/sessions/", include("allauth.usersessions.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("my-day/", include("cheban.playbook.urls")),
    path("wall/", include("cheban.playbook.wall_urls")),
    path("wall/", include("cheban.scorecard.wall_urls")),
    path("customers/", include("cheban.customers.urls")),
    path("inbox/", include("cheban.messaging.urls")),
    path("settings/", include("cheban.messaging.account_urls")),
    path("receipts/", include("cheban.messaging.receipt_urls")),
    path("wecom/", include("cheban.site.wecom_urls")),
    path("workshop/", include("cheban.workshop.urls")),
    path("sales/", include("cheban.sales.urls")),
    path("voice/", include("cheban.voice.urls")),
    path("c/", include("cheban.voice.conversations.owner_urls")),
    path("s/", include("cheban.voice.surveys.owner_urls")),
    path("k/", include("cheban.voice.complaints.owner_urls")),
    path("exports/", include("cheban.lists.exporting.urls")),
    path("lists/", include("cheban.lists.urls")),
    path("settings/", include("cheban.org.urls")),
    path("trainings/", include("cheban.org.training.urls")),
    path("metrics/", include("cheban.scorecard.urls")),
    path("settings/", include("cheban.api.urls")),
    path("api/v1/", include((v1.urls(), "rest"))),
]
