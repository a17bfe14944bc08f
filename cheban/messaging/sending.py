"""The sender: takes what is due, asks the gate, calls the provider, writes down what came of it. Reliability 5.2.

One message at a time: (1) lock it, hold its customer, ask the gate, mark `sending`, commit; (2) call; (3) write down.
A death between (1) and (3) leaves `sending`: `recover` asks the provider, and where that is impossible tries a service
message once more and a marketing message never. Several workers may run at once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection

from cheban.core import clock, privacy
from cheban.messaging import commands, gate, texts, wording
from cheban.messaging.channels import Accepted, Busy, Channel, Outcome, Turned, Unsure, channel_of
from cheban.messaging.commands import Owed
from cheban.messaging.models import Message
from cheban.org import queries as org
from cheban.org import scope

log = structlog.get_logger("cheban.messages")
IN_FLIGHT = timedelta(minutes=2)
"""A call ends long before; what is still `sending` then was left by a process that died."""
MOST_ATTEMPTS = 5
ASK_AGAIN = timedelta(seconds=5)
S = Message.State


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message marked `sending`: no database is needed for the call."""

    message: Message
    channel: Channel
    address: str
    text: str


def send_due(*, seconds: float = 50) -> int:
    """Send what is due, for at most so long; returns how many messages were looked at."""
    until, seen = time.monotonic() + seconds, 0
    stores = org.store_ids()
    while stores and time.monotonic() < until:
        with scope.use(stores):
            found = _claim(at=clock.now())
        if found is None:
            break
        seen += 1
        if isinstance(found, Parcel):
            outcome = found.channel.send(request_id=found.message.id.hex, address=found.address, text=found.text)
            with scope.use(stores):
                write_down(found.message, outcome, at=clock.now())
    return seen


def _claim(*, at: datetime) -> Parcel | Message | None:
    """The next message that is due: a parcel when it may go, else the message, decided; None when nothing is due."""
    message = (
        Message.objects.select_for_update(skip_locked=True)
        .filter(state=S.WAITING, not_before_at__lte=at)
        .order_by("not_before_at", "id")
        .first()
    )
    if message is None:
        return None
    if message.customer_id is not None:
        _hold(message)
        in_flight = Message.objects.filter(customer_id=message.customer_id, state=S.SENDING)
        if in_flight.exists():  # their messages arrive in order, and never two past one cap
            return _set(message, at=at, why="one_at_a_time", not_before_at=at + ASK_AGAIN)
    facts = gate.facts_of(message, at=at)
    match gate.decide(facts, at=at):
        case gate.Never(why):
            return _set(message, at=at, state=S.FAILED, why=why)
        case gate.Later(when, why):
            return _set(message, at=at, why=why, not_before_at=when)
    try:
        text = text_of(message, facts.recipient)
    except texts.MissingField:
        return _set(message, at=at, state=S.FAILED, why="missing_field")
    sealed = privacy.seal(text, bound_to=f"messaging_message.body:{message.id}")
    channel = channel_of(message.store_id, message.channel)
    if channel is None:
        return _set(message, at=at, state=S.PAPER, why="no_account", body_sealed=sealed, claimed_at=at)
    _set(
        message, at=at, state=S.SENDING, why="", body_sealed=sealed, claimed_at=at, attempts=message.attempts + 1
    )  # fmt: skip
    return Parcel(message, channel, facts.recipient.address if facts.recipient else "", text)


def _hold(message: Message) -> None:
    """One decision about a person at a time, whichever worker makes it; ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [f"message:{message.customer_id}"])


def text_of(message: Message, recipient: gate.Recipient | None) -> str:
    """The text with its fields. Raises texts.MissingField."""
    values = dict(message.facts)
    if recipient is not None:
        values |= {"name": recipient.name, "plate": recipient.plate}
    return texts.fill(wording.text_of(message.kind, store_id=message.store_id), values)


def _set(message: Message, *, at: datetime, **changes: object) -> Message:
    for name, value in changes.items():
        setattr(message, name, value)
    message.changed_at = at
    message.save(update_fields=[*changes, "changed_at"])
    return message


def write_down(message: Message, outcome: Outcome, *, at: datetime) -> None:
    """What came of a call. Only a message still `sending` in this attempt is touched."""
    held = Message.objects.select_for_update().filter(id=message.id, state=S.SENDING, attempts=message.attempts).first()
    if held is None:
        return
    match outcome:
        case Accepted(provider_id):
            _set(held, at=at, state=S.SENT, why="", provider_id=provider_id[:64], sent_at=at)
        case Turned():
            _set(held, at=at, state=S.FAILED, why="provider_refused")
        case Busy(seconds):
            if held.attempts >= MOST_ATTEMPTS:
                _set(held, at=at, state=S.FAILED, why="gave_up")
            else:
                later = at + timedelta(seconds=seconds * 2 ** (held.attempts - 1))
                _set(held, at=at, state=S.WAITING, why="busy", not_before_at=later, claimed_at=None)
        case Unsure():
            _set(held, at=at, state=S.UNKNOWN, why="no_answer")


def send_now(owed: Owed) -> Message | None:
    """Send one red alert to the store's own people past the worker: for news of the worker itself.

    It stands in the outbox like any other, already `sending`; a process that dies in between leaves it to `recover`.
    None when this fact has its message. Takes its own transactions and scope.
    """
    at = clock.now()
    with scope.use([owed.store_id]):
        message = commands.row_of(owed, at=at)
        channel = channel_of(owed.store_id, owed.channel)
        message.state, message.why = (S.SENDING, "") if channel else (S.PAPER, "no_account")
        message.attempts, message.claimed_at = 1 if channel else 0, at
        text = text_of(message, None)
        message.body_sealed = privacy.seal(text, bound_to=f"messaging_message.body:{message.id}")
        if not Message.objects.bulk_create([message], ignore_conflicts=True) or not Message.objects.filter(
            id=message.id
        ):
            return None
    if channel:
        outcome = channel.send(request_id=message.id.hex, address="", text=text)
        with scope.use([owed.store_id]):
            write_down(message, outcome, at=clock.now())
    return message


def recover(*, at: datetime) -> int:
    """Settle what dead processes left in `sending`; returns how many moved. Needs scope.

    The provider's word counts. Without it a service message or one to staff is tried once more, marketing never.
    """
    moved = 0
    left = Message.objects.select_for_update(skip_locked=True).filter(state=S.SENDING, claimed_at__lte=at - IN_FLIGHT)
    for message in left.order_by("claimed_at")[:200]:
        channel = channel_of(message.store_id, message.channel)
        said = channel.status(request_id=message.id.hex) if channel else None
        if isinstance(said, Busy):  # the provider never saw it
            _set(message, at=at, state=S.WAITING, why="died", not_before_at=at, claimed_at=None)
        elif said is not None and not isinstance(said, Unsure):
            write_down(message, said, at=at)
        elif message.message_class != Message.Class.MARKETING and message.attempts < 2:
            _set(message, at=at, state=S.WAITING, why="died", not_before_at=at, claimed_at=None)
        else:
            _set(message, at=at, state=S.UNKNOWN, why="died")
        moved += 1
    return moved
