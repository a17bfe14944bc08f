"""The sender: takes what is due, hands it over, writes down what came of it. Reliability 5.2.

(1) `claiming` decides about a batch and marks it `sending`, one commit; (2) a few threads per channel make the calls,
so that a provider that hangs holds up its own channel only; (3) what came of them is written down together. A death
between (1) and (3) leaves `sending`: `recover` asks the provider, and where that is impossible tries a service message
once more and a marketing message never. Several workers may run at once.
"""

from __future__ import annotations

import contextvars
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from types import TracebackType

import structlog
from django.db import connections

from cheban.core import clock, privacy
from cheban.messaging import claiming, commands, gate, moves, pace
from cheban.messaging.channels import Busy, Channel, Letter, Outcome, Unsure, channel_of
from cheban.messaging.claiming import Parcel, letter_of, text_of
from cheban.messaging.commands import Owed
from cheban.messaging.models import Message
from cheban.messaging.moves import Move
from cheban.org import queries as org
from cheban.org import scope

log = structlog.get_logger("cheban.messages")
IN_FLIGHT = timedelta(minutes=2)
"""A call ends long before; what is still `sending` then was left by a process that died."""
FRESH_SECONDS = 5.0
"""A decision that could not be carried out within this is made again: the person may have said no meanwhile."""
GATHER_SECONDS = 0.05
ASK_UNKNOWN_FOR = timedelta(hours=2)
"""How long the provider is asked about a call that it did not answer."""
RECOVER_AT_ONCE = 200
S = Message.State


def send_due(*, seconds: float = 50) -> int:
    """Send what is due, for at most so long; returns how many messages were decided about. Takes its own scope."""
    until, seen = time.monotonic() + seconds, 0
    stores = org.store_ids()
    with _Callers() as callers:
        while stores:
            found = claiming.Claim()
            if time.monotonic() < until and (room := callers.room()):
                with scope.use(stores):
                    found = claiming.claim(room, at=clock.now())
                seen += found.decided
                callers.start(found.parcels)
            came = callers.finished()
            if came:
                with scope.use(stores):
                    moves.write(came, at=clock.now())
            if not found.decided and not came and not callers.in_flight:
                break
    return seen


