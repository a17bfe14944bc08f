"""`python -m tests.requirements`: docs/requirements.md from the marks on tests: which tests show which requirement."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]


def marks() -> dict[str, list[str]]:
    """Requirement id -> 'file::test' of every test that carries it, by itself or with its whole module."""
    found: dict[str, list[str]] = {}
    for path in sorted((*ROOT.glob("cheban/**/test_*.py"), *ROOT.glob("tests/test_*.py"))):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        shared = [code for node in tree.body if _is_pytestmark(node) for code in _codes(node.value)]
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                own = [code for mark in node.decorator_list for code in _codes(mark)]
                for code in dict.fromkeys((*shared, *own)):
                    found.setdefault(code, []).append(f"{path.relative_to(ROOT)}::{node.name}")
    return found


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"


def _codes(marked: ast.expr) -> list[str]:
    """The ids of every `pytest.mark.req(...)` in an expression."""
    calls = (node for node in ast.walk(marked) if isinstance(node, ast.Call))
    return [ast.literal_eval(a) for call in calls if ast.unparse(call.func) == "pytest.mark.req" for a in call.args]


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
