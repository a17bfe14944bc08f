"""A PostgreSQL cluster in a data folder: made once, its roles, its socket, and whether it answers."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from cheban.core.pgbin import Account, ServerFailed, account_for
from cheban.core.pgconf import configuration
from cheban.core.secretfiles import random_password, secret

DATABASE, OWNER, APP = "cheban", "cheban_owner", "cheban_app"
_LONGEST_SOCKET = 100  # bytes; the system's limit is 107 with the closing zero


def make_folders(data_dir: Path) -> None:
    """The data folder and what is in every one. A new one is closed to other accounts."""
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


def prepare(data_dir: Path, *, durable: bool) -> None:
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
            f" The data was made by PostgreSQL {theirs}, the programs are {ours[-1]}: dump with the old ones."
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
            f"建库失败（initdb {made.returncode}）：{last_lines(made.stderr)}。 Could not make the database."
        )
    (draft / "pg_hba.conf").write_text("local all all scram-sha-256\n")
    with (draft / "postgresql.conf").open("a") as out:
        out.write("\ninclude 'cheban.conf'  # written at every start\ninclude_if_exists 'local.conf'  # yours\n")
    draft.rename(data_dir / "postgres")


def _make_socket_dir(data_dir: Path, account: Account) -> Path:
    folder = socket_dir(data_dir)
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


def socket_dir(data_dir: Path) -> Path:
    near = data_dir / "run" / "pg"
    if len(os.fsencode(near / ".s.PGSQL.5432.lock")) <= _LONGEST_SOCKET:
        return near
    return Path("/tmp") / f"cheban-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}"


def ensure_roles(data_dir: Path) -> None:
    owner_password = secret(data_dir, "pg_owner_password", make=random_password)
    app_password = secret(data_dir, "pg_app_password", make=random_password)
    with psycopg.connect(url(data_dir, "postgres", "postgres"), autocommit=True) as conn:
        roles = {row[0] for row in conn.execute("SELECT rolname FROM pg_roles")}
        if OWNER not in roles:
            make_role(conn, OWNER, password=owner_password, more="CREATEDB")
        if APP not in roles:
            make_role(conn, APP, password=app_password)
        if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            make_database(conn, DATABASE)


def make_database(conn: psycopg.Connection, name: str) -> None:
    """An empty database that the owner owns and the application may enter."""
    names = {"db": sql.Identifier(name), "owner": sql.Identifier(OWNER), "app": sql.Identifier(APP)}
    conn.execute(sql.SQL("CREATE DATABASE {db} OWNER {owner}").format(**names))
    conn.execute(sql.SQL("REVOKE ALL ON DATABASE {db} FROM PUBLIC").format(**names))
    conn.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {db} TO {app}").format(**names))


def make_role(conn: psycopg.Connection, role: str, *, password: str, more: str = "NOCREATEDB") -> None:
    """Make or mend a role that may sign in and no more. The password travels as its SCRAM hash."""
    hashed = conn.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    exists = conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    conn.execute(
        sql.SQL("{} ROLE {} LOGIN {} NOCREATEROLE PASSWORD {}").format(
            sql.SQL("ALTER" if exists else "CREATE"), sql.Identifier(role), sql.SQL(more), sql.Literal(hashed)
        )
    )


def url(data_dir: Path, role: str, database: str) -> str:
    name = {OWNER: "pg_owner_password", APP: "pg_app_password"}.get(role, "pg_superuser_password")
    password = secret(data_dir, name, make=random_password)
    return f"postgresql://{role}:{password}@/{database}?host={quote(str(socket_dir(data_dir)), safe='')}"


def answer(data_dir: Path) -> str:
    """'ready' (a query came back), 'starting' (recovering, or out of connections), 'refusing' (the password
    is not the one we keep), 'silent' (nobody there)."""
    try:
        with psycopg.connect(url(data_dir, "postgres", "postgres"), connect_timeout=5, autocommit=True) as conn:
            conn.execute("SELECT 1")
            return "ready"
    except psycopg.OperationalError as error:
        text = str(error)
        if "password authentication failed" in text:
            return "refusing"
        nobody = ("No such file", "Connection refused", "timeout expired", "server closed the connection")
        return "silent" if any(word in text for word in nobody) else "starting"


def last_lines(text: str) -> str:
    return " / ".join(text.strip().splitlines()[-3:])
