"""`cheban demo`: the demo dealership into an empty database."""

from __future__ import annotations

from typing import Annotated

import typer

from cheban.cli import Failed, setup_django


def demo(
    customers: Annotated[int, typer.Option(help="多少客户 · how many customers", min=1, max=5_000_000)] = 5000,
    stores: Annotated[int | None, typer.Option(help="几家门店 · how many stores", min=1, max=500)] = None,
    seed: Annotated[int, typer.Option(help="同一种子同一天，数据相同 · the same seed makes the same data")] = 7,
    history: Annotated[bool, typer.Option(help="维修历史 · repair history (default: up to 50,000 customers)")] = True,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="已有数据就什么都不做 · do nothing when there are data")
    ] = False,
) -> None:
    """生成演示门店：三家店、5,000 位虚构客户、七年维修历史和最近几天的任务。"""
    setup_django()
    from rich.console import Console
    from rich.progress import Progress

    from cheban.org.models import Store
    from cheban.site import demo as dealership

    if Store.objects.exists():
        if if_empty:
            return
        raise Failed("已经有门店和数据，演示数据只放进空的数据库。换一个数据目录：DATA_DIR=另一个目录 bin/cheban demo")
    with Progress(console=Console(stderr=True)) as bar:
        steps: dict[str, int] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in steps:
                steps[what] = bar.add_task(what, total=total)
            bar.update(steps[what], completed=done, total=total)

        dealership.load(
            customers=customers,
            stores=stores or (3 if customers <= 100_000 else 50),
            seed=seed,
            history=history and customers <= 50_000,
            tell=tell,
        )
    for login in dealership.logins():
        typer.echo(f"{login['role']}  {login['login']}  {login['password']}")
