"""Channels: how a text leaves the house. A channel says plainly what came of a call; the outbox decides what follows.

A channel is put in place per store by whoever holds its account (slot `messaging.channel`). Where there is none, the
message ends as PAPER: the outbox shows exactly what would have gone out, and nobody believes that it did.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cheban.core import slots


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it, under its own id."""

    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class Turned:
    """The provider surely did not take it, and will not."""


@dataclass(frozen=True, slots=True)
class Busy:
    """The provider surely did not take it now; it may later (rate limit, no connection)."""

    seconds: float = 60


@dataclass(frozen=True, slots=True)
class Unsure:
    """No answer after the text was handed over: it may have gone out."""


Outcome = Accepted | Turned | Busy | Unsure


class Channel(Protocol):
    """One way out. `request_id` is the same for every attempt of a message, so a provider can know a repeat."""

    def send(self, *, request_id: str, address: str, text: str) -> Outcome:
        """Hand the text over; never raises for what the provider does."""

    def status(self, *, request_id: str) -> Outcome | None:
        """What became of an earlier call: Busy when it never arrived, Unsure when the provider cannot say now, None when
        it can never be asked."""


def channel_of(store_id: int, name: str) -> Channel | None:
    """The channel of a store, or None where no account is in place."""
    return slots.ask("messaging.channel", store_id, name)
