"""Questions about the house itself that are asked once: within a delivery nobody changes hours, roles or rules.

What one transaction told is delivered in one other (decision 0032), and each of its reactions wants the same few rows:
who works here, who is away, when we are open, which rules hold. Inside `asking_once` a function under `@once` answers
the second time from memory; outside of it asks anew each time. Whoever reacts by changing such a row must not ask
for it afterwards.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
_answers: ContextVar[dict[Any, Any] | None] = ContextVar("answers", default=None)


@contextmanager
def asking_once() -> Iterator[None]:
    """Until its end, answers of functions under `@once` are kept. For one transaction that only reads these rows."""
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


def once(function: F) -> F:
    """Keep what this function answered to the same (hashable) arguments inside `asking_once`. Answers are shared: never
    change one."""

    @functools.wraps(function)
    def ask(*args: Any, **kwargs: Any) -> Any:
        known = _answers.get()
        if known is None:
            return function(*args, **kwargs)
        asked = (function, args, tuple(sorted(kwargs.items())))
        if asked not in known:
            known[asked] = function(*args, **kwargs)
        return known[asked]

    return ask  # type: ignore[return-value]
