"""What a used car may bring, to orient by: never an offer. R105.

The figure is the price its owner paid x a share by age. The shares are the house's own table for ordinary use, drawn
wide on purpose; an electric car is taken lower, as its battery ages and new ones get cheaper. Without a known price
there is no figure, only the age. An appraisal of the car itself replaces it (`Lead.appraised_fen`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from cheban.customers.models import Vehicle

SHARES = ((82, 90), (70, 80), (60, 71), (52, 63), (45, 56), (38, 49), (32, 43), (27, 37), (22, 32), (18, 27), (14, 23))
"""Percent of the price paid that is left, lowest and highest, by whole years of age; the last counts for older cars
until `OLDEST`."""
OLDEST = 15
ELECTRIC = 12
"""Percentage points less for an electric car from its second year on."""


@dataclass(frozen=True, slots=True)
class Value:
    """Age in whole months; the range in fen and the figures it was worked out from, None where no price is known."""

    months: int | None
    price_fen: int | None = None
    low_percent: int | None = None
    high_percent: int | None = None
    is_electric: bool = False

    @property
    def low_fen(self) -> int | None:
        """Lower end, whole hundreds of yuan."""
        return _round(self.price_fen, self.low_percent)

    @property
    def high_fen(self) -> int | None:
        """Upper end, whole hundreds of yuan."""
        return _round(self.price_fen, self.high_percent)

    @property
    def years(self) -> int:
        """Whole years of age."""
        return (self.months or 0) // 12

    @property
    def months_over(self) -> int:
        """Months beyond the whole years."""
        return (self.months or 0) % 12


def _round(price_fen: int | None, percent: int | None) -> int | None:
    return None if price_fen is None or percent is None else price_fen * percent // 1_000_000 * 10_000


def months_between(first: date, last: date) -> int:
    """Whole months from `first` to `last`, never below 0."""
    months = (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)
    return max(months, 0)


def of(vehicle: Vehicle, *, today: date) -> Value:
    """Age and, if the price is known, the range of one car today."""
    begun = vehicle.registered_on or vehicle.purchased_on
    if begun is None:
        return Value(None)
    months, is_electric = months_between(begun, today), vehicle.energy == Vehicle.Energy.ELECTRIC
    if not vehicle.price_fen or months >= OLDEST * 12:
        return Value(months)
    low, high = SHARES[min(months // 12, len(SHARES) - 1)]
    if is_electric and months >= 12:
        low, high = max(low - ELECTRIC, 5), max(high - ELECTRIC, 10)
    return Value(months, vehicle.price_fen, low, high, is_electric)
