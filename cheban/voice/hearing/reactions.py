"""Whatever event carries words, of whichever room: heard once, whoever offers it and whenever that room is ready."""

from __future__ import annotations

from cheban.core import said
from cheban.core.events import reaction
from cheban.core.models import Event
from cheban.customers import queries as customers
from cheban.voice.complaints import alarms
from cheban.voice.hearing import reading


def hear(event: Event) -> None:
    """Keep what was said with the event; danger raises a red alert. Safe to run twice."""
    if not (words := said.words(event)):
        return
    vehicle_id = event.vehicle_id or customers.only_car(event.customer_id)
    passage = reading.keep(event, words, vehicle_id=vehicle_id)
    if passage is not None and passage.kinds and not passage.is_history:
        alarms.sound(passage)


def listen() -> None:
    """Hear every event that carries words (called when the app is ready)."""
    said.on_offer(lambda name: reaction(name, only_if=_says_something)(hear))


def _says_something(event: Event) -> bool:
    """Most contacts have no note: then nothing is owed."""
    return bool(said.words(event))
