"""What goes out next: takes a few messages that are due, asks the gate about each, marks them. Reliability 5.2.

Red alerts come first, then what goes to staff, service, marketing, each in the order of its moments: a campaign of
20,000 never stands before an alert. One transaction decides about a batch with a dozen queries, whatever its size. There is one
decision about a person at a time, and none while a message to them is under way, so that two never pass one cap.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils import translation

from cheban.core import privacy
from cheban.messaging import gate, moves, pace, texts, wording
from cheban.messaging.channels import Channel, Letter, channel_of
from cheban.messaging.models import Message
from cheban.messaging.moves import Move

log = structlog.get_logger("cheban.messages")
S = Message.State
ORDER = (Message.Class.RED_ALERT, Message.Class.STAFF, Message.Class.SERVICE, Message.Class.MARKETING)
DUE = """
SELECT m.* FROM unnest(%(channels)s::text[], %(classes)s::text[], %(rooms)s::int[]) WITH ORDINALITY
  AS lane(channel, message_class, room, place)
CROSS JOIN LATERAL (
  SELECT w.* FROM messaging_message w
  WHERE w.state = 'waiting' AND w.channel = lane.channel AND w.message_class = lane.message_class
    AND w.not_before_at <= %(at)s AND NOT (lane.channel || ':' || w.store_id = ANY(
      CASE WHEN lane.message_class = 'red_alert' THEN %(closed)s::text[] ELSE %(spent)s::text[] END))
    AND NOT EXISTS (SELECT FROM messaging_message f WHERE f.customer_id = w.customer_id AND f.state = 'sending')
  ORDER BY w.not_before_at, w.id LIMIT lane.room FOR UPDATE OF w SKIP LOCKED) m
ORDER BY lane.place, m.not_before_at, m.id
"""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message marked `sending`: no database is needed for the call. `decided` is in monotonic seconds."""

    message: Message
    channel: Channel
    letter: Letter
    decided: float


@dataclass(slots=True)
class Claim:
    """What one round came to: parcels to hand over, and how many messages were decided about, parcels included."""

    parcels: list[Parcel] = field(default_factory=list)
    decided: int = 0


def claim(room: Mapping[str, int], *, at: datetime) -> Claim:
    """Decide about what is due, at most `room` messages per channel. Needs scope, and a transaction that is committed
    before anything is handed over."""
    found = Claim()
    due = _due(room, at=at)
    if not due:
        return found
    held = _held({m.customer_id for m in due if m.customer_id})
    due = [m for m in due if m.customer_id is None or m.customer_id in held]
    facts = gate.facts_of_many(due, at=at)
    channels = cache(channel_of)
    went: set[UUID | None] = set()
    decided: list[Move] = []
    for message in due:
        left, of = room[message.channel], [p for p in found.parcels if p.message.channel == message.channel]
        is_alert = message.message_class == Message.Class.RED_ALERT
        if len(of) >= left or not pace.TEMPO.may_take(message.store_id, message.channel, is_alert=is_alert):
            continue
        if message.customer_id is not None and message.customer_id in went:
            continue  # when it is known what became of the one before
        move, parcel = _decide(message, facts[message.id], channels, at=at)
        decided.append(move)
        if move.state in gate.COUNTED:
            went.add(message.customer_id)
        if parcel is not None:
            pace.TEMPO.take(message.store_id, message.channel)
            found.parcels.append(parcel)
    moves.write(decided, at=at)
    for move in decided:
        _now_stands(move)
    found.decided = len(decided)
    return found


def _due(room: Mapping[str, int], *, at: datetime) -> list[Message]:
    lanes = [(channel, cls, room[channel]) for cls in ORDER for channel in sorted(room) if room[channel] > 0]
    if not lanes:
        return []
    channels, classes, rooms = (list(column) for column in zip(*lanes, strict=True))
    values = {
        "channels": channels,
        "classes": classes,
        "rooms": rooms,
        "at": at,
        "closed": [f"{channel}:{store}" for store, channel in pace.TEMPO.closed()],
        "spent": [f"{channel}:{store}" for store, channel in pace.TEMPO.spent()],
    }
    return list(Message.objects.raw(DUE, values))


