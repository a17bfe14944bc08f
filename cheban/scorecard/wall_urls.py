"""The health board's route for televisions, beside the wall board's (`cheban.playbook.wall_urls`)."""

from django.urls import path

from cheban.scorecard import views

app_name = "health_wall"
urlpatterns = [path("show/<str:token>/health/", views.television, name="show")]
