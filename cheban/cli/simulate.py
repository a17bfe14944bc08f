"""`cheban simulate`: a dealership that lives a year through the house's own commands, and what must hold after it."""

from __future__ import annotations

import os
from collections import Counter
from enum import StrEnum
from typing import Annotated, Any

import typer

from cheban.cli import Failed, setup_django


class People(StrEnum):
    """How the stores' people work."""

    GOOD = "good"
    MIXED = "mixed"
    BAD = "bad"


def simulate(
    days: Annotated[
        int, typer.Option(help="过多少天，到今天为止 · days to live, the last is today", min=1, max=1500)
    ] = 365,
    seed: Annotated[int, typer.Option(help="同一种子同一天，历史相同 · the same seed tells the same history")] = 7,
    customers: Annotated[int, typer.Option(help="多少客户 · customers at the beginning", min=20, max=100_000)] = 2500,
    stores: Annotated[int, typer.Option(help="几家门店 · how many stores", min=1, max=50)] = 1,
    staff: Annotated[People, typer.Option(help="员工好坏 · how people work")] = People.MIXED,
    check: Annotated[
        bool, typer.Option(help="每月和最后检查不变式 · check what must hold, monthly and at the end")
    ] = True,
    seeds: Annotated[
        int | None,
        typer.Option(help="连跑多少个种子，各用一个临时数据库 · this many seeds, each in a throw-away database", min=1),
    ] = None,
    add: Annotated[
        bool, typer.Option("--add", help="数据库已有客户也加 · add stores to a database with customers")
    ] = False,
) -> None:
    """让门店活一年：客户买车、来店、投诉、搬走，员工做得好或不好；每一步都走真实的命令。"""
    options = {"days": days, "customers": customers, "stores": stores, "staff": staff.value, "check": check}
    if seeds is not None:
        _many(seeds, first=seed, **options)
        return
    if os.environ.get("CHEBAN_ENV", "dev") == "production":
        raise Failed(
            "正式环境不放模拟数据：模拟账号的密码是公开的。 No simulation in production: its password is public."
        )
    place = setup_django(owner=True)
    from cheban.org.models import Store
    from cheban.site import simulation

    if Store.objects.exists() and not add:
        raise Failed(
            f"{place.data_dir} 里已经有门店。换一个数据目录：DATA_DIR=另一个目录 bin/cheban simulate，"
            "或用 --add 另加门店。 There are stores already: choose another DATA_DIR=, or --add more."
        )
    try:
        told = _one(seed, options)
    except simulation.InvariantBroken as error:
        raise Failed(f"不变式被破坏 · broken: {error}") from None
    _summary(told)


def _one(seed: int, options: dict[str, Any]) -> Any:
    """One simulation with a progress bar."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from cheban.site import simulation

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        step = bar.add_task(f"日子 · days (seed {seed})", total=options["days"] + 1)
        return simulation.simulate(
            seed=seed, progress=lambda done, total: bar.update(step, completed=done, total=total), **options
        )


def _many(count: int, *, first: int, **options: Any) -> None:
    """Seed after seed in a throw-away database; one line each, stops at the first broken invariant."""
    import subprocess
    import sys

    for seed in range(first, first + count):
        done = subprocess.run(
            [sys.executable, "-m", "cheban.cli.one_seed", str(seed), *_arguments(options)],
            capture_output=True,
            text=True,
            check=False,
        )
        last = (done.stdout.strip().splitlines() or ["?"])[-1]
        typer.echo(last)
        if done.returncode:
            again = f"bin/cheban simulate --seeds 1 --seed {seed} " + " ".join(_flags(options))
            reason = (done.stderr.strip().splitlines() or [""])[-1]
            raise Failed(f"种子 {seed} 没有通过：{reason} 重现 · to see it again: {again}")


def _arguments(options: dict[str, Any]) -> list[str]:
    return [f"{name}={value}" for name, value in options.items()]


def _flags(options: dict[str, Any]) -> list[str]:
    return [f"--{name} {value}" for name, value in options.items() if name != "check"]


def _summary(told: Any) -> None:
    """What happened, and which promises were kept."""
    from cheban.site import demo
    from cheban.site.simulation import history

    count: Counter[str] = told.world.count
    typer.echo(
        f"{told.world.begin} – {told.world.end}，{told.seconds:.0f} 秒：卖车 {count['cars sold']:,}，"
        f"来店 {count['visits']:,}（自己来 {count['visits by themselves']:,}，预约 {count['visits by appointment']:,}，"
        f"挽回 {count['visits won back']:,}），检查 {told.checks} 项次全部成立。"
    )
    for row in history.by_rule(told.world.stores):
        typer.echo(
            f"  {row['rule']:22} 任务 {row['made']:6,}  按时 {row['kept']:6,}  超时 {row['late']:6,}  "
            f"还开着 {row['open']:5,}  拒绝 {row['refused']:5,}"
        )
    typer.echo(f"密码都是 {demo.PASSWORD}：")
    for row in demo.logins():
        typer.echo(f"{row['role']}\t{row['login']}\t{row['name']}\t{row['store']}")
