"""`cheban upgrade`: after new code was put in place. A backup, the tables, a trial; or everything back as it was.

How to: docs/upgrade.md. Goal table: an upgrade that fails leaves every row as it was.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import psycopg
import typer
from psycopg import sql

from cheban.cli import Failed
from cheban.cli import place as places
from cheban.cli.place import Place
from cheban.cli.say import note
from cheban.core import backup as backups
from cheban.core import clock, postgres
from cheban.core.pgcluster import DATABASE, OWNER, make_database

LOCK_SECONDS = 5  # how long a change of tables may wait for a lock, and with it everybody behind it
ROOM = 1.5  # free space that is wanted, against the size of the database: the archive, and a copy when going back
TRIAL = """
import sys
import django; django.setup()
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from cheban.org import queries, scope
try:
    call_command("check")
    behind = MigrationExecutor(connection)
    assert not behind.migration_plan(behind.loader.graph.leaf_nodes()), "tables are behind"
    with scope.use(queries.store_ids()):
        for model in apps.get_models():
            list(model._default_manager.all()[:3])
    for path in ("/healthz", "/account/login/"):
        status = Client(headers={"host": "127.0.0.1"}).get(path).status_code
        assert status == 200, f"{path} answers {status}"
except Exception as error:
    sys.exit(f"{type(error).__name__}: {(str(error).splitlines() or ['?'])[0]}")
"""
"""As the application's role: no migration is missing, every table reads, a page appears."""


def upgrade(
    to: Annotated[
        Path | None, typer.Option(help="备份放到哪个目录，默认在数据目录的 backups · the folder for the backup")
    ] = None,
) -> None:
    """换上新版程序后运行：先备份，再更新数据表并试用；不行就原样退回 · after putting new code in place."""
    folder = places.data_dir()
    try:
        with places.hold(folder / "run" / "run.lock", wait=False):
            _upgrade(places.make_ready(), to)
    except BlockingIOError:
        raise Failed(
            "车伴正在运行：先用 make stop 停止，再升级。 Cheban is running: `make stop` first, then upgrade."
        ) from None


def _upgrade(place: Place, to: Path | None) -> None:
    if not place.embedded:
        raise Failed(
            "数据库是自备的（DATABASE_URL）：请用它自己的工具备份，然后运行 cheban migrate。"
            " The database is your own: back it up with its own tools, then run `cheban migrate`.",
            exit_code=2,
        )
    try:
        if places.is_up_to_date(place):
            print("已经是最新，什么都不用做。 Up to date already; nothing to do.")
            return
        archive, manifest = _back_up(place, to or place.data_dir / "backups")
        try:
            note("[2/3] 更新数据表 · tables …")
            places.migrate(place, lock_seconds=LOCK_SECONDS)
            note("[3/3] 试用 · trial …")
            _try_out(place)
        except BaseException as error:
            _go_back(place, archive, manifest)
            raise Failed(
                f"没有升级成功，数据已原样退回：{error} 请装回原来的程序，并保留备份 {archive}。"
                f" The upgrade failed and all data is as it was: put the old code back. The backup is kept."
            ) from None
    finally:
        if place.started_database:
            postgres.stop(place.data_dir)
    print(f"✓ 已升级，备份在 {archive}。启动：make run · upgraded; the backup is kept.")


def _back_up(place: Place, to: Path) -> tuple[Path, dict[str, Any]]:
    to = to.expanduser().resolve()
    to.mkdir(parents=True, exist_ok=True)
    url = place.environ["CHEBAN_DB_OWNER_URL"]
    with psycopg.connect(url) as owner:
        [size] = owner.execute("SELECT pg_database_size(current_database())").fetchone()
    free = min(shutil.disk_usage(folder).free for folder in (to, place.data_dir))
    if free < size * ROOM:
        raise Failed(
            f"磁盘空间不够：要 {size * ROOM / 1e9:.1f} GB，只有 {free / 1e9:.1f} GB；什么都没有改动。"
            " Not enough free space; nothing was changed.",
        )
    archive = to / f"cheban-{clock.now().astimezone(ZoneInfo('Asia/Shanghai')):%Y%m%d-%H%M%S}-upgrade.tar"
    note("[1/3] 备份 · backup …")
    try:
        return archive, backups.write(url, place.data_dir, archive)
    except backups.Unusable as error:
        raise Failed(f"备份没有完成，什么都没有改动：{error} The backup failed; nothing was changed.") from None


def _try_out(place: Place) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRIAL],
        env=place.child_environ() | {"CHEBAN_HOSTS": "127.0.0.1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        (place.data_dir / "logs" / "upgrade.log").write_text(done.stderr)
        last = done.stderr.strip().splitlines()[-1:] or ["?"]
        raise Failed(f"试用时出错：{last[0]}（详见 {place.data_dir}/logs/upgrade.log）。 The trial failed.")


def _go_back(place: Place, archive: Path, manifest: dict[str, Any]) -> None:
    """The database as it was in the archive: loaded and compared under another name, then put in place in one step."""
    note("      不行，退回 · going back …")
    server, spare = postgres.start(place.data_dir), f"{DATABASE}_back"
    scratch = place.data_dir / "tmp" / f"upgrade-{os.getpid()}"
    names = {"db": sql.Identifier(DATABASE), "spare": sql.Identifier(spare)}
    maintenance = server.superuser_url.replace(f"/{DATABASE}?", "/postgres?")
    spare_url = server.superuser_url.replace(f"/{DATABASE}?", f"/{spare}?")
    try:
        scratch.mkdir(parents=True)
        dump = backups.unpack(archive, scratch)
        with psycopg.connect(maintenance, autocommit=True) as server_wide:
            server_wide.execute(sql.SQL("DROP DATABASE IF EXISTS {spare} WITH (FORCE)").format(**names))
            make_database(server_wide, spare)
            backups.load(dump, superuser_url=spare_url, owner=OWNER)
            with psycopg.connect(spare_url, autocommit=True) as restored:
                if wrong := backups.compare(manifest, restored, place.data_dir):
                    raise Failed(
                        f"退回的数据与备份不同（{wrong[0].what}），数据库保持现状；请用备份恢复：cheban restore {archive}。"
                        " What was restored differs from the backup; the database is left as it is: restore the backup."
                    )
                restored.execute("ANALYZE")
            server_wide.execute(sql.SQL("DROP DATABASE {db} WITH (FORCE)").format(**names))
            server_wide.execute(sql.SQL("ALTER DATABASE {spare} RENAME TO {db}").format(**names))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
