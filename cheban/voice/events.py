"""What the voice room tells."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

declare(
    "interest.heard",
    _("听出客户的意向"),
    kind="additional_purchase, trade_in or referral",
    passage_id="the passage it was heard in",
    source="name of the event the words came with",
    words="list of the words that show it, as they stand in the text",
    text="the sentence, at most 200 characters",
)
_ALERT = {"alert_id": "red alert", "complaint_id": "complaint"}
declare("alert.raised", _("红色预警"), level="red", words="the words that alarm", **_ALERT)
declare("alert.joined", _("预警后又说到"), words="the words that alarm", **_ALERT)
declare(
    "alert.acknowledged",
    _("已接收红色预警"),
    minutes_count="minutes from the words being heard",
    kept="whether within 15 minutes",
    **_ALERT,
)
declare("alert.ended", _("红色预警结束"), **_ALERT)
_COMPLAINT = {"complaint_id": "complaint"}
declare(
    "complaint.filed",
    _("投诉已登记"),
    kind="kind",
    level="normal, amber or red",
    channel="channel",
    owner_id="who speaks to the customer",
    **_COMPLAINT,
)
declare("complaint.raised", _("投诉升为红色"), level="red", **_COMPLAINT)
declare("complaint.matched", _("认出投诉的客户"), **_COMPLAINT)
declare("complaint.dismissed", _("投诉不受理"), why="reason in words", **_COMPLAINT)
declare(
    "complaint.answered",
    _("首次答复客户"),
    hours_count="hours from filing",
    kept="whether within 24 hours",
    **_COMPLAINT,
)
_FINDING = {"finding_id": "finding", "kind": "sales, service or quality"} | _COMPLAINT
declare("finding.asked", _("请一方查证"), **_FINDING)
declare("finding.recorded", _("查证完成"), is_ours_percent="100 when the fault is this side's, 0 when not", **_FINDING)
_SOLUTION = {"solution_id": "round of the solution"} | _COMPLAINT
declare("solution.asked", _("约定联合方案"), **_SOLUTION)
declare(
    "solution.proposed",
    _("方案待批准"),
    role="role whose approval it waits for",
    compensation_fen="compensation, fen",
    **_SOLUTION,
)
declare("solution.refused", _("方案未批准"), why="reason in words", **_SOLUTION)
declare(
    "solution.agreed",
    _("联合方案定下"),
    hours_count="hours from filing, or from the customer's objection",
    kept="whether within 24 hours",
    compensation_fen="compensation, fen",
    **_SOLUTION,
)
declare("complaint.carried_out", _("方案已执行"), **_SOLUTION)
declare("complaint.confirmed", _("客户确认解决"), **_SOLUTION)
declare("complaint.reopened", _("客户不同意，重开"), **_SOLUTION)
declare(
    "complaint.closed",
    _("投诉结案"),
    cause_code="root cause",
    hours_count="hours from filing",
    **_COMPLAINT,
)
declare("complaint.checked", _("30 天后复查"), kept="whether it stayed away", **_COMPLAINT)
declare(
    "goodwill.changed",
    _("调整投诉补偿额度"),
    role="role",
    before_fen="limit before, fen",
    limit_fen="limit from now on, fen",
)
