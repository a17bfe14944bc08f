"""A backup that can be trusted: one archive, one file of keys, and checksums of every row. Reliability row 66.

The archive (tar) holds `manifest.json`, `database.dump` (pg_dump's own format) and the sealed files. Manifest and dump
see one and the same snapshot. The keys go to a second file, sealed with a passphrase: whoever finds the archive alone
finds nothing readable, and the archive alone restores nothing readable either. Does not import Django.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from cheban.core import clock
from cheban.core.pgbin import wheel_bin

FORMAT = 1
KEYS = ("master_key", "index_key", "django_secret_key")
"""Secrets that go along; the passwords of the database are made anew where it is restored."""
FOLDERS = ("files",)
OUTSIDE = ("audit-anchors.log",)
_COST = 2**15
Tell = Callable[[str], None]


class Unusable(Exception):
    """An archive or a file of keys that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A table or file that is not what the manifest says."""

    what: str
    expected: str
    found: str


def checksums(connection: psycopg.Connection) -> dict[str, list[Any]]:
    """Table -> [rows, checksum]: the sum of a 60-bit hash of each row, whatever their order. One scan of each table."""
    tables = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    ).fetchall()
    found: dict[str, list[Any]] = {}
    for (table,) in tables:
        row = connection.execute(
            f"""SELECT count(*), coalesce(sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint::numeric), 0)::text
                FROM "{table}" t"""  # noqa: S608 - names of our own tables
        ).fetchone()
        found[table] = list(row)
    return found


def write(owner_url: str, data_dir: Path, target: Path, *, tell: Tell = lambda _: None) -> dict[str, Any]:
    """Write the archive to `target` (0600), in one step at the end; returns the manifest."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".cheban-backup-") as scratch:
        dump = Path(scratch) / "database.dump"
        with psycopg.connect(owner_url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            [snapshot] = connection.execute("SELECT pg_export_snapshot()").fetchone()
            tell("数据库 · database")
            _run(
                "pg_dump", "--format=custom", "--compress=gzip:1", f"--snapshot={snapshot}", f"--file={dump}", owner_url
            )
            tell("核对值 · checksums")
            tables = checksums(connection)
            [version] = connection.execute("SHOW server_version").fetchone()
        tell("文件 · files")
        files = {str(path.relative_to(data_dir)): _digest(path) for path in _files(data_dir)}
        manifest = {
            "format": FORMAT,
            "made_at": clock.now().isoformat(timespec="seconds"),
            "server": version,
            "tables": tables,
            "files": files,
        }
        (Path(scratch) / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                with tarfile.open(fileobj=out, mode="w") as archive:
                    archive.add(Path(scratch) / "manifest.json", "manifest.json")
                    archive.add(dump, "database.dump")
                    for name in files:
                        archive.add(data_dir / name, name)
                out.flush()
                os.fsync(out.fileno())
            os.replace(draft, target)
        finally:
            draft.unlink(missing_ok=True)
    return manifest


def manifest_of(archive: Path) -> dict[str, Any]:
    """What an archive says of itself. Raises Unusable."""
    try:
        with tarfile.open(archive) as opened:
            found = json.load(opened.extractfile("manifest.json"))
    except (OSError, KeyError, ValueError, tarfile.TarError) as error:
        raise Unusable(f"{archive.name} 不是车伴的备份，或没有写完。 Not a backup of Cheban, or cut off.") from error
    if found.get("format") != FORMAT:
        raise Unusable(f"{archive.name} 的格式（{found.get('format')}）这个版本读不了。 Unknown format of backup.")
    return found


def unpack(archive: Path, data_dir: Path) -> Path:
    """Put the sealed files into `data_dir`; returns the dump, which lies beside them in `tmp/`."""
    manifest = manifest_of(archive)
    with tarfile.open(archive) as opened:
        for name in [*manifest["files"], "database.dump"]:
            where = data_dir / ("tmp/database.dump" if name == "database.dump" else name)
            if not where.resolve().is_relative_to(data_dir.resolve()):
                raise Unusable(f"{archive.name} 里有指到外面的文件名。 The archive names a file outside.")
            where.parent.mkdir(parents=True, exist_ok=True)
            source = opened.extractfile(name)
            with os.fdopen(os.open(where, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
                while block := source.read(1 << 20):
                    target.write(block)
    return data_dir / "tmp" / "database.dump"


def load(dump: Path, *, superuser_url: str, owner: str) -> None:
    """Load a dump into an empty database, everything owned by `owner`. Raises Unusable with the tool's last words."""
    _run(
        "pg_restore",
        "--no-owner",
        f"--role={owner}",
        "--exit-on-error",
        "--jobs=2",
        f"--dbname={superuser_url}",
        str(dump),
    )


def compare(manifest: dict[str, Any], connection: psycopg.Connection, data_dir: Path) -> list[Difference]:
    """What differs between the manifest and what was restored: row by row through the checksums, file by file."""
    found, wrong = checksums(connection), []
    for table in sorted(set(manifest["tables"]) | set(found)):
        want, have = manifest["tables"].get(table), found.get(table)
        if want != have:
            wrong.append(Difference(table, str(want), str(have)))
    for name, digest in manifest["files"].items():
        path = data_dir / name
        have = _digest(path) if path.exists() else "—"
        if have != digest:
            wrong.append(Difference(name, digest, have))
    return wrong


def seal_keys(secrets_dir: Path, target: Path, *, passphrase: str) -> list[str]:
    """Write the keys to `target` (0600), sealed with the passphrase (scrypt, AES-256-GCM); returns their names."""
    keys = {name: (secrets_dir / name).read_text() for name in KEYS if (secrets_dir / name).exists()}
    if master := os.environ.get("CHEBAN_MASTER_KEY"):
        keys["master_key"] = master
    salt, nonce = os.urandom(16), os.urandom(12)
    blob = AESGCM(_stretched(passphrase, salt)).encrypt(nonce, json.dumps(keys).encode(), b"cheban-keys-1")
    text = json.dumps({"format": "cheban-keys-1", "sealed": base64.b64encode(salt + nonce + blob).decode()})
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text + "\n")
        out.flush()
        os.fsync(out.fileno())
    os.replace(draft, target)
    return list(keys)


def open_keys(source: Path, *, passphrase: str) -> dict[str, str]:
    """The keys by name. Raises Unusable for a wrong passphrase or another file."""
    try:
        found = json.loads(source.read_text(encoding="utf-8"))
        blob = base64.b64decode(found["sealed"])
        clear = AESGCM(_stretched(passphrase, blob[:16])).decrypt(blob[16:28], blob[28:], b"cheban-keys-1")
    except InvalidTag as error:
        raise Unusable(f"口令不对，打不开 {source.name}。 Wrong passphrase for {source.name}.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unusable(f"{source.name} 不是车伴的密钥文件。 Not a file of keys.") from error
    return json.loads(clear)


def _stretched(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_COST, r=8, p=1).derive(passphrase.encode())


def _files(data_dir: Path) -> list[Path]:
    found = [path for folder in FOLDERS for path in sorted((data_dir / folder).rglob("*")) if path.is_file()]
    return found + [data_dir / name for name in OUTSIDE if (data_dir / name).exists()]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; the address of the database goes along as its last argument, never to a log."""
    done = subprocess.run(
        [str(wheel_bin() / program), *arguments], capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        last = [line for line in done.stderr.strip().splitlines() if "://" not in line][-2:]
        raise Unusable(f"{program}: {' '.join(last)}")
