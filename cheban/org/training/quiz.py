"""Questions at the end of a training's material: written in its text, so that one version, one hash holds both. R175-R178.

    ? 冬天打不着火，先查什么
    (x) 电瓶电压
    ( ) 玻璃水
    ( ) 雨刮

A question begins with `? `; its answers follow, one of them marked `(x)`. Whoever reads alone takes the certificate only
with enough right answers; what somebody answered wrong is named, the right answer is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from cheban.core.errors import Refused

MOST_QUESTIONS, MOST_ANSWERS = 30, 6
_ANSWER = re.compile(r"^\(([ xX])\)\s*(.+)$")


class Malformed(Refused):
    """A question that cannot be asked: the sentence names its line."""

    status = 422


@dataclass(frozen=True, slots=True)
class Question:
    """`right` is the index of the right one of `answers`."""

    words: str
    answers: tuple[str, ...]
    right: int


@dataclass(frozen=True, slots=True)
class Result:
    """How somebody did: how many of `whole` were right, and the numbers (from 1) of those that were not."""

    right: int
    whole: int
    wrong: tuple[int, ...]
    passed: bool


def read(text: str) -> tuple[str, tuple[Question, ...]]:
    """What is read, and what is asked. Raises Malformed naming the line that is wrong and what to do."""
    body: list[str] = []
    asked: list[tuple[int, str, list[tuple[bool, str]]]] = []
    is_open = False
    for number, line in enumerate(text.split("\n"), 1):
        found = _ANSWER.match(line)
        if line.startswith(("? ", "？ ", "？")) and line.lstrip("?？").strip():
            asked.append((number, line.lstrip("?？").strip(), []))
            is_open = True
        elif found and is_open:
            asked[-1][2].append((found[1] != " ", found[2].strip()))
        elif found:
            raise Malformed(_("第 %(n)d 行是答案，前面却没有题目。题目以“? ”开头。") % {"n": number})
        elif line:
            is_open = False
            body.append(line)
        else:
            body.append(line)
    return "\n".join(body).strip(), tuple(_question(*each) for each in _few(asked))


def _few(asked: list) -> list:
    if len(asked) > MOST_QUESTIONS:
        raise Malformed(_("最多 %(most)d 道题，现在是 %(now)d 道。") % {"most": MOST_QUESTIONS, "now": len(asked)})
    return asked


def _question(number: int, words: str, answers: list[tuple[bool, str]]) -> Question:
    where = {"n": number}
    if not 2 <= len(answers) <= MOST_ANSWERS:
        raise Malformed(_("第 %(n)d 行的题目要有 2 到 6 个答案，每个一行，以“( ) ”开头。") % where)
    if sum(is_right for is_right, _words in answers) != 1:
        raise Malformed(_("第 %(n)d 行的题目要有一个、也只有一个正确答案，写成“(x) ”。") % where)
    if len({words for _right, words in answers}) < len(answers):
        raise Malformed(_("第 %(n)d 行的题目有两个一样的答案。") % where)
    return Question(words, tuple(w for _right, w in answers), next(i for i, (right, _w) in enumerate(answers) if right))


def mark(questions: tuple[Question, ...], chosen: Mapping[int, int], *, pass_percent: int) -> Result:
    """What `chosen` (number of the question from 1 -> index of the answer) is worth. What was left out is wrong."""
    wrong = tuple(n for n, question in enumerate(questions, 1) if chosen.get(n) != question.right)
    whole = len(questions)
    right = whole - len(wrong)
    return Result(right, whole, wrong, right * 100 >= pass_percent * whole)


def needed(whole: int, pass_percent: int) -> int:
    """How many right answers of `whole` it takes."""
    return -(-whole * pass_percent // 100)
