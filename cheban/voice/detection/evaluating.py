"""How good the detection is on labelled texts: counts, precision, recall, F1, each with its 95 % interval. R119, R107.

Pure: rows in, figures out. The labelling rule, the splits and the figures: docs/detection.md.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cheban.voice.detection.detecting import Detected, detect

Z = 1.959964  # 95 % of a normal distribution
DRAWS = 1_000  # resamples for the interval of F1
LEADS = ("none", "additional_purchase", "trade_in", "referral")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text that a person has read. None for a label: left out as arguable."""

    id: str
    text: str
    red_alert: bool | None
    lead_type: str | None


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval, all between 0 and 1; nan where there was nothing to count."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Score:
    """Hits, false alarms, misses and rightly silent texts, and what follows from them."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    precision: Rate
    recall: Rate
    f1: Rate
    false_alarms_per_100: float  # of texts that are none


@dataclass(frozen=True, slots=True)
class Confused:
    """A text on which reader and detection differ."""

    id: str
    what: str  # missed, false_alarm, lead
    expected: str
    found: str
    evidence: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures over all rows and the list of differences."""

    rows: int
    red_alert: Score
    lead: Score
    confused: tuple[Confused, ...]


def part_of(identifier: str) -> str:
    """`dev` or `held_out`: half and half by the hash of the id, so that everybody splits alike."""
    return "dev" if int(hashlib.sha256(identifier.encode()).hexdigest()[:8], 16) % 100 < 50 else "held_out"


def evaluate(rows: Iterable[Labelled]) -> Evaluation:
    """Read every text once and compare. A lead of the wrong type counts as a false alarm and as a miss."""
    red: list[tuple[bool, bool]] = []
    leads: list[tuple[str, str]] = []
    confused: list[Confused] = []
    count = 0
    for row in rows:
        count += 1
        detected = detect(row.text)
        if row.red_alert is not None:
            red.append((row.red_alert, detected.red_alert))
        if row.lead_type is not None:
            leads.append((row.lead_type, detected.lead_type))
        confused += _differences(row, detected)
    return Evaluation(count, _score(red), _score(leads), tuple(confused))


def _differences(row: Labelled, detected: Detected) -> Iterator[Confused]:
    shown = tuple(row.text[span.start : span.end] for span in detected.evidence)
    if row.red_alert is not None and row.red_alert != detected.red_alert:
        what = "missed" if row.red_alert else "false_alarm"
        found = ",".join(detected.kinds) or "none"
        yield Confused(row.id, what, "red_alert" if row.red_alert else "none", found, shown, row.text)
    if row.lead_type is not None and row.lead_type != detected.lead_type:
        yield Confused(row.id, "lead", row.lead_type, detected.lead_type, shown, row.text)


def _score(pairs: Sequence[tuple[bool, bool]] | Sequence[tuple[str, str]]) -> Score:
    outcomes = [_outcome(expected, found) for expected, found in pairs]
    right, false, missed = (sum(column) for column in zip(*outcomes, strict=True)) if outcomes else (0, 0, 0)
    silent = sum(outcome == (0, 0, 0) for outcome in outcomes)
    none = sum(not _is_said(expected) for expected, _found in pairs)
    return Score(
        right,
        false,
        missed,
        silent,
        wilson(right, right + false),
        wilson(right, right + missed),
        _f1(outcomes),
        100 * sum(1 for expected, found in pairs if _is_said(found) and not _is_said(expected)) / none
        if none
        else math.nan,
    )


def _is_said(label: bool | str) -> bool:
    return label not in (False, "none")


def _outcome(expected: bool | str, found: bool | str) -> tuple[int, int, int]:
    is_right = expected == found
    return (
        int(is_right and _is_said(expected)),
        int(not is_right and _is_said(found)),
        int(not is_right and _is_said(expected)),
    )


def wilson(hits: int, of: int) -> Rate:
    """A share with its Wilson score interval. Wilson 1927."""
    if not of:
        return Rate(math.nan, math.nan, math.nan)
    share = hits / of
    middle = share + Z * Z / (2 * of)
    width = Z * math.sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    below = 1 + Z * Z / of
    return Rate(share, max(0.0, (middle - width) / below), min(1.0, (middle + width) / below))


def _f1(outcomes: Sequence[tuple[int, int, int]]) -> Rate:
    """F1 with the percentile interval of rows drawn again, from a fixed seed: the same figures every time."""
    telling = [outcome for outcome in outcomes if any(outcome)]
    if not telling:
        return Rate(math.nan, math.nan, math.nan)
    draw = random.Random(119)
    drawn = sorted(_f1_of(draw.choices(telling, k=len(telling))) for _ in range(DRAWS))
    return Rate(_f1_of(telling), drawn[int(0.025 * DRAWS)], drawn[int(0.975 * DRAWS) - 1])


def _f1_of(outcomes: Sequence[tuple[int, int, int]]) -> float:
    right, false, missed = (sum(column) for column in zip(*outcomes, strict=True))
    return 2 * right / (2 * right + false + missed)
