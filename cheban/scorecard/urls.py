"""Routes of the scorecard."""

from django.urls import path

from cheban.scorecard import views
from cheban.scorecard.career import views as career
from cheban.scorecard.improvement import views as improvement
from cheban.scorecard.incentives import urls as incentives

app_name = "scorecard"
urlpatterns = [
    *incentives.urlpatterns,
    path("kept/", views.kept, name="kept"),
    path("health/", views.board, name="health"),
    path("health/wall/", views.board_wall, name="health_wall"),
    path("health/records/", views.records, name="records"),
    path("health/tasks/<slug:metric>/", views.tasks, name="tasks"),
    path("health/targets/<slug:metric>/", views.metric_targets, name="targets"),
    path("health/targets/<slug:metric>/change/", views.change_target, name="change_target"),
    path("health/withdraw/<int:target_id>/", views.withdraw_target, name="withdraw_target"),
    path("mine/", views.mine, name="mine"),
    path("career/", career.career, name="career"),
    path("career/<int:staff_id>/grade/", career.grade, name="grade"),
    path("career/ladder/", career.change_ladder, name="change_ladder"),
    path("improvements/", improvement.case_list, name="cases"),
    path("improvements/<uuid:case_id>/", improvement.case, name="case"),
    path("improvements/<uuid:case_id>/<slug:deed>/", improvement.case_deed, name="case_deed"),
    path("actions/", improvement.action_list, name="actions"),
    path("actions/<uuid:action_id>/", improvement.action, name="action"),
    path("actions/<uuid:action_id>/<slug:deed>/", improvement.action_deed, name="action_deed"),
    path("forces/new/", improvement.new_force, name="new_force"),
    path("forces/<uuid:force_id>/", improvement.force, name="force"),
    path("forces/<uuid:force_id>/<slug:deed>/", improvement.force_deed, name="force_deed"),
    path("weekly/", improvement.weekly, name="weekly"),
    path("weekly/<slug:deed>/", improvement.weekly_deed, name="weekly_deed"),
    path("monthly/", improvement.monthly, name="monthly"),
    path("practices/", improvement.practice_list, name="practices"),
    path("practices/new/", improvement.new_practice, name="new_practice"),
    path("practices/<uuid:practice_id>/", improvement.practice, name="practice"),
    path("practices/<uuid:practice_id>/<slug:deed>/", improvement.practice_deed, name="practice_deed"),
]
