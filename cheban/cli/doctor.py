"""`cheban doctor`: looks at everything the product needs and says what to do about what is wrong."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from cheban.cli import place as places
from cheban.cli.failures import Failed, explain
from cheban.core import postgres
from cheban.core.pgbin import account_for

OK, WARNING, WRONG = "ok", "warning", "wrong"
MARKS = {OK: "✓", WARNING: "!", WRONG: "✗"}
LOW_DISK, FULL_DISK = 0.15, 0.03  # free part of the disk: an early word, and too late


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, and what to do when it is not well."""

    name: str
    state: str
    detail: str
    advice: str = ""


def doctor(as_json: Annotated[bool, typer.Option("--json", help="输出 JSON · print JSON")] = False) -> int:
    """检查安装，逐项说明怎么办 · check this installation; exit code 1 when something is wrong."""
    findings = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            print(f"{MARKS[finding.state]} {finding.name}：{finding.detail}")
            if finding.advice:
                print(f"    → {finding.advice}")
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    if any(finding.state == WRONG for finding in findings):
        raise typer.Exit(1)
    return 0


def examine() -> Iterator[Finding]:
    """All findings, in the order in which things depend on each other."""
    yield from _guard("Python", _python)
    yield from _guard("数据目录 · data", _data)
    yield from _guard("前端 · front end", _front_end)
    if not os.environ.get("DATABASE_URL"):
        yield from _guard("数据库程序 · programs", _programs)
    ready: list[places.Place] = []
    yield from _guard("数据库 · database", lambda: _database(ready))
    if ready:
        for name, check in (
            ("扩展 · extensions", _extensions),
            ("角色 · roles", _roles),
            ("数据表 · tables", _tables),
            ("密钥 · keys", _keys),
            ("营业日历 · calendars", _calendars),
            ("后台 · worker", _worker),
        ):
            finding = next(_guard(name, check))
            yield finding
            if check is _tables and finding.state == WRONG:
                break  # what follows reads those tables
    yield from _guard("端口 · port", _port)


def _guard(name: str, check: Callable[[], tuple[str, ...]]) -> Iterator[Finding]:
    try:
        yield Finding(name, *check())
    except Exception as error:  # a check that cannot be made is itself a finding
        yield Finding(name, WRONG, explain(error)[1])


def _python() -> tuple[str, ...]:
    return OK, ".".join(str(part) for part in sys.version_info[:3])


def _data() -> tuple[str, ...]:
    folder = places.data_dir()
    postgres.make_folders(folder)
    usage = shutil.disk_usage(folder)
    free = usage.free / usage.total
    detail = f"{folder}，可用 {usage.free / 1024**3:.1f} GiB（{free:.0%}）"
    if free < FULL_DISK:
        return WRONG, detail, "磁盘快满了，数据库会停止写入：清出空间，或把 DATA_DIR 移到大一些的磁盘。"
    if free < LOW_DISK:
        return WARNING, detail, "磁盘空间不多了，尽早清理。"
    return OK, detail


def _front_end() -> tuple[str, ...]:
    manifest = places.ROOT / "cheban" / "site" / "static_built" / "manifest.json"
    if not manifest.exists():
        return WRONG, "还没有构建", "运行 bin/setup。"
    return OK, f"{len(json.loads(manifest.read_text())['files'])} 个文件"


def _programs() -> tuple[str, ...]:
    folder = places.data_dir()
    account = account_for(folder, pg_data=folder / "postgres")
    version = account.run("postgres", "--version").stdout.strip()
    how = "用户命名空间" if account.prefix else f"uid {account.uid}"
    return OK, f"{version}（以 {how} 运行）"


def _database(ready: list[places.Place]) -> tuple[str, ...]:
    place = places.make_ready()
    os.environ.update(place.environ)
    os.environ.pop("CHEBAN_DB_OWNER_URL", None)
    import django

    django.setup()
    ready.append(place)
    [version, checksums] = _row("SELECT current_setting('server_version'), current_setting('data_checksums')")
    detail = f"PostgreSQL {version}，{'内置' if place.embedded else 'DATABASE_URL'}"
    if int(version.split(".")[0]) < 15:
        return WRONG, detail, "需要 PostgreSQL 15 或更新版本。"
    if checksums != "on":
        return WARNING, f"{detail}，页校验关闭", "用 pg_checksums --enable 打开，磁盘的静默损坏才能被发现。"
    return OK, detail


