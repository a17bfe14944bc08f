"""What a customer seems to like, derived from what they bought and when they could be reached. R005.

A like is told only where enough stands behind it, and always with its basis, so that nobody takes a guess for a fact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from cheban.customers.models import Vehicle

LEAST, SHARE = 3, 0.6
"""How often something must have happened, and in which share of all cases, to be called a liking."""


@dataclass(frozen=True, slots=True)
class Like:
    """One liking in words, and what it rests on."""

    says: str
    basis: str


def usual(seen: Iterable[str], *, least: int = LEAST) -> tuple[str, int, int] | None:
    """What was seen in most cases: (which, how often, of how many); None when nothing stands out."""
    counts = Counter(value for value in seen if value)
    whole = counts.total()
    if whole < least:
        return None
    [(value, often)] = counts.most_common(1)
    return (value, often, whole) if often / whole >= SHARE else None


def of_customer(customer_id: UUID, vehicles: Sequence[Vehicle], *, was_reached: bool = True) -> list[Like]:
    """Likes from the vehicles of a customer, former ones too, and from calls that reached them, if any. One query."""
    found: list[Like] = []
    cars = list({v.id: v for v in vehicles}.values())
    for column, says in (
        ("series", _("认车系：%(what)s")),
        ("brand", _("认品牌：%(what)s")),
        ("colour", _("喜欢的颜色：%(what)s")),
        ("trim", _("喜欢的配置：%(what)s")),
    ):
        if column == "brand" and found:
            continue  # the series says more
        if seen := usual((getattr(v, column) for v in cars), least=2):
            value, often, whole = seen
            if often >= 2:
                basis = _("%(whole)d 台车中 %(often)d 台") % {"whole": whole, "often": often}
                found.append(Like(says % {"what": value}, basis))
    return found + _of_calls(customer_id) if was_reached else found


def _of_calls(customer_id: UUID) -> list[Like]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT CASE WHEN extract(hour FROM at AT TIME ZONE 'Asia/Shanghai') < 12 THEN 'morning'
                           WHEN extract(hour FROM at AT TIME ZONE 'Asia/Shanghai') < 17 THEN 'afternoon'
                           ELSE 'evening' END
               FROM core_event WHERE customer_id = %s AND name = 'contact.reached' ORDER BY at DESC LIMIT 20""",
            [customer_id],
        )
        reached = usual(row[0] for row in cursor.fetchall())
    if not reached:
        return []
    part, often, whole = reached
    says = {"morning": _("上午容易接通"), "afternoon": _("下午容易接通"), "evening": _("傍晚容易接通")}[part]
    return [Like(says, _("接通的 %(whole)d 次中 %(often)d 次") % {"whole": whole, "often": often})]
