"""Routes of trainings."""

from django.urls import path

from cheban.org.training import views

app_name = "trainings"
urlpatterns = [
    path("", views.mine, name="mine"),
    path("all/", views.trainings, name="list"),
    path("add/", views.add, name="add"),
    path("<int:training_id>/", views.training, name="training"),
    path("<int:training_id>/read/", views.read, name="read"),
    path("<int:training_id>/confirm/", views.confirm, name="confirm"),
    path("<int:training_id>/material/", views.rewrite, name="rewrite"),
    path("<int:training_id>/invite/", views.invite, name="invite"),
    path("<int:training_id>/attended/", views.attended, name="attended"),
    path("<int:training_id>/end/", views.end, name="end"),
]
