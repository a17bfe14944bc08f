"""How a figure reads and is drawn: its words, its light, its line of weeks. R161, R182."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from cheban.scorecard.definitions import Definition, light, shown, values
from cheban.scorecard.targets import Goals

WORST = {"broken": 0, "close": 1, "": 2, "kept": 3}
"""Lights, the worst first."""


def number(value: Decimal | None, definition: Definition) -> str:
    """How a figure reads: 98.6%, 91.4, 26.5 小时; — without one."""
    cut = shown(value, definition)
    if cut is None:
        return "—"
    text = f"{cut:.1f}"
    if definition.unit == "percent":
        return f"{text}%"
    return _("%(n)s 小时") % {"n": text} if definition.unit == "hours" else text


def goal_words(value: Decimal, definition: Definition) -> str:
    """目标 ≥ 98%"""
    sign = "≥" if definition.better == "more" else "≤"
    text = f"{value:.1f}".removesuffix(".0")
    unit = {"percent": "%", "hours": _(" 小时")}.get(definition.unit, "")
    return f"{sign} {text}{unit}"


def cell(part: int, whole: int, definition: Definition, goals: Goals, store_id: int | None, on: date) -> dict[str, Any]:
    """One figure with its light, for a tile or a table."""
    value, goal = values(part, whole, definition.unit), goals.of(definition.code, store_id, on)
    return {
        "code": definition.code,
        "value": value,
        "shown": number(value, definition),
        "part": part,
        "whole": whole,
        "goal": goal_words(goal.value, definition),
        "target": goal.value,
        "light": light(value, whole, definition=definition, target=goal.value, least=goal.least),
        "is_few": 0 < whole < goal.least,
        "least": goal.least,
    }


WIDTH, HEIGHT, PAD = 254, 52, 6


def sparkline(weeks: list[dict[str, Any]]) -> dict[str, Any]:
    """Points of a drawn line and of its target's, in a box of WIDTH x HEIGHT; gaps where nothing was counted."""
    numbers = [w["value"] for w in weeks if w["value"] is not None]
    if not numbers:
        return {}
    low, high = min(*numbers, *(w["target"] for w in weeks)), max(*numbers, *(w["target"] for w in weeks))
    span = float(high - low) or 1.0

    def at(index: int, value: Decimal) -> tuple[float, float]:
        x = PAD + index * (WIDTH - 2 * PAD) / max(len(weeks) - 1, 1)
        return round(x, 1), round(HEIGHT - PAD - float(value - low) / span * (HEIGHT - 2 * PAD), 1)

    lines: list[list[tuple[float, float]]] = [[]]
    for index, week in enumerate(weeks):
        if week["value"] is None:
            lines.append([])
        else:
            lines[-1].append(at(index, week["value"]))
    goals: list[tuple[float, float]] = []
    for index, week in enumerate(weeks):  # a target steps, it does not slope
        x, y = at(index, week["target"])
        if goals and goals[-1][1] != y:
            goals.append((x, goals[-1][1]))
        goals.append((x, y))

    def text(points: Iterable[tuple[float, float]]) -> str:
        return " ".join(f"{x},{y}" for x, y in points)

    drawn = [line for line in lines if line]
    return {
        "lines": [text(line) for line in drawn if len(line) > 1],
        "dots": [{"x": line[0][0], "y": line[0][1]} for line in drawn if len(line) == 1],
        "end": {"x": drawn[-1][-1][0], "y": drawn[-1][-1][1]},
        "goal": text(goals),
        "width": WIDTH,
        "height": HEIGHT,
    }
