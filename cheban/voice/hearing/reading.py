"""Read a passage and keep it with its evidence. R119.

Bounded: of very long words the first `MOST` characters are kept and read, and the passage says that it was cut. Markup is
kept as it came; whoever shows it escapes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from cheban.core import clock
from cheban.core.events import HISTORY, record
from cheban.core.models import Event
from cheban.voice.detection import Detected, detect
from cheban.voice.models import Passage

MOST = 20_000
WORDS = 60
"""Characters of a sentence that stand for what alarms, in a banner or an event."""
SENTENCE = 200


@dataclass(frozen=True, slots=True)
class Read:
    """What a text says, cut to what was read; `words` are the alarming sentence."""

    text: str
    is_cut: bool
    found: Detected
    words: str


def read(text: str) -> Read:
    """Read a text of any length, in time linear in `MOST`."""
    kept = text[:MOST].replace("\x00", "").strip()
    found = detect(kept)
    return Read(kept, len(text.strip()) > len(kept), found, _around(kept, found, found.kinds, WORDS))


def _around(text: str, found: Detected, shows: tuple[str, ...], most: int) -> str:
    """The part of the text about the evidence of these kinds, at most so many characters; '' when there is none."""
    spans = [span for span in found.evidence if span.shows in shows]
    if not spans:
        return ""
    begin, end = spans[0].start, min(max(s.end for s in spans), spans[0].start + most)
    while begin > 0 and text[begin - 1] not in "。！？!?；;\n" and end - begin < most:
        begin -= 1
    while end < len(text) and text[end] not in "。！？!?；;\n" and end - begin < most:
        end += 1
    return " ".join(text[begin:end].split())


def _shown(text: str, found: Detected, kind: str) -> list[str]:
    """The words themselves that show this wish, each once, as they stand in the text."""
    words = (text[span.start : span.end].strip() for span in found.evidence if span.shows == kind)
    return list(dict.fromkeys(word for word in words if word))


def keep(event: Event, text: str, *, vehicle_id: UUID | None = None, read_as: Read | None = None) -> Passage | None:
    """Keep what was said with this event, once; None when it was kept before. Tells wishes on (`interest.heard`).

    Danger is the caller's to act on: `kinds` says whether there is any, `alarming` in which words.
    """
    if Passage.objects.filter(event_id=event.id).exists():
        return None
    got = read_as or read(text)
    passage = Passage.objects.create(
        store_id=event.store_id,
        event_id=event.id,
        source=event.name,
        customer_id=event.customer_id,
        vehicle_id=event.vehicle_id or vehicle_id,
        text=got.text,
        is_cut=got.is_cut,
        said_at=event.at,
        kinds=list(got.found.kinds),
        evidence=[[span.start, span.end, span.shows] for span in got.found.evidence],
        lead_kind="" if got.found.lead_type == "none" else got.found.lead_type,
        is_history=clock.now() - event.at > HISTORY,
    )
    passage.alarming = got.words
    if passage.lead_kind and event.customer_id and not passage.is_history:
        record(
            "interest.heard",
            store_id=event.store_id,
            at=event.at,
            customer_id=event.customer_id,
            vehicle_id=passage.vehicle_id,
            kind=passage.lead_kind,
            passage_id=str(passage.id),
            source=event.name,
            words=_shown(got.text, got.found, passage.lead_kind),
            text=_around(got.text, got.found, (passage.lead_kind,), SENTENCE),
        )
    return passage
