"""What a scheme says, and the arithmetic of it: exact, pure, without a database. R158-R160, R181-R183.

Factors are whole ten-thousandths (9800 = 0.98), money whole fen, points fractions until they are shown. A table of
steps is a list of (from how many points, what it gives), the highest first; the last begins at 0, so nothing lies
between two steps and nothing in two of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext_lazy as _

WHOLE = 10_000
"""A factor of exactly one."""
KINDS = {
    "additional_purchase": _("增购"),
    "trade_in": _("置换"),
    "referral": _("转介绍"),
}
OF_SALES = "consultant_satisfaction"
"""The figure of a consultant's factor: what customers of theirs say of sales and service together."""
SATISFACTION, COMPLAINTS, FOLLOW_UP = "service_satisfaction", "complaint_24h", "follow_up"
METRICS = (SATISFACTION, COMPLAINTS, FOLLOW_UP)
"""The figures of a service person's factor."""

Steps = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """A scheme. weight: percent of the sales commission that depends on satisfaction; steps: points -> percent of that
    part; least: fewest answers that change a factor; bonus: kind of lead -> fen; weights: figure -> percent of a
    service person's points; coefficients: points -> thousandths."""

    weight: int
    steps: Steps
    least: int
    bonus: Mapping[str, int]
    weights: Mapping[str, int]
    coefficients: Steps

    def as_json(self) -> dict[str, Any]:
        """As `IncentiveScheme.terms` keeps it."""
        return {
            "weight": self.weight,
            "steps": [list(step) for step in self.steps],
            "least": self.least,
            "bonus": dict(self.bonus),
            "weights": dict(self.weights),
            "coefficients": [list(step) for step in self.coefficients],
        }


def from_json(kept: Mapping[str, Any]) -> Terms:
    """The other way round."""
    return Terms(
        kept["weight"],
        tuple((a, b) for a, b in kept["steps"]),
        kept["least"],
        dict(kept["bonus"]),
        dict(kept["weights"]),
        tuple((a, b) for a, b in kept["coefficients"]),
    )


HOUSE = Terms(
    weight=10,
    steps=((85, 100), (80, 80), (70, 50), (0, 0)),
    least=5,
    bonus={"additional_purchase": 30_000, "trade_in": 30_000, "referral": 20_000},
    weights={SATISFACTION: 40, COMPLAINTS: 30, FOLLOW_UP: 30},
    coefficients=((95, 1100), (85, 1000), (70, 950), (0, 900)),
)
"""Where nobody chose anything: 10 % and 85 points are the business's own (R158-R159), the rest a beginning."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure of a person's month: `part` of `whole`, with the target it is scored by and the fewest that count."""

    part: int
    whole: int
    target: Decimal = Decimal(100)
    least: int = 1


@dataclass(frozen=True, slots=True)
class Scored:
    """A figure in a factor: `points` 0-100; None where there was too little to measure."""

    metric: str
    part: int
    whole: int
    weight: int
    points: Fraction | None
    target: Decimal
    least: int


@dataclass(frozen=True, slots=True)
class Factor:
    """What multiplies a commission. `step`: (from, gives) of the table that was used; None with too few records.

    `points`: what was looked up in the table.
    """

    value: int
    points: Fraction | None
    step: tuple[int, int] | None
    scored: tuple[Scored, ...]


def value_of(metric: str, part: int, whole: int) -> Fraction | None:
    """A figure in points or percent; None without records."""
    if not whole:
        return None
    return Fraction(part if metric in (OF_SALES, SATISFACTION) else 100 * part, whole)


def step_of(steps: Steps, points: Fraction) -> tuple[int, int]:
    """The first step whose floor is reached; below all of them, the last."""
    return next((step for step in steps if points >= step[0]), steps[-1])


def sales_factor(terms: Terms, part: int, whole: int) -> Factor:
    """(100 - w + w x share) / 100; exactly one with fewer than `least` answers. R158-R159."""
    scored = Scored(
        OF_SALES,
        part,
        whole,
        terms.weight,
        value_of(OF_SALES, part, whole) if whole >= terms.least else None,
        Decimal(terms.steps[0][0]),
        terms.least,
    )
    if scored.points is None:
        return Factor(WHOLE, None, None, (scored,))
    step = step_of(terms.steps, scored.points)
    return Factor((100 - terms.weight) * 100 + terms.weight * step[1], scored.points, step, (scored,))


def service_factor(terms: Terms, measured: Mapping[str, Measured]) -> Factor:
    """Points of each figure against its target, at most 100, weighted; figures without enough records drop out and
    their weight is shared out. Exactly one where nothing could be measured. R181."""
    scored = tuple(_scored(metric, terms.weights[metric], measured.get(metric)) for metric in METRICS)
    there = [s for s in scored if s.points is not None and s.weight]
    whole = sum(s.weight for s in there)
    if not whole:
        return Factor(WHOLE, None, None, scored)
    points = sum((s.points * s.weight for s in there), Fraction(0)) / whole
    step = step_of(terms.coefficients, points)
    return Factor(step[1] * 10, points, step, scored)


def _scored(metric: str, weight: int, found: Measured | None) -> Scored:
    found = found or Measured(0, 0)
    value = value_of(metric, found.part, found.whole) if found.whole >= found.least else None
    points = None if value is None else min(Fraction(100), value * 100 / Fraction(found.target))
    return Scored(metric, found.part, found.whole, weight, points, found.target, found.least)


def times(fen: int, factor: int) -> int:
    """fen x factor in whole fen, halves up. `fen` is not negative."""
    return (2 * fen * factor + WHOLE) // (2 * WHOLE)


def split(fen: int, service_percent: int) -> tuple[int, int]:
    """(service, sales) of a bonus: exact shares, cut to fen, the fen left over to the larger remainder; of two equal
    ones to service, who found the lead. Both always make the whole. R160."""
    service, rest = divmod(fen * service_percent, 100)
    if rest >= 50:
        service += 1
    return service, fen - service


def shown(points: Fraction | Decimal | None) -> str:
    """One digit, cut down: 84.96 never reads as 85.0."""
    if points is None:
        return "—"
    exact = Fraction(points) * 10
    return f"{Decimal(exact.numerator // exact.denominator) / 10:.1f}"


def factor_words(value: int) -> str:
    """9800 -> '0.98', 10000 -> '1.00', 9985 -> '0.9985'."""
    text = f"{Decimal(value) / WHOLE:.4f}"
    return text[:-2] if text.endswith("00") else text.rstrip("0")


def exact(points: Fraction | None) -> str | None:
    """As a statement keeps it: exact to the last digit, as a fraction."""
    return None if points is None else str(points)


def check_steps(steps: Sequence[tuple[int, int]]) -> tuple[str, dict[str, int]] | None:
    """What is wrong with a table, as a code and where: ('overlap', {'row', 'other', 'points'}), ('gap', {'points'}),
    ('empty', {}). None when each number of points has exactly one step."""
    if not steps:
        return "empty", {}
    seen: dict[int, int] = {}
    for row, (floor, _gives) in enumerate(steps, 1):
        if floor in seen:
            return "overlap", {"row": row, "other": seen[floor], "points": floor}
        seen[floor] = row
    lowest = min(floor for floor, _gives in steps)
    if lowest > 0:
        return "gap", {"points": lowest}
    return None
