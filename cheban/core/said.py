"""Said: the events whose facts or rows hold words of a customer, told by the room that records them.

Whoever listens for danger or for wishes (the voice room) reads every such event alike and need not know the rooms:
a message, an answer of a survey, a note on a call, a line of a repair order.
"""

from __future__ import annotations

from collections.abc import Callable

from cheban.core.models import Event

_words: dict[str, Callable[[Event], str]] = {}
_listeners: list[Callable[[str], None]] = []


def offer(name: str, words: Callable[[Event], str]) -> None:
    """Declare that events of this name carry a customer's words; `words(event)` reads them ('' for none).

    Called when the room's app is ready. A second reader of the same event is an error.
    """
    if _words.get(name, words) is not words:
        raise ValueError(f"the words of {name} are offered already")
    is_new = name not in _words
    _words[name] = words
    for heard in _listeners if is_new else ():
        heard(name)


def on_offer(listener: Callable[[str], None]) -> None:
    """Have `listener(name)` called for every name that is offered, before or after this: rooms may be ready in any
    order."""
    _listeners.append(listener)
    for name in sorted(_words):
        listener(name)


def names() -> frozenset[str]:
    """Names of all events that carry words."""
    return frozenset(_words)


def words(event: Event) -> str:
    """What the customer said in this event, '' when nothing."""
    reader = _words.get(event.name)
    return reader(event).strip() if reader else ""
