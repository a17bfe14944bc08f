"""`cheban audit`: does the audit trail hold? R019; how to: docs/keys.md."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from cheban.cli import setup_django

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="审计记录 · the audit trail")
PROBLEMS = {
    "changed": "被改过 · was changed",
    "removed": "被删掉 · was removed",
    "cut": "末尾被截去 · the end was cut off",
}


@app.command()
def verify(as_json: Annotated[bool, typer.Option("--json", help="输出 JSON · print JSON")] = False) -> int:
    """逐条核对哈希链，指出被改、被删的行 · walk the chain and name rows that were changed or removed; exit code 1 if any."""
    place = setup_django(owner=True)
    import psycopg

    from cheban.core import audit

    with psycopg.connect(place.environ["CHEBAN_DB_OWNER_URL"], autocommit=True) as connection:
        found = audit.verify(connection, place.data_dir / audit.ANCHORS)
    if as_json:
        print(json.dumps({"rows": found.rows, "waiting": found.waiting, "broken": [asdict(b) for b in found.broken]}))
    else:
        for each in found.broken:
            row = f"审计行 {each.entry_id} · audit row {each.entry_id}" if each.entry_id else ""
            print(f"✗ 第 {each.seq} 环 · link {each.seq}  {row}  {PROBLEMS[each.problem]}")
        waiting = f"；{found.waiting:,} 条还没接上（后台每分钟接一次） · not linked yet" if found.waiting else ""
        if not found.broken:
            print(f"✓ {found.rows:,} 条审计记录完好 · audit rows hold{waiting}")
    if found.broken:
        raise typer.Exit(1)
    return 0
