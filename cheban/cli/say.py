"""Words for the person at the terminal. Standard error: standard output belongs to results."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

FIRST_STEP, STEPS = 5, 7  # `make run` shows seven steps; bin/setup does the first four


def note(text: str) -> None:
    """One line."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(number: int, title: str) -> Iterator[None]:
    """One numbered step with its duration in seconds."""
    began = time.monotonic()
    note(f"[{number}/{STEPS}] {title} …")
    yield
    note(f"      {time.monotonic() - began:.1f} s")
