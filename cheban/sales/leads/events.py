"""What leads tell. Hours are whole hours, money is whole fen, people are org.Staff ids."""

from django.utils.translation import gettext_lazy as _

from cheban.core.events import declare

_LEAD = {"lead_id": "lead"}
_KIND = {"kind": "additional_purchase, trade_in or referral"}
_TURN = {"turn_id": "turn with the lead"}
_SOURCE = {"source": "service, or crm for a lead of the sales system"}
declare("lead.proposed", _("听出一条线索"), **_LEAD, **_KIND)
declare("lead.heard_again", _("又提到同一意向"), **_LEAD, **_KIND)
declare("lead.dismissed", _("不是线索"), reason_code="code of states.NO_LEAD", **_LEAD, **_KIND)
declare("lead.pushed", _("线索推送给销售"), grade="a or b", to="consultant", **_LEAD, **_KIND, **_TURN, **_SOURCE)
declare(
    "lead.answered",
    _("线索回访并反馈"),
    hours_count="hours since it was given to them",
    kept="whether within the rule's time",
    **_LEAD,
    **_TURN,
)
declare("lead.followed_up", _("线索再次联系"), stage="stage now", **_LEAD)
declare(
    "lead.passed_on",
    _("线索转给下一位"),
    to="who has it now",
    state="why: lapsed, left or given",
    **{"from": "who had it"},
    **_LEAD,
    **_TURN,
)
declare("lead.turn_ended", _("线索换人跟进"), state="how the turn ended: lapsed, left, given, closed", **_LEAD, **_TURN)
declare("lead.advanced", _("线索有进展"), stage="stage now", **_LEAD)
declare(
    "lead.won",
    _("线索成交"),
    amount_fen="price of the deal, fen",
    hours_count="hours since the push: the cycle",
    owner_id="the consultant who had it",
    service_staff_id="who found it",
    service_share_percent="share of the reward that is service's; the rest is sales'",
    **_LEAD,
    **_KIND,
    **_SOURCE,
)
declare(
    "lead.lost",
    _("线索未成交"),
    reason_code="code of states.LOST",
    hours_count="hours since the push",
    owner_id="the consultant who had it",
    **_LEAD,
    **_KIND,
    **_SOURCE,
)
declare("lead.joined", _("线索并入另一条"), into_id="lead that goes on", **_LEAD, **_KIND)
declare("lead.grown", _("并入了另一条线索"), other_id="lead that came to an end", **_LEAD)
declare("lead.kept_beside", _("确认是两条线索"), other_id="the other lead", **_LEAD)
