"""All commands in one table; each is imported only when it is called, so that `cheban --help` is instant.

To add a command: write `cheban/cli/<module>.py` with a function whose parameters are typer's (or a
`typer.Typer` for a command with sub-commands), and add one row here. A row without its module is not shown.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from cheban.cli.failures import run_and_exit


@dataclass(frozen=True)
class Command:
    """`target` is module:attribute under `cheban.cli`; `summary` is the line in the help."""

    target: str
    summary: str
    hidden: bool = False

    @property
    def module(self) -> str:
        return self.target.partition(":")[0]

    def exists(self) -> bool:
        """Whether its module is part of this copy."""
        return (Path(__file__).parent / f"{self.module}.py").exists()

    def load(self, name: str) -> TyperCommand | TyperGroup:
        """Import it."""
        loaded = getattr(importlib.import_module(f"cheban.cli.{self.module}"), self.target.partition(":")[2])
        if not isinstance(loaded, typer.Typer):
            function, loaded = loaded, typer.Typer(add_completion=False, rich_markup_mode=None)
            loaded.command(name)(function)
        command = typer.main.get_command(loaded)
        command.name = name
        return command


COMMANDS: dict[str, Command] = {
    "run": Command("run:run", "启动网站和后台 · start web and worker"),
    "import": Command("import_files:import_files", "导入表格 · import spreadsheets"),
    "demo": Command("demo:demo", "生成演示数据 · make demo data"),
    "simulate": Command("simulate:simulate", "让门店活一年 · live a year, check what must hold"),
    "playbook": Command("playbook:app", "跑当日计划、解释任务 · run the day, explain a task"),
    "voice": Command("voice:app", "从文字里找预警和线索 · alerts and leads in texts"),
    "users": Command("users:app", "员工账号 · staff accounts"),
    "backup": Command("backup:backup", "备份数据库、文件、密钥 · back up"),
    "restore": Command("restore:restore", "恢复到新的数据目录 · restore into a new data folder"),
    "verify": Command("restore:verify", "试着恢复并逐行核对 · restore on trial and compare every row"),
    "upgrade": Command("upgrade:upgrade", "备份、更新数据表、试用，不行就退回 · upgrade, or go back"),
    "keys": Command("keys:app", "加密密钥：列出、更换、销毁 · keys: list, rotate, retire"),
    "audit": Command("audit:app", "核对审计记录 · does the audit trail hold"),
    "doctor": Command("doctor:doctor", "检查安装 · check this installation"),
    "stop": Command("stop:stop", "停止 · stop what runs on this data folder"),
    "migrate": Command("migrate:migrate", "更新数据表 · bring the tables up to date"),
    "worker": Command("worker:worker", "后台进程 · the background worker", hidden=True),
}


class LazyCommands(TyperGroup):
    """Shows the table without importing what it names."""

    def list_commands(self, ctx: typer.Context) -> list[str]:
        """Names, in the table's order."""
        return [name for name, row in COMMANDS.items() if row.exists()]

    def get_command(self, ctx: typer.Context, cmd_name: str) -> TyperCommand | TyperGroup | None:
        """The command, imported now."""
        row = COMMANDS.get(cmd_name)
        return row.load(cmd_name) if row and row.exists() else None

    def format_help(self, ctx: typer.Context, formatter: Any) -> None:
        """Plain help: usage, commands, options."""
        self.format_usage(ctx, formatter)
        rows = [(name, COMMANDS[name].summary) for name in self.list_commands(ctx) if not COMMANDS[name].hidden]
        with formatter.section("命令 · commands"):
            formatter.write_dl(rows)
        formatter.write_paragraph()
        formatter.write_text("环境变量 · environment: DATA_DIR, PORT, DATABASE_URL, CHEBAN_ENV, CHEBAN_DEBUG=1")


app = typer.Typer(cls=LazyCommands, add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def cheban() -> None:
    """车伴 · Cheban."""


def main() -> None:
    """`python -m cheban`. Exit codes: 0 done, 1 refused or failed, 2 asked wrongly or unreadable input."""
    run_and_exit(lambda: app(prog_name="cheban"))
