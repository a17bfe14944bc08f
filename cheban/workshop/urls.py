"""Routes of the workshop room, below /workshop/."""

from django.urls import path

from cheban.workshop.arrivals import views

app_name = "workshop"
urlpatterns = [
    path("arrivals/", views.arrivals, name="arrivals"),
    path("arrivals/note/", views.note, name="note_arrival"),
    path("arrivals/<uuid:arrival_id>/", views.arrival, name="arrival"),
    path("arrivals/<uuid:arrival_id>/greet/", views.greet, name="greet"),
]
