"""Slots: a page of one room shows something of another room without importing it.

A lower or equal room asks by name, the owning room provides the function when its app is ready. A slot
nobody fills answers with its default.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_providers: dict[str, Callable[..., Any]] = {}


def provide(name: str, function: Callable[..., Any]) -> None:
    """Fill a slot; a second filling of the same slot is an error."""
    if _providers.get(name, function) is not function:
        raise ValueError(f"slot {name} is filled already")
    _providers[name] = function


def ask(name: str, *args: Any, default: Any = None, **kwargs: Any) -> Any:
    """What the provider of the slot answers."""
    function = _providers.get(name)
    return default if function is None else function(*args, **kwargs)
