"""Routes of settings that belong to the org room."""

from django.urls import path

from cheban.org import views

app_name = "org"
urlpatterns = [
    path("staff/", views.staff, name="staff"),
    path("staff/add/", views.add_staff, name="add_staff"),
    path("staff/<int:staff_id>/roles/", views.set_roles, name="set_roles"),
    path("staff/<int:staff_id>/active/", views.set_active, name="set_active"),
    path("staff/<int:staff_id>/password/", views.reset_password, name="reset_password"),
    path("security/", views.security, name="security"),
    path("permissions/", views.permissions, name="permissions"),
    path("calendar/", views.calendar, name="calendar"),
    path("calendar/day/", views.set_day, name="set_day"),
    path("calendar/week/", views.set_week, name="set_week"),
    path("calendar/seed/", views.seed_year, name="seed_year"),
    path("absences/", views.absences, name="absences"),
    path("absences/enter/", views.enter_absence, name="enter_absence"),
    path("absences/<int:absence_id>/cancel/", views.cancel_absence, name="cancel_absence"),
    path("audit/", views.audit, name="audit"),
]
