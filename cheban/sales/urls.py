"""Routes of the sales room, below /sales/."""

from django.urls import path

from cheban.sales import views
from cheban.sales.leads import views as leads
from cheban.sales.promises import views as promises

app_name = "sales"
urlpatterns = [
    path("deliveries/", views.deliveries, name="deliveries"),
    path("deliveries/new/", views.new_delivery, name="new_delivery"),
    path("deliveries/<uuid:delivery_id>/", views.delivery, name="delivery"),
    path("deliveries/<uuid:delivery_id>/move/", views.move, name="move"),
    path("deliveries/<uuid:delivery_id>/cancel/", views.cancel, name="cancel"),
    path("deliveries/<uuid:delivery_id>/tick/<slug:point>/", views.tick, name="tick"),
    path("deliveries/<uuid:delivery_id>/complete/", views.complete, name="complete"),
    path("deliveries/<uuid:delivery_id>/sheet/", views.fill_in, name="fill_in"),
    path("deliveries/<uuid:delivery_id>/feedback/", views.record_feedback, name="record_feedback"),
    path("handover/<uuid:revision_id>/", views.revision, name="revision"),
    path("handover/<uuid:revision_id>/answer/", views.answer, name="answer"),
    path("feedback/<uuid:feedback_id>/", views.feedback, name="feedback"),
    path("feedback/<uuid:feedback_id>/read/", views.read_feedback, name="read_feedback"),
    path("promises/", promises.promises, name="promises"),
    path("promises/new/", promises.new_promise, name="new_promise"),
    path("promises/proofs/<uuid:proof_id>/", promises.proof, name="proof"),
    path("promises/proofs/<uuid:proof_id>/remove/", promises.remove_proof, name="remove_proof"),
    path("promises/<uuid:promise_id>/proofs/", promises.add_proofs, name="add_proofs"),
    path("promises/<uuid:promise_id>/", promises.promise, name="promise"),
    path("promises/<uuid:promise_id>/<slug:deed>/", promises.settle_promise, name="settle_promise"),
    path("leads/", leads.leads, name="leads"),
    path("leads/new/", leads.new_lead, name="new_lead"),
    path("leads/turn/<uuid:turn_id>/", leads.lead_turn, name="lead_turn"),
    path("leads/<uuid:lead_id>/", leads.lead, name="lead"),
    path("leads/<uuid:lead_id>/push/", leads.push, name="push_lead"),
    path("leads/<uuid:lead_id>/dismiss/", leads.dismiss, name="dismiss_lead"),
    path("leads/<uuid:lead_id>/answer/", leads.answer, name="answer_lead"),
    path("leads/<uuid:lead_id>/win/", leads.win, name="win_lead"),
    path("leads/<uuid:lead_id>/lose/", leads.lose, name="lose_lead"),
    path("leads/<uuid:lead_id>/give/", leads.give, name="give_lead"),
    path("leads/<uuid:lead_id>/join/", leads.join, name="join_lead"),
]
