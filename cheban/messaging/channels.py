"""Channels: how a text leaves the house. A channel says plainly what came of a call; the outbox decides what follows.

A store's channel is made from its account (`accounts.channel_of_store`, slot `messaging.channel`). Where there is none,
the message ends as PAPER: the outbox shows exactly what would have gone out, and nobody believes that it did.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cheban.core import slots


@dataclass(frozen=True, slots=True)
class Letter:
    """What is handed over. `request_id` is the same for every attempt of a message, so a provider can know a repeat.

    `values` are the fields of the text, for providers that fill a template of their own; `path` is the page that a
    button opens; `begun_at` is the moment of the attempt that is asked about.
    """

    request_id: str
    address: str
    text: str = ""
    kind: str = ""
    title: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""
    is_marketing: bool = False
    begun_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it, under its own id."""

    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class Turned:
    """The provider surely did not take it, and will not. `said` is its own answer, '93000 invalid webhook url'."""

    said: str = ""


@dataclass(frozen=True, slots=True)
class Busy:
    """The provider surely did not take it now; it may later (rate limit, no connection)."""

    seconds: float = 60
    said: str = ""


@dataclass(frozen=True, slots=True)
class Unsure:
    """No answer after the text was handed over: it may have gone out."""

    said: str = ""


Outcome = Accepted | Turned | Busy | Unsure
PERSONAL = re.compile(r"[^\s<>@]+@[^\s<>@]+|\d[\d\s-]{5,}\d")
MOST_SAID = 200


def said(code: object, words: object = "") -> str:
    """A provider's answer as it is kept: its code, then its words without addresses and numbers of people."""
    text = " ".join(str(words).split())
    return f"{code} {PERSONAL.sub('…', text)}".strip()[:MOST_SAID]


class Channel(Protocol):
    """One way out."""

    def send(self, letter: Letter) -> Outcome:
        """Hand the text over; never raises for what the provider does."""

    def status(self, letter: Letter) -> Outcome | None:
        """What became of an earlier call: Busy when it never arrived, Unsure when the provider cannot say now, None when
        it can never be asked."""


def channel_of(store_id: int, name: str) -> Channel | None:
    """The channel of a store, or None where no account is in place."""
    return slots.ask("messaging.channel", store_id, name)
