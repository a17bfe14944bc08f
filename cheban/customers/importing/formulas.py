"""Formulas that came without a result: simple ones are worked out, the rest is broken and said so.

Some systems write '=J4+K4' and let Excel work it out on opening; read by a program, the cell is empty.
Only + - * / &, brackets, numbers, texts, references within the sheet, SUM, ROUND and DATE are understood; days are
day numbers as in a spreadsheet. Nothing is executed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any


@dataclass(frozen=True, slots=True)
class Broken:
    """A cell without a usable value; `text` is what the cell shows ('#REF!'), or the formula that has no result."""

    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def is_error(self) -> bool:
        """The formula itself is broken, not only beyond what is understood here."""
        return self.text.startswith("#")


_TOKEN = re.compile(
    r"\s*(?:(\$?[A-Za-z]{1,3}\$?\d+)(?::(\$?[A-Za-z]{1,3}\$?\d+))?(?![\w(!.])|(\d+(?:\.\d+)?%?)|\"((?:[^\"]|\"\")*)\""
    r"|(SUM|ROUND|DATE)\s*\(|([-+*/(),&]))",
    re.IGNORECASE,
)
Reader = Callable[[int, int], Any]
Value = Decimal | str
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a local wall moment


def place(reference: str) -> tuple[int, int]:
    """'K4' -> (row 3, column 10), both from 0."""
    letters, digits = re.fullmatch(r"\$?([A-Za-z]+)\$?(\d+)", reference).groups()
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return int(digits) - 1, column - 1


def calculate(formula: str, value: Reader) -> Any:
    """The result of a formula as int, Decimal, text or moment, or Broken. `value(row, column)`: a cell, from 0."""
    text = formula.removeprefix("=").strip()
    if error := re.search(r"#(REF!|DIV/0!|VALUE!|NAME\?|N/A|NULL!|NUM!)", text):
        return Broken(error[0])
    try:
        tokens = _tokens(text)
        if len(tokens) == 1 and tokens[0][0] == "cell" and not tokens[0][2]:  # '=B4': the cell as it is
            return value(*place(tokens[0][1]))
        result, rest = _sum(tokens, 0, value)
        if rest != len(tokens):
            return Broken(formula[:60])
        if isinstance(result, str):
            return result
        return int(result) if result == result.to_integral_value() else result
    except _Fault as fault:
        return Broken(str(fault))
    except (InvalidOperation, ZeroDivisionError):
        return Broken("#DIV/0!")
    except (ValueError, IndexError, RecursionError, OverflowError):
        return Broken(formula[:60])


class _Fault(Exception):
    """A cell that the formula needs is itself broken, or a text where a number should be."""


def _tokens(text: str) -> list[tuple[str, str, str]]:
    found, at = [], 0
    if len(text) > 2000:
        raise ValueError("long")
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(text)
        first, last, number, words, function, sign = match.groups()
        if first:
            found.append(("cell", first, last or ""))
        elif number:
            found.append(("number", number, ""))
        elif words is not None:
            found.append(("text", words.replace('""', '"'), ""))
        elif function:
            found.append(("function", function.upper(), ""))
        else:
            found.append(("sign", sign, ""))
        at = match.end()
    return found


def _value(cell: Any) -> Value:
    """A cell in a formula: numbers exactly, days as day numbers, else text."""
    if isinstance(cell, Broken):
        raise _Fault(cell.text)
    if cell is None or cell == "":
        return Decimal(0)
    if isinstance(cell, float):
        return Decimal(repr(cell))
    if isinstance(cell, int | Decimal):
        return Decimal(cell)
    if isinstance(cell, date):
        at = cell if isinstance(cell, datetime) else datetime.combine(cell, time())
        span = at.replace(tzinfo=None) - _EPOCH
        return Decimal(span.days) + Decimal(span.seconds) / 86_400
    return str(cell)


def _number(value: Value) -> Decimal:
    if isinstance(value, Decimal):
        return value
    plain = value.replace(",", "").strip()
    if re.fullmatch(r"[+-]?\d+(?:\.\d+)?", plain):
        return Decimal(plain)
    raise _Fault("#VALUE!")


def _text(value: Value) -> str:
    return value if isinstance(value, str) else format(value.normalize(), "f")


def _sum(tokens: list, at: int, value: Reader) -> tuple[Value, int]:
    total, at = _product(tokens, at, value)
    while at < len(tokens) and tokens[at][0] == "sign" and tokens[at][1] in "+-&":
        sign = tokens[at][1]
        term, at = _product(tokens, at + 1, value)
        if sign == "&":
            total = _text(total) + _text(term)
        else:
            total = _number(total) + (_number(term) if sign == "+" else -_number(term))
    return total, at


def _product(tokens: list, at: int, value: Reader) -> tuple[Value, int]:
    total, at = _atom(tokens, at, value)
    while at < len(tokens) and tokens[at][:2] in (("sign", "*"), ("sign", "/")):
        sign = tokens[at][1]
        factor, at = _atom(tokens, at + 1, value)
        total = _number(total) * _number(factor) if sign == "*" else _number(total) / _number(factor)
    return total, at


def _atom(tokens: list, at: int, value: Reader) -> tuple[Value, int]:
    kind, text, last = tokens[at]
    if kind == "number":
        return (Decimal(text[:-1]) / 100 if text.endswith("%") else Decimal(text)), at + 1
    if kind == "text":
        return text, at + 1
    if kind == "cell" and not last:
        return _value(value(*place(text))), at + 1
    if kind == "sign" and text in "+-":
        inner, after = _atom(tokens, at + 1, value)
        return (-_number(inner) if text == "-" else inner), after
    if kind == "sign" and text == "(":
        inner, after = _sum(tokens, at + 1, value)
        if tokens[after][:2] != ("sign", ")"):
            raise ValueError("bracket")
        return inner, after + 1
    if kind == "function":
        return _function(text, tokens, at + 1, value)
    raise ValueError(text)


def _function(name: str, tokens: list, at: int, value: Reader) -> tuple[Value, int]:
    arguments: list[Decimal] = []
    while True:
        kind, text, last = tokens[at]
        if kind == "cell" and last:
            (top, left), (bottom, right) = place(text), place(last)
            if (bottom - top + 1) * (right - left + 1) > 200_000:
                raise ValueError("range")
            cells = [_value(value(r, c)) for r in range(top, bottom + 1) for c in range(left, right + 1)]
            arguments.append(sum((c for c in cells if isinstance(c, Decimal)), Decimal(0)))  # SUM passes texts over
            at += 1
        else:
            inner, at = _sum(tokens, at, value)
            arguments.append(_number(inner))
        if tokens[at][:2] == ("sign", ")"):
            break
        if tokens[at][:2] != ("sign", ","):
            raise ValueError("argument")
        at += 1
    if name == "ROUND":
        places = Decimal(1).scaleb(-int(arguments[1]) if len(arguments) > 1 else 0)
        return arguments[0].quantize(places, ROUND_HALF_UP), at + 1
    if name == "DATE":
        if len(arguments) != 3:
            raise ValueError("date")
        year, month = int(arguments[0]), int(arguments[1]) - 1  # a spreadsheet carries months and days over
        first = datetime(year + month // 12, month % 12 + 1, 1)  # noqa: DTZ001
        return Decimal((first - _EPOCH).days + int(arguments[2]) - 1), at + 1
    return sum(arguments, Decimal(0)), at + 1
