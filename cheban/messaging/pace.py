"""How fast each way out is used, and when it is left alone for a while. Reliability 5.2: burst at 08:30, carrier limits.

One table says it for every channel. The counts live in the sending process: there is one at a time, and what a provider
does not want it says itself (`Busy`). A provider that stops answering must not turn a campaign into a work list of
thousands: after three calls in a row that came to nothing, its account rests.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from cheban.messaging.channels import Busy, Outcome, Unsure

FAILURES, REST_SECONDS, LONGEST_REST = 3, 60.0, 300.0
"""So many calls in a row without a result rest an account so long, or as the provider asks; then one call tries it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Of one store's account: calls in any 60 s. Of the channel: calls at a time, and messages marked `sending` at most,
    which is what a killed process leaves to be settled."""

    per_minute: int
    at_once: int
    ahead: int

    @property
    def burst(self) -> float:
        """Calls that may come together after a rest. What flows in meanwhile is the rest of `per_minute`."""
        return max(1.0, self.per_minute / 4)

    @property
    def per_second(self) -> float:
        return max(1.0, self.per_minute - self.burst) / 60


PACES = {
    "sms": Pace(per_minute=6_000, at_once=8, ahead=50),
    "email": Pace(per_minute=600, at_once=4, ahead=4),  # cannot be asked what became of a call: few at a time
    "wecom": Pace(per_minute=600, at_once=4, ahead=8),
    "robot": Pace(per_minute=20, at_once=2, ahead=2),  # the limit of a WeCom group robot
}
PLAIN = Pace(per_minute=600, at_once=4, ahead=4)
"""Of a channel that the table does not name."""
KEPT_FOR_ALERTS = 0.4
"""Share of a burst that only red alerts may use."""


def pace_of(channel: str) -> Pace:
    """The row of a channel."""
    return PACES.get(channel, PLAIN)


@dataclass(slots=True)
class _Account:
    tokens: float
    counted_at: float
    failures: int = 0
    rests_until: float = 0.0
    in_flight: int = 0


class Tempo:
    """The counts of all accounts in this process, for the sender and its threads. Moments are monotonic seconds: no
    clock that jumps moves them."""

    def __init__(self) -> None:
        self._accounts: dict[tuple[int, str], _Account] = {}
        self._lock = threading.RLock()

    def _account(self, store_id: int, channel: str, now: float) -> _Account:
        pace = pace_of(channel)
        found = self._accounts.setdefault((store_id, channel), _Account(pace.burst, now))
        found.tokens = min(pace.burst, found.tokens + (now - found.counted_at) * pace.per_second)
        found.counted_at = now
        return found

    def may_take(self, store_id: int, channel: str, *, is_alert: bool) -> bool:
        """Whether one more call may be made now. Red alerts are not held to the count, only to a rest."""
        now = time.monotonic()
        with self._lock:
            account = self._account(store_id, channel, now)
            if now < account.rests_until or (account.failures >= FAILURES and account.in_flight):
                return False
            return is_alert or account.tokens >= 1 + int(KEPT_FOR_ALERTS * pace_of(channel).burst)

    def take(self, store_id: int, channel: str) -> None:
        """A call will be made."""
        with self._lock:
            account = self._account(store_id, channel, time.monotonic())
            account.tokens -= 1
            account.in_flight += 1

    def ended(self, store_id: int, channel: str, *, was_made: bool) -> None:
        """That call has ended, or is not made after all."""
        with self._lock:
            account = self._account(store_id, channel, time.monotonic())
            account.in_flight -= 1
            account.tokens += 0 if was_made else 1

    def learn(self, store_id: int, channel: str, outcome: Outcome) -> None:
        """What came of a call; told by the thread that made it, before the next one calls."""
        now = time.monotonic()
        with self._lock:
            account = self._account(store_id, channel, now)
            if not isinstance(outcome, Busy | Unsure):
                account.failures = 0
                return
            account.failures += 1
            if account.failures >= FAILURES:
                asked = outcome.seconds if isinstance(outcome, Busy) else REST_SECONDS
                account.rests_until = now + min(max(asked, 1.0), LONGEST_REST)

    def is_resting(self, store_id: int, channel: str) -> bool:
        """Whether the account is left alone now."""
        with self._lock:
            account = self._accounts.get((store_id, channel))
            return account is not None and time.monotonic() < account.rests_until

    def closed(self) -> list[tuple[int, str]]:
        """Accounts from which not even a red alert may go now."""
        with self._lock:
            return [key for key in self._accounts if not self.may_take(*key, is_alert=True)]

    def spent(self) -> list[tuple[int, str]]:
        """Accounts from which only red alerts may go now, and the closed ones."""
        with self._lock:
            return [key for key in self._accounts if not self.may_take(*key, is_alert=False)]

    def forget(self) -> None:
        """As in a new process."""
        with self._lock:
            self._accounts.clear()


TEMPO = Tempo()
"""Of this process."""