def _held(people: set[UUID]) -> set[UUID]:
    """Those about whom no other worker is deciding and to whom nothing is under way. Ends with the transaction.

    Asked after the locks are held: what another worker marked before it let go is seen then.
    """
    if not people:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT id FROM unnest(%s::uuid[]) AS id
               WHERE pg_try_advisory_xact_lock(hashtextextended('message:' || id, 7))""",
            [sorted(people)],
        )
        held = {id for (id,) in cursor.fetchall()}
    busy = Message.objects.filter(customer_id__in=held, state=S.SENDING).values_list("customer_id", flat=True)
    return held - set(busy)


def _decide(message: Message, facts: gate.Facts, channels, *, at: datetime) -> tuple[Move, Parcel | None]:
    match gate.decide(facts, at=at):
        case gate.Never(why):
            return Move(message, S.FAILED, why), None
        case gate.Later(when, why):
            return Move(message, S.WAITING, why, not_before_at=when), None
    try:
        values = values_of(message, facts.recipient)
        text = texts.fill(wording.text_of(message.kind, store_id=message.store_id), values)
    except (texts.MissingField, KeyError):  # KeyError: a kind that this version no longer knows
        return Move(message, S.FAILED, "missing_field"), None
    sealed = privacy.seal(text, bound_to=f"messaging_message.body:{message.id}")
    channel = channels(message.store_id, message.channel)
    if channel is None:
        return Move(message, S.PAPER, "no_account", claimed_at=at, body=sealed), None
    move = Move(message, S.SENDING, attempts=message.attempts + 1, claimed_at=at, body=sealed)
    who = facts.recipient or facts.colleague
    letter = letter_of(message, address=who.address if who else "", text=text, values=values)
    return move, Parcel(message, channel, letter, time.monotonic())


def _now_stands(move: Move) -> None:
    """The message as the table has it from now on: the next move starts there."""
    row = move.message
    row.state, row.why, row.claimed_at = move.state, move.why, move.claimed_at
    row.attempts = row.attempts if move.attempts is None else move.attempts


def letter_of(message: Message, *, address: str, text: str = "", values: dict[str, Any] | None = None) -> Letter:
    """A message as a channel takes it; without a text, as one that is asked about."""
    kind = texts.known(message.kind)
    offered = kind.offered if kind else {}
    with translation.override(settings.LANGUAGE_CODE):
        title = str(kind.title) if kind else ""
    return Letter(
        request_id=message.id.hex,
        address=address,
        text=text,
        kind=message.kind,
        title=title,
        values={name: value for name, value in (values or {}).items() if name in offered},
        path=_path(message) if message.staff_id else "",
        is_marketing=message.message_class == Message.Class.MARKETING,
        begun_at=message.claimed_at,
    )


def _path(message: Message) -> str:
    """The page that a card's button opens: its notice, which leads on."""
    notice = message.facts.get("notice")
    return reverse("messaging:notice", args=[notice]) if notice else reverse("messaging:inbox")


def values_of(message: Message, recipient: gate.Recipient | None) -> dict[str, Any]:
    """What fills the fields of the text."""
    values = dict(message.facts)
    kind = texts.known(message.kind)
    if kind is not None and kind.works_out is not None:
        values |= kind.works_out(message.store_id, message.facts)
    if recipient is not None:
        values |= {"name": recipient.name, "plate": recipient.plate}
    return values


def text_of(message: Message, recipient: gate.Recipient | None) -> str:
    """The text with its fields. Raises texts.MissingField."""
    return texts.fill(wording.text_of(message.kind, store_id=message.store_id), values_of(message, recipient))
