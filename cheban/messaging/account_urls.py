"""Routes of accounts at providers, below /settings/."""

from django.urls import path

from cheban.messaging import account_views as views

app_name = "channels"
urlpatterns = [
    path("channels/", views.account_list, name="list"),
    path("channels/new/<str:provider>/", views.new_account, name="new"),
    path("channels/<uuid:account_id>/", views.account, name="account"),
    path("channels/<uuid:account_id>/switch/", views.switch_account, name="switch"),
    path("channels/<uuid:account_id>/remove/", views.remove_account, name="remove"),
    path("channels/<uuid:account_id>/test/", views.test_account, name="test"),
    path("channels/<uuid:account_id>/members/", views.set_members, name="set_members"),
]
