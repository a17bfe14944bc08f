"""Formulas that came without a result: simple sums are worked out, the rest is broken and said so.

Some systems write '=J4+K4' and let Excel work it out on opening; read by a program, the cell is empty.
Only + - * / brackets, numbers, references within the sheet, SUM and ROUND are understood. Nothing is executed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any


@dataclass(frozen=True, slots=True)
class Broken:
    """A cell whose formula has no usable result; `text` is what the cell shows, e.g. '#REF!'."""

    text: str

    def __str__(self) -> str:
        return self.text


_TOKEN = re.compile(
    r"\s*(?:(\$?[A-Za-z]{1,3}\$?\d+)(?::(\$?[A-Za-z]{1,3}\$?\d+))?|(\d+(?:\.\d+)?)|(SUM|ROUND)\s*\(|([-+*/(),]))",
    re.IGNORECASE,
)
Reader = Callable[[int, int], Any]


def place(reference: str) -> tuple[int, int]:
    """'K4' -> (row 3, column 10), both from 0."""
    letters, digits = re.fullmatch(r"\$?([A-Za-z]+)\$?(\d+)", reference).groups()
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return int(digits) - 1, column - 1


def calculate(formula: str, value: Reader) -> Any:
    """The result of a formula as int or Decimal, or Broken."""
    text = formula[1:]
    if error := re.search(r"#(REF!|DIV/0!|VALUE!|NAME\?|N/A|NULL!|NUM!)", text):
        return Broken(error[0])
    try:
        tokens = _tokens(text)
        result, rest = _sum(tokens, 0, value)
        if rest != len(tokens):
            return Broken(formula[:60])
        return int(result) if result == result.to_integral_value() else result
    except _Fault as fault:
        return Broken(str(fault))
    except (InvalidOperation, ZeroDivisionError):
        return Broken("#DIV/0!")
    except (ValueError, IndexError, RecursionError):
        return Broken(formula[:60])


class _Fault(Exception):
    """A cell that the formula needs is itself broken."""


def _tokens(text: str) -> list[tuple[str, str, str]]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(text)
        first, last, number, function, sign = match.groups()
        if first:
            found.append(("cell", first, last or ""))
        elif number:
            found.append(("number", number, ""))
        elif function:
            found.append(("function", function.upper(), ""))
        else:
            found.append(("sign", sign, ""))
        at = match.end()
    return found


def _number(cell: Any) -> Decimal:
    if isinstance(cell, Broken):
        raise _Fault(cell.text)
    if cell is None or cell == "":
        return Decimal(0)
    if isinstance(cell, float):
        return Decimal(repr(cell))
    return Decimal(str(cell).replace(",", ""))


def _sum(tokens: list, at: int, value: Reader) -> tuple[Decimal, int]:
    total, at = _product(tokens, at, value)
    while at < len(tokens) and tokens[at][:2] in (("sign", "+"), ("sign", "-")):
        sign = tokens[at][1]
        term, at = _product(tokens, at + 1, value)
        total = total + term if sign == "+" else total - term
    return total, at


def _product(tokens: list, at: int, value: Reader) -> tuple[Decimal, int]:
    total, at = _atom(tokens, at, value)
    while at < len(tokens) and tokens[at][:2] in (("sign", "*"), ("sign", "/")):
        sign = tokens[at][1]
        factor, at = _atom(tokens, at + 1, value)
        total = total * factor if sign == "*" else total / factor
    return total, at


def _atom(tokens: list, at: int, value: Reader) -> tuple[Decimal, int]:
    kind, text, last = tokens[at]
    if kind == "number":
        return Decimal(text), at + 1
    if kind == "cell" and not last:
        return _number(value(*place(text))), at + 1
    if kind == "sign" and text in "+-":
        inner, after = _atom(tokens, at + 1, value)
        return (-inner if text == "-" else inner), after
    if kind == "sign" and text == "(":
        inner, after = _sum(tokens, at + 1, value)
        if tokens[after][:2] != ("sign", ")"):
            raise ValueError("bracket")
        return inner, after + 1
    if kind == "function":
        return _function(text, tokens, at + 1, value)
    raise ValueError(text)


def _function(name: str, tokens: list, at: int, value: Reader) -> tuple[Decimal, int]:
    arguments: list[Decimal] = []
    while True:
        kind, text, last = tokens[at]
        if kind == "cell" and last:
            (top, left), (bottom, right) = place(text), place(last)
            if (bottom - top + 1) * (right - left + 1) > 200_000:
                raise ValueError("range")
            cells = [value(r, c) for r in range(top, bottom + 1) for c in range(left, right + 1)]
            arguments.append(
                sum(
                    (_number(c) for c in cells if not isinstance(c, str) or c.strip("-").replace(".", "").isdigit()),
                    Decimal(0),
                )
            )
            at += 1
        else:
            inner, at = _sum(tokens, at, value)
            arguments.append(inner)
        if tokens[at][:2] == ("sign", ")"):
            break
        if tokens[at][:2] != ("sign", ","):
            raise ValueError("argument")
        at += 1
    if name == "ROUND":
        return round(arguments[0], int(arguments[1]) if len(arguments) > 1 else 0), at + 1
    return sum(arguments, Decimal(0)), at + 1
