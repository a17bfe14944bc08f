"""What the timeline says of a complaint's event besides its title (slot timeline.complaint and its kin)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from cheban.voice.complaints.models import Finding
from cheban.voice.complaints.tables import CAUSES, CHANNELS, KINDS, LEVELS

NOUNS = ("complaint", "finding", "alert")


def event_words(name: str, facts: Mapping[str, Any]) -> str:
    """Kind, level, channel, side, cause and whether in time, as far as the event says; codes never show."""
    parts = []
    if side := dict(Finding.Side.choices).get(facts.get("kind")):
        parts.append(side)
    tables = {"kind": KINDS, "level": LEVELS, "channel": CHANNELS, "cause_code": CAUSES}
    parts += [dict(table)[facts[fact]] for fact, table in tables.items() if facts.get(fact) in dict(table)]
    if name == "complaint.dismissed":
        parts.append(facts.get("why", ""))
    if name in ("complaint.answered", "alert.acknowledged") and facts.get("kept") is False:
        parts.append(_("超时"))
    if name == "complaint.checked":
        parts.append(_("没有再发生") if facts.get("kept") else _("又发生过"))
    return " · ".join(str(part) for part in parts if part)
