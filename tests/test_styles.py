"""The staff pages' style sheets: what one room calls its own is not restyled by another's sheet."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

CSS = Path(__file__).resolve().parents[1] / "frontend" / "css"
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
A_CLASS = re.compile(r"\.[\w-]+")


def _outermost(sheet: str) -> Iterator[str]:
    """Selectors outside of @media and the like."""
    begin = depth = 0
    for at, character in enumerate(sheet):
        if character == "{":
            if depth == 0:
                yield sheet[begin:at].strip()
            depth += 1
        elif character in "};":
            depth -= character == "}"
            if depth == 0:
                begin = at + 1


def test_a_class_is_declared_in_one_sheet():
    sheets = re.findall(r"@import ['\"]\./([\w-]+\.css)", (CSS / "app.css").read_text(encoding="utf-8"))
    assert len(sheets) > 20
    where = defaultdict(set)
    for name in sheets:
        for selectors in _outermost(COMMENT.sub("", (CSS / name).read_text(encoding="utf-8"))):
            for selector in selectors.split(","):
                if A_CLASS.fullmatch(selector.strip()):
                    where[selector.strip()].add(name)
    assert {selector: sorted(names) for selector, names in where.items() if len(names) > 1} == {}
