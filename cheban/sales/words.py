"""What the sales room's events say in a customer's timeline (slots timeline.delivery and so on)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cheban.sales.handover import fields


def timeline(name: str, facts: dict[str, Any]) -> str:
    """One line for an event of this room: what it was about and how it ended."""
    parts = [facts.get("what", ""), facts.get("claimed", ""), facts.get("how", ""), facts.get("found", "")]
    parts.append(facts.get("why", ""))
    if facts.get("files_count"):
        parts.append(ngettext("%(n)d 个文件", "%(n)d 个文件", facts["files_count"]) % {"n": facts["files_count"]})
    if name == "feedback.recorded":
        parts.append(facts.get("questions", ""))
    if name == "handover.sent_back":
        labels = {field.code: str(_(field.label)) for field in fields.FIELDS}
        parts.append(_("、").join(labels.get(code, code) for code in facts.get("fields", [])))
    if name == "handover.confirmed":
        told = {"n": facts["fields_count"], "wrong": facts["wrong_count"]}
        parts.append(_("%(n)d 项，%(wrong)d 项曾标错") % told if told["wrong"] else _("%(n)d 项都对") % told)
    if facts.get("when"):
        moment = datetime.fromisoformat(facts["when"]).astimezone(ZoneInfo("Asia/Shanghai"))
        parts.append(moment.strftime("%m-%d %H:%M"))
    if name == "delivery.cancelled":
        parts.append(facts.get("reason", ""))
    if facts.get("due_on"):
        parts.append(_("%(day)s 前") % {"day": date.fromisoformat(facts["due_on"]).strftime("%m-%d")})
    return " · ".join(part for part in parts if part)
