"""Routes of incentives, in the scorecard's namespace."""

from django.urls import path

from cheban.scorecard.incentives import views

urlpatterns = [
    path("incentives/", views.statement_list, name="statements"),
    path("incentives/refresh/", views.refresh, name="refresh_statements"),
    path("incentives/approve/", views.approve, name="approve_statements"),
    path("incentives/book/", views.workbook, name="statement_book"),
    path("incentives/mine/", views.mine, name="my_statements"),
    path("incentives/scheme/", views.scheme, name="scheme"),
    path("incentives/scheme/change/", views.change_scheme, name="change_scheme"),
    path("incentives/months/<uuid:paymonth_id>/", views.paymonth, name="paymonth"),
    path("incentives/<uuid:statement_id>/", views.statement, name="statement"),
    path("incentives/<uuid:statement_id>/base/", views.set_base, name="statement_base"),
    path("incentives/<uuid:statement_id>/approve/", views.approve_one, name="approve_statement"),
    path("incentives/<uuid:statement_id>/records/<slug:code>/", views.records, name="statement_records"),
]
