"""An upgrade either works or leaves every row as it was. Reliability H, goal table "upgrade"."""

from __future__ import annotations

import subprocess
import sys
import time

import psycopg
import pytest

from cheban.cli.tests.house import cheban, environment, running, wait_for
from cheban.core import backup as backups
from cheban.core import postgres

pytestmark = pytest.mark.faults
BEHIND = "COMMENT ON TABLE django_migrations IS 'cheban:another version'"


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A data folder with two stores."""
    data = tmp_path_factory.mktemp("upgrade") / "data"
    for code in "AB":
        made = cheban(data, "users", "store", code, f"{code}店")
        assert made.returncode == 0, made.stderr
    yield data
    postgres.stop(data)


def database(data) -> psycopg.Connection:
    return psycopg.connect(postgres.start(data).superuser_url, autocommit=True)


def go_one_version_back(data) -> None:
    """As the version before had its tables: without the rules' settings. The step back itself is the test's own way:
    what follows a migration here looks for the newest tables, so the command ends badly after its work is done."""
    owner = postgres.start(data)
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "playbook", "0003", "--database", "owner"],
        env=environment(data)
        | owner.environ()
        | {
            "DJANGO_SETTINGS_MODULE": "cheban.site.settings",
            "CHEBAN_DATA_DIR": str(data),
            "CHEBAN_SECRETS_DIR": str(data / "secrets"),
        },
        capture_output=True,
        check=False,
    )
    with database(data) as connection:
        assert connection.execute("SELECT to_regclass('playbook_rulesetting')").fetchone() == (None,)
        connection.execute(BEHIND)


def test_an_older_database_is_brought_up_to_date_with_a_backup_of_how_it_was(old):
    go_one_version_back(old)
    with database(old) as connection:
        before = backups.checksums(connection)
        assert "playbook_rulesetting" not in before
    done = cheban(old, "upgrade")
    assert done.returncode == 0, done.stderr
    [archive] = (old / "backups").glob("*-upgrade.tar")
    assert backups.manifest_of(archive)["tables"] == before
    with database(old) as connection:
        after = backups.checksums(connection)
    assert "playbook_rulesetting" in after
    assert after["org_store"] == before["org_store"] and after["org_store"][0] == 2
    assert "什么都不用做" in cheban(old, "upgrade").stdout
    archive.unlink()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ("DELETE FROM django_migrations WHERE app = 'lists'", "already exists"),  # the tables cannot be made
        ("ALTER TABLE org_store RENAME COLUMN city TO town", "city"),  # they are made, and then nothing works
    ],
)
def test_an_upgrade_that_fails_leaves_every_row_as_it_was(old, spoil, says):
    go_one_version_back(old)
    with database(old) as connection:
        known = connection.execute("SELECT app, name FROM django_migrations WHERE app = 'lists' ORDER BY id").fetchall()
        connection.execute(spoil)
        before = backups.checksums(connection)
    try:
        done = cheban(old, "upgrade")
        assert done.returncode == 1, done.stdout
        assert "数据已原样退回" in done.stderr and says in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
        with database(old) as connection:
            assert backups.checksums(connection) == before
            assert not connection.execute("SELECT 1 FROM pg_database WHERE datname LIKE '%\\_back'").fetchall()
        assert not list((old / "tmp").glob("upgrade-*"))
    finally:
        with database(old) as connection:
            if "lists" in spoil:
                for row in known:
                    connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, now())", row)
            else:
                connection.execute("ALTER TABLE org_store RENAME COLUMN town TO city")


def test_somebody_who_holds_a_table_makes_the_upgrade_give_up_and_not_wait(old):
    cheban(old, "upgrade")
    go_one_version_back(old)
    with database(old) as connection:
        before = backups.checksums(connection)
    holder = psycopg.connect(postgres.start(old).superuser_url)
    holder.execute("LOCK TABLE org_store IN ROW EXCLUSIVE MODE")  # as somebody does who is writing
    began = time.monotonic()
    done = cheban(old, "upgrade")
    assert done.returncode == 1, done.stdout
    assert "lock timeout" in done.stderr and "数据已原样退回" in done.stderr, done.stderr
    assert time.monotonic() - began < 60
    with database(old) as connection:
        assert backups.checksums(connection) == before
    holder.close()
    assert cheban(old, "upgrade").returncode == 0, "and the next try works"


def test_a_running_house_is_not_upgraded_under_its_feet(old):
    cheban(old, "upgrade")
    with running(old) as house:
        wait_for(house.serves)
        done = cheban(old, "upgrade", PORT=str(house.port))
        assert done.returncode == 1 and "make stop" in done.stderr
        assert house.serves()


def test_a_database_of_ones_own_is_left_to_its_owner(old, tmp_path):
    url = postgres.start(old).superuser_url
    with database(old) as connection:
        connection.execute("CREATE DATABASE own")
    done = cheban(tmp_path / "other", "upgrade", DATABASE_URL=url.replace("/cheban?", "/own?"))
    assert done.returncode == 2, done.stderr
    assert "cheban migrate" in done.stderr
