"""`python -m tests.requirements`: docs/requirements.md from the marks on tests: which tests show which requirement."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]


def marks() -> dict[str, list[str]]:
    """Requirement id -> 'file::test' of every test that carries it."""
    found: dict[str, list[str]] = {}
    for path in sorted((*ROOT.glob("cheban/**/test_*.py"), *ROOT.glob("tests/test_*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.req":
                        for argument in mark.args:
                            found.setdefault(ast.literal_eval(argument), []).append(
                                f"{path.relative_to(ROOT)}::{node.name}"
                            )
    return found


def text() -> str:
    """The page."""
    lines = [
        "# 需求与测试 · Requirements and their tests",
        "",
        "由 `python -m tests.requirements` 生成。 Generated from the marks on tests.",
        "",
        "| id | tests |",
        "|---|---|",
    ]
    lines += [f"| {code} | {'<br>'.join(tests)} |" for code, tests in sorted(marks().items())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "docs" / "requirements.md").write_text(text(), encoding="utf-8")
