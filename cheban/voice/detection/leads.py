"""Whether a text shows a buyer: cue, type and grade. R104-R107; the rule in words: docs/detection.md.

Read clause by clause: a wish (想买, 准备入手, 想换 ...) that the writer has, now, about a car. What he advises others,
did in the past, only supposes, or wishes for a part (想换机油) is no lead. Order of types where several speak: somebody
else who wants to buy (referral), the own car to go (trade_in), else additional_purchase. Without a wish, a need that
sells cars (second child and seven seats; an old car that drinks) is a lead of grade B.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cheban.voice.detection import wishes
from cheban.voice.detection.bargains import bargain, is_done
from cheban.voice.detection.reading import Reading
from cheban.voice.detection.wishes import car_behind, is_about_part, is_off, names_part, wanted_before
from cheban.voice.detection.words import CUES, Mark

SWAP_REACH = 40  # 准备等到...上市后选一个再换车
GIVE_UP_REACH = 14  # 打算把现在这辆卖掉
FRIEND_REACH = 14
PERSONAL = frozenset("我俺咱")
GOING = frozenset(["change_car", "swap", "change", "sell", "sells", "swap_to", "sell_offer", "give_up"])
YOUR = re.compile("[你您]|楼主")  # 是你变快了，该换车了
BROUGHT = re.compile("[^，。！？,.!?]{0,6}(?:买了|提了|提车|来提|入手了|订了|买车已经|成功)")  # 介绍朋友买了一台
NOTICE = 160  # characters of the longest notice that offers a car
NO_OWNER = re.compile(
    "4s|店|厂家|经销|公司|销售|问题|疑似|翻新|隐瞒|(?:有|哪里|哪儿|谁)[^，。！？,.!?]{0,20}(?:吗|嘛|么|没有|没|的$|的[？?])"
)


@dataclass(frozen=True, slots=True)
class Lead:
    """Type, grade (A explicit, B latent) and the marks that show it."""

    type: str
    grade: str
    marks: tuple[Mark, ...]


def lead(text: str, marks: list[Mark]) -> Lead | None:
    """The lead of a normalised text, or None."""
    if not any(mark.meaning.leads & CUES for mark in marks):
        return None
    reading = Reading(text, marks)
    if "unkept" in reading.leads:  # 置换补贴未兑现: a complaint about a past sale
        return wishes_of(reading)
    if is_done(reading):
        return _referral(reading)
    found = _referral(reading) or _trade_in(reading) or wishes_of(reading) or _latent(reading)
    if found is None and (shown := bargain(reading)):
        found = Lead("additional_purchase", "B", shown)
    return found


def wishes_of(reading: Reading) -> Lead | None:
    """He wants to buy a car and names none to give up."""
    wish = wishes.wish(reading)
    return Lead("additional_purchase", "A", wish) if wish else None


def _referral(reading: Reading) -> Lead | None:
    """Somebody he knows wants to buy, or he offers to bring one, or asks what that earns him."""
    for at, mark in enumerate(reading.marks):
        roles = mark.meaning.leads
        if "bring" in roles and not is_off(reading, at, advice=False) and not BROUGHT.match(reading.text, mark.end):
            return Lead("referral", "A", (mark,))
        if "referral" in roles and not is_off(reading, at, advice=False):
            return Lead("referral", "B", (mark,))
        wish = _friend_wish(reading, at) if "friend" in roles else None
        if wish is not None:
            return Lead("referral", "A", (mark, wish))
    return None


def _friend_wish(reading: Reading, at: int) -> Mark | None:
    friend = reading.marks[at]
    for place, mark in enumerate(reading.ahead(at), at + 1):
        if mark.sentence != friend.sentence or mark.clause - friend.clause > 1:
            return None
        if mark.start - friend.end > FRIEND_REACH or "me" in mark.meaning.contexts:
            return None
        if mark.meaning.leads & {"past", "advise"}:
            return None
        if "friend_wants" in mark.meaning.leads or wishes.is_planned(reading, place):
            return None if is_off(reading, place, advice=False) or is_about_part(reading, place) else mark
    return None


def _trade_in(reading: Reading) -> Lead | None:
    """He wants to replace or to sell the car he has."""
    shown = next(_cars_to_go(reading), None)
    if shown is not None:
        return Lead("trade_in", "A", shown)
    gone = next((m for m in reading.marks if "swap" in m.meaning.leads), None)
    own = next((m for m in reading.marks if "own" in m.meaning.leads and not _is_yours(reading, m)), None)
    if own is not None and "sold" in reading.leads:
        own = None
    if gone is None and own is None:
        return None
    wish = wishes.wish(reading) or (_choice(reading, own) if own is not None else None)
    first = gone if gone is not None else own
    return Lead("trade_in", "A", (first, *wish)) if wish and first is not None else None


def _cars_to_go(reading: Reading) -> Iterator[tuple[Mark, ...]]:
    for at, mark in enumerate(reading.marks):
        roles = mark.meaning.leads
        if not roles & GOING or is_off(reading, at):
            continue
        if (
            "change_car" in roles
            and not is_about_part(reading, at)
            and not YOUR.search(reading.text, max(0, mark.start - 10), mark.start)
        ):
            yield (mark,)
        if "swap" in roles and wanted_before(reading, at, reach=SWAP_REACH):
            if "车" in reading.text[mark.start : mark.end] or not names_part(reading, at):
                yield (mark,)
        if "give_up" in roles and wanted_before(reading, at, reach=GIVE_UP_REACH) and not names_part(reading, at):
            yield (mark,)
        if "sell_offer" in roles and "sell_terms" in reading.leads:
            yield (mark,)
        if "change" in roles or ("swap_to" in roles and wanted_before(reading, at, reach=GIVE_UP_REACH)):
            goal = car_behind(reading, at)
            if goal is not None and not _is_offer(reading, goal):
                yield (mark, goal)
            if goal is None and "change" in roles and (given := _given_up(reading, at)):
                yield (given, mark)
        if "sell" in roles and not names_part(reading, at):
            yield (mark,)
        if "sells" in roles and not names_part(reading, at) and _is_for_sale(reading, mark):
            yield (mark,)


def _given_up(reading: Reading, at: int) -> Mark | None:
    """The own car that stands before a wish to change at the end of its clause: "我A6L想换", "想换一辆，我的车七年了"."""
    mark = reading.marks[at]
    if names_part(reading, at) or not (reading.ends_clause(mark) or reading.text[mark.end - 1] == "辆"):
        return None
    return next(
        (
            other
            for other in reading.around(at)
            if other.meaning.leads & {"model", "own"}
            and mark.clause - other.clause in (0, 1)
            and other.end <= mark.start
        ),
        mark if reading.text[mark.end - 1] == "辆" else None,
    )


def _is_for_sale(reading: Reading, offer: Mark) -> bool:
    """A notice of the owner's: "自用明锐2012款出售". Not a dealer's, and not "有出明锐的吗"."""
    if len(reading.text) > NOTICE or NO_OWNER.search(reading.text):
        return False
    if any("features" in other.meaning.leads and other.clause == offer.clause for other in reading.marks):
        return False
    return any(
        other.meaning.leads & {"model", "own", "sell_terms"} and abs(other.clause - offer.clause) <= 1
        for other in reading.marks
    )


def _choice(reading: Reading, own: Mark) -> tuple[Mark, ...] | None:
    """Own car named, and now choosing another: "旧车也是美系，这次重点看日系"."""
    for at, mark in enumerate(reading.marks):
        if "choosing" in mark.meaning.leads and mark.start > own.end and not is_off(reading, at):
            return (mark,)
    return None


def _latent(reading: Reading) -> Lead | None:
    """No wish said, but a need that cars are bought for. Grade B."""
    need, seats = _first(reading, "need"), _first(reading, "seats")
    if need is not None and seats is not None and not _is_for_others(reading, need):
        marks = dict.fromkeys((reading.marks[need], reading.marks[seats]))
        return Lead("additional_purchase", "B", tuple(marks))
    old, tired = _first(reading, "old_car"), _first(reading, "tired")
    if old is not None and tired is not None:
        car, why = reading.marks[old], reading.marks[tired]
        if abs(car.clause - why.clause) <= 1 and not (_is_for_others(reading, tired) or _is_yours(reading, car)):
            return Lead("trade_in", "B", (car, why))
    return None


def _first(reading: Reading, role: str) -> int | None:
    marks = enumerate(reading.marks)
    return next((at for at, m in marks if role in m.meaning.leads and not is_off(reading, at, advice=False)), None)


def _is_for_others(reading: Reading, at: int) -> bool:
    sentence = reading.marks[at].sentence
    return any(
        other.sentence == sentence
        and (other.meaning.leads & {"advise", "suppose"} or other.meaning.contexts & {"asks", "you", "hearsay"})
        for other in reading.around(at)
    )


def _is_offer(reading: Reading, goal: Mark) -> bool:
    """ "想换代步车吗": asked of the reader."""
    return reading.text[goal.end : goal.end + 1] in ("吗", "么") and PERSONAL.isdisjoint(
        reading.text[max(0, goal.start - 40) : goal.start]
    )


def _is_yours(reading: Reading, mark: Mark) -> bool:
    return reading.text[max(0, mark.start - 1) : mark.start] in ("你", "您")
