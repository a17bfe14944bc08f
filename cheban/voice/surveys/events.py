"""What surveys tell."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

_SURVEY = {"survey_id": "survey", "kind": "delivery or repair_order"}
_POINTS = {
    "sales_points_count": "points for what sales said, 0-100",
    "service_points_count": "points for service, 0-100",
    "joint_points_count": "their mean, 0-100",
    "low": "whether one of them is below the bound of the handbook",
    "sales_staff_id": "whose customer it is, sales",
    "service_staff_id": "whose customer it is, service",
}
declare("survey.invited", _("邀请客户评价"), **_SURVEY)
declare("survey.answered", _("客户评价"), **_SURVEY, **_POINTS)
declare("survey.changed", _("客户改了评价"), **_SURVEY, **_POINTS)
declare("survey.low", _("客户评价偏低"), survey_id="survey; told once, whenever it is low for the first time")
