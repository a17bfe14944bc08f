"""`cheban restore` and `cheban verify`: a backup into a new data folder; a backup tried out. How to: docs/backup.md."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from cheban.cli import Failed
from cheban.cli.backup import passphrase_of
from cheban.cli.say import note
from cheban.core import backup as backups
from cheban.core import postgres
from cheban.core.pgcluster import OWNER
from cheban.core.secretfiles import secrets_dir

Archive = Annotated[Path, typer.Argument(help="备份文件 .tar · the archive")]
Keys = Annotated[
    Path | None, typer.Option(help="密钥文件，默认同名 .keys · the file of keys, by default of the same name")
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(help="口令在这个文件里，否则会问 · the passphrase stands in this file, else you are asked"),
]


def restore(
    archive: Archive,
    to: Annotated[Path, typer.Option(help="新的数据目录，必须是空的 · the new data folder, empty")],
    keys: Keys = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """把备份恢复到一个新的数据目录，并逐行核对 · restore into a new data folder, and compare every row."""
    to = to.expanduser().resolve()
    if to.exists() and any(to.iterdir()):
        raise Failed(f"{to} 不是空的：恢复只写进新的数据目录。 It is not empty: choose a new folder.", exit_code=2)
    made = not to.exists()
    try:
        _restore(archive, to, keys, passphrase_file)
    except BaseException:
        postgres.stop(to)
        shutil.rmtree(to, ignore_errors=True)
        if not made:
            to.mkdir(exist_ok=True)
        raise
    print(f"已恢复到 {to}，每一行都对得上。启动：make run DATA_DIR={to} · restored; every row is as it was.")


def verify(archive: Archive, keys: Keys = None, passphrase_file: PassphraseFile = None) -> int:
    """在临时目录里恢复一遍，逐行核对，打开加密的资料，然后删掉 · restore on trial, compare every row, open what is sealed."""
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="cheban-verify-"))
    folder.chmod(0o711)
    try:
        opened = _restore(archive, folder / "data", keys, passphrase_file)
    finally:
        postgres.stop(folder / "data")
        shutil.rmtree(folder, ignore_errors=True)
    print(
        f"✓ {archive.name} 可以恢复：每一行、每个文件都对得上，{opened:,} 项加密资料打得开（{time.monotonic() - began:.0f} 秒）。"
        f" It restores: every row and file is as it was, {opened:,} sealed values open."
    )
    return 0


def _restore(archive: Path, to: Path, keys: Path | None, passphrase_file: Path | None) -> int:
    keys = keys or archive.with_suffix(".keys")
    for path in (archive, keys):
        if not path.exists():
            raise Failed(f"没有文件 {path}。 No such file.", exit_code=2)
    try:
        manifest = backups.manifest_of(archive)
        secrets = backups.open_keys(keys, passphrase=passphrase_of(passphrase_file) or _asked())
        to.mkdir(parents=True, exist_ok=True)
        postgres.make_folders(to)
        for name, text in secrets.items():
            path = secrets_dir(to) / name
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
                out.write(text)
        note("  文件 · files …")
        dump = backups.unpack(archive, to)
        note("  数据库 · database …")
        server = postgres.start(to, tell=note)
        backups.load(dump, superuser_url=server.superuser_url, owner=OWNER)
        dump.unlink()
        note("  核对 · comparing …")
        with psycopg.connect(server.superuser_url, autocommit=True) as connection:
            wrong = backups.compare(manifest, connection, to)
            if wrong:
                first = "；".join(f"{w.what}: {w.expected} ≠ {w.found}" for w in wrong[:5])
                raise Failed(f"恢复出来的与备份时不同：{first}。 What was restored differs from what was backed up.")
            connection.execute("ANALYZE")
        return _opened(to, server)
    except backups.Unusable as error:
        raise Failed(str(error)) from None


def _opened(to: Path, server: postgres.Server) -> int:
    """Open a sample of every sealed column with the restored keys, in a process of its own; how many."""
    import subprocess

    from cheban.cli.place import ROOT, SETTINGS

    script = (
        "import django; django.setup()\n"
        "import json, os, psycopg\nfrom cheban.core import privacy, sealed\nn = 0\n"
        "with psycopg.connect(os.environ['CHEBAN_DB_OWNER_URL']) as c:\n"
        "    for s in sealed.columns():\n"
        "        q = f'SELECT id, {s.column} FROM {s.table} WHERE length({s.column}) > 0 ORDER BY id LIMIT 500'\n"
        "        for i, blob in c.execute(q):\n"
        "            privacy.unseal(blob, bound_to=f'{s.place}:{i}'); n += 1\n"
        "print(json.dumps(n))\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CHEBAN_")} | server.environ()
    environment |= {
        "CHEBAN_DATA_DIR": str(to),
        "CHEBAN_SECRETS_DIR": str(secrets_dir(to)),
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        "PYTHONPATH": str(ROOT),
        "CHEBAN_ENV": "dev",
    }
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(
            f"密钥打不开恢复出来的资料：密钥文件与备份不是一对。 The keys do not open what was restored."
            f" {done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ''}"
        )
    return json.loads(done.stdout)


def _asked() -> str:
    import getpass

    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    return getpass.getpass("密钥口令 · passphrase of the keys: ")
