"""Where providers report what became of messages."""

from django.urls import path

from cheban.messaging import account_views as views

app_name = "receipts"
urlpatterns = [path("<str:token>/", views.take_receipts, name="take")]
