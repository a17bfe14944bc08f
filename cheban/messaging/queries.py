"""Reads of messaging: the inbox of a person, the outbox of the scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from cheban.core import owner_links, privacy, slots
from cheban.core.errors import BadValue, NotFound
from cheban.messaging import claiming, commands, gate, texts
from cheban.messaging.models import InboxItem, Message, Receipt
from cheban.messaging.providers import meaning_of
from cheban.org import scope
from cheban.org.access import Actor
from cheban.org.models import Staff

PAGE = 50
TONES = {
    "sent": "green",
    "delivered": "green",
    "read": "green",
    "failed": "red",
    "unknown": "amber",
    "waiting": "accent",
}
ICONS = {"failed": "x", "unknown": "alert-triangle", "waiting": "clock", "sent": "check"}
QUICK = (Message.State.WAITING, Message.State.UNKNOWN, Message.State.FAILED, Message.State.PAPER)
"""States that somebody may have to do something about, as one click above the list."""
COUNTED = 999
SAMPLE = 5
"""So many messages are named before many are sent again."""


def unread(actor: Actor) -> int:
    """How many notices a person has not read. One query, by a partial index."""
    return InboxItem.objects.filter(staff_id=actor.staff_id, read_at=None).count()


def cards(rows: list[Any]) -> dict[UUID, dict[str, Any]]:
    """Name and cars of the customers that rows are about (slot contact.cards). Two queries at most."""
    customers = sorted({row.customer_id for row in rows if row.customer_id})
    vehicles = sorted({row.vehicle_id for row in rows if row.vehicle_id})
    return slots.ask("contact.cards", customers, vehicles, default={}) if customers else {}


def notice_words(row: InboxItem, card: dict[str, Any] | None) -> tuple[str, str]:
    """What a notice says, and about whom."""
    kind = texts.kind(row.kind)
    about = [card["name"]] if card else []
    if card and (car := card["vehicles"].get(row.vehicle_id)):
        about.append(car["plate"])
    if words := slots.ask("timeline.contact", row.kind, {"rules": row.facts.get("rules", [])}, default=""):
        about.append(words)
    if row.facts.get("count"):
        about.append(_("%(n)d 次") % {"n": row.facts["count"]})
    return _(str(kind.title)), " · ".join(about)


def address_of(item: InboxItem) -> str:
    """Where a notice leads."""
    kind = texts.known(item.kind)
    if kind is not None and kind.page is not None and (about := item.facts.get(kind.page[1])):
        return reverse(kind.page[0], args=[about])
    if item.facts.get("path"):
        return str(item.facts["path"])
    if item.kind == "audit.alarmed":
        return reverse("org:audit") + "?alarms=1"
    if item.customer_id:
        return reverse("customers:customer", args=[item.customer_id])
    return reverse("messaging:inbox")


def waiting_for_somebody() -> list[tuple[str, Any, str]]:
    """(state, its words, how many) of the states in QUICK that there are; '999+' where there are more. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT asked.state, (SELECT count(*) FROM (
                  SELECT 1 FROM {scope.STORES} scope(store)
                  JOIN messaging_message m ON m.store_id = scope.store AND m.state = asked.state LIMIT %s) few)
                FROM unnest(%s::text[]) asked(state)""",  # noqa: S608 - SQL of ours
            [COUNTED + 1, [str(state) for state in QUICK]],
        )
        counts = dict(cursor.fetchall())
    return [
        (state.value, state.label, f"{COUNTED}+" if counts[state.value] > COUNTED else str(counts[state.value]))
        for state in QUICK
        if counts[state.value]
    ]


def colleagues(rows: list[Message]) -> dict[int | None, str]:
    """Names of the colleagues that messages go to. One query, none when there are none."""
    asked = {row.staff_id for row in rows if row.staff_id}
    return dict(Staff.objects.filter(id__in=asked).values_list("id", "name")) if asked else {}


def as_told(row: Message, card: dict[str, Any] | None, names: Mapping[int | None, str]) -> dict[str, Any]:
    """What a message is called, whom it goes to and why it did not, in words."""
    return {
        "message": row,
        "title": _(str(texts.kind(row.kind).title)),
        "to": card["name"] if card else names.get(row.staff_id) or _("门店群"),
        "why": gate.REASONS.get(row.why, ""),
        "tone": TONES.get(row.state, ""),
        "icon": ICONS.get(row.state, ""),
    }


def message(message_id: UUID) -> Message:
    """A message of the scope. Raises NotFound."""
    found = Message.objects.filter(id=message_id).first()
    if found is None:
        raise NotFound(_("没有这条消息，或不在您的门店。"))
    return found


def resending(ids: Sequence[UUID]) -> dict[str, Any]:
    """What sending these again would do: {count, left, sample}; `left` are those that may not be. Four queries."""
    rows = list(Message.objects.filter(id__in=ids).defer("body_sealed").order_by("-id"))
    done = set(Message.objects.filter(resend_of_id__in=ids).values_list("resend_of_id", flat=True))
    may = [row for row in rows if row.state in commands.ENDED and row.id not in done]
    shown = may[:SAMPLE]
    found, names = cards(shown), colleagues(shown)
    sample = [as_told(row, found.get(row.customer_id), names) for row in shown]
    return {"count": len(may), "left": len(rows) - len(may), "sample": sample}


def message_page(message_id: UUID) -> dict[str, Any]:
    """One message: the exact text that went out, or would go out now."""
    row = message(message_id)
    if row.body_sealed:
        text = privacy.unseal(bytes(row.body_sealed), bound_to=f"messaging_message.body:{row.id}")
    else:
        who = gate.recipient_of(row.customer_id, row.channel, row.vehicle_id) if row.customer_id else None
        try:
            text = claiming.text_of(row, who)
        except BadValue:
            text = ""
    again = Message.objects.filter(resend_of_id=row.id).only("id").first()
    may_resend = row.state in commands.ENDED and again is None
    found = as_told(row, cards([row]).get(row.customer_id), colleagues([row]))
    reports = [
        {"label": receipt.get_outcome_display(), "said": receipt.said, "at": receipt.at}
        for receipt in Receipt.objects.filter(message=row).order_by("at", "id")
    ]
    meaning = meaning_of(row.channel, row.said)
    return found | {
        "text": owner_links.masked(text),
        "again": again,
        "may_resend": may_resend,
        "reports": reports,
        "said": row.said,
        "meaning": meaning,
    }
