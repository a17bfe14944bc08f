"""`cheban demo`: the demo dealership into an empty database."""

from __future__ import annotations

import os
from contextlib import nullcontext
from datetime import datetime, time
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cheban.cli import Failed, setup_django


class History(StrEnum):
    """How much of the past to make."""

    NONE = "none"
    LIGHT = "light"
    FULL = "full"


def demo(
    customers: Annotated[int, typer.Option(help="多少客户 · how many customers", min=1, max=5_000_000)] = 5000,
    stores: Annotated[int | None, typer.Option(help="几家门店 · how many stores", min=1, max=200)] = None,
    seed: Annotated[int, typer.Option(help="同一种子同一天，数据相同 · the same seed makes the same data")] = 7,
    history: Annotated[
        History | None,
        typer.Option(help="维修历史；默认两万客户以内 full，以上 light（每辆车最近一次）· repair history"),
    ] = None,
    plan: Annotated[bool, typer.Option(help="最近几周的任务和联系 · tasks and contacts of the last weeks")] = True,
    today: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="历史到哪一天 · the day on which it ends")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(help="另用几个进程生成 · processes that make the rows", min=0, max=64)
    ] = None,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="已有数据就什么都不做 · do nothing when there are data")
    ] = False,
) -> None:
    """生成演示门店：三家店、5,000 位虚构客户、七年维修历史和最近几周的任务。"""
    if os.environ.get("CHEBAN_ENV", "dev") == "production":
        raise Failed("正式环境不放演示数据：演示账号的密码是公开的。 No demo in production: its password is public.")
    place = setup_django(owner=True)
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from cheban.core import clock
    from cheban.site import demo as dealership

    if not dealership.is_empty():
        if if_empty:
            return
        raise Failed(
            f"{place.data_dir} 里已经有门店，演示数据只放进空的数据库。换一个数据目录：DATA_DIR=另一个目录 bin/cheban demo"
            "，或加 --if-empty。 There are stores already: choose another DATA_DIR=."
        )
    moment = datetime.combine(today.date(), time(10), tzinfo=ZoneInfo("Asia/Shanghai")) if today else None
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with clock.frozen(moment) if moment else nullcontext(), Progress(*columns, console=Console(stderr=True)) as bar:
        steps: dict[str, int] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in steps:
                steps[what] = bar.add_task(what, total=total)
            bar.update(steps[what], completed=done, total=total)

        dealership.load(
            customers=customers,
            stores=stores,
            seed=seed,
            history=history,
            plan=plan,
            processes=processes,
            progress=tell,
        )
    typer.echo(f"演示门店已生成：{customers:,} 位客户。密码都是 {dealership.PASSWORD}")
    for row in dealership.logins():
        typer.echo(f"{row['role']}\t{row['login']}\t{row['name']}\t{row['store']}")
