"""The database server that starts by itself: PostgreSQL from a wheel, in a data folder of one's own.

`start` makes, starts or adopts the server of a data folder and returns how to connect; `stop` and `status`
are its counterparts; `throwaway` is a server for tests. Under each server stands a supervisor
(`pgsupervisor`), a process apart from web and worker, which starts PostgreSQL again whenever it dies. Whether
the server is well is asked by a query, never by a process id: after a kill an id may be a zombie's.

The server listens on a Unix socket only, in a folder closed to other accounts, and asks for a password.
Files under the data folder: `postgres/` (the cluster), `secrets/`, `run/` (locks, socket), `logs/`.
Does not import Django. Reliability rows 60-62, 70-71.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from cheban.core.pgbin import ServerFailed
from cheban.core.pgcluster import (
    APP,
    DATABASE,
    OWNER,
    answer,
    ensure_roles,
    make_folders,
    make_role,
    prepare,
    url,
)
from cheban.core.pgsupervisor import (
    START_SECONDS,
    STOP_SECONDS,
    lock,
    spawn,
    stop_unsupervised,
    supervised,
    supervisor_pid,
)

__all__ = [
    "Server",
    "ServerFailed",
    "Status",
    "ensure_app_role",
    "make_folders",
    "start",
    "status",
    "stop",
    "supervised",
    "throwaway",
]

RECOVERY_SECONDS = 1800  # a server that says it is replaying its log may take long


@dataclass(frozen=True)
class Server:
    """A running server and how to connect to it. The addresses carry passwords: never print or log them."""

    data_dir: Path
    owner_url: str
    app_url: str
    superuser_url: str
    started: bool  # True when this call started it, False when it was running already

    def environ(self) -> dict[str, str]:
        """What the settings read."""
        return {"CHEBAN_DB_OWNER_URL": self.owner_url, "CHEBAN_DB_APP_URL": self.app_url}


@dataclass(frozen=True)
class Status:
    """What is known of a data folder's server. `answer` is 'ready', 'starting', 'refusing' or 'silent'."""

    answer: str
    supervised: bool
    supervisor_pid: int | None
    made: bool


def start(data_dir: Path, *, durable: bool = True, tell: Callable[[str], None] = lambda _: None) -> Server:
    """Make, start or adopt the server of `data_dir`; returns when it answers queries.

    Of several callers at once one starts it and the others wait. With `durable=False` nothing is flushed to
    disk: for data that may be lost. `tell` gets a sentence when it takes long.
    Raises ServerFailed with a sentence that says what to do.
    """
    return _start(Path(data_dir).resolve(), durable=durable, tell=tell)[0]


def _start(
    data_dir: Path,
    *,
    durable: bool,
    tell: Callable[[str], None] = lambda _: None,
    flags: tuple[str, ...] = (),
) -> tuple[Server, subprocess.Popen | None]:
    make_folders(data_dir)
    with lock(data_dir / "run" / "start.lock", wait=START_SECONDS + RECOVERY_SECONDS):
        child, running, read = None, supervised(data_dir), _logged(data_dir)
        if not running:
            prepare(data_dir, durable=durable)
            child = spawn(data_dir, flags=flags)
        _wait_until_ready(data_dir, child, read=read, tell=tell)
        ensure_roles(data_dir)
        return _server(data_dir, started=not running), child


def stop(data_dir: Path) -> bool:
    """Stop the server of `data_dir` and its supervisor. False when nothing was running."""
    data_dir = Path(data_dir).resolve()
    if not (data_dir / "run").exists():
        return False
    with lock(data_dir / "run" / "start.lock", wait=START_SECONDS):
        if supervised(data_dir):
            deadline = time.monotonic() + STOP_SECONDS
            while supervised(data_dir):
                if time.monotonic() > deadline:
                    raise ServerFailed(
                        f"数据库 {STOP_SECONDS} 秒内没有停下；见 {data_dir}/logs/postgres.log。"
                        f" The database did not stop in {STOP_SECONDS} s; see {data_dir}/logs/postgres.log."
                    )
                if pid := supervisor_pid(data_dir):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGTERM)
                time.sleep(0.1)
            return True
        if answer(data_dir) == "silent":
            return False
        stop_unsupervised(data_dir)
        return True


def status(data_dir: Path) -> Status:
    """Ask the server of `data_dir` how it is; starts nothing."""
    data_dir = Path(data_dir).resolve()
    made = (data_dir / "postgres" / "PG_VERSION").exists()
    watched = made and supervised(data_dir)
    return Status(
        answer=answer(data_dir) if made else "silent",
        supervised=watched,
        supervisor_pid=supervisor_pid(data_dir) if watched else None,
        made=made,
    )


