"""Every change of messaging: owe a message, notify a colleague, read, send again with a reason. R044, R093."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from cheban.core import clock
from cheban.core.errors import NotFound, Refused, WrongState
from cheban.core.ids import new_id
from cheban.core.live import announce
from cheban.messaging import texts
from cheban.messaging.models import InboxItem, Message, WecomMember
from cheban.org.access import Actor, audit, command
from cheban.org.models import StaffRole
from cheban.org.roles import Role

BATCH = 1_000
ENDED = (Message.State.FAILED, Message.State.UNKNOWN, Message.State.PAPER)
"""States from which a message may be sent again."""
RESENT = ("kind", "message_class", "purpose", "channel", "customer_id", "vehicle_id", "staff_id", "facts")


class ReasonMissing(Refused):
    """Sending again needs a reason in words."""

    status = 422


class NotTicked(Refused):
    """Nothing was ticked, or nothing that is known."""

    status = 422


@dataclass(frozen=True, slots=True)
class Owed:
    """One message to be written. `key` is the business fact; the same key never makes a second message in a store."""

    key: str
    kind: str
    channel: str
    store_id: int
    customer_id: UUID | None = None
    vehicle_id: UUID | None = None
    staff_id: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    not_before_at: datetime | None = None
    expires_at: datetime | None = None


def send(owed: Owed) -> bool:
    """Owe one message, in the running transaction; False when this fact has one already."""
    return send_many([owed]) == 1


def send_many(wanted: Iterable[Owed]) -> int:
    """Owe many messages in the running transaction; returns how many are new. Nothing is sent here. Raises KeyError
    for an undeclared kind or a field that must come from the customer's file."""
    at, made = clock.now(), 0
    rows = [row_of(owed, at=at) for owed in wanted]
    for begin in range(0, len(rows), BATCH):
        part = rows[begin : begin + BATCH]
        Message.objects.bulk_create(part, ignore_conflicts=True)
        made += Message.objects.filter(id__in=[row.id for row in part]).count()
    return made


def row_of(owed: Owed, *, at: datetime) -> Message:
    """The row of an owed message, not yet kept. Raises KeyError as `send_many`."""
    kind = texts.kind(owed.kind)
    if personal := set(owed.facts) & set(texts.PERSONAL):
        raise KeyError(f"{sorted(personal)} come from the customer's file when it is sent")
    begin = owed.not_before_at or at
    return Message(
        store_id=owed.store_id,
        dedupe_key=owed.key,
        kind=owed.kind,
        message_class=kind.message_class,
        purpose=kind.purpose,
        channel=owed.channel,
        customer_id=owed.customer_id,
        vehicle_id=owed.vehicle_id,
        staff_id=owed.staff_id,
        facts=owed.facts,
        not_before_at=begin,
        expires_at=owed.expires_at or begin + kind.lives,
        changed_at=at,
    )


def notify(
    staff_ids: Iterable[int],
    *,
    key: str,
    kind: str,
    store_id: int,
    customer_id: UUID | None = None,
    vehicle_id: UUID | None = None,
    at: datetime | None = None,
    **facts: Any,
) -> int:
    """Put a notice into colleagues' inboxes, in the running transaction; each person gets a fact once.
    Returns how many are new."""
    declared, moment = texts.kind(kind), at or clock.now()
    rows = [
        InboxItem(
            store_id=store_id,
            staff_id=staff_id,
            dedupe_key=key,
            kind=kind,
            level=declared.level,
            customer_id=customer_id,
            vehicle_id=vehicle_id,
            facts=facts,
            at=moment,
        )
        for staff_id in sorted(set(staff_ids))
    ]
    InboxItem.objects.bulk_create(rows, ignore_conflicts=True)
    for row in rows:
        announce("inbox", row.staff_id)
    written = list(InboxItem.objects.filter(id__in=[row.id for row in rows]))
    _owe_cards(written, declared)
    return len(written)


