"""Which marks of a text add up to a red alert. R119; the rule in words: docs/detection.md.

A symptom looks for its part: the nearest before it in its clause (in a list of parts all of them: "发动机和变速箱异响"),
else the one right behind it, else the last of the clause before. Part and symptom together are an alert or not
(`words.combinations`), unless something near takes it back (`takebacks`). Strengths:

- sure: an alert wherever it is said
- weak: in a plain report ("刹车漏油 希望处理"); in talk only beside a sign that something happens
- feel: in talk only beside danger or something sudden, for many say so of how a car feels ("刹车偏软，习惯就好")
- report: only in a plain report
- drive: only beside words of driving or danger ("行驶中变速箱脱挡")
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from cheban.voice.detection import takebacks
from cheban.voice.detection.reading import LOOK, Reading
from cheban.voice.detection.takebacks import LOOSE_PARTS
from cheban.voice.detection.words import Mark, Words

MOST = 100  # findings of one text that are shown
REACH, REACH_LATIN = 22, 70  # characters between a part and its symptom
ADJACENT = 2  # characters from a part to a mere 无法: 安全带无法抽出
BEHIND, BEHIND_LATIN = 5, 45  # characters from a symptom to the part behind it
LIST_JOINTS = frozenset(
    ["", "内", "里", "内的", "里的", "和", "与", "及", "以及", "、", "跟", "或", "还有", "/", " and ", " or ", ", "]
)
SIDES = "左右前后侧"
GROUNDED = frozenset(["brake", "steering", "engine", "drive", "throttle", "fuel"])  # 安全隐患 of these is an alert
QUIET_PARTS = frozenset(["exhaust", "lighting", "other", "detail"])
OWN_PARTS = frozenset(["power_loss", "engine", "airbag"])  # phrases that name their part, or say that the car stood
SAID_BEFORE = frozenset(["noise", "lost", "stall", "fire", "leak"])  # symptoms that Chinese may put before the part
CARRIED = frozenset(  # symptoms that talk may say a clause after their part
    [
        "noise",
        "soft",
        "hard",
        "locked",
        "stiff",
        "heavy",
        "no_assist",
        "stall",
        "no_go",
        "smoke",
        "fire",
        "knock",
        "seized",
        "lamp",
        "no_deploy",
    ]
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One alert: its kind, and the marks that make it (symptom first, then its part if it has one)."""

    kind: str
    marks: tuple[Mark, ...]


def findings(text: str, marks: list[Mark], words: Words) -> list[Finding]:
    """The alerts of a normalised text, first to last, at most MOST."""
    if not any(mark.meaning.alarms for mark in marks):
        return []
    return list(islice(_Alerts(Reading(text, marks), words).findings(), MOST))


