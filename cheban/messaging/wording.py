"""What a group's messages say: its own text for a kind instead of the house's, in versions. Reliability 25, R044.

A text is checked when it is saved: only fields that this kind has, and nothing that a template language would run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.db.models import Max
from django.utils import translation
from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, Refused
from cheban.messaging import texts
from cheban.messaging.models import Wording
from cheban.org.access import Actor, audit, command
from cheban.org.models import DealerGroup, Staff, Store

KEPT_SECONDS = 10
"""How long a sending process may go on with the text of before."""
SMS_ONE, SMS_PART = 70, 67
"""Characters of a Chinese SMS that goes as one, and of each part of a longer one."""


class WrongWording(Refused):
    """A text that cannot be used; the message says what is wrong in it."""

    status = 422


@dataclass(frozen=True, slots=True)
class Look:
    """How a text comes out: with samples in its fields, or what is wrong with it; and what it costs as SMS."""

    shown: str
    wrong: str
    chars: int
    sms: int


def text_of(kind: str, *, store_id: int) -> str:
    """The text in force for a store. One query at most, kept for ten seconds. Raises KeyError for an undeclared kind."""

    def found() -> str:
        own = (
            Wording.objects.filter(kind=kind, group__store=store_id).order_by("-number").values_list("text", flat=True)
        )
        return own.first() or ""

    return caches["process"].get_or_set(_key(store_id, kind), found, KEPT_SECONDS) or texts.kind(kind).house_text


def _key(store_id: int, kind: str) -> str:
    return f"wording:{store_id}:{kind}"


def wrong_in(kind: texts.Kind, text: str) -> str:
    """What is wrong with a text, as a sentence; '' for nothing."""
    if not text.strip():
        return _("文字是空的。要用回原文请按“用回原文”。")
    if len(text) > texts.MOST_CHARS:
        return _("超过 %(most)d 字，现在 %(n)d 字。") % {"most": texts.MOST_CHARS, "n": len(text)}
    if odd := re.sub(texts.FIELD, "", text).strip("\n"):
        if brace := re.search(r".{0,6}[{}].{0,6}", odd):
            return _("“%(near)s”附近的花括号不是字段。字段写成 {name} 这样，整个从下面点选最稳妥。") % {
                "near": brace[0].strip()
            }
    known = kind.offered
    if unknown := [f"{{{field}}}" for field in texts.fields_of(text) if field not in known]:
        offered = "、".join(f"{{{code}}}" for code in known) or _("没有字段")
        return _("这类消息没有字段 %(unknown)s。可用：%(known)s") % {"unknown": "、".join(unknown), "known": offered}
    return ""


def look(kind: texts.Kind, text: str) -> Look:
    """A preview on made-up values."""
    text = text.strip()
    wrong = wrong_in(kind, text)
    with translation.override(settings.LANGUAGE_CODE):
        samples = {code: str(field.sample) for code, field in kind.offered.items()}
    shown = "" if wrong else texts.fill(text, samples)
    chars = len(shown)
    return Look(shown, wrong, chars, 0 if not chars else 1 if chars <= SMS_ONE else -(-chars // SMS_PART))


def known_kind(code: str) -> texts.Kind:
    """A kind that is sent. Raises NotFound."""
    found = next((kind for kind in texts.kinds() if kind.code == code), None)
    if found is None:
        raise NotFound(_("没有这类消息。"))
    return found


def group_of(actor: Actor) -> DealerGroup:
    """The group whose texts this person sees and words. Raises NotFound for somebody without a store."""
    found = DealerGroup.objects.filter(store__in=actor.stores).order_by("id").first()
    if found is None:
        raise NotFound(_("您还不属于任何门店。"))
    return found


@command("message.manage")
def set_wording(kind: texts.Kind, text: str, *, by: Actor) -> Wording:
    """The group's own text from now on; '' goes back to the house's. Raises WrongWording."""
    text = text.strip().replace("\r\n", "\n")
    if text == kind.house_text:
        text = ""
    if text and (wrong := wrong_in(kind, text)):
        raise WrongWording(wrong)
    group = DealerGroup.objects.select_for_update(no_key=True).get(id=group_of(by).id)
    rows = Wording.objects.filter(group=group, kind=kind.code)
    last = rows.order_by("-number").first()
    if text == (last.text if last else ""):
        raise WrongWording(_("文字没有变化。"))
    made = Wording.objects.create(
        group=group,
        kind=kind.code,
        number=(rows.aggregate(most=Max("number"))["most"] or 0) + 1,
        text=text,
        changed_by_id=by.staff_id,
        changed_at=clock.now(),
    )
    audit(
        "message.worded",
        by=by,
        subject=f"group:{group.id}",
        store_id=by.stores[0],
        kind=kind.code,
        before=last.text if last else "",
        after=text,
    )
    stores = Store.objects.filter(group=group).values_list("id", flat=True)
    caches["process"].delete_many([_key(store_id, kind.code) for store_id in stores])
    return made


def overview(actor: Actor) -> list[dict[str, Any]]:
    """Every kind with the text in force and who worded it. Two queries."""
    newest: dict[str, Wording] = {}
    for row in Wording.objects.filter(group=group_of(actor)).order_by("number"):
        newest[row.kind] = row
    names = dict(Staff.objects.filter(id__in={w.changed_by_id for w in newest.values()}).values_list("id", "name"))
    return [
        {
            "kind": kind,
            "text": own.text if own and own.text else kind.house_text,
            "is_own": bool(own and own.text),
            "who": names.get(own.changed_by_id, "") if own else "",
            "at": own.changed_at if own else None,
        }
        for kind in texts.kinds()
        for own in [newest.get(kind.code)]
    ]


def page_of(kind: texts.Kind, actor: Actor) -> dict[str, Any]:
    """One kind: the text in force, its preview, its fields, its versions. Three queries."""
    versions = list(Wording.objects.filter(group=group_of(actor), kind=kind.code).order_by("-number")[:20])
    names = dict(Staff.objects.filter(id__in={v.changed_by_id for v in versions}).values_list("id", "name"))
    text = (versions[0].text if versions else "") or kind.house_text
    return {
        "kind": kind,
        "text": text,
        "is_own": bool(versions and versions[0].text),
        "look": look(kind, text),
        "versions": [
            {"number": v.number, "text": v.text, "who": names.get(v.changed_by_id, ""), "at": v.changed_at}
            for v in versions
        ],
    }
