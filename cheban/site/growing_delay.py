"""The growing delay after wrong passwords: the one place that says how long an account waits. Decision 5, R019.

Two counts, both kept in the cache table that all processes share: of one account from one address (somebody who guesses,
or forgot), and of one account from everywhere (guesses spread over many addresses). An attempt is counted before the
password is looked at, under a lock, and forgiven when it was right: a hundred attempts at once gain nothing. While an
account waits no password is looked at, the right one neither; a login that nobody has waits just the same, so the answer
tells nothing. Addresses have a limit of their own beside this (allauth, `ACCOUNT_RATE_LIMITS`).
"""

from __future__ import annotations

import hashlib
import math
from datetime import timedelta

from django.core.cache import cache
from django.db import connection, transaction

from cheban.core import clock

FROM_ONE_ADDRESS = (0, 0, 5, 15, 60, 300, 900)
"""Seconds to wait after the first, second ... failure; the last goes on for ever."""
FROM_EVERYWHERE = (*(0,) * 9, 60, 60, 60, 60, 60, 300)
"""The same for an account over all addresses: shorter, so that a stranger cannot keep somebody out for long."""
FORGET_AFTER = timedelta(hours=1)
"""Without another failure for so long (beyond the wait), counting begins anew."""


def _names(login: str, address: str) -> list[tuple[str, tuple[int, ...]]]:
    account = login.strip().casefold()
    return [
        ("wait:" + hashlib.sha256(f"{place}\n{account}".encode()).hexdigest(), waits)
        for place, waits in (("", FROM_EVERYWHERE), (address, FROM_ONE_ADDRESS))
    ]


def _lock(name: str) -> None:
    """Until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def attempt(login: str, address: str) -> int:
    """Count an attempt to sign in. 0 when the password may be looked at now; else the seconds still to wait, and
    nothing was counted."""
    names, counts = _names(login, address), []
    with transaction.atomic():
        for name, _waits in names:  # always in this order: two attempts never wait for each other
            _lock(name)
        now = clock.now().timestamp()  # after the locks: an earlier moment would lie before the last attempt
        for name, waits in names:
            count, until = cache.get(name, (0, 0.0))
            if now > until + FORGET_AFTER.total_seconds():
                count = 0
            elif now < until:
                return math.ceil(until - now)
            counts.append((name, waits, count + 1))
        for name, waits, count in counts:
            wait = waits[min(count, len(waits)) - 1]
            cache.set(name, (count, now + wait), wait + FORGET_AFTER.total_seconds())
    return 0


def forgive(login: str, address: str) -> None:
    """The password was right: this account waits no longer from this address, and this attempt does not count for it
    elsewhere. What others did elsewhere stays counted."""
    (everywhere, _), (here, _) = _names(login, address)
    with transaction.atomic():
        _lock(everywhere)
        count, _until = cache.get(everywhere, (0, 0.0))
        cache.set(everywhere, (max(count - 1, 0), clock.now().timestamp()), FORGET_AFTER.total_seconds())
        cache.delete(here)