def _extensions() -> tuple[str, ...]:
    missing = {"pg_trgm", "btree_gist"} - {row[0] for row in _rows("SELECT extname FROM pg_extension")}
    if missing:
        return (
            WRONG,
            f"缺少 {'、'.join(sorted(missing))}",
            "运行 bin/cheban migrate；自己的数据库请管理员安装。",
        )
    return OK, "pg_trgm、btree_gist"


def _roles() -> tuple[str, ...]:
    [name, powerful, owned] = _row(
        "SELECT current_user::text, rolsuper OR rolbypassrls,"
        " (SELECT count(*) FROM pg_class WHERE relowner = r.oid) FROM pg_roles r WHERE rolname = current_user"
    )
    if powerful or owned:
        return (
            WRONG,
            f"{name} 权限过大，门店隔离失效",
            "收回 SUPERUSER、BYPASSRLS，把表的所有者改为库的所有者。",
        )
    return OK, f"{name}，受行级权限约束"


def _tables() -> tuple[str, ...]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        return WRONG, f"有 {len(waiting)} 项更新没有执行", "运行 bin/cheban migrate。"
    return OK, "已是最新"


def _keys() -> tuple[str, ...]:
    from cheban.core.privacy import keyring

    folder = places.data_dir() / "secrets"
    open_files = [file.name for file in folder.iterdir() if file.stat().st_mode & 0o077]
    if open_files:
        return WRONG, f"{'、'.join(open_files)} 别人也能读", f"chmod 600 {folder}/*"
    count = len(keyring())
    return OK, f"{count} 把数据密钥都能打开；请另行备份 {folder}"


def _calendars() -> tuple[str, ...]:
    from cheban.core import clock
    from cheban.core.calendars import missing_years
    from cheban.org import queries as org

    stores = org.store_ids()
    if not stores:
        return WARNING, "还没有门店", "运行 bin/cheban demo 看演示，或用 bin/cheban users store 建立门店。"
    missing = sorted({year for store in stores for year in missing_years(store, today=clock.today())})
    if missing:
        years = "、".join(str(year) for year in missing)
        return WARNING, f"缺少 {years} 年的节假日，时限会按平常的周计算", "在“营业日历”页补录。"
    return OK, f"{len(stores)} 家门店"


def _worker() -> tuple[str, ...]:
    [alive] = _row("SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute'")
    [waiting] = _row(
        "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"
        " AND coalesce(scheduled_at, now()) < now() - interval '5 minutes'"
    )
    if waiting:
        return (
            WRONG,
            f"{waiting} 项后台工作等了 5 分钟以上",
            "检查 make run 是否在运行，以及 logs/worker.log。",
        )
    if not alive:
        return WARNING, "没有在运行", "make run 会启动它；不运行时提醒和升级都停着。"
    return OK, f"{alive} 个在运行"


def _port() -> tuple[str, ...]:
    number = places.port()
    with socket.socket() as probe:
        probe.settimeout(2)
        if probe.connect_ex(("127.0.0.1", number)) != 0:
            return OK, f"{number} 空闲"
    connection = http.client.HTTPConnection("127.0.0.1", number, timeout=5)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        known = json.loads(answer.read())
    except (OSError, ValueError, http.client.HTTPException):
        return WARNING, f"{number} 被别的程序占用", f"换一个端口：make run PORT={number + 1}。"
    finally:
        connection.close()
    if not isinstance(known, dict) or "ready" not in known:
        return WARNING, f"{number} 被别的程序占用", f"换一个端口：make run PORT={number + 1}。"
    if not known["ready"]:
        raise Failed(f"{number} 上的车伴没有就绪：{known.get('checks')}")
    return OK, f"{number} 上车伴正在服务"


def _row(query: str) -> list:
    return list(_rows(query)[0])


def _rows(query: str) -> list[tuple]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()
