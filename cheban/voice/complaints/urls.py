"""Routes of alerts and complaints, below /voice/."""

from django.urls import path

from cheban.voice.complaints import views

urlpatterns = [
    path("complaints/", views.complaints, name="complaints"),
    path("complaints/new/", views.new_complaint, name="new_complaint"),
    path("complaints/causes/", views.causes, name="causes"),
    path("complaints/limits/", views.goodwill, name="goodwill"),
    path("complaints/codes/", views.codes, name="codes"),
    path("complaints/codes/make/", views.make_code, name="make_code"),
    path("complaints/codes/<uuid:owner_link_id>/", views.code, name="code"),
    path("complaints/codes/<uuid:owner_link_id>/revoke/", views.revoke_code, name="revoke_code"),
    path("complaints/invite/<uuid:customer_id>/", views.invite, name="invite"),
    path("complaints/<uuid:complaint_id>/", views.complaint, name="complaint"),
    path("complaints/<uuid:complaint_id>/phone/", views.reveal_claim, name="reveal_claim"),
    path("complaints/<uuid:complaint_id>/link/", views.link, name="link"),
    path("complaints/<uuid:complaint_id>/do/<slug:deed>/", views.do, name="do"),
    path("alerts/banner/", views.banner, name="banner"),
    path("alerts/<uuid:alert_id>/", views.alert, name="alert"),
    path("alerts/<uuid:alert_id>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("findings/<uuid:finding_id>/", views.finding, name="finding"),
    path("solutions/<uuid:solution_id>/", views.solution, name="solution"),
]
