"""`cheban playbook run|explain|rules`: the daily run by hand, and why a task exists or not."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from cheban.cli import Failed, setup_django

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="跑当日计划、解释任务 · run the day, explain a task"
)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Failed(f"日期 {text} 应写成 2026-11-23。") from None


@app.command()
def run(
    day: Annotated[str | None, typer.Option(help="哪一天 · default: today")] = None,
    store: Annotated[str | None, typer.Option(help="只跑这家门店 · store code")] = None,
) -> None:
    """生成一天的任务；重复运行不会多出任务。"""
    setup_django()
    from cheban.core import clock
    from cheban.org import queries as org
    from cheban.org import scope
    from cheban.playbook import planner

    stores = [org.store_by_code(store).id] if store else org.store_ids()
    if not stores:
        raise Failed("还没有门店。先运行 cheban demo。")
    on = _day(day) or clock.today()
    with scope.use(stores):
        plan = planner.plan_day(on, store_ids=stores)
    typer.echo(
        f"{on.isoformat()}：新增 {plan.made:,} 项任务；"
        f"因客户拒绝未安排 {plan.held_back.get('refused', 0):,} 人，因刚联系过推迟 {plan.held_back.get('too_soon', 0):,} 人。"
    )


@app.command()
def explain(
    rule: Annotated[str, typer.Argument(help="规则代码，见 cheban playbook rules")],
    vehicle: Annotated[str, typer.Argument(help="车架号、车牌或编号 · VIN, plate or id")],
    day: Annotated[str | None, typer.Option(help="哪一天 · default: today")] = None,
) -> None:
    """为什么有这项任务，或者为什么没有。"""
    setup_django()
    from cheban.core import clock
    from cheban.customers import queries as customers
    from cheban.org import queries as org
    from cheban.org import scope
    from cheban.playbook import explaining
    from cheban.playbook.rules import HANDBOOK

    on = _day(day) or clock.today()
    with scope.use(org.store_ids()):
        found = customers.vehicle_by_text(vehicle)
        known = HANDBOOK.rules.get(rule)
        subject = explaining.subject_of(rule, vehicle_id=found.id, customer_id=found.owner_id, store_id=found.store_id)
        findings = explaining.explain(rule, subject, day=on)
    typer.echo(f"{known.title}（{known.requirement}）· {found.plate_number or found.vin} · {on.isoformat()}")
    for finding in findings:
        typer.echo(f"  {'✓' if finding.holds else '✗'} {finding.says}{'：' + finding.found if finding.found else ''}")
    typer.echo("→ 条件都满足" if all(f.holds for f in findings) else "→ 今天不会生成任务：打 ✗ 的条件不满足")


@app.command()
def rules(
    store: Annotated[str | None, typer.Option(help="按哪家门店的数值 · store code; default: the house's own")] = None,
) -> None:
    """列出规则手册；给出门店时，列出在那里生效的数值和来源。"""
    setup_django()
    from cheban.org import queries as org
    from cheban.playbook import effective
    from cheban.playbook.rules import HANDBOOK

    if store is None:
        for found in HANDBOOK.rules.values():
            typer.echo(f"{found.code:22} {found.title} · {found.when.read()}")
        return
    sources = {"group": "集团 · group", "store": "本店 · store"}
    for code, held in effective.of_store(org.store_by_code(store).id).items():
        state = "" if held.is_on else "【停用 · off】"
        typer.echo(f"{code:22} {state}{held.rule.title} · {held.rule.when.read()}")
        for knob, source in held.source.items():
            if source != "house":
                typer.echo(f"{'':22}   {knob} = {held.values[knob]}（{sources[source]}）")
