"""Somebody who reckons with buying without saying so: haggles over a quote, or asks what their income can carry. R104.

Both are read from the whole text, not from one clause: such texts are lists of figures with a question at their end.
Whoever tells of a deal that is done asks nobody any more.
"""

from __future__ import annotations

from collections.abc import Iterable

from cheban.voice.detection.reading import Reading
from cheban.voice.detection.words import Mark

TERMS = 2
"""Different terms of a deal that make a quote, one of them of a car's price: 裸车 + 优惠."""

PARTS = frozenset(["parts_of_want", "features"])


def bargain(reading: Reading) -> tuple[Mark, ...] | None:
    """The marks that show somebody who is about to buy, or None."""
    if is_done(reading) or not reading.leads & {"price_term", "means"}:
        return None
    return _quote(reading) or _means(reading)


def is_done(reading: Reading) -> bool:
    """Whether the text tells of a purchase that is made: 喜提, 就订了, 提车感受."""
    return "done" in reading.leads


def _quote(reading: Reading) -> tuple[Mark, ...] | None:
    """A quote and a question about it, or the round of shops that it comes from: "裸车30.5 落地34.5 ... 合适吗"."""
    price = next(
        (m for at, m in enumerate(reading.marks) if "price_term" in m.meaning.leads and not _is_of_part(reading, at)),
        None,
    )
    asked = _first(reading.marks, "verdict", "shops")
    if price is None or asked is None:
        return None
    terms = {reading.text[m.start : m.end] for m in reading.marks if m.meaning.leads & {"price_term", "deal"}}
    return (price, asked) if len(terms) >= TERMS else None


def _is_of_part(reading: Reading, at: int) -> bool:
    """What costs it is a part or a service: "保养套餐全款", "发动机修一次落地要两万"."""
    return any(PARTS & other.meaning.leads for other in reading.before_in_clause(at))


def _means(reading: Reading) -> tuple[Mark, ...] | None:
    """An income and whether it is enough for a car: "月薪1w5 ... 后期养得起吗"."""
    means, carries = _first(reading.marks, "means"), _first(reading.marks, "carries")
    return (means, carries) if means is not None and carries is not None else None


def _first(marks: Iterable[Mark], *roles: str) -> Mark | None:
    wanted = frozenset(roles)
    return next((mark for mark in marks if wanted & mark.meaning.leads), None)
