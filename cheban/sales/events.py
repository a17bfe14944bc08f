"""What the sales room tells."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

_DELIVERY = {"delivery_id": "delivery"}
declare("delivery.planned", _("约好交车"), when="appointed moment, ISO", **_DELIVERY)
declare("delivery.moved", _("交车改期"), when="appointed moment, ISO", **_DELIVERY)
declare("delivery.cancelled", _("取消交车"), reason="why", **_DELIVERY)
declare(
    "delivery.completed",
    _("双专员交车"),
    points_count="points explained",
    service_specialist_id="staff id of who owes the first feedback",
    **_DELIVERY,
)
_SHEET = {"sheet_id": "handover sheet", "revision_id": "revision", "fields_count": "fields of the sheet"}
declare("handover.sent", _("发出交接表"), **_SHEET, **_DELIVERY)
declare("handover.corrected", _("改正交接表"), revision_id="revision that was sent back", sheet_id="handover sheet")
declare("handover.sent_back", _("退回交接表"), fields="fields marked wrong", **_SHEET)
declare(
    "handover.confirmed",
    _("1+1 确认交接表"),
    wrong_count="fields that were wrong in any revision",
    author_id="staff id of who sent it",
    hours_count="hours from delivery to confirmation",
    **_SHEET,
)
_PROMISE = {"promise_id": "promise", "kind": "kind of promise"}
declare("promise.made", _("销售承诺"), what="what was promised", due_on="by when", **_PROMISE)
declare("promise.kept", _("兑现承诺"), what="what was promised", how="how", **_PROMISE)
declare("promise.broken", _("未能兑现承诺"), what="what was promised", how="why not", **_PROMISE)
declare("promise.disputed", _("承诺有争议"), what="what was promised", claimed="what the customer says", **_PROMISE)
declare("promise.clarified", _("承诺争议已澄清"), what="what was promised", found="how it ended", **_PROMISE)
declare("promise.changed", _("更新承诺"), what="what was promised", due_on="by when", **_PROMISE)
declare("promise.proof_added", _("附上承诺的依据"), what="what was promised", files_count="how many files", **_PROMISE)
declare("promise.proof_removed", _("拿掉承诺的依据"), what="what was promised", why="why", **_PROMISE)
_FEEDBACK = {"feedback_id": "first feedback"}
declare("feedback.recorded", _("首次服务反馈"), questions="questions about use", **_FEEDBACK, **_DELIVERY)
declare("feedback.read", _("已读首次反馈"), **_FEEDBACK)
