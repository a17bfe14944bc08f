"""The restore drill at size: a backup of many customers, restored elsewhere, every row compared. Reliability row 66.

Goal table: 200,000 customers with their orders and files, checksums of all rows equal, keys included, <= 15 min.
"""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from cheban.cli.tests.house import cheban
from cheban.core import backup as backups
from cheban.core import postgres

BOUND_MINUTES = 15
FILES, FILE_BYTES = 2_000, 100_000


@dataclass(frozen=True, slots=True)
class Drill:
    """Counts, bytes and seconds of one drill."""

    customers: int
    orders: int
    rows: int
    files: int
    archive_bytes: int
    backup_seconds: float
    restore_seconds: float
    memory_bytes: int


class NotRestored(Exception):
    """A step of the drill failed; the message is what the command said."""


def _do(data_dir: Path, *words: str) -> float:
    began = time.monotonic()
    done = cheban(data_dir, *words, seconds=3600)
    if done.returncode != 0:
        raise NotRestored(f"{words[0]}: {done.stderr[-1000:]}")
    return time.monotonic() - began


def run(work: Path, *, customers: int, data_dir: Path | None = None) -> Drill:
    """Make demo data (or take `data_dir`), add files, back up, restore into a new folder. `restore` itself compares
    every table and file with the backup and opens sealed values with the restored keys. Raises NotRestored."""
    made = data_dir or work / "data"
    passphrase = work / "passphrase"
    passphrase.write_text("correct horse battery staple")
    files = made / "files" / "drill"
    try:
        if data_dir is None:
            size = ("--customers", str(customers), "--stores", str(max(1, customers // 25_000)))
            _do(made, "demo", *size, "--history", "full", "--no-plan")
        files.mkdir(parents=True, exist_ok=True)
        for number in range(min(FILES, customers)):
            (files / f"{number}.sealed").write_bytes(os.urandom(FILE_BYTES))
        backing = _do(made, "backup", "--to", str(work), "--passphrase-file", str(passphrase))
        [archive] = work.glob("cheban-*.tar")
        restored = work / "restored"
        restoring = _do(made, "restore", str(archive), "--to", str(restored), "--passphrase-file", str(passphrase))
        manifest = backups.manifest_of(archive)
        tables = manifest["tables"]
        return Drill(
            customers=tables["customers_customer"][0],
            orders=tables["workshop_repairorder"][0],
            rows=sum(count for count, _checksum in tables.values()),
            files=len(manifest["files"]),
            archive_bytes=archive.stat().st_size,
            backup_seconds=backing,
            restore_seconds=restoring,
            memory_bytes=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
        )
    finally:
        postgres.stop(work / "restored")
        if data_dir is None:
            postgres.stop(made)
        shutil.rmtree(files, ignore_errors=True)


def report(found: Drill, *, machine: str) -> str:
    """The page."""
    within = found.restore_seconds <= BOUND_MINUTES * 60
    return (
        "\n".join(
            [
                "# 恢复演练 · Restore drill",
                "",
                f"`make faults` · {machine}",
                "",
                "`restore` 自己逐表核对每一行、每个文件，并用恢复的密钥打开加密的资料；有一处不同就失败。"
                " `restore` itself compares every row of every table and every file, and opens sealed values with the "
                "restored keys; one difference and it fails.",
                "",
                "| what | figure | bound | met |",
                "|---|---|---|---|",
                f"| customers, repair orders | {found.customers:,}, {found.orders:,} | | |",
                f"| rows of all tables, files | {found.rows:,}, {found.files:,} | all equal | yes |",
                f"| archive | {found.archive_bytes / 1e6:,.0f} MB | | |",
                f"| backup, with the checksum of every row | {found.backup_seconds:.0f} s | | |",
                f"| restore into an empty folder, with the comparison | {found.restore_seconds:.0f} s"
                f" | <= {BOUND_MINUTES} min | {'yes' if within else 'NO'} |",
                f"| memory of the largest process | {found.memory_bytes / 2**20:.0f} MiB | | |",
            ]
        )
        + "\n"
    )


def in_a_folder(*, customers: int, data_dir: Path | None) -> Drill:
    """`run` in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="cheban-drill-") as folder:
        Path(folder).chmod(0o755)
        return run(Path(folder), customers=customers, data_dir=data_dir)
