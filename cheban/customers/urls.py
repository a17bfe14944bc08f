"""Routes of customers and imports."""

from django.urls import path

from cheban.customers import views
from cheban.customers.duplicates import views as duplicates
from cheban.customers.fields import views as fields
from cheban.customers.importing import views as importing
from cheban.customers.privacy_desk import views as privacy

app_name = "customers"
urlpatterns = [
    path("", views.customer_list, name="list"),
    path("new/", views.new_customer, name="new"),
    path("<uuid:customer_id>/", views.customer, name="customer"),
    path("<uuid:customer_id>/timeline/", views.timeline, name="timeline"),
    path("<uuid:customer_id>/edit/", views.edit_customer, name="edit"),
    path("<uuid:customer_id>/note/", views.add_note, name="note"),
    path("<uuid:customer_id>/consent/", views.consent, name="consent"),
    path("vehicles/<uuid:vehicle_id>/odometer/", views.odometer, name="odometer"),
    path("vehicles/<uuid:vehicle_id>/custom/", views.vehicle_custom, name="vehicle_custom"),
    path("fields/", fields.fields, name="fields"),
    path("fields/new/", fields.new, name="field_new"),
    path("fields/<int:field_id>/", fields.change, name="field"),
    path("fields/<int:field_id>/archive/", fields.archive, name="field_archive"),
    path("fields/<int:field_id>/restore/", fields.restore, name="field_restore"),
    path("fields/<int:field_id>/move/", fields.move, name="field_move"),
    path("reveal/<slug:what>/<uuid:row_id>/", views.reveal, name="reveal"),
    path("known/", duplicates.known, name="known"),
    path("duplicates/", duplicates.duplicates, name="duplicates"),
    path("duplicates/<uuid:customer_id>/<uuid:other_id>/", duplicates.compare, name="compare"),
    path("duplicates/<uuid:customer_id>/<uuid:other_id>/apart/", duplicates.keep_apart, name="keep_apart"),
    path("merges/<int:merge_id>/undo/", duplicates.undo, name="unmerge"),
    path("files/", views.files, name="files"),
    path("<uuid:customer_id>/reviewed/", views.reviewed, name="reviewed"),
    path("privacy/", privacy.requests, name="privacy"),
    path("privacy/retention/", privacy.kept, name="retention"),
    path("privacy/retention/keep/", privacy.keep, name="retention_keep"),
    path("<uuid:customer_id>/privacy/", privacy.take, name="privacy_take"),
    path("<uuid:customer_id>/consents/", privacy.consents, name="consents"),
    path("privacy/<uuid:request_id>/", privacy.one, name="privacy_request"),
    path("privacy/<uuid:request_id>/answer/", privacy.answer, name="privacy_answer"),
    path("privacy/<uuid:request_id>/copy.<slug:form>", privacy.copy, name="privacy_copy"),
    path("privacy/<uuid:request_id>/withdraw/", privacy.withdraw, name="privacy_withdraw"),
    path("privacy/<uuid:request_id>/erase/", privacy.erase, name="privacy_erase"),
    path("bulk/", views.bulk, name="bulk"),
    path("imports/", importing.imports, name="imports"),
    path("imports/upload/", importing.upload, name="import_upload"),
    path("imports/template/<slug:kind>.xlsx", importing.template, name="import_template"),
    path("imports/<uuid:batch_id>/", importing.batch, name="import"),
    path("imports/<uuid:batch_id>/progress/", importing.progress, name="import_progress"),
    path("imports/<uuid:batch_id>/mapping/", importing.mapping, name="import_mapping"),
    path("imports/<uuid:batch_id>/write/", importing.write, name="import_write"),
    path("imports/<uuid:batch_id>/undo/", importing.undo, name="import_undo"),
    path("imports/<uuid:batch_id>/report.xlsx", importing.report, name="import_report"),
    path("imports/<uuid:batch_id>/rows/<uuid:row_id>/", importing.fix_row, name="import_fix"),
]
