"""Who lives in the simulated town: one file per behaviour, found by itself.

A file of this folder that defines `begin(world)` is an actor. `begin` puts the actor's first doings on the agenda
(`world.plan`); each doing may plan the next. Rooms below never hear of this: an actor calls their commands, as a
person at a screen or an outside system would. See docs/simulate.md.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

Begin = Callable[[Any], None]


def all_actors() -> dict[str, Begin]:
    """Every actor's `begin`, by name, in alphabetical order."""
    found: dict[str, Begin] = {}
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        if begin := getattr(loaded, "begin", None):
            found[module.name] = begin
    return found
