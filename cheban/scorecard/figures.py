"""Figures out of the sums: of weeks, of a person's month. For rooms above: incentives, reports. R161, R181."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Sum

from cheban.scorecard.definitions import BY_CODE, values
from cheban.scorecard.models import Tally, WeekTally

__all__ = ["Figure", "of_weeks", "person_figure", "store_figure", "values"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with what it is made of: `value` is exact, in the definition's unit; None without anything to measure."""

    metric: str
    part: int
    whole: int

    @property
    def value(self) -> Decimal | None:
        """Exact; show it with `definitions.shown`."""
        return values(self.part, self.whole, BY_CODE[self.metric].unit)


def of_weeks(metric: str, store_id: int, *, from_on: date, until: date) -> tuple[int, int]:
    """Part and whole of the weeks whose Mondays lie in [from_on, until). One query."""
    found = WeekTally.objects.filter(store_id=store_id, metric=metric, week__gte=from_on, week__lt=until).aggregate(
        part=Sum("part"), whole=Sum("whole")
    )
    return found["part"] or 0, found["whole"] or 0


def _of_month(metric: str, month: date, **where: object) -> Figure:
    first = month.replace(day=1)
    until = (first + timedelta(days=32)).replace(day=1)
    found = Tally.objects.filter(metric=metric, day__gte=first, day__lt=until, **where).aggregate(
        part=Sum("part"), whole=Sum("whole")
    )
    return Figure(metric, found["part"] or 0, found["whole"] or 0)


def person_figure(staff_id: int, metric: str, month: date, *, store_id: int | None = None) -> Figure:
    """What a person's own counted things of a calendar month come to (any day of it), in the stores of the scope or in
    one. Raises KeyError for an unknown figure. One query."""
    where: dict[str, object] = {"person_id": staff_id}
    if store_id is not None:
        where["store_id"] = store_id
    return _of_month(BY_CODE[metric].code, month, **where)


def store_figure(store_id: int, metric: str, month: date) -> Figure:
    """A store's figure of a calendar month. One query."""
    return _of_month(BY_CODE[metric].code, month, store_id=store_id, person_id=0)
