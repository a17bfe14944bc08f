"""Routes of exports."""

from django.urls import path

from cheban.lists.exporting import views

app_name = "exports"
urlpatterns = [
    path("", views.exports, name="list"),
    path("new/<slug:code>/", views.ask, name="ask"),
    path("<uuid:export_id>/file/", views.download, name="download"),
    path("<uuid:export_id>/cancel/", views.cancel, name="cancel"),
]
