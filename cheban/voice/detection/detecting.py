"""`detect`: one text in, one answer out."""

from __future__ import annotations

from dataclasses import dataclass

from cheban.voice.detection import alerts, leads
from cheban.voice.detection.normalise import Normal, normalise
from cheban.voice.detection.words import Mark, Words, default, marks


@dataclass(frozen=True, slots=True)
class Span:
    """Words of the text that speak for the answer: half-open range of characters, and what they show."""

    start: int
    end: int
    shows: str


@dataclass(frozen=True, slots=True)
class Detected:
    """What a text says.

    `kinds` of the red alert, first to last: brakes, steering, fire, fuel, acceleration, power_loss, engine, airbag,
    structure, tyre, control, hazard. `lead_type`: none, additional_purchase, trade_in, referral. `grade` of the lead:
    A explicit, B latent, empty without one; a person confirms it (R107).
    """

    red_alert: bool
    kinds: tuple[str, ...]
    lead_type: str
    grade: str
    evidence: tuple[Span, ...]


NOTHING = Detected(False, (), "none", "", ())


def detect(text: str, *, words: Words | None = None) -> Detected:
    """Red alert and lead of one text, with the words that show them. R104-R107, R119.

    Deterministic, linear in the length of the text, never raises on any string. `words`: a store's own tables
    (`words.default().with_more(...)`).
    """
    words = words or default()
    normal = normalise(text)
    found = marks(normal.text, words)
    if not found:
        return NOTHING
    alarms = alerts.findings(normal.text, found, words)
    lead = leads.lead(normal.text, found)
    if not alarms and lead is None:
        return NOTHING
    kinds = tuple(dict.fromkeys(alarm.kind for alarm in alarms))
    spans = [_span(normal, mark, alarm.kind) for alarm in alarms for mark in alarm.marks]
    if lead is not None:
        spans += [_span(normal, mark, lead.type) for mark in lead.marks]
    evidence = tuple(sorted(dict.fromkeys(spans), key=lambda span: (span.start, span.end, span.shows)))
    return Detected(bool(kinds), kinds, lead.type if lead else "none", lead.grade if lead else "", evidence)


def _span(normal: Normal, mark: Mark, shows: str) -> Span:
    start, end = normal.origin(mark.start, mark.end)
    return Span(start, end, shows)
