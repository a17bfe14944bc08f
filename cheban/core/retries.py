"""When a background job is tried again: what ends by itself, or by somebody's hand, and nothing else."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job

from cheban.core.disk import is_full_disk

AGAIN_SECONDS = 30


def can_go_on_later(error: BaseException) -> bool:
    """Whether an error comes from a full disk or a database that is away."""
    return is_full_disk(error) or isinstance(error, (OperationalError, InterfaceError))


class WhenItCanGoOn(BaseRetryStrategy):
    """A full disk or a database that is away: the work then goes on."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Again in a while for these two, never for anything else."""
        return RetryDecision(retry_in={"seconds": AGAIN_SECONDS}) if can_go_on_later(exception) else None
