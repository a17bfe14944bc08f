"""`python bin/docs.py`: the doc site's sources in .build/docs: docs/, and the reference read off the code itself.

`--build` also builds the site into .build/site (strict: a link that leads nowhere is an error). No database is needed.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import messages  # its neighbour, which starts Django without a database

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / ".build" / "docs"
GENERATED = "> 由代码生成，不要手改。 Generated from the code (`make docs`).\n"


def main() -> None:
    """Write the sources, and build when asked."""
    asked = argparse.ArgumentParser(prog="docs", description=__doc__)
    asked.add_argument("--build", action="store_true", help="build the site too")
    build = asked.parse_args().build
    messages.start()
    write()
    print(f"{OUT.relative_to(ROOT)}")  # noqa: T201
    if build:
        sys.exit(subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"], cwd=ROOT).returncode)


def write(out: Path = OUT) -> None:
    """All sources of the site below `out`, which is made anew. Needs Django."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(ROOT / "docs", out)
    (out / "index.md").write_text(_home(), encoding="utf-8")
    (out / "decisions.md").write_text(_decisions(), encoding="utf-8")
    folder = out / "reference"
    folder.mkdir()
    for name, page in PAGES.items():
        (folder / f"{name}.md").write_text(page(), encoding="utf-8")


def _home() -> str:
    """The README, whose links lead into docs/, seen from inside docs/."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace("](docs/", "](")
    return text.replace("(decisions/)", "(decisions.md)")


def _decisions() -> str:
    lines = ["# 决定 · Decisions", ""]
    for path in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        title = path.read_text(encoding="utf-8").split("\n", 1)[0].lstrip("# ")
        lines.append(f"- [{title}](decisions/{path.name})")
    return "\n".join(lines) + "\n"


def table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table in Markdown; bars and ends of lines in cells are made harmless."""
    named = list(headings)
    lines = ["| " + " | ".join(named) + " |", "|" + "---|" * len(named)]
    for row in rows:
        cells = [str(cell).replace("|", "\\|").replace("\n", "<br>") for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def rules() -> str:
    """Every rule: when, who owes what, its sentence."""
    from cheban.org.roles import Role
    from cheban.playbook.rules import HANDBOOK

    parts = [f"# 规则 · Rules\n\n{GENERATED}"]
    for rule in HANDBOOK.rules.values():
        owes = [
            (
                Role(o.role).label,
                o.title,
                o.within,
                "<br>".join(f"{at} → {Role(to).label}" for at, to in o.escalate) or "—",
            )
            for o in rule.owes
        ]
        parts.append(
            f"## {rule.title}\n\n`{rule.code}` · {rule.requirement} · 紧急 weight {rule.weight}\n\n"
            f"- 何时 · when: {rule.when.read()}\n- 理由 · reason: {rule.reason}\n- 话术 · script: {rule.script}\n\n"
            + table(("角色 · role", "事情 · duty", "时限 · within", "升级 · ladder"), owes)
        )
    return "\n".join(parts)


def events() -> str:
    """Every event with its facts: what webhooks carry and rules may be set off by."""
    from cheban.core import events

    rows = [
        (f"`{e.name}`", e.title, "<br>".join(f"`{fact}` {means}" for fact, means in e.facts.items()) or "—")
        for e in sorted(events.all_declared().values(), key=lambda e: e.name)
    ]
    return f"# 事件 · Events\n\n{GENERATED}\n" + table(("事件 · event", "意思 · meaning", "事实 · facts"), rows)


def permissions() -> str:
    """Role x permission."""
    from cheban.org.roles import GRANTS, PERMISSIONS, Role

    rows = [
        (f"`{code}`", label, *("●" if code in GRANTS[role] else "" for role in Role))
        for code, label in PERMISSIONS.items()
    ]
    return f"# 权限 · Permissions\n\n{GENERATED}\n" + table(
        ("权限 · permission", "意思 · meaning", *(str(r.label) for r in Role)), rows
    )


def facts() -> str:
    """What rules can ask about, and the measures they can watch."""
    from cheban.core import facts

    rows = [
        (f"`{subject.name}.{name}`", fact.label, fact.type)
        for subject in facts.subjects()
        for name, fact in sorted(subject.facts.items())
    ]
    watched = [(f"`{m.code}`", m.label, f"{m.target} %", m.least) for m in facts.measures()]
    return (
        f"# 事实与指标 · Facts and measures\n\n{GENERATED}\n"
        + table(("事实 · fact", "意思 · meaning", "种类 · kind"), rows)
        + "\n"
        + table(("指标 · measure", "意思 · meaning", "目标 · target", "至少 · least counted"), watched)
    )


def commands() -> str:
    """The command line, as `--help` tells it."""
    import typer.main

    from cheban.cli import main as cli

    root = typer.main.get_command(cli.app)
    parts = [f"# 命令行 · Command line\n\n{GENERATED}"]
    context = root.make_context("cheban", [], resilient_parsing=True)
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        if cli.COMMANDS[name].hidden:
            continue
        parts.append(f"## {name}\n\n{cli.COMMANDS[name].summary}\n")
        parts.append(_options(command, f"cheban {name}"))
        for sub, below in sorted(getattr(command, "commands", {}).items()):
            parts.append(f"### {name} {sub}\n\n{(below.help or '').strip()}\n")
            parts.append(_options(below, f"cheban {name} {sub}"))
    return "\n".join(parts)


def _options(command: object, usage: str) -> str:
    rows = []
    for option in command.params:
        if option.name == "help":
            continue
        names = ", ".join(option.opts) if option.param_type_name == "option" else option.name.upper()
        rows.append((f"`{names}`", getattr(option, "help", "") or ""))
    words = " ".join(p.name.upper() for p in command.params if p.param_type_name == "argument")
    line = f"```sh\nbin/{usage} {words}\n```\n".replace(" \n", "\n")
    return line + ("\n" + table(("参数 · argument", "意思 · meaning"), rows) if rows else "")


PAGES = {"rules": rules, "events": events, "permissions": permissions, "facts": facts, "commands": commands}
"""Page -> what writes it."""

if __name__ == "__main__":
    main()
