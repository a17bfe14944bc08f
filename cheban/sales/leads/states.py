"""The tables of a lead: how it moves, why it ends, where words were heard, how a reward is split. R104-R112, R160."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from cheban.sales.leads.models import FOLLOWED, Lead

State = Lead.State

STAGES = {
    State.PUSHED: (State.CONTACTED, State.TEST_DRIVE, State.APPRAISED, State.QUOTED),
    State.CONTACTED: (State.CONTACTED, State.TEST_DRIVE, State.APPRAISED, State.QUOTED),
    State.TEST_DRIVE: (State.TEST_DRIVE, State.APPRAISED, State.QUOTED),
    State.APPRAISED: (State.APPRAISED, State.TEST_DRIVE, State.QUOTED),
    State.QUOTED: (State.QUOTED, State.TEST_DRIVE, State.APPRAISED),
}
"""From which stage an answer may lead to which. Won and lost may follow any of them, and only them."""
PATH = (State.PROPOSED, *FOLLOWED, State.WON)
"""The whole way, as the page draws it; a referral has no car to appraise."""

LOST = {
    "price": _("价格谈不拢"),
    "old_car_value": _("旧车估价谈不拢"),
    "elsewhere": _("在别处买了"),
    "no_model": _("没有合适的车"),
    "later": _("暂时不考虑"),
    "credit": _("贷款没有批"),
    "unreachable": _("多次联系不上"),
    "misheard": _("没有这个意思"),
    "refused": _("客户不想被联系"),
}
"""Why a lead was lost."""
NO_LEAD = {
    "misheard": _("不是这个意思"),
    "known": _("销售已经在谈"),
    "refused": _("客户不想被联系"),
    "staff": _("同事或亲属"),
}
"""Why a proposal is no lead."""
WHERE = {
    "visit": _("到店"),
    "call": _("电话"),
    "message": _("微信或短信"),
    "campaign": _("售后活动"),
    "crm": _("销售系统"),
}
"""Where somebody who writes a lead by hand heard it. 'campaign': trade-in subsidy, extended warranty (R043)."""

SHARE = {Lead.Kind.ADDITIONAL_PURCHASE: 40, Lead.Kind.TRADE_IN: 40, Lead.Kind.REFERRAL: 30}
"""Percent of a won lead's reward that goes to service, before the two sides agree on another; the rest is sales'. R160."""


def stages_after(lead: Lead) -> list[tuple[str, str]]:
    """(code, label) of the stages that an answer may name now."""
    return [(s.value, s.label) for s in STAGES.get(lead.state, ()) if s != State.APPRAISED or lead.vehicle_id]


def share_of(lead: Lead) -> int:
    """Percent of this lead's reward that is service's unless the two sides agree on another; nothing for a lead of the
    sales system that nobody of service heard."""
    return SHARE[lead.kind] if lead.finder_id else 0