@contextlib.contextmanager
def throwaway(folder: Path | None = None) -> Iterator[Server]:
    """A server for tests: nothing flushed, gone afterwards, and gone too when this process is killed.

    Without `folder` its data lies in a new folder under /tmp, which is removed at the end.
    """
    made = Path(tempfile.mkdtemp(prefix="cheban-", dir="/tmp")) if folder is None else None
    data_dir = (made or Path(folder)).resolve()
    if made and os.geteuid() == 0:
        made.chmod(0o711)  # root's server runs as another account
    server, child = _start(data_dir, durable=False, flags=("--attached", "--remove") if made else ("--attached",))
    try:
        yield server
    finally:
        stop(data_dir)
        if child is not None:
            child.wait()


def ensure_app_role(owner_url: str, *, password: str) -> str:
    """The application's role on a server of one's own: `<database>_app`, which passes no policy by.

    Made when missing, if the owner may make roles. Returns its address.
    Raises ServerFailed with the statements that an administrator can run instead.
    """
    parts = urlsplit(owner_url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ServerFailed(
            "DATABASE_URL 应为 postgresql://用户:密码@主机:端口/库名。"
            " DATABASE_URL should read postgresql://user:password@host:port/database."
        )
    try:
        with psycopg.connect(owner_url, connect_timeout=10, autocommit=True) as owner:
            database, role = owner.info.dbname, f"{owner.info.dbname}_app"
            address = f"{quote(role)}:{quote(password)}@{parts.netloc.rpartition('@')[2]}"
            app_url = urlunsplit(parts._replace(netloc=address))
            if not _connects(app_url):
                make_role(owner, role, password=password)
                owner.execute(
                    sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
                        sql.Identifier(database), sql.Identifier(role)
                    )
                )
            powers = owner.execute(
                "SELECT rolsuper OR rolbypassrls OR pg_has_role(oid, current_user, 'member')"
                " FROM pg_roles WHERE rolname = %s",
                [role],
            ).fetchone()
    except psycopg.errors.InsufficientPrivilege as error:
        raise ServerFailed(
            f"DATABASE_URL 的用户不能创建应用角色（{str(error).strip()}）。请管理员执行："
            f" CREATE ROLE \"{role}\" LOGIN PASSWORD '…'; 密码见 secrets/pg_app_password。"
            f" The user of DATABASE_URL may not make the application's role; ask an administrator to run the"
            f" statement above with the password kept in secrets/pg_app_password."
        ) from error
    except psycopg.OperationalError as error:
        raise ServerFailed(
            f"连不上 DATABASE_URL 指定的数据库：{str(error).strip()}。 Cannot connect to DATABASE_URL."
        ) from error
    if powers is None or powers[0]:
        raise ServerFailed(
            f"角色 {role} 权限过大（超级用户、BYPASSRLS 或库的所有者），门店隔离会失效：请收回。"
            f" The role {role} passes row-level security by; take those powers away."
        )
    return app_url


def _server(data_dir: Path, *, started: bool) -> Server:
    return Server(
        data_dir,
        url(data_dir, OWNER, DATABASE),
        url(data_dir, APP, DATABASE),
        url(data_dir, "postgres", DATABASE),
        started,
    )


def _connects(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _wait_until_ready(
    data_dir: Path, child: subprocess.Popen | None, *, read: dict[Path, int], tell: Callable[[str], None]
) -> None:
    began, told = time.monotonic(), False
    while (heard := answer(data_dir)) != "ready":
        waited = time.monotonic() - began
        gone = child.poll() is not None if child else waited > 1 and not supervised(data_dir)
        if gone or waited > (RECOVERY_SECONDS if heard == "starting" else START_SECONDS):
            raise ServerFailed(
                f"数据库没有启动：{_why(data_dir, read)}（详见 {data_dir} 的 logs 和 postgres/log）。"
                " The database did not start."
            )
        if heard == "refusing":
            raise ServerFailed(
                f"数据库不认 {data_dir}/secrets 里的密码：secrets 与 postgres 目录不是一对，请一起恢复。"
                f" The passwords in {data_dir}/secrets are not this database's: restore both from one backup."
            )
        if heard == "starting" and waited > 3 and not told:
            told = True
            tell("数据库正在从上次的中断中恢复，请稍候 · the database is recovering, please wait")
        time.sleep(0.05)


def _logs(data_dir: Path) -> list[Path]:
    return [data_dir / "logs" / "postgres.log", *sorted((data_dir / "postgres" / "log").glob("*.log"))]


def _logged(data_dir: Path) -> dict[Path, int]:
    """How long each log is before a start: what stands in it already tells of earlier runs."""
    return {log: log.stat().st_size for log in _logs(data_dir) if log.exists()}


def _why(data_dir: Path, read: dict[Path, int]) -> str:
    """The server's own last words since `read`."""
    found = "原因不明"
    with contextlib.suppress(OSError):
        for log in _logs(data_dir):
            text = log.read_bytes()[read.get(log, 0) :][-20_000:].decode(errors="replace")
            for line in reversed(text.splitlines()):
                # "is starting up" only says that somebody knocked too early, never why it did not come up
                if ("FATAL" in line or "PANIC" in line) and "is starting up" not in line:
                    found = line
                    break
    return found.strip()
