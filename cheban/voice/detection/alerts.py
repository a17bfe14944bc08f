"""Which marks of a text add up to a red alert. R119; the rule in words: docs/detection.md.

A symptom looks for its part (the nearest before it in its clause, in a list of parts all of them: "发动机和变速箱异响";
else the last of the clause before; else the one right behind it). Part and symptom together are an alert or not
(`words.combinations`), unless a context takes it back: negated, solved, supposed, asked, told of others, general.
A *weak* combination is an alert in a plain report ("刹车偏软 希望处理") and, in talk, only beside a sign that something
happens: change, danger, driving. So "刹车偏软，习惯就好" raises none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cheban.voice.detection.words import Mark, Words

REACH = 22  # characters between a part and its symptom
REACH_LATIN = 70
BEHIND = 5  # characters from a symptom to the part behind it
BEHIND_LATIN = 45
LIST_JOINTS = frozenset(["", "内", "里", "内的", "里的", "和", "与", "及", "以及", "、", "跟", "或", "还有", "/", " and ", " or ", ", "])
OWNED = frozenset(["", "的", " "])  # between a part and a detail of it: 方向盘的按键
GROUNDED = frozenset(["brake", "steering", "engine", "drive", "throttle", "fuel"])  # parts whose fault plus 安全隐患 is an alert
TALK = frozenset(["feel", "you", "me", "generic", "hearsay", "asks", "if", "praise"])
LOOSE_PARTS = frozenset(["car", "cabin", "starting"])  # named in passing: they do not take a symptom away from the part before
QUIET_PARTS = frozenset(["exhaust", "lighting", "other", "detail"])
SAID_BEFORE = frozenset(["noise", "lost", "stall", "fire", "leak"])  # symptoms that Chinese may put before the part
PARTICLES = frozenset("我你您吗吧呢啊哦嘛呀俺咱呗哎唉噢嗯是就这该最么谁怎")
SLIPPERY = frozenset(["brakes", "steering", "control", "tyre", "acceleration"])  # kinds that snow explains
CARRIED = frozenset(
    ["noise", "soft", "hard", "locked", "stiff", "heavy", "no_assist", "stall", "no_go", "smoke", "fire", "knock", "seized", "lamp", "no_deploy"]
)  # symptoms that talk may say a clause after their part


@dataclass(frozen=True, slots=True)
class Finding:
    """One alert: its kind, and the marks that make it (symptom first, then its part if it has one)."""

    kind: str
    marks: tuple[Mark, ...]


def findings(text: str, marks: list[Mark], words: Words) -> list[Finding]:
    """All alerts of a normalised text, first to last."""
    if not any(mark.meaning.alarms for mark in marks):
        return []
    return list(_Reading(text, marks, words).findings())


class _Reading:
    def __init__(self, text: str, marks: list[Mark], words: Words) -> None:
        self.text, self.marks, self.words = text, marks, words
        seen = frozenset().union(*(mark.meaning.contexts for mark in marks))
        self.seen = seen
        self.is_plain = not (seen & TALK) and PARTICLES.isdisjoint(text)
        self.faulty: dict[str, int] = {}  # part -> sentence of its last fault of any sort

    def findings(self) -> Iterator[Finding]:
        for at, mark in enumerate(self.marks):
            meaning = mark.meaning
            if meaning.symptoms and not self._undoes_symptom(at):
                found = self._combined(at)
                if found is not None:
                    yield found
                    continue
            if meaning.phrases:
                kind, strength = meaning.phrases[0]
                if self._stands(at, kind, strength, is_phrase=True):
                    yield Finding(kind, (mark,))
                    continue
            if "hazard" in meaning.contexts and self._endangers(at):
                yield Finding("hazard", (mark,))

    def _undoes_symptom(self, at: int) -> bool:
        """ "异响消失了": what is gone is the symptom, not the part."""
        mark = self.marks[at]
        if "solved" not in mark.meaning.contexts or not at:
            return False
        before = self.marks[at - 1]
        return before.clause == mark.clause and bool(before.meaning.symptoms)

    # -- part and symptom ----------------------------------------------------------------------------------------

    def _combined(self, at: int) -> Finding | None:
        mark = self.marks[at]
        for part in self._parts_of(at):
            group = part.meaning.part
            for symptom in mark.meaning.symptoms:
                outcome = self.words.combinations.get((group, symptom))
                if outcome:
                    self.faulty[group] = mark.sentence
                if outcome and self._stands(at, *outcome, part=part):
                    return Finding(outcome[0], (mark, part))
        return None

    def _parts_of(self, at: int) -> list[Mark]:
        """The parts that the symptom at this place is said of."""
        mark = self.marks[at]
        reach = REACH_LATIN if mark.meaning.is_latin else REACH
        for back in range(at - 1, -1, -1):
            other = self.marks[back]
            if other.clause != mark.clause or mark.start - other.end > reach:
                break
            if other.meaning.part:
                chain = self._list_ending(back)
                if all(each.meaning.part in LOOSE_PARTS for each in chain):
                    return self._parts_before(back, mark) or chain
                return chain
        return self._part_behind(at) or self._carried(at)

    def _parts_before(self, back: int, mark: Mark) -> list[Mark]:
        for earlier in range(back - 1, -1, -1):
            other = self.marks[earlier]
            if other.clause != mark.clause:
                break
            if other.meaning.part and other.meaning.part not in LOOSE_PARTS:
                return self._list_ending(earlier)
        return []

    def _list_ending(self, last: int) -> list[Mark]:
        """Parts joined as in a list up to this one; a detail takes the place of what it belongs to."""
        chain = [self.marks[last]]
        if chain[0].meaning.part == "detail":
            return chain
        for back in range(last - 1, -1, -1):
            other, first = self.marks[back], chain[-1]
            if not other.meaning.part or self.text[other.end : first.start] not in LIST_JOINTS:
                break
            if other.meaning.part != "detail":
                chain.append(other)
        return [each for each in chain if each.meaning.part not in LOOSE_PARTS] or chain

    def _part_behind(self, at: int) -> list[Mark]:
        mark = self.marks[at]
        if not mark.meaning.is_latin and SAID_BEFORE.isdisjoint(mark.meaning.symptoms):
            return []
        reach = BEHIND_LATIN if mark.meaning.is_latin else BEHIND
        for other in self.marks[at + 1 :]:
            if other.clause != mark.clause or other.start - mark.end > reach:
                break
            if other.meaning.part and not (mark.meaning.is_latin and other.meaning.part in LOOSE_PARTS):
                return [other]
            if other.meaning.alarms:
                break
        return []

    def _carried(self, at: int) -> list[Mark]:
        """A clause without a part of its own speaks of the part of the clause before: "方向盘异响，卡滞"."""
        mark = self.marks[at]
        if not self.is_plain and CARRIED.isdisjoint(mark.meaning.symptoms):
            return []
        limit = 3 if self.is_plain else 1
        for back in range(at - 1, -1, -1):
            other = self.marks[back]
            if mark.clause - other.clause > limit or other.sentence != mark.sentence:
                break
            if other.meaning.part and other.meaning.part not in LOOSE_PARTS:
                return self._list_ending(back)
        return []

    # -- what may take it back -----------------------------------------------------------------------------------

    def _stands(self, at: int, kind: str, strength: str, *, part: Mark | None = None, is_phrase: bool = False) -> bool:
        mark = self.marks[at]
        if is_phrase and strength != "sure" and self._belongs_to_quiet_part(at):
            return False
        if strength == "drive" and not self._beside(at, ("drive_now", "danger"), 1):
            return False
        is_report = self.is_plain or (mark.meaning.is_latin and strength == "weak")
        if not is_report and strength in ("weak", "feel") and not self._happens(at, kind, strength):
            return False
        begin = min(mark.start, part.start) if part else mark.start
        return not (
            self._is_negated(at)
            or self._is_supposed(at, begin)
            or self._is_asked(at, begin)
            or self._is_of_others(at, begin)
            or self._is_general(at, begin)
            or self._is_physics(at, kind, strength)
            or self._is_solved(at, part)
        )

    def _belongs_to_quiet_part(self, at: int) -> bool:
        mark = self.marks[at]
        for back in range(at - 1, -1, -1):
            other = self.marks[back]
            if other.clause != mark.clause:
                break
            if other.meaning.part:
                return other.meaning.part in QUIET_PARTS
        return False

    def _beside(self, at: int, contexts: tuple[str, ...], clauses: int) -> bool:
        clause = self.marks[at].clause
        wanted = frozenset(contexts)
        for step in (-1, 1):
            place = at + step
            while 0 <= place < len(self.marks) and abs(self.marks[place].clause - clause) <= clauses:
                if wanted & self.marks[place].meaning.contexts:
                    return True
                place += step
        return bool(wanted & self.marks[at].meaning.contexts)

    def _happens(self, at: int, kind: str, strength: str) -> bool:
        """In talk: a sign that the writer tells of an event, not of how a car feels."""
        if strength == "feel":
            return self._beside(at, ("worse", "danger", "hazard"), 1) and not self._beside(at, ("settling", "praise"), 1)
        if self._beside(at, ("worse", "danger", "hazard"), 1):
            return True
        if kind == "fire" and self._beside(at, ("danger", "worse"), 2):
            return True
        if kind == "airbag" and any("danger" in other.meaning.contexts for other in self.marks):
            return True
        if kind not in ("fire", "fuel", "structure", "tyre") and self._beside(at, ("feel", "praise"), 0):
            return False
        if kind == "power_loss":
            return self._before(at, ("drive_now",))
        if kind in ("engine", "control"):
            return self._beside(at, ("plea",), 0)
        return self._beside(at, ("change", "drive_now", "plea"), 0)

    def _before(self, at: int, contexts: tuple[str, ...]) -> bool:
        """One of these contexts before the mark in its clause."""
        mark, wanted = self.marks[at], frozenset(contexts)
        for back in range(at - 1, -1, -1):
            other = self.marks[back]
            if other.clause != mark.clause:
                break
            if wanted & other.meaning.contexts:
                return True
        return False

    def _is_negated(self, at: int) -> bool:
        mark = self.marks[at]
        reach = 30 if mark.meaning.is_latin else 8
        for back in range(at - 1, -1, -1):
            other = self.marks[back]
            if other.clause != mark.clause or mark.start - other.end > reach:
                break
            if "no" in other.meaning.contexts and (other.end - other.start > 1 or self._is_right_before(other, mark)):
                return True
            if "still" in other.meaning.contexts:
                return False
        if at + 1 < len(self.marks):  # "异响没有"
            after = self.marks[at + 1]
            if "no" in after.meaning.contexts and after.start == mark.end and self._ends_clause(after):
                return True
        return False

    def _is_right_before(self, short: Mark, mark: Mark) -> bool:
        """A negation of one character reaches only over the parts named: "没刹车异响", not "不平路面刹车失灵"."""
        named = sum(m.end - m.start for m in self.marks if m.meaning.part and short.end <= m.start < mark.start)
        return mark.start - short.end - named <= 1

    def _ends_clause(self, mark: Mark) -> bool:
        rest = self.text[mark.end : mark.end + 1]
        return not rest or rest in "。！？!?；;，,、 .\n了"

    def _is_supposed(self, at: int, begin: int) -> bool:
        mark = self.marks[at]
        for back in range(at - 1, -1, -1):
            other = self.marks[back]
            if other.sentence != mark.sentence:
                break
            contexts = other.meaning.contexts
            if "might" in contexts and other.clause == mark.clause:
                return True
            if "would" in contexts and 0 <= mark.start - other.end <= 3 and other.clause == mark.clause:
                if not self._before(at, ("change", "worse", "drive_now", "me", "danger")):
                    return True
            if "if" in contexts and mark.clause - other.clause <= 1:
                return True
        after = self.text[mark.end : mark.end + 6]
        return after.startswith(("的话", "怎么办啊", "的风险", "风险", "的可能", "的时候要", "的时候应", "的时候该", "的时候怎", "时要", "时应", "时怎"))

    def _is_asked(self, at: int, begin: int) -> bool:
        """A question whether, not a report with a question behind it ("哒哒响，正常吗")."""
        mark = self.marks[at]
        for back in range(at - 1, -1, -1):
            other = self.marks[back]
            if other.clause != mark.clause:
                break
            if "asks" in other.meaning.contexts:
                return True
        for other in self.marks[at + 1 :]:
            if other.clause != mark.clause or other.start - mark.end > 6:
                break
            if "real_ask" in other.meaning.contexts:
                return False
            if "ask_end" in other.meaning.contexts and self._ends_clause(other):
                return True
            if "asks" in other.meaning.contexts:
                return True
        return False

    def _is_of_others(self, at: int, begin: int) -> bool:
        mark = self.marks[at]
        for back in range(at - 1, -1, -1):
            other = self.marks[back]
            if other.sentence != mark.sentence:
                break
            contexts = other.meaning.contexts
            if "me" in contexts:
                return False
            if "hearsay" in contexts:
                return True
            if "you" in contexts and other.clause == mark.clause:
                return True
        return False

    def _is_general(self, at: int, begin: int) -> bool:
        mark = self.marks[at]
        own = self._says_me(at)
        for other in self.marks:
            if "generic" in other.meaning.contexts and other.sentence == mark.sentence and not own:
                if abs(other.clause - mark.clause) <= 2:
                    return True
        return False

    def _says_me(self, at: int) -> bool:
        mark = self.marks[at]
        return any("me" in other.meaning.contexts and other.sentence == mark.sentence for other in self.marks[:at])

    def _is_physics(self, at: int, kind: str, strength: str) -> bool:
        """Snow, a track, an engine that is off: the car does what it must."""
        if strength != "sure" and kind in SLIPPERY and self._beside(at, ("snow",), 2):
            return True
        return not self.is_plain and (
            kind in ("brakes", "steering", "power_loss")
            and not self._before(at, ("worse", "drive_now"))
            and self._beside(at, ("parked",), 1)
        )

    def _is_solved(self, at: int, part: Mark | None) -> bool:
        """Solved after it, and not come back: "上次异响已修好"; not by the dealer's word alone ("4S店说没问题")."""
        mark = self.marks[at]
        solved = False
        told = False
        for other in self.marks[at + 1 :]:
            if other.clause - mark.clause > 3 or other.sentence - mark.sentence > 1:
                break
            contexts, group = other.meaning.contexts, other.meaning.part
            if solved and ("again" in contexts or "still" in contexts or (other.meaning.alarms and other.meaning.symptoms)):
                return False
            if group and part and group != part.meaning.part and group not in LOOSE_PARTS and not self._is_mended(other):
                break
            if "says" in contexts:
                told = True
            is_solved = "solved" in contexts or ("eases" in contexts and self._is_mended(other))
            if is_solved and not self._is_undone(other):
                if told and not ("now" in contexts or self._now_before(other)):
                    continue
                solved = True
        return solved

    def _is_mended(self, mark: Mark) -> bool:
        """ "换了就好了" is solved, "一过两千转就好了" is not."""
        return any("fix" in other.meaning.contexts and 0 <= mark.clause - other.clause <= 1 for other in self.marks)

    def _now_before(self, mark: Mark) -> bool:
        return any("now" in other.meaning.contexts and other.clause == mark.clause for other in self.marks)

    def _is_undone(self, mark: Mark) -> bool:
        """ "没有修好": a negation right before the word of solution."""
        return any(
            other.end == mark.start and other.meaning.contexts & {"no", "still"} for other in self.marks
        ) or self.text[max(0, mark.start - 1) : mark.start] in ("未", "没", "不", "难")

    # -- danger said by the writer -------------------------------------------------------------------------------

    def _endangers(self, at: int) -> bool:
        mark = self.marks[at]
        near = ""
        for back in range(at - 1, -1, -1):
            other = self.marks[back]
            if other.meaning.part and other.meaning.part not in LOOSE_PARTS:
                near = other.meaning.part
                break
        is_said = (near in GROUNDED and (self.is_plain or self.faulty.get(near) == mark.sentence)) or (
            near == "brake_part" and self.is_plain
        )
        return is_said and not (
            self._is_negated(at)
            or self._is_supposed(at, mark.start)
            or self._is_of_others(at, mark.start)
            or self._is_general(at, mark.start)
        )
