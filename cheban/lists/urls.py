"""Routes of the list machine."""

from django.urls import path

from cheban.lists import views

app_name = "lists"
urlpatterns = [
    path("<slug:code>/views/", views.save_view, name="save_view"),
    path("views/<int:view_id>/", views.change_view, name="change_view"),
    path("views/<int:view_id>/delete/", views.delete_view, name="delete_view"),
    path("<slug:code>/columns/", views.arrange, name="arrange"),
    path("<slug:code>/cell/<slug:column>/<str:row_id>/", views.cell, name="cell"),
    path("undo/<uuid:deed_id>/", views.undo, name="undo"),
]
