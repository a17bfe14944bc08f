"""The embedded database server: one per data folder, up again after a kill, nothing acknowledged lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest

from cheban.core import postgres
from cheban.core.postgres import ServerFailed

ROOT = Path(__file__).resolve().parents[3]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="shows what root's server does")


@pytest.fixture
def folder(tmp_path):
    """A data folder whose server, if any, is stopped at the end."""
    yield tmp_path / "data"
    postgres.stop(tmp_path / "data")


@pytest.fixture(scope="module")
def server():
    with postgres.throwaway() as running:
        yield running


def one(url: str, query: str, *values):
    with psycopg.connect(url, autocommit=True) as conn:
        return conn.execute(query, values).fetchone()


def one_or_none(url: str, query: str):
    try:
        return one(url, query)
    except psycopg.OperationalError:
        return None


def do(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement)


def postmaster(folder: Path) -> int:
    return int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def wait_until_ready(folder: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while postgres.status(folder).answer != "ready":
        assert time.monotonic() < deadline, (folder / "logs" / "postgres.log").read_text()
        time.sleep(0.05)


def test_a_server_starts_stops_and_starts_again_with_its_rows(folder):
    first = postgres.start(folder)
    assert first.started
    assert not postgres.start(folder).started, "a second call adopts it"
    do(first.owner_url, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
    assert postgres.status(folder).supervised
    assert postgres.stop(folder)
    assert postgres.status(folder).answer == "silent"
    assert not postgres.stop(folder), "nothing is left to stop"
    assert one(postgres.start(folder).owner_url, "SELECT n FROM kept") == (7,)


def test_of_several_starters_at_once_one_starts_and_all_get_the_same_server(folder):
    with ThreadPoolExecutor(6) as pool:
        servers = list(pool.map(lambda _: postgres.start(folder, durable=False), range(6)))
    assert sum(server.started for server in servers) == 1
    assert len({server.app_url for server in servers}) == 1


@pytest.mark.faults
def test_every_acknowledged_row_survives_killing_the_server(folder):
    server = postgres.start(folder)
    do(server.owner_url, "CREATE TABLE kept (n int PRIMARY KEY)")
    acknowledged, stop = [], threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            try:
                with psycopg.connect(server.owner_url, autocommit=True, connect_timeout=5) as conn:
                    while not stop.is_set():
                        number += 1
                        conn.execute("INSERT INTO kept VALUES (%s)", [number])
                        acknowledged.append(number)
            except psycopg.Error:
                time.sleep(0.05)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            time.sleep(random.uniform(0.3, 0.8))
            killed = postmaster(folder)
            os.kill(killed, signal.SIGKILL)
            deadline = time.monotonic() + 60
            while one_or_none(server.owner_url, "SELECT 1") is None or postmaster(folder) == killed:
                assert time.monotonic() < deadline, "the supervisor did not bring it back"
                time.sleep(0.05)
    finally:
        stop.set()
        writer.join()
    with psycopg.connect(server.owner_url) as conn:
        stored = {row[0] for row in conn.execute("SELECT n FROM kept")}
    assert len(acknowledged) > 100
    assert set(acknowledged) <= stored


@pytest.mark.faults
def test_a_server_whose_supervisor_was_killed_is_adopted_and_watched_again(folder):
    server = postgres.start(folder)
    before = postmaster(folder)
    os.kill(postgres.status(folder).supervisor_pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while postgres.supervised(folder):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert one(server.app_url, "SELECT 1") == (1,), "the database itself goes on"
    postgres.start(folder)
    assert postmaster(folder) == before
    os.kill(before, signal.SIGKILL)
    time.sleep(0.2)
    wait_until_ready(folder)
    assert postmaster(folder) != before


@as_root
def test_a_closed_parent_folder_stays_closed_and_the_server_runs(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    try:
        assert one(postgres.start(closed / "data", durable=False).app_url, "SELECT 1") == (1,)
        assert closed.stat().st_mode & 0o777 == 0o700
    finally:
        postgres.stop(closed / "data")


@as_root
def test_a_folder_that_moves_from_closed_to_open_keeps_its_rows(tmp_path_factory):
    with postgres.throwaway() as outer:  # a folder under /tmp which others may pass
        folder = outer.data_dir / "inner"
        outer.data_dir.chmod(0o700)
        server = postgres.start(folder, durable=False)
        do(server.owner_url, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
        assert (folder / "postgres").stat().st_uid == 0
        postgres.stop(folder)
        outer.data_dir.chmod(0o711)
        assert one(postgres.start(folder, durable=False).owner_url, "SELECT n FROM kept") == (7,)
        assert (folder / "postgres").stat().st_uid != 0
        postgres.stop(folder)


def test_a_long_path_gets_a_short_socket(tmp_path):
    folder = tmp_path / ("车伴" * 20) / ("深" * 30)
    try:
        server = postgres.start(folder, durable=False)
        assert one(server.app_url, "SELECT 1") == (1,)
        sockets = Path(unquote(server.app_url.partition("host=")[2]))
        assert len(bytes(sockets)) < 80
    finally:
        postgres.stop(folder)
    assert not sockets.exists()


def test_the_application_owns_nothing_and_passes_no_policy_by(server):
    with psycopg.connect(server.owner_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE guarded (n int); INSERT INTO guarded VALUES (1), (2)")
        owner.execute("ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; GRANT SELECT ON guarded TO cheban_app")
        owner.execute("CREATE POLICY one_only ON guarded USING (n = 1)")
        for extension in ("pg_trgm", "btree_gist", "unaccent"):
            owner.execute(f"CREATE EXTENSION {extension}")
    assert one(server.app_url, "SELECT count(*) FROM guarded") == (1,)
    for forbidden in (
        "CREATE TABLE mine (n int)",
        "ALTER TABLE guarded DISABLE ROW LEVEL SECURITY",
        "SET row_security = off; SELECT * FROM guarded",
        "SET ROLE cheban_owner",
        "ALTER ROLE cheban_app BYPASSRLS",
        "CREATE EXTENSION citext",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            do(server.app_url, forbidden)


def test_pages_carry_checksums_and_nobody_listens_on_the_network(server):
    assert one(server.superuser_url, "SHOW data_checksums") == ("on",)
    assert one(server.superuser_url, "SHOW listen_addresses") == ("",)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.app_url.replace(":", ":x", 2).replace(":x", ":", 1))


@pytest.mark.req("R020")
def test_the_servers_log_never_holds_what_a_statement_holds(server):
    with psycopg.connect(server.owner_url, autocommit=True) as conn:
        conn.execute("CREATE TABLE phones (phone text PRIMARY KEY)")
        conn.execute("INSERT INTO phones VALUES ('13800138000')")
        for wrong in (
            "INSERT INTO phones VALUES ('13800138000')",
            "SELECT '13800138000'::int",
            "SELECT nix('13800138000')",
        ):
            with pytest.raises(psycopg.Error):
                conn.execute(wrong)
        with pytest.raises(psycopg.Error):
            conn.execute("SELECT 1 / (%s::bigint - 13800138000)", [13800138000])
    logs = list((server.data_dir / "postgres" / "log").glob("*.log"))
    text = "".join(log.read_text() for log in [*logs, server.data_dir / "logs" / "postgres.log"])
    assert "redirecting log output" in text, "the server's own affairs are logged"
    assert "13800138000" not in text


@pytest.mark.req("R018")
def test_secrets_are_closed_to_everybody_else(server):
    folder = server.data_dir / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_lost_or_foreign_passwords_are_told_and_nothing_is_made_anew(folder):
    postgres.start(folder, durable=False)
    postgres.stop(folder)
    kept = folder / "secrets" / "pg_superuser_password"
    password = kept.read_text()
    kept.unlink()
    with pytest.raises(ServerFailed, match="secrets"):
        postgres.start(folder, durable=False)
    kept.write_text("another\n")
    with pytest.raises(ServerFailed, match="secrets"):
        postgres.start(folder, durable=False)
    postgres.stop(folder)
    kept.write_text(password)
    assert postgres.start(folder, durable=False).started


def test_a_broken_configuration_is_told_with_the_servers_own_words(folder, monkeypatch):
    running = postgres.start(folder, durable=False)
    with psycopg.connect(running.superuser_url, autocommit=True):
        postgres.stop(folder)  # an open connection: the last run's log ends with a FATAL line of its own
    (folder / "postgres" / "local.conf").write_text("work_mem = 'plenty'\n")
    monkeypatch.setattr(postgres, "START_SECONDS", 6)
    with pytest.raises(ServerFailed, match="local.conf"):
        postgres.start(folder, durable=False)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ServerFailed, match="DATA_DIR"):
        postgres.start(tmp_path / "file" / "data")


def test_a_throwaway_server_goes_when_its_process_is_killed():
    code = (
        "from cheban.core import postgres; import time\n"
        "with postgres.throwaway() as server:\n"
        "    print(server.data_dir, server.app_url, flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    folder, url = child.stdout.readline().split()
    assert one(url, "SELECT 1") == (1,)
    child.kill()
    child.wait()
    deadline = time.monotonic() + 20
    while Path(folder).exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_ones_own_server_gets_an_application_role_of_its_own(server):
    own = server.superuser_url.replace("/cheban?", "/chain?")
    do(server.superuser_url, "CREATE DATABASE chain")
    app_url = postgres.ensure_app_role(own, password="a1b2c3")
    assert one(app_url, "SELECT current_user::text, current_database()::text") == ("chain_app", "chain")
    assert postgres.ensure_app_role(own, password="a1b2c3") == app_url, "the second time it is only used"
    postgres.ensure_app_role(own, password="d4e5f6")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(app_url)


def test_an_application_role_with_too_much_power_is_refused(server):
    do(server.superuser_url, "CREATE DATABASE strong", "CREATE ROLE strong_app LOGIN BYPASSRLS")
    with pytest.raises(ServerFailed, match="BYPASSRLS"):
        postgres.ensure_app_role(server.superuser_url.replace("/cheban?", "/strong?"), password="a1b2c3")


def test_an_owner_who_may_not_make_roles_is_told_what_an_administrator_runs(server):
    with pytest.raises(ServerFailed, match="CREATE ROLE"):
        postgres.ensure_app_role(server.owner_url.replace("/cheban?", "/postgres?"), password="a1b2c3")


@pytest.mark.parametrize("address", ["mysql://u:p@h/d", "/var/db", "host=x dbname=y"])
def test_an_address_that_is_not_one_is_told(address):
    with pytest.raises(ServerFailed, match="postgresql://"):
        postgres.ensure_app_role(address, password="a1b2c3")
