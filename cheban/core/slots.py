"""Slots: a page of one room shows something of another room without importing it.

A lower or equal room asks by name, the owning room provides the function when its app is ready. A slot
nobody fills answers with its default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection

_providers: dict[str, Callable[..., Any]] = {}
_rows: dict[str, str] = {}


def provide(name: str, function: Callable[..., Any], *, rows: str = "") -> None:
    """Fill a slot; a second filling of the same slot is an error.

    `rows` says what the answer is made from, for `worth_asking`: `sales_lead WHERE customer_id = %s`.
    """
    if _providers.get(name, function) is not function:
        raise ValueError(f"slot {name} is filled already")
    _providers[name] = function
    _rows[name] = rows


def ask(name: str, *args: Any, default: Any = None, **kwargs: Any) -> Any:
    """What the provider of the slot answers."""
    function = _providers.get(name)
    return default if function is None else function(*args, **kwargs)


def worth_asking(names: Iterable[str], about: object, **more: str) -> set[str]:
    """Which slots, and which of `more`, have a row about this at all. One query.

    A customer's page asks a dozen rooms, and most of them know nothing of most customers. Slots whose providers do not
    say where their rows are count as worth it. `more` names things of the asker's own, with where their rows are.
    """
    filled = [name for name in names if name in _providers]
    looked = {name: _rows[name] for name in filled if _rows[name]} | more
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + ", ".join(f"EXISTS (SELECT FROM {rows})" for rows in looked.values()),  # noqa: S608 - ours
            [about] * len(looked),
        )
        found = dict(zip(looked, cursor.fetchone(), strict=True))
    return {name for name in [*filled, *more] if found.get(name, True)}
