"""What takes an alert back: denied, solved, supposed, asked, told of others, general, explained by snow. R119."""

from __future__ import annotations

from cheban.voice.detection.reading import Reading
from cheban.voice.detection.words import Mark

NO_REACH, NO_REACH_LATIN = 8, 30  # characters from a negation to what it denies
ASK_REACH, ASK_REACH_LATIN = 14, 60  # characters from a word of asking to what is asked
LOOSE_PARTS = frozenset(["car", "cabin", "starting"])  # named in passing: they take no symptom from the part before
SLIPPERY = frozenset(["brakes", "steering", "control", "tyre", "acceleration"])  # kinds that snow explains
SUPPOSED_BEHIND = (
    "的话", "怎么办啊", "的风险", "风险", "的可能", "的时候要", "的时候应", "的时候该", "的时候怎", "时要", "时应", "时怎",
)  # fmt: skip
TURNED = frozenset("未没不难")  # one character before a word of solution: 未修好


def is_taken_back(reading: Reading, at: int, *, kind: str, strength: str, part: Mark | None) -> bool:
    """Whether something near the mark says that the alert is none."""
    return (
        is_denied(reading, at)
        or is_supposed(reading, at)
        or is_asked(reading, at)
        or is_of_others(reading, at)
        or is_general(reading, at)
        or is_explained(reading, at, kind=kind, strength=strength)
        or is_solved(reading, at, part)
    )


def is_denied(reading: Reading, at: int) -> bool:
    """ "没有异响", "异响没有". Not "没解决异响": that negation leaves the fault standing."""
    mark = reading.marks[at]
    reach = NO_REACH_LATIN if mark.meaning.is_latin else NO_REACH
    for other in reading.before_in_clause(at):
        if mark.start - other.end > reach:
            break
        if "no" in other.meaning.contexts and (other.end - other.start > 1 or _denies_next(reading, other, at)):
            return True
        if "still" in other.meaning.contexts:
            return False
    after = next(reading.ahead(at), None)
    return (
        after is not None and "no" in after.meaning.contexts and after.start == mark.end and reading.ends_clause(after)
    )


def _denies_next(reading: Reading, short: Mark, at: int) -> bool:
    """A negation of one character reaches only over the parts named: "没刹车异响", not "不平路面刹车失灵"."""
    mark = reading.marks[at]
    named = sum(m.end - m.start for m in reading.before_in_clause(at) if m.meaning.part and m.start >= short.end)
    return mark.start - short.end - named <= 1


def is_supposed(reading: Reading, at: int) -> bool:
    """ "如果刹车失灵", "可能导致熄火", "以防爆胎"."""
    mark = reading.marks[at]
    for other in reading.back(at):
        if other.sentence != mark.sentence:
            break
        contexts, is_near = other.meaning.contexts, other.clause == mark.clause
        if "might" in contexts and is_near:
            return True
        if "would" in contexts and is_near and 0 <= mark.start - other.end <= 3:
            if not reading.is_before(at, ("change", "worse", "drive_now", "me", "danger")):
                return True
        if "if" in contexts and mark.clause - other.clause <= 1:
            return True
    return reading.text[mark.end : mark.end + 6].startswith(SUPPOSED_BEHIND)


def is_asked(reading: Reading, at: int) -> bool:
    """A question whether, not a report with a question behind it ("哒哒响，正常吗")."""
    mark = reading.marks[at]
    reach = ASK_REACH_LATIN if mark.meaning.is_latin else ASK_REACH
    for other in reading.before_in_clause(at):
        if mark.start - other.end > reach:  # who speaks without a stop asks of something else before
            break
        if "whether" in other.meaning.contexts:
            return True
    for other in reading.ahead_in_clause(at):
        if other.start - mark.end > 6 or "real_ask" in other.meaning.contexts:
            return False
        if "asks" in other.meaning.contexts:
            return True
        if "ask_end" in other.meaning.contexts and reading.ends_clause(other):
            return True
    return False


def is_of_others(reading: Reading, at: int) -> bool:
    """Said of somebody else's car, or of the reader's, and not of the writer's own."""
    mark = reading.marks[at]
    for other in reading.back(at):
        contexts = other.meaning.contexts
        if other.sentence != mark.sentence or "me" in contexts:
            return False
        if "hearsay" in contexts or ("you" in contexts and other.clause == mark.clause):
            return True
    return False


def is_general(reading: Reading, at: int) -> bool:
    """Advice and explanation: how cars are, not what this one does."""
    mark = reading.marks[at]
    if any("me" in other.meaning.contexts and other.sentence == mark.sentence for other in reading.back(at)):
        return False
    return any(
        "generic" in other.meaning.contexts and other.sentence == mark.sentence and abs(other.clause - mark.clause) <= 2
        for other in reading.around(at)
    )


def is_explained(reading: Reading, at: int, *, kind: str, strength: str) -> bool:
    """Snow, a track, an engine that is off: the car does what it must."""
    if strength != "sure" and kind in SLIPPERY and reading.is_beside(at, ("snow",), clauses=2):
        return True
    return (
        not reading.is_plain
        and kind in ("brakes", "steering", "power_loss")
        and not reading.is_before(at, ("worse", "drive_now"))
        and reading.is_beside(at, ("parked",), clauses=1)
    )


def is_solved(reading: Reading, at: int, part: Mark | None) -> bool:
    """Solved after it, and not come back: "上次异响已修好"; not by the dealer's word alone ("4S店说没问题")."""
    mark = reading.marks[at]
    solved = told = False
    for place, other in enumerate(reading.ahead(at), at + 1):
        if other.clause - mark.clause > 3 or other.sentence - mark.sentence > 1:
            break
        contexts, group = other.meaning.contexts, other.meaning.part
        if solved and (contexts & {"again", "still"} or (other.meaning.alarms and other.meaning.symptoms)):
            return False
        is_other_part = bool(group) and part is not None and group != part.meaning.part and group not in LOOSE_PARTS
        if is_other_part and not _is_mended(reading, place):
            break
        told = told or "says" in contexts
        is_said = "solved" in contexts or ("eases" in contexts and _is_mended(reading, place))
        if is_said and not (_is_undone(reading, place) or reading.is_before(place, ("you", "hearsay"))):
            solved = solved or not told or "now" in contexts or _is_now(reading, place)
    return solved


def _is_mended(reading: Reading, at: int) -> bool:
    """ "换了就好了" is solved, "一过两千转就好了" is not."""
    mark = reading.marks[at]
    return "fix" in mark.meaning.contexts or any(
        "fix" in other.meaning.contexts and 0 <= mark.clause - other.clause <= 1 for other in reading.around(at)
    )


def _is_now(reading: Reading, at: int) -> bool:
    clause = reading.marks[at].clause
    return any("now" in other.meaning.contexts and other.clause == clause for other in reading.around(at))


def _is_undone(reading: Reading, at: int) -> bool:
    """ "没有修好": a negation right before the word of solution."""
    mark = reading.marks[at]
    before = next(reading.back(at), None)
    if before is not None and before.end == mark.start and before.meaning.contexts & {"no", "still"}:
        return True
    return reading.text[max(0, mark.start - 1) : mark.start] in TURNED
