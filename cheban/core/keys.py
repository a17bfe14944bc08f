"""Making, using up and retiring keys. The operator's commands (`cheban keys`) and nobody else call this. R018.

Needs the owner's connection: the application's role may read the ring, never write it.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cheban.core import privacy, sealed


class StillUsed(Exception):
    """A key that values lie under cannot be retired."""


@dataclass(frozen=True, slots=True)
class Key:
    """One data key: when it was made, whether it seals, how many values and files lie under it."""

    id: int
    created_at: datetime
    is_newest: bool
    uses: int


def listed(connection: Any, data_dir: Path) -> list[Key]:
    """All data keys with their uses, the oldest first."""
    uses = sealed.uses(connection, data_dir)
    rows = connection.execute("SELECT id, created_at FROM core_datakey ORDER BY id").fetchall()
    newest = max(row[0] for row in rows)
    return [Key(number, at, number == newest, uses.get(number, 0)) for number, at in rows]


def make(connection: Any) -> int:
    """A new data key, which seals from now on (other processes follow within a minute); returns its id."""
    [number] = connection.execute(
        "INSERT INTO core_datakey (wrapped) VALUES (%s) RETURNING id", [privacy.wrap_new_key()]
    ).fetchone()
    if number > 255:
        raise OverflowError("255 keys are the most a sealed value can name: retire old ones")
    privacy.forget_keys()
    return number


def has_unfinished(connection: Any, data_dir: Path) -> bool:
    """Whether values still lie under an older key than the newest."""
    return any(key.uses and not key.is_newest for key in listed(connection, data_dir))


def retire(connection: Any, data_dir: Path, number: int) -> None:
    """Destroy a key that nothing lies under any more. Backups that still need it can then not be read.

    Raises StillUsed naming how many values, also for the newest.
    """
    key = next((key for key in listed(connection, data_dir) if key.id == number), None)
    if key is None:
        raise KeyError(number)
    kept = sealed.needed_by_images(connection, number)
    if key.is_newest or key.uses or kept:
        raise StillUsed(f"{key.uses + kept}")
    connection.execute("DELETE FROM core_datakey WHERE id = %s", [number])
    privacy.forget_keys()


def change_master(connection: Any, secrets_dir: Path) -> None:
    """A new master key: data keys are wrapped anew, blind indexes keep their key (file `index_key`).

    Each step leaves a state that opens: the index key is kept first; then `master_key.next` is written; then one
    transaction wraps all data keys anew (a reader tries both masters); then the next key takes the old one's name.
    A run that was killed is ended by running again. Needs the master key in a file, not in the environment.
    """
    index, following, master = (secrets_dir / name for name in ("index_key", "master_key.next", "master_key"))
    if not index.exists():
        _write(index, base64.b64encode(privacy.index_key()).decode())
    if not following.exists():
        _write(following, base64.b64encode(os.urandom(32)).decode())
    new = base64.b64decode(following.read_text().strip())
    with connection.transaction():
        for number, wrapped in connection.execute("SELECT id, wrapped FROM core_datakey FOR UPDATE").fetchall():
            connection.execute(
                "UPDATE core_datakey SET wrapped = %s WHERE id = %s",
                [privacy.rewrap(bytes(wrapped), new_master=new), number],
            )
    os.replace(following, master)
    _sync(secrets_dir)
    privacy.forget_keys()


def _write(path: Path, text: str) -> None:
    """A secret that is on the disk, readable by its owner only, before anything relies on it."""
    draft = path.with_name(f".{path.name}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