def _owe_cards(items: list[InboxItem], kind: texts.Kind) -> None:
    """Those who are in WeCom get new notices there as well, with a button: staff do not watch a page. Y07."""
    if not items or not str(kind.text):
        return
    members = WecomMember.objects.filter(staff_id__in=[item.staff_id for item in items])
    there = set(members.values_list("staff_id", flat=True))
    send_many(
        Owed(
            key=f"card:{item.id}",
            kind=item.kind,
            channel=Message.Channel.WECOM,
            store_id=item.store_id,
            staff_id=item.staff_id,
            facts=item.facts | {"notice": str(item.id)},
        )
        for item in items
        if item.staff_id in there
    )


def people(store_id: int, *roles: Role) -> list[int]:
    """Ids of the active staff who hold one of these roles in a store; a group admin holds it in every store."""
    held = StaffRole.objects.filter(role__in=roles, staff__is_active=True)
    here = set(held.filter(store_id=store_id).values_list("staff_id", flat=True))
    if Role.GROUP_ADMIN in roles:
        admins = held.filter(role=Role.GROUP_ADMIN, store__group__store=store_id)
        here |= set(admins.values_list("staff_id", flat=True))
    return sorted(here)


@command("inbox.use")
def mark(ids: Sequence[UUID] | None, *, is_read: bool, by: Actor) -> int:
    """These notices of mine, or all of them, are read (or not after all); returns how many were otherwise."""
    mine = InboxItem.objects.filter(staff_id=by.staff_id, read_at__isnull=is_read)
    if ids is not None:
        mine = mine.filter(id__in=ids)
    done = mine.update(read_at=clock.now() if is_read else None)
    announce("inbox", by.staff_id)
    return done


@command("outbox.resend")
def resend(message: Message, *, by: Actor, reason: str) -> Message:
    """Send again what failed or is unknown: a new message with a key of its own, and the reason. The gate decides anew.

    Raises WrongState for one that went out or still waits, ReasonMissing without a reason.
    """
    why = _reason(reason)
    locked = Message.objects.select_for_update().get(id=message.id)
    if locked.state not in ENDED:
        raise WrongState(_("这条消息没有失败，不能再发一次。"))
    if Message.objects.filter(resend_of_id=locked.id).exists():
        raise WrongState(_("这条消息已经再发过一次。"))
    return _again([locked], by=by, reason=why)[0]


@command("outbox.resend")
def resend_many(ids: Sequence[UUID], *, by: Actor, reason: str) -> int:
    """Send again those of these messages that may be: failed, unknown or on paper, and not sent again before; returns
    how many. The others stay as they are. Raises ReasonMissing."""
    why = _reason(reason)
    locked = Message.objects.select_for_update().filter(id__in=ids, state__in=ENDED).order_by("id")
    done = set(Message.objects.filter(resend_of_id__in=ids).values_list("resend_of_id", flat=True))
    return len(_again([row for row in locked if row.id not in done], by=by, reason=why))


def _reason(text: str) -> str:
    if not text.strip():
        raise ReasonMissing(_("请写明为什么再发一次。"))
    return text.strip()[:200]


def _again(rows: Sequence[Message], *, by: Actor, reason: str) -> list[Message]:
    at = clock.now()
    made = [
        Message(
            id=new_id(),
            store_id=row.store_id,
            dedupe_key=f"again:{row.id}",
            resend_of_id=row.id,
            resend_reason=reason,
            not_before_at=at,
            expires_at=at + texts.kind(row.kind).lives,
            changed_at=at,
            **{name: getattr(row, name) for name in RESENT},
        )
        for row in rows
    ]
    Message.objects.bulk_create(made)
    for row in rows:
        audit("message.resent", by=by, subject=f"message:{row.id}", store_id=row.store_id, reason=reason)
    return made


def mine(item_id: UUID, by: Actor) -> InboxItem:
    """A notice of mine. Raises NotFound."""
    found = InboxItem.objects.filter(id=item_id, staff_id=by.staff_id).first()
    if found is None:
        raise NotFound(_("没有这条提醒。"))
    return found
