"""What can come of a contact: one table. `closes` ends the tasks (and their joined ones); others try again."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answer to 'how did it go'. `needs`: 'time', 'reason' or nothing more."""

    code: str
    label: str
    needs: str
    closes: bool
    event: str


@dataclass(frozen=True, slots=True)
class RefuseReason:
    """Why a customer said no. `purposes` are refused from now on ('' = only this time)."""

    code: str
    label: str
    refuses: str = ""


OUTCOMES = {
    o.code: o
    for o in (
        Outcome("booked", _("已预约"), "time", True, "contact.reached"),
        Outcome("settled", _("已办妥"), "", True, "contact.reached"),
        Outcome("reached", _("接通，稍后决定"), "", False, "contact.reached"),
        Outcome("no_answer", _("无人接听"), "", False, "contact.missed"),
        Outcome("call_back", _("约定时间再打"), "time", False, "contact.reached"),
        Outcome("refused", _("拒绝，记录原因"), "reason", True, "contact.refused"),
    )
}
REFUSE_REASONS = {
    r.code: r
    for r in (
        RefuseReason("not_now", _("暂时不需要")),
        RefuseReason("done_elsewhere", _("已在别处做了")),
        RefuseReason("price", _("嫌贵")),
        RefuseReason("far", _("太远、不方便")),
        RefuseReason("sold", _("车已卖出或报废")),
        RefuseReason("wrong_number", _("号码不是本人")),
        RefuseReason("this_purpose", _("这类事不要再联系"), refuses="purpose"),
        RefuseReason("do_not_contact", _("一切都不要再联系"), refuses="all"),
    )
}
WEATHER = {
    "rainstorm": _("暴雨"),
    "snow": _("冰雪"),
    "cold": _("寒潮"),
    "heat": _("高温"),
    "typhoon": _("台风"),
    "fog": _("大雾"),
}
"""Sudden weather that customers are warned of. R089."""
MOST_ATTEMPTS = 3
"""After so many unanswered calls the contact ends as 'unreached' and the manager sees it in the board."""


@dataclass(frozen=True, slots=True)
class SnoozeReason:
    """Why something is put off. `pauses`: the clock stands still, since the house can do nothing meanwhile."""

    code: str
    label: str
    pauses: bool


SNOOZE_REASONS = {
    r.code: r
    for r in (
        SnoozeReason("customer", _("客户请我们晚些再联系"), pauses=True),
        SnoozeReason("parts", _("等配件到货"), pauses=True),
        SnoozeReason("answer", _("等保险或厂家答复"), pauses=True),
        SnoozeReason("busy", _("手头有更急的事（时限不变）"), pauses=False),
    )
}
FREE_SNOOZES = 2
"""How often one may put a contact off; after that the manager decides."""
