"""Routes of the scorecard."""

from django.urls import path

from cheban.scorecard import views

app_name = "scorecard"
urlpatterns = [path("kept/", views.kept, name="kept")]
