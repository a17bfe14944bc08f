"""A text as its marks, looked at from one of them: what stands before, behind, beside.

Every look is bounded by LOOK marks, so that reading a text costs time in proportion to its length: a complaint of a
megabyte that says the same thing ten thousand times is read like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from cheban.voice.detection.words import Mark

LOOK = 40
PARTICLES = frozenset("我你您吗吧呢啊哦嘛呀俺咱呗哎唉噢嗯是就这该最么谁怎")
TALK = frozenset(["feel", "you", "me", "generic", "hearsay", "asks", "if", "praise"])


class Reading:
    """The marks of one normalised text. `is_plain`: a bare report, without the words of somebody talking; `bought_at`:
    where a purchase is told last ("... 就买了"), or -1."""

    def __init__(self, text: str, marks: list[Mark]) -> None:
        self.text, self.marks = text, marks
        contexts = frozenset[str]().union(*(mark.meaning.contexts for mark in marks))
        self.leads = frozenset[str]().union(*(mark.meaning.leads for mark in marks))
        self.contexts = contexts
        self.bought_at = next((mark.start for mark in reversed(marks) if "bought" in mark.meaning.leads), -1)
        self.is_plain = not contexts & TALK and PARTICLES.isdisjoint(text)

    def back(self, at: int) -> Iterator[Mark]:
        """The marks before this one, nearest first."""
        return (self.marks[place] for place in range(at - 1, max(-1, at - 1 - LOOK), -1))

    def ahead(self, at: int) -> Iterator[Mark]:
        """The marks behind this one, nearest first."""
        return islice(self.marks, at + 1, at + 1 + LOOK) if at + 1 < len(self.marks) else iter(())

    def around(self, at: int) -> list[Mark]:
        """The marks near this one, itself included, in the order of the text."""
        return self.marks[max(0, at - LOOK) : at + LOOK + 1]

    def before_in_clause(self, at: int) -> Iterator[Mark]:
        """The marks before this one in its clause, nearest first."""
        clause = self.marks[at].clause
        for other in self.back(at):
            if other.clause != clause:
                return
            yield other

    def ahead_in_clause(self, at: int) -> Iterator[Mark]:
        """The marks behind this one in its clause, nearest first."""
        clause = self.marks[at].clause
        for other in self.ahead(at):
            if other.clause != clause:
                return
            yield other

    def is_before(self, at: int, contexts: Iterable[str]) -> bool:
        """Whether one of these contexts stands before the mark in its clause."""
        wanted = frozenset(contexts)
        return any(wanted & other.meaning.contexts for other in self.before_in_clause(at))

    def is_beside(self, at: int, contexts: Iterable[str], *, clauses: int) -> bool:
        """Whether one of these contexts stands in the clause of the mark or in one so many clauses away."""
        wanted, clause = frozenset(contexts), self.marks[at].clause
        return any(
            wanted & other.meaning.contexts and abs(other.clause - clause) <= clauses for other in self.around(at)
        )

    def ends_clause(self, mark: Mark) -> bool:
        """Whether nothing but a sign, or 了, follows the mark in its clause."""
        rest = self.text[mark.end : mark.end + 1]
        return not rest or rest in "。！？!?；;，,、 .\n了"
