"""`cheban backup`: one archive and one file of keys. How to: docs/backup.md."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cheban.cli import Failed
from cheban.cli.place import make_ready
from cheban.cli.say import note
from cheban.core import backup as backups
from cheban.core import clock
from cheban.core.secretfiles import secrets_dir

WORDS = "abcdefghijkmnpqrstuvwxyz23456789"


def backup(
    to: Annotated[Path, typer.Option(help="放到哪个目录 · the folder to write to")] = Path("."),
    keep: Annotated[int, typer.Option(help="只留最近几份，0 = 全留 · how many to keep, 0 = all", min=0)] = 0,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="密钥文件的口令在这个文件里 · the passphrase for the keys stands in this file")
    ] = None,
) -> None:
    """备份数据库、文件和密钥；程序不用停 · back up database, files and keys while everything runs."""
    place = make_ready()
    to = to.expanduser().resolve()
    if not to.is_dir():
        raise Failed(f"没有目录 {to}。 No such folder.", exit_code=2)
    stem = f"cheban-{clock.now().astimezone(ZoneInfo('Asia/Shanghai')):%Y%m%d-%H%M%S}"
    passphrase = passphrase_of(passphrase_file) or "-".join(
        "".join(secrets.choice(WORDS) for _ in range(5)) for _ in range(5)
    )
    url = place.environ.get("CHEBAN_DB_OWNER_URL")
    if not url:
        raise Failed("在正在运行的程序里面不能备份：请在终端运行。 Run this in a terminal of its own.")
    try:
        manifest = backups.write(url, place.data_dir, to / f"{stem}.tar", tell=lambda what: note(f"  {what} …"))
        backups.seal_keys(secrets_dir(place.data_dir), to / f"{stem}.keys", passphrase=passphrase)
    except backups.Unusable as error:
        raise Failed(f"备份没有完成：{error} The backup failed.") from None
    rows = sum(count for count, _checksum in manifest["tables"].values())
    print(f"{to / stem}.tar   {rows:,} 行 · rows, {len(manifest['files'])} 个文件 · files")
    print(f"{to / stem}.keys  密钥，与上面的文件分开保管 · the keys: keep them apart from the archive")
    if passphrase_file is None:
        print(f"密钥口令，只显示这一次 · passphrase of the keys, shown once: {passphrase}")
    for old in _surplus(to, keep):
        old.unlink()
        old.with_suffix(".keys").unlink(missing_ok=True)
        note(f"  删除旧备份 · removed {old.name}")


def passphrase_of(path: Path | None) -> str:
    """The first line of a file; '' without one."""
    if path is None:
        return ""
    text = path.read_text(encoding="utf-8").strip()
    if len(text) < 12:
        raise Failed(f"{path} 里的口令至少要 12 个字符。 The passphrase needs 12 characters.", exit_code=2)
    return text


def _surplus(folder: Path, keep: int) -> list[Path]:
    found = sorted(folder.glob("cheban-[0-9]*-[0-9]*.tar"))
    return found[: len(found) - keep] if keep else []
