"""`cheban import FILE...`: spreadsheets into a store, with a report of every wrong row. R021."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from cheban.cli import Failed, setup_django

KINDS = ("auto", "customers", "vehicles", "repair_orders", "insurance", "appointments")


def unreadable(message: str) -> Failed:
    """A file that is no spreadsheet we can read, or an option that cannot be: exit code 2."""
    return Failed(message, exit_code=2)


def import_files(
    files: Annotated[list[Path], typer.Argument(help="xlsx、xls 或 csv · spreadsheets to read")],
    kind: Annotated[str, typer.Option(help="auto|customers|vehicles|repair_orders|insurance")] = "auto",
    store: Annotated[str | None, typer.Option(help="门店代码 · store code (default: the first)")] = None,
    mapping: Annotated[Path | None, typer.Option(help="列对应文件 · mapping as JSON")] = None,
    report: Annotated[Path | None, typer.Option(help="错行表 · write wrong rows to this xlsx")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="只输出 JSON · one JSON object on standard output")] = False,
) -> None:
    """导入表格：先检查，好的行写入，错的行说明原因并留待改正；同一文件再导入不会重复。"""
    if kind not in KINDS:
        raise unreadable(f"--kind 只能是 {'、'.join(KINDS)}，不是 {kind}。")
    for path in files:
        if not path.is_file():
            raise unreadable(f"没有文件 {path}。请检查路径。")
    given = None
    if mapping is not None:
        try:
            given = json.loads(mapping.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise unreadable(f"对应文件 {mapping} 读不了：{error}。它应是 JSON，见 docs/import.md。") from None
    place = setup_django()
    if store is None and os.environ.get("CHEBAN_ENV", "dev") != "production":
        from cheban.site import demo

        if demo.load_if_empty():
            typer.echo(f"数据库是空的，先放进了演示门店（{place.data_dir}）。", err=True)
    results = [
        _one(path, kind=kind, store=store, mapping=given, report=report, quiet=as_json, number=i)
        for i, path in enumerate(files)
    ]
    if as_json:
        typer.echo(json.dumps(results[0] if len(results) == 1 else results, ensure_ascii=False))


def _one(
    path: Path,
    *,
    kind: str,
    store: str | None,
    mapping: dict | None,
    report: Path | None,
    quiet: bool,
    number: int,
) -> dict[str, Any]:
    from cheban.customers.importing import kinds, pipeline, reports
    from cheban.customers.importing.files import Unreadable
    from cheban.org import queries as org
    from cheban.org import scope

    place = org.store_by_code(store)
    try:
        with scope.use([place.id]):
            batch = pipeline.create(
                path, store_id=place.id, file_name=path.name, kind=kind, mapping=mapping, keep=False
            )
    except Unreadable as error:
        raise unreadable(f"{path.name}：{error.problem}") from None
    with _progress(path.name, hidden=quiet) as step:
        batch = pipeline.write(batch.id, store_id=place.id, path=path, progress=step)
    if batch.state == "failed":
        raise unreadable(f"{path.name}：{batch.problem}")
    with scope.use([place.id]):
        rejected = pipeline.report_entries(batch, is_rejected=True)
        flagged = pipeline.report_entries(batch, is_rejected=False)
        if report is not None:
            target = report if number == 0 else report.with_stem(f"{report.stem}-{number + 1}")
            target.write_bytes(reports.xlsx(batch))
    result = {
        "kind": batch.kind,
        "rows": batch.rows_total,
        "accepted": batch.accepted,
        "unchanged": batch.unchanged,
        "merged": batch.merged,
        "rejected": batch.rejected,
        "flagged": batch.flagged,
        "skipped": batch.skipped,
        "store": place.code,
        "file": path.name,
        "import_id": str(batch.id),
        "rows_rejected": rejected,
        "rows_flagged": flagged,
    }
    if not quiet:
        typer.echo(
            f"{path.name}（{kinds.label(batch.kind)}）→ {place.name}：{batch.rows_total:,} 行，写入 {batch.accepted:,}，"
            f"无变化 {batch.unchanged:,}，并入已有客户 {batch.merged:,}，待改正 {batch.rejected:,}，存疑 {batch.flagged:,}"
        )
        for entry in rejected[:20]:
            typer.echo(
                f"  {entry['sheet']} 第 {entry['row']} 行 {entry['column']}“{entry['value']}”：{entry['problem']}"
            )
        if len(rejected) > 20:
            typer.echo(f"  还有 {len(rejected) - 20} 处，用 --report 错行.xlsx 得到全部。")
    return result


class _progress:
    """A progress bar on standard error; nothing when hidden."""

    def __init__(self, name: str, *, hidden: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=hidden,
        )
        self._task = self._bar.add_task(name, total=None)

    def __enter__(self):
        self._bar.start()
        return lambda done, total: self._bar.update(self._task, completed=done, total=max(total, done))

    def __exit__(self, *_exc) -> None:
        self._bar.stop()