class _Alerts:
    def __init__(self, reading: Reading, words: Words) -> None:
        self.reading, self.marks, self.words = reading, reading.marks, words
        self.faulty: dict[str, int] = {}  # part -> sentence of its last fault

    def findings(self) -> Iterator[Finding]:
        for at, mark in enumerate(self.marks):
            meaning = mark.meaning
            if not meaning.alarms:
                continue
            found = None
            if meaning.symptoms and not self._undoes_symptom(at):
                found = self._combined(at)
            if found is None and meaning.phrases:
                kind, strength = meaning.phrases[0]
                if not self._is_of_quiet_part(at, kind, strength) and self._stands(at, kind, strength):
                    found = Finding(kind, (mark,))
            if found is None and "hazard" in meaning.contexts and self._endangers(at):
                found = Finding("hazard", (mark,))
            if found is not None:
                yield found

    def _undoes_symptom(self, at: int) -> bool:
        """ "异响消失了": what is gone is the symptom, not the part."""
        mark = self.marks[at]
        if "solved" not in mark.meaning.contexts or not at:
            return False
        before = self.marks[at - 1]
        return before.clause == mark.clause and bool(before.meaning.symptoms)

    def _stands(self, at: int, kind: str, strength: str, part: Mark | None = None) -> bool:
        reading = self.reading
        if strength == "drive" and not reading.is_beside(at, ("drive_now", "danger"), clauses=1):
            return False
        if strength == "report" and not reading.is_plain:
            return False
        # who writes English to us reports: the doubts of "weak" and "feel" were measured on Chinese owners' talk
        is_report = reading.is_plain or (
            self.marks[at].meaning.is_latin and not reading.is_beside(at, ("feel", "praise"), clauses=0)
        )
        if not is_report and strength in ("weak", "feel") and not self._happens(at, kind, strength):
            return False
        return not takebacks.is_taken_back(reading, at, kind=kind, strength=strength, part=part)

    def _happens(self, at: int, kind: str, strength: str) -> bool:
        """In talk: a sign that the writer tells of an event, not of how a car feels."""
        reading = self.reading
        is_alarming = reading.is_beside(at, ("worse", "danger", "hazard"), clauses=1)
        if strength == "feel":
            # "换了还是一样": what was mended in vain is a fault, not a feeling
            is_tried = reading.is_beside(at, ("fix",), clauses=1) and reading.is_beside(
                at, ("again", "still"), clauses=1
            )
            return (is_alarming or is_tried) and not reading.is_beside(at, ("settling", "praise"), clauses=1)
        if is_alarming or (kind == "fire" and reading.is_beside(at, ("danger", "worse"), clauses=2)):
            return True
        if kind == "airbag" and ("danger" in reading.contexts or reading.is_beside(at, ("real_ask",), clauses=1)):
            return True
        if kind not in ("fire", "fuel", "structure", "tyre") and reading.is_beside(at, ("feel", "praise"), clauses=0):
            return False
        if kind == "power_loss":
            return reading.is_before(at, ("drive_now",))
        if kind in ("engine", "control", "acceleration"):
            signs = ("plea", "real_ask") if kind == "engine" else ("plea",)
            return reading.is_beside(at, signs, clauses=0) or reading.is_before(at, ("me",))
        return reading.is_beside(at, ("change", "drive_now", "plea"), clauses=0)

    # -- part and symptom ----------------------------------------------------------------------------------------

    def _combined(self, at: int) -> Finding | None:
        mark = self.marks[at]
        for part in self._parts_of(at):
            for symptom in mark.meaning.symptoms:
                outcome = self.words.combinations.get((part.meaning.part, symptom))
                if outcome is None or (symptom == "cannot" and mark.start - part.end > ADJACENT):
                    continue
                self.faulty[part.meaning.part] = mark.sentence
                kind, strength = outcome
                if self._stands(at, kind, strength, part):
                    return Finding(kind, (mark, part))
        return None

    def _parts_of(self, at: int) -> list[Mark]:
        """The parts that the symptom at this place is said of."""
        mark = self.marks[at]
        reach = REACH_LATIN if mark.meaning.is_latin else REACH
        in_passing: list[Mark] = []
        for place in range(at - 1, max(-1, at - 1 - LOOK), -1):
            other = self.marks[place]
            if other.clause != mark.clause or (not in_passing and mark.start - other.end > reach):
                break
            if other.meaning.part and (not in_passing or other.meaning.part not in LOOSE_PARTS):
                chain = self._list_ending(place)
                if any(each.meaning.part not in LOOSE_PARTS for each in chain):
                    return chain
                in_passing = in_passing or chain
        return in_passing or self._part_behind(at) or self._carried(at)

    def _list_ending(self, last: int) -> list[Mark]:
        """Parts joined as in a list up to this one; a detail takes the place of what it belongs to."""
        chain = [self.marks[last]]
        if chain[0].meaning.part == "detail" and self._is_owned(last):
            return chain
        for other in self.reading.back(last):
            joint = self.reading.text[other.end : chain[-1].start].rstrip(SIDES)  # 发动机与右侧A柱
            if not other.meaning.part or joint not in LIST_JOINTS:
                break
            if other.meaning.part != "detail":
                chain.append(other)
        return [each for each in chain if each.meaning.part not in LOOSE_PARTS] or chain

    def _is_owned(self, at: int) -> bool:
        """ "方向盘的按键", not "转向以及喇叭"."""
        before = next(self.reading.back(at), None)
        joint = self.reading.text[before.end : self.marks[at].start] if before is not None else ""
        return joint in ("", "的", " ") or joint not in LIST_JOINTS

    def _part_behind(self, at: int) -> list[Mark]:
        mark = self.marks[at]
        is_latin = mark.meaning.is_latin
        if not is_latin and SAID_BEFORE.isdisjoint(mark.meaning.symptoms):
            return []
        for other in self.reading.ahead_in_clause(at):
            if other.start - mark.end > (BEHIND_LATIN if is_latin else BEHIND):
                break
            if other.meaning.part and not (is_latin and other.meaning.part in LOOSE_PARTS):
                return [other]
            if other.meaning.alarms:
                break
        return []

    def _carried(self, at: int) -> list[Mark]:
        """A clause without a part of its own speaks of the part of the clause before: "方向盘异响，卡滞"."""
        mark, is_plain = self.marks[at], self.reading.is_plain
        if not is_plain and CARRIED.isdisjoint(mark.meaning.symptoms):
            return []
        for place in range(at - 1, max(-1, at - 1 - LOOK), -1):
            other = self.marks[place]
            if mark.clause - other.clause > (3 if is_plain else 1) or other.sentence != mark.sentence:
                break
            if other.meaning.part and other.meaning.part not in LOOSE_PARTS:
                return self._list_ending(place)
        return []

    def _is_of_quiet_part(self, at: int, kind: str, strength: str) -> bool:
        """ "排气管冒烟": a phrase that is not sure, said of a part that may do so."""
        if strength == "sure" or kind in OWN_PARTS:
            return False
        part = next((other.meaning.part for other in self.reading.before_in_clause(at) if other.meaning.part), "")
        return part in QUIET_PARTS

    # -- danger said by the writer -------------------------------------------------------------------------------

    def _endangers(self, at: int) -> bool:
        """ "转向异响 存在安全隐患": a fault of brakes, steering or engine that the writer himself calls dangerous."""
        reading, mark = self.reading, self.marks[at]
        parts = (other.meaning.part for other in reading.back(at))
        near = next((part for part in parts if part and part not in LOOSE_PARTS), "")
        if reading.is_plain:
            is_said = near in GROUNDED or near == "brake_part"
        else:
            is_said = near in GROUNDED and self.faulty.get(near) == mark.sentence
        return is_said and not (
            takebacks.is_denied(reading, at)
            or takebacks.is_supposed(reading, at)
            or takebacks.is_of_others(reading, at)
            or takebacks.is_general(reading, at)
        )
