"""Whether a text shows a buyer: cue, type and grade. R104-R107; the rule in words: docs/detection.md.

Read clause by clause: a wish (想买, 准备入手, 想换 ...) that the writer has, now, about a car. What he advises others,
did in the past, only supposes, or wishes for a part (想换机油) is no lead. Order of types where several speak: somebody
else who wants to buy (referral), the own car to go (trade_in), else additional_purchase. Without a wish, a need that
sells cars (second child and seven seats; an old car that drinks) is a lead of grade B.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from cheban.voice.detection import words
from cheban.voice.detection.words import Mark

NEAR = 12  # characters between a verb and its object
PERSONAL = frozenset("我俺咱")
WISH = 6  # between a wish and its verb
NOT_OF_CAR = {"提": "速升前高问到醒供交示议", "入": "门睡住库职冬夏口", "定": "位速期义做制", "订": "阅做", "买": "菜单账保票房", "收": "到拾听"}
FORBIDDEN = frozenset("别不没甭勿未莫")  # one character before a wish that turns it
THING = re.compile("^(?:一?(?:个|套|副|瓶|箱|桶|条|块|张|对|根|支)|两|几)")
FOR_OTHERS = re.compile("^.{0,6}的(?:朋友|人|同学|话|可以|推荐|都|兄弟|亲|先|理由|时候|车友|客户|来)")


@dataclass(frozen=True, slots=True)
class Lead:
    """Type, grade (A explicit, B latent) and the marks that show it."""

    type: str
    grade: str
    marks: tuple[Mark, ...]


def lead(text: str, marks: list[Mark]) -> Lead | None:
    """The strongest lead of a normalised text, or None."""
    if not any(mark.meaning.leads & words.CUES for mark in marks):
        return None
    reading = _Reading(text, marks)
    return reading.referral() or reading.trade_in() or reading.purchase() or reading.latent()


class _Reading:
    def __init__(self, text: str, marks: list[Mark]) -> None:
        self.text, self.marks = text, marks
        self.seen = frozenset().union(*(mark.meaning.leads for mark in marks))

    def referral(self) -> Lead | None:
        """Somebody he knows wants to buy, or he offers to bring one, or asks what that earns him."""
        if "unkept" in self.seen:
            return None
        for at, mark in enumerate(self.marks):
            roles = mark.meaning.leads
            if "bring" in roles and not self._is_off(at, advice=False):
                return Lead("referral", "A", (mark,))
            if "referral" in roles and not self._is_off(at, advice=False):
                return Lead("referral", "B", (mark,))
            wish = self._friend_wish(at) if "friend" in roles else None
            if wish is not None:
                return Lead("referral", "A", (mark, wish))
        return None

    def _friend_wish(self, at: int) -> Mark | None:
        friend = self.marks[at]
        for place in range(at + 1, len(self.marks)):
            mark = self.marks[place]
            if mark.sentence != friend.sentence or mark.clause - friend.clause > 1 or mark.start - friend.end > 14:
                return None
            if mark.meaning.leads & {"past", "advise"} or "me" in mark.meaning.contexts:
                return None
            if "friend_wants" in mark.meaning.leads:
                is_off = self._is_off(place, advice=False) or self._is_about_part(mark)
                return None if is_off else mark
        return None

    def trade_in(self) -> Lead | None:
        """He wants to replace or to sell the car he has."""
        if "unkept" in self.seen:
            return None
        for at, mark in enumerate(self.marks):
            roles = mark.meaning.leads
            if not roles & {"change_car", "swap", "change", "sell", "swap_to", "sell_offer", "give_up"} or self._is_off(at):
                continue
            if "change_car" in roles and not self._is_about_part(mark):
                return Lead("trade_in", "A", (mark,))
            if "swap" in roles and self._wanted_before(at, reach=40) and not self._names_part(mark):
                return Lead("trade_in", "A", (mark,))
            if "give_up" in roles and self._wanted_before(at, reach=14) and not self._names_part(mark):
                return Lead("trade_in", "A", (mark,))
            if "sell_offer" in roles and "sell_terms" in self.seen:
                return Lead("trade_in", "A", (mark,))
            if "change" in roles or ("swap_to" in roles and self._wanted_before(at, reach=14)):
                goal = self._car_behind(at)
                if goal is not None and not self._is_offer(goal):
                    return Lead("trade_in", "A", (mark, goal))
            if "sell" in roles and not self._names_part(mark):
                return Lead("trade_in", "A", (mark,))
        gone = next((m for m in self.marks if "swap" in m.meaning.leads), None)
        if gone is not None and (wish := self._wish()) is not None:
            return Lead("trade_in", "A", (gone, *wish))
        own = next((m for m in self.marks if "own" in m.meaning.leads and not self._is_yours(m)), None)
        if own is not None and "sold" not in self.seen:
            wish = self._wish() or self._choice(own)
            if wish is not None:
                return Lead("trade_in", "A", (own, *wish))
        return None

    def purchase(self) -> Lead | None:
        """He wants to buy a car and names none to give up."""
        wish = self._wish()
        return Lead("additional_purchase", "A", wish) if wish else None

    def latent(self) -> Lead | None:
        """No wish said, but a need that cars are bought for."""
        need, seats = self._first("need"), self._first("seats")
        if need is not None and (seats is not None or need.meaning.leads & {"seats"}):
            if self._asks_or_advises(need):
                return None
            return Lead("additional_purchase", "B", tuple(dict.fromkeys((need, seats or need))))
        old, tired = self._first("old_car"), self._first("tired")
        if old is not None and tired is not None and abs(old.clause - tired.clause) <= 1:
            if self._asks_or_advises(tired) or self._is_yours(old):
                return None
            return Lead("trade_in", "B", (old, tired))
        return None

    def _first(self, role: str) -> Mark | None:
        return next(
            (m for at, m in enumerate(self.marks) if role in m.meaning.leads and not self._is_off(at, advice=False)), None
        )

    def _asks_or_advises(self, mark: Mark) -> bool:
        return any(
            other.sentence == mark.sentence
            and (other.meaning.leads & {"advise", "suppose"} or other.meaning.contexts & {"asks", "you", "hearsay"})
            for other in self.marks
        )

    # -- a wish to buy -------------------------------------------------------------------------------------------

    def _wish(self) -> tuple[Mark, ...] | None:
        for at, mark in enumerate(self.marks):
            roles = mark.meaning.leads
            if not roles & {"want_buy", "buy", "consider"} or self._is_off(at):
                continue
            goal = self._car_behind(at)
            if "want_buy" in roles and (goal is not None or not (self._names_part(mark) or self._is_a_thing(mark))):
                return (mark, goal) if goal is not None else (mark,)
            wanted = self._wanted_before(at, reach=WISH) if "buy" in roles else None
            if wanted is not None and goal is not None:
                return (wanted, mark, goal)
            if wanted is not None and wanted.end == mark.start and mark.end - mark.start > 1:  # 也在考虑 + 入手
                if not (self._names_part(mark) or self._is_a_thing(mark)):
                    return (wanted, mark)
            if "consider" in roles and goal is not None and "model" in goal.meaning.leads:
                return (mark, goal)
        return None

    def _is_a_thing(self, mark: Mark) -> bool:
        """ "准备买一个" in a text that names no car."""
        return bool(THING.match(self.text[mark.end :])) and not self.seen & {"model", "car_word"}

    def _choice(self, own: Mark) -> tuple[Mark, ...] | None:
        """Own car named, and now choosing another: "旧车也是美系，这次重点看日系"."""
        for at, mark in enumerate(self.marks):
            if "choosing" in mark.meaning.leads and mark.start > own.end and not self._is_off(at):
                return (mark,)
        return None

    def _wanted_before(self, at: int, *, reach: int) -> Mark | None:
        mark = self.marks[at]
        for back in range(at - 1, -1, -1):
            other = self.marks[back]
            if other.clause != mark.clause or mark.start - other.end > reach:
                return None
            if "want" in other.meaning.leads:
                return other
        return None

    def _car_behind(self, at: int) -> Mark | None:
        """The car that the verb is about: close behind it in its clause, and no part before it."""
        mark = self.marks[at]
        for other in self.marks[at + 1 :]:
            if other.clause != mark.clause or other.start - mark.end > NEAR:
                return None
            if other.meaning.leads & {"parts_of_want", "features"}:
                return None
            if other.meaning.leads & {"car_word", "model"}:
                return None if self._is_about_part(other) else other
        return None

    def _is_about_part(self, mark: Mark) -> bool:
        """The object is a part or a service: 想买轮胎, 打算买的脚垫."""
        for other in self.marks:
            if other.clause == mark.clause and mark.end <= other.start <= mark.end + NEAR:
                if other.meaning.leads & {"parts_of_want", "features"}:
                    return True
        return False

    def _names_part(self, mark: Mark) -> bool:
        """A part is named in the sentence before it, or in the clause after: "瞄到一个导航，准备入手"."""
        return any(
            "parts_of_want" in other.meaning.leads
            and ((other.sentence == mark.sentence and other.clause <= mark.clause + 1) or other.clause == mark.clause + 1)
            for other in self.marks
        )

    # -- what takes it back --------------------------------------------------------------------------------------

    def _is_off(self, at: int, *, advice: bool = True) -> bool:
        """Said of the past, to others, or only supposed."""
        mark = self.marks[at]
        if self.text[max(0, mark.start - 1) : mark.start] in FORBIDDEN:
            return True
        if self.text[mark.end : mark.end + 1] in NOT_OF_CAR.get(self.text[mark.end - 1], ""):
            return mark.end < len(self.text)
        is_own = False  # 我 between: what stands before it is said of somebody else
        for back in range(at - 1, -1, -1):
            other = self.marks[back]
            roles, contexts = other.meaning.leads, other.meaning.contexts
            if other.sentence != mark.sentence or mark.clause - other.clause > 1:
                break
            if "suppose" in roles:
                return True
            is_own = is_own or "me" in contexts
            if advice and not is_own and ("hearsay" in contexts or "others" in roles):
                return True
            if other.clause != mark.clause:
                continue
            if roles & {"past", "unreal"} or ("no" in contexts and mark.start - other.end <= 6):
                return True
            if is_own:
                continue
            if advice and "advise" in roles:
                return True
            if advice and "you" in contexts and mark.start - other.end <= 6:
                return True
        return self._is_general(mark)

    def _is_general(self, mark: Mark) -> bool:
        """ "想买2.0的推荐...", "想买就买", "想买斯巴鲁，还是先去看看": to whom it may concern."""
        after = self.text[mark.end : mark.end + 24]
        if FOR_OTHERS.match(after) or after.startswith(("时", "吧", "的都", "哪", "可以", "先", "建议", "必须", "应该", "最好", "要看")):
            return True
        clause, *rest = re.split("[，。！？,.!?；;～~ ]", after, maxsplit=1)
        return "就" in clause or "".join(rest).startswith(("还是先", "先去", "就", "建议", "最好", "得先", "必须", "要先", "那就"))

    def _is_offer(self, goal: Mark) -> bool:
        """ "想换代步车吗": asked of the reader."""
        return self.text[goal.end : goal.end + 1] in ("吗", "么") and PERSONAL.isdisjoint(self.text[: goal.start])

    def _is_yours(self, mark: Mark) -> bool:
        return self.text[max(0, mark.start - 1) : mark.start] in ("你", "您")
