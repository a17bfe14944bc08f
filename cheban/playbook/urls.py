"""Routes of the work list, the team board and the handbook."""

from django.urls import path

from cheban.playbook import views

app_name = "playbook"
urlpatterns = [
    path("", views.my_day, name="my_day"),
    path("new/", views.new_task, name="new_task"),
    path("new/create/", views.create_task, name="create_task"),
    path("contacts/<uuid:contact_id>/", views.contact, name="contact"),
    path("contacts/<uuid:contact_id>/outcome/", views.outcome, name="outcome"),
    path("outcomes/<int:event_id>/undo/", views.undo, name="undo"),
    path("contacts/<uuid:contact_id>/take/", views.take, name="take"),
    path("contacts/<uuid:contact_id>/snooze/", views.snooze, name="snooze"),
    path("contacts/<uuid:contact_id>/hand-over/", views.hand_over, name="hand_over"),
    path("contacts/<uuid:contact_id>/send-back/", views.send_back, name="send_back"),
    path("moves/<int:event_id>/undo/", views.put_back, name="put_back"),
    path("team/", views.team, name="team"),
    path("team/reassign/", views.reassign, name="reassign"),
    path("team/reassign/preview/", views.preview_reassign, name="preview_reassign"),
    path("team/reassign/<uuid:deed_id>/undo/", views.undo_reassign, name="undo_reassign"),
    path("weather/", views.weather, name="weather"),
    path("run/", views.run, name="run"),
    path("handbook/", views.handbook, name="handbook"),
    path("handbook/<slug:code>/", views.rule, name="rule"),
    path("handbook/<slug:code>/try/", views.try_rule, name="try_rule"),
    path("handbook/<slug:code>/change/", views.change_rule, name="change_rule"),
    path("handbook/<slug:code>/restore/", views.restore_rule, name="restore_rule"),
    path("handbook/<slug:code>/explain/", views.explain, name="explain"),
]
