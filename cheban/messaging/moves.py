"""How messages go from state to state: many at a time, each only from where it was expected. Reliability 5.2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import connection

from cheban.messaging.channels import Accepted, Busy, Outcome, Turned, Unsure
from cheban.messaging.models import Message

MOST_ATTEMPTS = 5
S = Message.State
UPDATE = """
UPDATE messaging_message m SET
  state = v.state, why = v.why, attempts = v.attempts, claimed_at = v.claimed_at, changed_at = %s,
  not_before_at = coalesce(v.not_before_at, m.not_before_at), sent_at = coalesce(v.sent_at, m.sent_at),
  provider_id = CASE WHEN v.provider_id <> '' THEN v.provider_id ELSE m.provider_id END,
  body_sealed = coalesce(v.body, m.body_sealed), said = coalesce(v.said, m.said)
FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::text[], %s::text[], %s::int[], %s::timestamptz[], %s::timestamptz[],
  %s::timestamptz[], %s::text[], %s::bytea[], %s::text[])
  AS v(id, was, tried, state, why, attempts, claimed_at, not_before_at, sent_at, provider_id, body, said)
WHERE m.id = v.id AND m.state = v.was AND m.attempts = v.tried
"""


@dataclass(frozen=True, slots=True)
class Move:
    """One message from `message.state` and `message.attempts`, as they were read, to what stands here.
    None and '' keep what the row has, but for `why` and `claimed_at`."""

    message: Message
    state: str
    why: str = ""
    attempts: int | None = None
    claimed_at: datetime | None = None
    not_before_at: datetime | None = None
    sent_at: datetime | None = None
    provider_id: str = ""
    body: bytes | None = None
    said: str | None = None


def write(moves: Sequence[Move], *, at: datetime) -> int:
    """Make the moves, in one statement; a message that is no longer where it was read stays. Returns how many moved.
    Needs scope."""
    if not moves:
        return 0
    rows = [
        (
            *(m.message.id, m.message.state, m.message.attempts, m.state, m.why),
            m.message.attempts if m.attempts is None else m.attempts,
            *(m.claimed_at, m.not_before_at, m.sent_at, m.provider_id[:64], m.body, m.said),
        )
        for m in sorted(moves, key=lambda move: move.message.id)
    ]
    with connection.cursor() as cursor:
        cursor.execute(UPDATE, [at, *(list(column) for column in zip(*rows, strict=True))])
        return cursor.rowcount


def after(message: Message, outcome: Outcome, *, at: datetime) -> Move:
    """Where a message goes when its call came to this."""
    done = Move(message, S.SENT, claimed_at=message.claimed_at, said=getattr(outcome, "said", ""))
    match outcome:
        case Accepted(provider_id):
            return replace(done, sent_at=at, provider_id=provider_id)
        case Turned():
            return replace(done, state=S.FAILED, why="provider_refused")
        case Busy() if message.attempts >= MOST_ATTEMPTS:
            return replace(done, state=S.FAILED, why="gave_up")
        case Busy(seconds):
            later = at + timedelta(seconds=seconds * 2 ** (message.attempts - 1))
            return Move(message, S.WAITING, "busy", not_before_at=later, said=done.said)
        case Unsure():
            return replace(done, state=S.UNKNOWN, why="no_answer")


def not_called(message: Message) -> Move:
    """Back to where it was before it was claimed: it is decided anew, and this was no attempt."""
    return Move(message, S.WAITING, attempts=message.attempts - 1)
