"""Routes of the wall board."""

from django.urls import path

from cheban.playbook import wall_views as views

app_name = "wall"
urlpatterns = [
    path("", views.board, name="board"),
    path("links/", views.links, name="links"),
    path("links/make/", views.make_link, name="make_link"),
    path("links/<int:link_id>/revoke/", views.revoke_link, name="revoke_link"),
    path("show/<str:token>/", views.show, name="show"),
]
