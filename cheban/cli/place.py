"""Where this copy of the product lives: data folder, secrets, database, and the environment that follows.

The data folder is `var/` inside the clone unless `DATA_DIR` names another: two clones on one machine then
never meet, and removing a clone removes all it made. Everything that the settings read is in `Place.environ`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from cheban.cli.failures import Failed
from cheban.cli.say import note
from cheban.core import postgres
from cheban.core.secretfiles import random_key, random_password, secret, secrets_dir

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = "cheban.site.settings"


@dataclass(frozen=True)
class Place:
    """A running database and the environment that leads to it."""

    data_dir: Path
    environ: dict[str, str]
    started_database: bool  # by this very process: then it also stops it
    embedded: bool

    def child_environ(self, *, owner: bool = False) -> dict[str, str]:
        """The environment of a child process. The owner's address goes only to those who change tables."""
        env = {**os.environ, **self.environ, "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
        if not owner:
            env.pop("CHEBAN_DB_OWNER_URL", None)
        env.pop("DATABASE_URL", None)
        return env


def data_dir() -> Path:
    """The data folder: `CHEBAN_DATA_DIR`, else `DATA_DIR`, else `var/` in the clone. May not exist yet."""
    chosen = os.environ.get("CHEBAN_DATA_DIR") or os.environ.get("DATA_DIR")
    return Path(chosen).expanduser().resolve() if chosen else ROOT / "var"


def port() -> int:
    """The web server's port: `PORT`, else 8000."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise Failed(f"PORT={text} 不是端口号，应为 1 到 65535。 PORT must be a number from 1 to 65535.", exit_code=2)
    return int(text)


def make_ready() -> Place:
    """Secrets made, database running: ready for Django. Does nothing in a child of `cheban run`."""
    folder = data_dir()
    if os.environ.get("CHEBAN_DB_APP_URL"):
        names = ("CHEBAN_DB_APP_URL", "CHEBAN_DB_OWNER_URL")
        known = {name: os.environ[name] for name in names if name in os.environ}
        return Place(folder, {**_paths(folder), **known}, started_database=False, embedded=False)
    postgres.make_folders(folder)
    _make_keys(folder)
    if url := os.environ.get("DATABASE_URL"):
        app_url = postgres.ensure_app_role(url, password=secret(folder, "pg_app_password", make=random_password))
        urls = {"CHEBAN_DB_OWNER_URL": url, "CHEBAN_DB_APP_URL": app_url}
        return Place(folder, {**_paths(folder), **urls}, started_database=False, embedded=False)
    server = postgres.start(folder, tell=note)
    return Place(folder, {**_paths(folder), **server.environ()}, started_database=server.started, embedded=True)


def setup_django(*, owner: bool = False) -> Place:
    """Database up, tables up to date, Django loaded. Commands run as the application's role, under row-level
    security; `owner=True` also offers the connection "owner" to what changes tables or loads in bulk."""
    place = make_ready()
    if not os.environ.get("CHEBAN_DB_APP_URL"):
        migrate_if_changed(place, tell=note)
    os.environ.update(place.environ)
    if not owner:
        os.environ.pop("CHEBAN_DB_OWNER_URL", None)
    os.environ.pop("DATABASE_URL", None)
    import django

    django.setup()
    return place


def migrate(place: Place, *, lock_seconds: int = 0) -> None:
    """Bring the tables up to date, in a child that alone holds the owner's address. One at a time.

    With `lock_seconds` it gives up rather than make others wait longer for one table. Raises Failed.
    """
    patience = {"PGOPTIONS": f"-c lock_timeout={lock_seconds}s"} if lock_seconds else {}
    with hold(place.data_dir / "run" / "migrate.lock"):
        done = subprocess.run(
            [sys.executable, "-m", "cheban", "migrate"],
            env=place.child_environ(owner=True) | patience,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        (place.data_dir / "logs" / "migrate.log").write_text(done.stderr)
        if done.returncode != 0:
            raise Failed(f"数据表没有更新成功：{_tail(done.stderr)} Migrating the tables failed.")
        if owner_url := place.environ.get("CHEBAN_DB_OWNER_URL"):
            with psycopg.connect(owner_url) as owner:
                owner.execute(sql.SQL("COMMENT ON TABLE django_migrations IS {}").format(_tables_wanted()))


def migrate_if_changed(place: Place, *, tell: Callable[[str], None] = lambda _: None) -> bool:
    """`migrate`, unless the database says that this very code did. True when there was something to do.

    The mark is in the database, so that a backup which is restored brings its own mark along.
    """
    if is_up_to_date(place):
        return False
    tell("更新数据表 · migrating the tables")
    migrate(place)
    return True


def is_up_to_date(place: Place) -> bool:
    """Whether the tables are as this very code wants them."""
    with psycopg.connect(place.environ["CHEBAN_DB_APP_URL"], connect_timeout=10) as app:
        [mark] = app.execute("SELECT obj_description(to_regclass('django_migrations'), 'pg_class')").fetchone()
    return mark == _tables_wanted()


@contextmanager
def hold(path: Path, *, wait: bool = True) -> Iterator[None]:
    """An advisory lock on a file that tells who holds it. With `wait=False` may raise BlockingIOError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _paths(folder: Path) -> dict[str, str]:
    return {
        "CHEBAN_DATA_DIR": str(folder),
        "CHEBAN_SECRETS_DIR": str(secrets_dir(folder)),
        "CHEBAN_ENV": os.environ.get("CHEBAN_ENV", "dev"),
        "PORT": str(port()),
        "DJANGO_SETTINGS_MODULE": SETTINGS,
    }


def _make_keys(folder: Path) -> None:
    """Keys of a new data folder. A lost key is never replaced: the sealed values need the old one."""
    master = secrets_dir(folder) / "master_key"
    if not master.exists() and not os.environ.get("CHEBAN_MASTER_KEY") and (folder / "postgres").exists():
        raise Failed(
            f"{master} 不见了，而数据库里有用它加密的资料：请从备份恢复这个文件。"
            f" {master} is gone but the database holds values sealed with it: restore it from the backup."
        )
    if not os.environ.get("CHEBAN_MASTER_KEY"):
        secret(folder, "master_key", make=random_key)
    secret(folder, "django_secret_key", make=random_password)


def _tables_wanted() -> str:
    """A fingerprint of what decides how the tables look: our models, migrations and policies, and Django."""
    cheban = ROOT / "cheban"
    paths = [*cheban.glob("*/migrations/*.py"), *cheban.glob("*/models.py"), *cheban.glob("*/apps.py")]
    digest = hashlib.sha256()
    for path in [*sorted(paths), cheban / "org" / "scope.py", ROOT / "requirements" / "runtime.txt"]:
        digest.update(path.read_bytes())
    return f"cheban:{digest.hexdigest()}"


def _tail(text: str) -> str:
    return " ".join(text.strip().splitlines()[-1:]).removeprefix("错误 · error: ")
