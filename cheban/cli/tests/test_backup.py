"""A backup that was never restored is none: the drill, and what must be refused. Reliability row 66, R018."""

from __future__ import annotations

import shutil
import tarfile

import psycopg
import pytest

from cheban.cli.tests.house import cheban
from cheban.core import backup as backups
from cheban.core import postgres

PASSPHRASE = "correct horse battery staple"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A data folder with a small dealership, and a backup of it."""
    root = tmp_path_factory.mktemp("backup")
    data, out = root / "data", root / "out"
    out.mkdir()
    (root / "passphrase").write_text(PASSPHRASE)
    made = cheban(data, "demo", "--customers", "120", "--stores", "1", "--no-plan", "--processes", "0")
    assert made.returncode == 0, made.stderr
    (data / "files" / "imports").mkdir(parents=True, exist_ok=True)
    (data / "files" / "imports" / "x.xlsx").write_bytes(b"sealed before" * 1000)
    done = cheban(data, "backup", "--to", str(out), "--passphrase-file", str(root / "passphrase"))
    assert done.returncode == 0, done.stderr
    assert PASSPHRASE not in done.stdout
    yield root, data, next(out.glob("*.tar"))
    postgres.stop(data)


def words(house) -> tuple[str, ...]:
    return ("--passphrase-file", str(house[0] / "passphrase"))


@pytest.mark.req("R018")
def test_what_is_restored_is_row_by_row_what_was_backed_up_and_its_keys_open_it(house):
    root, data, archive = house
    tried = cheban(data, "verify", str(archive), *words(house))
    assert tried.returncode == 0, tried.stderr
    assert "每一行、每个文件都对得上" in tried.stdout

    new = root / "new"
    done = cheban(data, "restore", str(archive), "--to", str(new), *words(house))
    assert done.returncode == 0, done.stderr
    try:
        assert (new / "files" / "imports" / "x.xlsx").read_bytes() == b"sealed before" * 1000
        listed = cheban(new, "users", "list")
        assert "manager.pd1" in listed.stdout, "it works like the old one"
        again = cheban(data, "restore", str(archive), "--to", str(new), *words(house))
        assert again.returncode == 2 and "不是空的" in again.stderr
    finally:
        postgres.stop(new)


def test_one_changed_row_or_file_is_named(house):
    _root, data, archive = house
    manifest = backups.manifest_of(archive)
    server = postgres.start(data)
    with psycopg.connect(server.superuser_url) as connection:
        assert backups.compare(manifest, connection, data) == []
        connection.execute(
            "UPDATE customers_customer SET name = name || '。' WHERE id = (SELECT min(id::text)::uuid FROM customers_customer)"
        )
        assert "customers_customer" in [d.what for d in backups.compare(manifest, connection, data)]
        connection.rollback()
    kept = (data / "files" / "imports" / "x.xlsx").read_bytes()
    (data / "files" / "imports" / "x.xlsx").write_bytes(kept[:-1] + b"!")
    with psycopg.connect(server.superuser_url) as connection:
        assert [d.what for d in backups.compare(manifest, connection, data)] == ["files/imports/x.xlsx"]
    (data / "files" / "imports" / "x.xlsx").write_bytes(kept)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda a, k: k.write_text('{"sealed": "AAAA"}'), "不是车伴的密钥文件"),
        (lambda a, k: k.unlink(), "没有文件"),
        (lambda a, k: a.write_bytes(a.read_bytes()[: len(a.read_bytes()) // 2]), "不是车伴的备份"),
        (lambda a, k: a.write_bytes(b"PK" * 100), "不是车伴的备份"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence_and_leaves_nothing(house, tmp_path, spoil, says):
    _root, data, archive = house
    copy = tmp_path / "copy.tar"
    shutil.copy(archive, copy)
    shutil.copy(archive.with_suffix(".keys"), copy.with_suffix(".keys"))
    spoil(copy, copy.with_suffix(".keys"))
    done = cheban(data, "restore", str(copy), "--to", str(tmp_path / "new"), *words(house))
    assert done.returncode != 0
    assert says in done.stderr, done.stderr
    assert not (tmp_path / "new").exists()


def test_a_wrong_passphrase_opens_nothing_and_the_archive_alone_holds_no_key(house, tmp_path):
    _root, data, archive = house
    (tmp_path / "wrong").write_text("some other passphrase")
    done = cheban(data, "verify", str(archive), "--passphrase-file", str(tmp_path / "wrong"))
    assert done.returncode != 0 and "口令不对" in done.stderr
    master = (data / "secrets" / "master_key").read_text().strip().encode()
    assert master not in archive.read_bytes()
    assert master not in archive.with_suffix(".keys").read_bytes()
    with tarfile.open(archive) as opened:
        assert not [name for name in opened.getnames() if "secret" in name]


def test_only_the_last_ones_are_kept_when_asked(house, tmp_path):
    _root, data, _archive = house
    for day in (1, 2, 3):
        (tmp_path / f"cheban-2020010{day}-000000.tar").write_bytes(b"")
        (tmp_path / f"cheban-2020010{day}-000000.keys").write_bytes(b"")
    done = cheban(data, "backup", "--to", str(tmp_path), "--keep", "2", *words(house))
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("*.tar"))) == len(list(tmp_path.glob("*.keys"))) == 2
    assert (tmp_path / "cheban-20200103-000000.tar").exists()


@pytest.mark.req("R019")
def test_the_operator_can_ask_whether_the_audit_trail_holds(house):
    _root, data, _archive = house
    server = postgres.start(data)
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO core_auditentry (action, subject) SELECT 'x', 's:' || n FROM generate_series(1, 5) n"
        )
    held = cheban(data, "audit", "verify")
    assert held.returncode == 0, held.stderr
    assert "✓" in held.stdout
