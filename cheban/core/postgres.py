"""The database server that starts by itself: PostgreSQL from a wheel, in a data folder of one's own.

`start` makes, starts or adopts the server of a data folder and returns how to connect; `stop` and `status` are
its counterparts; `throwaway` is a server for tests. Under each running server stands a supervisor, a process of
its own apart from web and worker, which starts PostgreSQL again whenever it dies. Whether the server is well is
asked by a query, never by a process id: after a kill an id may be a zombie or somebody else's.

The server listens on a Unix socket only, in a folder that other accounts cannot enter, and asks for a password.
Files under the data folder: `postgres/` (the cluster), `secrets/`, `run/` (locks, socket), `logs/`.
Does not import Django. Reliability rows 60-62, 70-71.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from cheban.core.pgbin import Account, ServerFailed, account_for
from cheban.core.pgconf import configuration
from cheban.core.secretfiles import random_password, secret

DATABASE, OWNER, APP = "cheban", "cheban_owner", "cheban_app"
START_SECONDS = 120  # without any sign of life
RECOVERY_SECONDS = 1800  # a server that says it is replaying its log may take long
STOP_SECONDS = 120
_LONGEST_SOCKET = 100  # bytes; the system's limit is 107 with the closing zero
_log = logging.getLogger("cheban.postgres")


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
    data_dir: Path, *, durable: bool, tell: Callable[[str], None] = lambda _: None, attached: bool = False
):
    _make_folders(data_dir)
    with _lock(data_dir / "run" / "start.lock", wait=START_SECONDS + RECOVERY_SECONDS):
        child, running = None, _supervised(data_dir)
        if not running:
            _prepare_cluster(data_dir, durable=durable)
            child = _spawn_supervisor(data_dir, attached=attached)
        _wait_until_ready(data_dir, child, tell=tell)
        _ensure_roles(data_dir)
        return _server(data_dir, started=not running), child


def stop(data_dir: Path) -> bool:
    """Stop the server of `data_dir` and its supervisor. False when nothing was running."""
    data_dir = Path(data_dir).resolve()
    if not (data_dir / "run").exists():
        return False
    with _lock(data_dir / "run" / "start.lock", wait=START_SECONDS):
        if _supervised(data_dir):
            deadline = time.monotonic() + STOP_SECONDS
            while _supervised(data_dir):
                if time.monotonic() > deadline:
                    raise ServerFailed(
                        f"数据库 {STOP_SECONDS} 秒内没有停下；见 {data_dir}/logs/postgres.log。"
                        f" The database did not stop in {STOP_SECONDS} s; see {data_dir}/logs/postgres.log."
                    )
                if pid := _supervisor_pid(data_dir):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGTERM)
                time.sleep(0.1)
            return True
        if _answer(data_dir) == "silent":
            return False
        _stop_unsupervised(data_dir)
        return True


def status(data_dir: Path) -> Status:
    """Ask the server of `data_dir` how it is; starts nothing."""
    data_dir = Path(data_dir).resolve()
    made = (data_dir / "postgres" / "PG_VERSION").exists()
    supervised = made and _supervised(data_dir)
    return Status(
        answer=_answer(data_dir) if made else "silent",
        supervised=supervised,
        supervisor_pid=_supervisor_pid(data_dir) if supervised else None,
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
    server, child = _start(data_dir, durable=False, attached=True)
    try:
        yield server
    finally:
        stop(data_dir)
        if child is not None:
            child.wait()
        shutil.rmtree(_socket_dir(data_dir), ignore_errors=True)
        if made:
            shutil.rmtree(made, ignore_errors=True)


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
                _make_role(owner, role, password=password)
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


# ---------------------------------------------------------------------------------------------- making


def _make_folders(data_dir: Path) -> None:
    try:
        if not data_dir.exists():
            data_dir.mkdir(parents=True)
            data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)  # root's server must pass through
        for name in ("run", "logs"):
            (data_dir / name).mkdir(exist_ok=True)
    except OSError as error:
        raise ServerFailed(
            f"数据目录 {data_dir} 不能写（{error.strerror}）：用 DATA_DIR= 另选一个。"
            f" Cannot write the data folder {data_dir}: choose another with DATA_DIR=."
        ) from error


def _prepare_cluster(data_dir: Path, *, durable: bool) -> None:
    pg_data = data_dir / "postgres"
    if pg_data.exists() and not (data_dir / "secrets" / "pg_superuser_password").exists():
        raise ServerFailed(
            f"{data_dir}/secrets 里的密码文件不见了，而数据库还在：请从备份恢复 secrets 目录。"
            f" The passwords in {data_dir}/secrets are gone but the database is there: restore that folder."
        )
    account = account_for(data_dir, pg_data=pg_data)
    if not pg_data.exists():
        _make_cluster(data_dir, account)
    account.own(pg_data)
    ours = account.run("postgres", "--version").stdout.split()
    theirs = (pg_data / "PG_VERSION").read_text().strip()
    if ours and ours[-1].split(".")[0] != theirs:
        raise ServerFailed(
            f"数据目录由 PostgreSQL {theirs} 创建，现在的程序是 {ours[-1]}：请先用旧版本导出再导入。"
            f" The data was made by PostgreSQL {theirs}, the programs are {ours[-1]}: dump it with the old ones."
        )
    conf = pg_data / "cheban.conf"
    conf.write_text(configuration(socket_dir=_make_socket_dir(data_dir, account), durable=durable))
    os.chown(conf, account.uid, account.gid)


def _make_cluster(data_dir: Path, account: Account) -> None:
    """initdb into a draft folder, renamed at the end: a cluster that was cut in the making is never used."""
    draft = data_dir / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    account.own(draft)
    password = draft.with_suffix(".pw")
    password.unlink(missing_ok=True)
    with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(secret(data_dir, "pg_superuser_password", make=random_password))
    account.own(password)
    try:
        made = account.run(
            "initdb",
            "-D",
            str(draft),
            "-U",
            "postgres",
            "--pwfile",
            str(password),
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--data-checksums",
        )
    finally:
        password.unlink()
    if made.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise ServerFailed(
            f"建库失败（initdb {made.returncode}）：{_last_lines(made.stderr)}。 Could not make the database."
        )
    (draft / "pg_hba.conf").write_text("local all all scram-sha-256\n")
    with (draft / "postgresql.conf").open("a") as out:
        out.write(
            "\ninclude 'cheban.conf'  # written at every start\ninclude_if_exists 'local.conf'  # yours\n"
        )
    draft.rename(data_dir / "postgres")


def _make_socket_dir(data_dir: Path, account: Account) -> Path:
    folder = _socket_dir(data_dir)
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if folder.is_symlink() or state.st_uid not in {os.geteuid(), account.uid}:
        raise ServerFailed(
            f"{folder} 被别的账号占用：请删除它或换一个 DATA_DIR。"
            f" {folder} belongs to another account: remove it or choose another DATA_DIR."
        )
    folder.chmod(0o700)
    account.own(folder)
    return folder


def _socket_dir(data_dir: Path) -> Path:
    near = data_dir / "run" / "pg"
    if len(os.fsencode(near / ".s.PGSQL.5432.lock")) <= _LONGEST_SOCKET:
        return near
    return Path("/tmp") / f"cheban-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}"


def _ensure_roles(data_dir: Path) -> None:
    owner_password = secret(data_dir, "pg_owner_password", make=random_password)
    app_password = secret(data_dir, "pg_app_password", make=random_password)
    with psycopg.connect(_url(data_dir, "postgres", "postgres"), autocommit=True) as conn:
        roles = {row[0] for row in conn.execute("SELECT rolname FROM pg_roles")}
        if OWNER not in roles:
            _make_role(conn, OWNER, password=owner_password, more="CREATEDB")
        if APP not in roles:
            _make_role(conn, APP, password=app_password)
        if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            names = {
                "db": sql.Identifier(DATABASE),
                "owner": sql.Identifier(OWNER),
                "app": sql.Identifier(APP),
            }
            conn.execute(sql.SQL("CREATE DATABASE {db} OWNER {owner}").format(**names))
            conn.execute(sql.SQL("REVOKE ALL ON DATABASE {db} FROM PUBLIC").format(**names))
            conn.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {db} TO {app}").format(**names))


def _make_role(conn: psycopg.Connection, role: str, *, password: str, more: str = "NOCREATEDB") -> None:
    """Make or mend a role that may sign in and no more. The password travels as its SCRAM hash."""
    hashed = conn.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    exists = conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    conn.execute(
        sql.SQL("{} ROLE {} LOGIN {} NOCREATEROLE PASSWORD {}").format(
            sql.SQL("ALTER" if exists else "CREATE"), sql.Identifier(role), sql.SQL(more), sql.Literal(hashed)
        )
    )


# ---------------------------------------------------------------------------------------------- asking


def _url(data_dir: Path, role: str, database: str) -> str:
    name = {OWNER: "pg_owner_password", APP: "pg_app_password"}.get(role, "pg_superuser_password")
    password = secret(data_dir, name, make=random_password)
    return f"postgresql://{role}:{password}@/{database}?host={quote(str(_socket_dir(data_dir)), safe='')}"


def _server(data_dir: Path, *, started: bool) -> Server:
    return Server(
        data_dir,
        _url(data_dir, OWNER, DATABASE),
        _url(data_dir, APP, DATABASE),
        _url(data_dir, "postgres", DATABASE),
        started,
    )


def _connects(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _answer(data_dir: Path) -> str:
    """'ready' (a query came back), 'starting' (recovering, or out of connections), 'refusing' (the password is
    not the one we keep), 'silent' (nobody there)."""
    try:
        with psycopg.connect(
            _url(data_dir, "postgres", "postgres"), connect_timeout=5, autocommit=True
        ) as conn:
            conn.execute("SELECT 1")
            return "ready"
    except psycopg.OperationalError as error:
        text = str(error)
        if "password authentication failed" in text:
            return "refusing"
        nobody = ("No such file", "Connection refused", "timeout expired", "server closed the connection")
        return "silent" if any(word in text for word in nobody) else "starting"


def _wait_until_ready(data_dir: Path, child: subprocess.Popen | None, *, tell: Callable[[str], None]) -> None:
    began, told = time.monotonic(), False
    while (answer := _answer(data_dir)) != "ready":
        waited = time.monotonic() - began
        gone = child.poll() is not None if child else waited > 1 and not _supervised(data_dir)
        if gone or waited > (RECOVERY_SECONDS if answer == "starting" else START_SECONDS):
            raise ServerFailed(
                f"数据库没有启动：{_why(data_dir)}（详见 {data_dir}/logs/postgres.log 与 {data_dir}/postgres/log）。"
                " The database did not start."
            )
        if answer == "refusing":
            raise ServerFailed(
                f"数据库不认 {data_dir}/secrets 里的密码：secrets 与 postgres 目录不是一对，请一起恢复。"
                f" The passwords in {data_dir}/secrets are not this database's: restore both from one backup."
            )
        if answer == "starting" and waited > 3 and not told:
            told = True
            tell("数据库正在从上次的中断中恢复，请稍候 · the database is recovering, please wait")
        time.sleep(0.05)


def _why(data_dir: Path) -> str:
    found = "原因不明"
    logs = [data_dir / "logs" / "postgres.log", *sorted((data_dir / "postgres" / "log").glob("*.log"))]
    with contextlib.suppress(OSError):
        for log in logs:
            text = log.read_text(errors="replace")[-20_000:]
            found = next(
                (line for line in reversed(text.splitlines()) if "FATAL" in line or "PANIC" in line), found
            )
    return found.strip()


def _last_lines(text: str) -> str:
    return " / ".join(text.strip().splitlines()[-3:])


# ---------------------------------------------------------------------------------------------- locks


@contextlib.contextmanager
def _lock(path: Path, *, wait: float) -> Iterator[IO[str]]:
    """Hold an advisory lock; it goes with the process, however that ends."""
    with path.open("a+") as file:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ServerFailed(
                        f"另一个进程一直占着 {path}。 Another process keeps holding {path}."
                    ) from None
                time.sleep(0.05)
        yield file


def _supervised(data_dir: Path) -> bool:
    """Whether a supervisor lives: it holds its lock as long as it does."""
    path = data_dir / "run" / "supervisor.lock"
    if not path.exists():
        return False
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _supervisor_pid(data_dir: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int((data_dir / "run" / "supervisor.lock").read_text())
    return None


# ---------------------------------------------------------------------------------------------- supervising


def _spawn_supervisor(data_dir: Path, *, attached: bool) -> subprocess.Popen:
    root = Path(__file__).resolve().parents[2]
    with (data_dir / "logs" / "postgres.log").open("ab") as log:
        child = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "cheban.core.postgres",
                str(data_dir),
                *(["--attached"] if attached else []),
            ],
            stdin=subprocess.PIPE if attached else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(root), "PYTHONSAFEPATH": "1"},
        )
    while not _supervised(data_dir) and child.poll() is None:
        time.sleep(0.01)
    return child


def _supervise(data_dir: Path, *, attached: bool) -> None:
    """Keep PostgreSQL running until asked to stop. Runs in a process of its own."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if attached:  # whoever started us holds the other end of this pipe: when they are gone, so are we
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), stopping.set()), daemon=True).start()
    pg_data = data_dir / "postgres"
    account = account_for(data_dir, pg_data=pg_data)
    with _lock(data_dir / "run" / "supervisor.lock", wait=5) as lock:
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        child, failing_since = None, time.monotonic()
        while not stopping.is_set():
            if child is None and _answer(data_dir) != "silent":
                failing_since = time.monotonic()  # a server left over by a killed supervisor: keep it
                stopping.wait(1)
                continue
            if child is None:
                began = time.monotonic()
                child = subprocess.Popen(
                    account.command("postgres", "-D", str(pg_data)),
                    stdin=subprocess.DEVNULL,
                    **account.options(),
                )
                _log.info("started, pid %s", child.pid)
            if child.poll() is None:
                stopping.wait(0.1)
                continue
            _log.error("the server ended with %s; starting it again", child.returncode)
            child = None
            # The first tries after a kill fail while the killed server's children still hold its memory.
            if time.monotonic() - began > 10:
                failing_since = time.monotonic()
            if time.monotonic() - failing_since > START_SECONDS:
                _log.error("giving up after %s s", START_SECONDS)
                sys.exit(1)
            stopping.wait(0.2)
        if child is not None:
            child.send_signal(signal.SIGINT)  # fast shutdown: transactions roll back, nothing is lost
            child.wait()
        elif _answer(data_dir) != "silent":
            _stop_unsupervised(data_dir)
        _log.info("stopped")


def _stop_unsupervised(data_dir: Path) -> None:
    pg_data = data_dir / "postgres"
    account = account_for(data_dir, pg_data=pg_data)
    ended = account.run("pg_ctl", "stop", "-D", str(pg_data), "-m", "fast", "-t", str(STOP_SECONDS))
    if ended.returncode != 0:
        raise ServerFailed(f"数据库没有停下：{_last_lines(ended.stderr)}。 The database did not stop.")


def main() -> None:
    """`python -m cheban.core.postgres DATA_DIR [--attached]`: the supervisor."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s supervisor %(message)s")
    _supervise(Path(sys.argv[1]), attached="--attached" in sys.argv[2:])


if __name__ == "__main__":
    main()