class _Callers:
    """Threads that make the calls, some for each channel."""

    def __init__(self) -> None:
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._running: dict[Future[Outcome | None], Parcel] = {}

    def __enter__(self) -> _Callers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in self._pools.values():
            pool.shutdown(wait=error is None, cancel_futures=error is not None)
        for parcel in self._running.values():  # an error elsewhere: `recover` settles them
            pace.TEMPO.ended(parcel.message.store_id, parcel.message.channel, was_made=True)

    @property
    def in_flight(self) -> int:
        """Calls that have not ended."""
        return len(self._running)

    def room(self) -> dict[str, int]:
        """Channel -> how many more messages it takes; a channel is filled again when half of it has ended."""
        busy = Counter(parcel.message.channel for parcel in self._running.values())
        ahead = {channel: pace.pace_of(channel).ahead for channel in Message.Channel.values}
        return {name: most - busy[name] for name, most in ahead.items() if busy[name] <= most // 2}

    def start(self, parcels: Iterable[Parcel]) -> None:
        """Begin the calls."""
        for parcel in parcels:
            channel = parcel.message.channel
            if channel not in self._pools:
                self._pools[channel] = ThreadPoolExecutor(pace.pace_of(channel).at_once, f"send-{channel}")
            context = contextvars.copy_context()  # the clock of whoever sends
            self._running[self._pools[channel].submit(context.run, _call, parcel)] = parcel

    def finished(self) -> list[Move]:
        """The moves of calls that ended, waiting a little so that they are written together."""
        if not self._running:
            return []
        done, _rest = wait(self._running, timeout=GATHER_SECONDS)
        at, found = clock.now(), []
        for future in done:
            parcel, outcome = self._running.pop(future), future.result()
            row = parcel.message
            pace.TEMPO.ended(row.store_id, row.channel, was_made=outcome is not None)
            found.append(moves.not_called(row) if outcome is None else moves.after(row, outcome, at=at))
        return found


def _call(parcel: Parcel) -> Outcome | None:
    """Hand one message over, in a thread; None when it was not called, because the decision is old or the provider was
    found to be out of order since."""
    row = parcel.message
    if time.monotonic() - parcel.decided > FRESH_SECONDS or pace.TEMPO.is_resting(row.store_id, row.channel):
        return None
    try:
        outcome = parcel.channel.send(parcel.letter)
    except Exception as error:  # a channel must not raise; if one does, the text may have gone out
        log.error("channel failed", channel=row.channel, error=type(error).__name__)
        outcome = Unsure()
    finally:
        connections.close_all()  # of this thread, if the channel opened one
    pace.TEMPO.learn(row.store_id, row.channel, outcome)
    return outcome


def write_down(message: Message, outcome: Outcome, *, at: datetime) -> None:
    """What came of a call. Only a message still `sending` in this attempt is touched. Needs scope."""
    moves.write([moves.after(message, outcome, at=at)], at=at)


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
        outcome = channel.send(letter_of(message, address="", text=text, values=dict(message.facts)))
        with scope.use([owed.store_id]):
            write_down(message, outcome, at=clock.now())
    return message


def recover(*, at: datetime) -> int:
    """Settle what dead processes left in `sending`, and ask about calls that got no answer; returns how many moved.

    The provider's word counts; one that cannot say now is asked again. Where nobody can be asked, a service message or
    one to staff is tried once more, marketing never.
    Takes its own scope; no transaction is open while providers are asked.
    """
    stores = org.store_ids()
    if not stores:
        return 0
    with scope.use(stores):
        left = Message.objects.filter(state=S.SENDING, claimed_at__lte=at - IN_FLIGHT).order_by("claimed_at")
        silent = Message.objects.filter(
            state=S.UNKNOWN, why__in=("no_answer", "died"), claimed_at__range=(at - ASK_UNKNOWN_FOR, at - IN_FLIGHT)
        ).order_by("changed_at")
        rows = [*left.defer("body_sealed")[:RECOVER_AT_ONCE], *silent.defer("body_sealed")[:RECOVER_AT_ONCE]]
        channels = [channel_of(row.store_id, row.channel) for row in rows]
        asked = [letter_of(row, address=address) for row, address in zip(rows, _addresses(rows), strict=True)]
    said = _ask(list(zip(rows, channels, asked, strict=True)))
    settled = [_settled(row, word, at=at) for row, word in zip(rows, said, strict=True)]
    with scope.use(stores):
        moves.write([move for move in settled if move.state == S.UNKNOWN == move.message.state], at=at)  # asked: turn
        return moves.write([move for move in settled if move.state != move.message.state], at=at)


def _addresses(rows: Sequence[Message]) -> list[str]:
    """Where the messages went: some providers know a call by it. '' for somebody who is no longer there."""
    keys = [(row.customer_id, row.channel, row.vehicle_id) for row in rows if row.customer_id]
    people = gate.recipients_of(sorted(set(keys), key=str))
    found = [people.get((row.customer_id, row.channel, row.vehicle_id)) for row in rows]
    return [who.address if who else "" for who in found]


def _ask(asked: Sequence[tuple[Message, Channel | None, Letter]]) -> list[Outcome | None]:
    if not asked:
        return []

    def one(question: tuple[Message, Channel | None, Letter]) -> Outcome | None:
        row, channel, letter = question
        try:
            return channel.status(letter) if channel else None
        except Exception as error:  # a channel must not raise; nothing is known then
            log.error("channel failed", channel=row.channel, error=type(error).__name__)
            return Unsure()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8, "ask") as pool:
        contexts = [contextvars.copy_context() for _question in asked]
        return list(pool.map(lambda context, question: context.run(one, question), contexts, asked))


def _settled(message: Message, said: Outcome | None, *, at: datetime) -> Move:
    """Where a message goes by the provider's word, or without one."""
    again = Move(message, S.WAITING, "died", not_before_at=at)
    if isinstance(said, Busy):  # the provider never saw it
        return again
    if said is not None and not isinstance(said, Unsure):
        return moves.after(message, said, at=at)
    if message.state == S.UNKNOWN:
        return Move(message, S.UNKNOWN, message.why, claimed_at=message.claimed_at)
    if said is None and message.message_class != Message.Class.MARKETING and message.attempts < 2:
        return again
    return Move(message, S.UNKNOWN, "died", claimed_at=message.claimed_at)  # one that may know more is asked again
