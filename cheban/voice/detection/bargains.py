"""Somebody who reckons with buying without saying so: haggles over a quote, asks what their income can carry, or which
first car to choose. R104.

All are read from the whole text, not from one clause: such texts are lists of figures with a question at their end.
Whoever tells of a deal that is done asks nobody any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cheban.voice.detection.reading import Reading
from cheban.voice.detection.wishes import DECIDED, OR, is_off, names_part
from cheban.voice.detection.words import Mark

TERMS = 2
"""Different terms of a deal that make a quote, one of them of a car's price: 裸车 + 优惠."""

CLAUSES = 3
"""How far from the car, in clauses, the help may be asked for."""
ASKS = {"first_car": frozenset(["asks_help", "asks_softly"]), "car_talk": frozenset(["asks_help"])}
"""What has to be asked of a first car, and of 买车 or 预算, which are said of many things."""
BETWEEN = 40
"""How far, in characters, two models may stand from the question between them."""
DECIDES = 200
"""How far behind the question, in characters, somebody tells what they took in the end."""
CARS_OF_REQUEST = 3
"""Different words of cars in a text that asks for one."""
FIGURE = re.compile(r"\d{2}|\d ?[万w]|[一二两三四五六七八九十]万")
"""A quote has figures; "裸车多少？落地多少" asks somebody else for theirs."""
PARTS = frozenset(["parts_of_want", "features"])


def bargain(reading: Reading) -> tuple[Mark, ...] | None:
    """The marks that show somebody who is about to buy, or None."""
    if is_done(reading) or not reading.leads & {"price_term", "means", "first_car", "car_talk", "which", "budget"}:
        return None
    return _quote(reading) or _means(reading) or _choosing(reading) or _between(reading) or _request(reading)


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
    if not FIGURE.search(reading.text):
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


def _choosing(reading: Reading) -> tuple[Mark, ...] | None:
    """Asks for help with choosing a car: "人生第一辆车，油车还是电车", "预算二十万买车求推荐"."""
    for at, mark in enumerate(reading.marks):
        asks = ASKS["first_car"] if "first_car" in mark.meaning.leads else ASKS["car_talk"]
        if not mark.meaning.leads & ASKS.keys() or is_off(reading, at, advice=False) or names_part(reading, at):
            continue
        for other in reading.around(at):
            if asks & other.meaning.leads and abs(other.clause - mark.clause) <= CLAUSES:
                return (mark, other)
    return None


def _between(reading: Reading) -> tuple[Mark, ...] | None:
    """Cannot choose between two models: "明锐和领动怎么选"."""
    for at, mark in enumerate(reading.marks):
        if "which" not in mark.meaning.leads or is_off(reading, at):
            continue
        if DECIDED.search(reading.text, mark.end, mark.end + DECIDES):  # bounded: a megabyte may ask ten thousand times
            continue
        models = [
            other
            for other in reading.around(at)
            if "model" in other.meaning.leads and abs(other.start - mark.start) <= BETWEEN
        ]
        names = {reading.text[other.start : other.end] for other in models}
        if len(names) > 1 and OR.search(reading.text, models[0].end, models[-1].start + 1):
            return (models[0], models[-1], mark)
    return None


def _request(reading: Reading) -> tuple[Mark, ...] | None:
    """A list of what the car must be, with what it may cost, and a request: "预算15万以内 ... 求推荐"."""
    budget, asked = _first(reading.marks, "budget"), _first(reading.marks, "asks_help")
    if budget is None or asked is None or not FIGURE.search(reading.text):
        return None
    if any("parts_of_want" in m.meaning.leads and abs(m.clause - asked.clause) <= 1 for m in reading.marks):
        return None
    cars = {reading.text[m.start : m.end] for m in reading.marks if m.meaning.leads & {"car_word", "model"}}
    return (budget, asked) if len(cars) >= CARS_OF_REQUEST else None


def _first(marks: Iterable[Mark], *roles: str) -> Mark | None:
    wanted = frozenset(roles)
    return next((mark for mark in marks if wanted & mark.meaning.leads), None)
