"""Where sealed values lie, and how they come under a new key without anybody waiting. R018, reliability row 37.

A room declares its sealed columns and folders; rotating walks over them in short transactions. A value is replaced only
if it is still the one that was read (compare and swap), so a person who writes meanwhile wins. Whatever dies in the
middle, each value lies under a key of the ring: everything stays readable, and a second run goes on where the first ended.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cheban.core import privacy

BATCH = 2_000
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Column:
    """A sealed column. Its values are bound to `place:id`; see `privacy.seal`."""

    table: str
    column: str
    place: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of sealed files below the data folder; `bound_to` tells from a file's name what it is bound to."""

    path: str
    bound_to: Callable[[str], str]


_columns: dict[tuple[str, str], Column] = {}
_images: set[tuple[str, str]] = set()
_folders: dict[str, Folder] = {}


def declare(table: str, column: str, place: str) -> None:
    """Tell that values of this column are sealed (called when the room's app is ready)."""
    _columns[table, column] = Column(table, column, place)


def declare_image(table: str, column: str) -> None:
    """Tell that this JSON column keeps whole rows as they were, sealed values among them. They are not brought under
    a new key, so the keys that they need are not destroyed."""
    _images.add((table, column))


def declare_folder(path: str, bound_to: Callable[[str], str]) -> None:
    """Tell that the files of this folder, relative to the data folder, are sealed."""
    _folders[path] = Folder(path, bound_to)


def columns() -> list[Column]:
    """All sealed columns."""
    return [_columns[key] for key in sorted(_columns)]


def folders() -> list[Folder]:
    """All folders of sealed files."""
    return [_folders[key] for key in sorted(_folders)]


def key_of(blob: bytes) -> int:
    """The key that a sealed value lies under."""
    return bytes(blob)[0]


def uses(connection: Any, data_dir: Path) -> dict[int, int]:
    """Key -> how many values and files lie under it. Reads every value's first byte; as the owner, over all stores."""
    found: dict[int, int] = {}
    for column in columns():
        rows = connection.execute(
            f"SELECT get_byte({column.column}, 0), count(*) FROM {column.table} "  # noqa: S608 - declared names
            f"WHERE length({column.column}) > 0 GROUP BY 1"
        )
        for key, count in rows:
            found[key] = found.get(key, 0) + count
    for _folder, path in files(data_dir):
        key = file_key(path)
        found[key] = found.get(key, 0) + 1
    return found


def needed_by_images(connection: Any, key: int) -> int:
    """How many kept rows hold a sealed value of this key; as the owner, over all stores."""
    count = 0
    for table, column in sorted(_images):
        [found] = connection.execute(
            f"SELECT count(*) FROM {table} WHERE position(%s in {column}::text) > 0",  # noqa: S608 - declared names
            [f'_sealed": "\\\\x{key:02x}'],
        ).fetchone()
        count += found
    return count


def files(data_dir: Path) -> Iterator[tuple[Folder, Path]]:
    """Every sealed file."""
    for folder in folders():
        for path in sorted((data_dir / folder.path).glob("*")):
            if path.is_file() and not path.name.startswith("."):
                yield folder, path


def file_key(path: Path) -> int:
    """The oldest key that a sealed file needs (its pieces are sealed within moments of each other)."""
    with path.open("rb") as file:
        return file.read(5)[4]


def reseal(connection: Any, data_dir: Path, *, progress: Progress = lambda what, done: None) -> int:
    """Bring every value and file under the newest key; returns how many moved.

    `connection` is an autocommitting psycopg connection of the owner. Killed anywhere, may be run again.
    """
    newest, moved = max(privacy.keyring()), 0
    for column in columns():
        moved += _reseal_column(connection, column, newest, progress)
    for folder, path in files(data_dir):
        if file_key(path) != newest:
            _reseal_file(folder, path)
            moved += 1
            progress(folder.path, moved)
    return moved


def _reseal_column(connection: Any, column: Column, newest: int, progress: Progress) -> int:
    moved, last = 0, None
    while True:
        rows = connection.execute(
            f"SELECT id, {column.column} FROM {column.table} "  # noqa: S608 - declared names
            f"WHERE {'true' if last is None else 'id > %(last)s'} AND length({column.column}) > 0 "
            f"AND get_byte({column.column}, 0) <> %(newest)s ORDER BY id LIMIT {BATCH}",
            {"newest": newest} if last is None else {"last": last, "newest": newest},
        ).fetchall()
        if not rows:
            return moved
        ids, before, after = [], [], []
        for row_id, blob in rows:
            bound_to = f"{column.place}:{row_id}"
            ids.append(row_id)
            before.append(bytes(blob))
            after.append(privacy.seal(privacy.unseal(blob, bound_to=bound_to), bound_to=bound_to))
        done = connection.execute(
            f"UPDATE {column.table} t SET {column.column} = n.after "  # noqa: S608
            f"FROM unnest(%s, %s::bytea[], %s::bytea[]) AS n(id, before, after) "
            f"WHERE t.id = n.id AND t.{column.column} = n.before",
            [ids, before, after],
        )
        moved += done.rowcount
        last = rows[-1][0]
        progress(f"{column.table}.{column.column}", moved)


def _reseal_file(folder: Folder, path: Path) -> None:
    """A new file beside the old one takes its place in one step; a reader sees the one or the other."""
    bound_to = folder.bound_to(path.name)
    with tempfile.TemporaryFile(dir=path.parent) as clear:
        privacy.unseal_file(path, clear, bound_to=bound_to)
        clear.seek(0)
        fresh = path.with_name(f".{path.name}.new")
        privacy.seal_file(clear, fresh, bound_to=bound_to)
    os.replace(fresh, path)
