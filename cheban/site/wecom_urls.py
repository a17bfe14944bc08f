"""Routes of the button on a WeCom card."""

from django.urls import path

from cheban.site import wecom

app_name = "wecom"
urlpatterns = [
    path("<uuid:account_id>/go/", wecom.go, name="go"),
    path("<uuid:account_id>/back/", wecom.back, name="back"),
]
