"""Where a copy lives: its folder, its keys, its database."""

from __future__ import annotations

import base64

import pytest

from cheban.cli import place
from cheban.cli.failures import Failed


@pytest.fixture
def nothing_set(monkeypatch):
    for name in (
        "CHEBAN_DATA_DIR",
        "DATA_DIR",
        "DATABASE_URL",
        "CHEBAN_DB_APP_URL",
        "CHEBAN_MASTER_KEY",
        "PORT",
    ):
        monkeypatch.delenv(name, raising=False)


def test_the_data_lies_in_the_clone_unless_another_folder_is_named(nothing_set, monkeypatch, tmp_path):
    assert place.data_dir() == place.ROOT / "var"
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert place.data_dir() == tmp_path
    monkeypatch.setenv("CHEBAN_DATA_DIR", str(tmp_path / "inner"))
    assert place.data_dir() == tmp_path / "inner"


@pytest.mark.req("R018")
def test_a_new_folder_gets_keys_of_its_own_that_stay(nothing_set, tmp_path):
    place._make_keys(tmp_path)
    first = {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    assert len(base64.b64decode(first["master_key"])) == 32
    assert len(first["django_secret_key"].strip()) >= 50
    place._make_keys(tmp_path)
    assert {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()} == first


@pytest.mark.req("R018")
def test_a_lost_master_key_is_never_replaced_when_there_is_a_database(nothing_set, tmp_path):
    (tmp_path / "postgres").mkdir()
    with pytest.raises(Failed, match="master_key"):
        place._make_keys(tmp_path)
    assert not (tmp_path / "secrets" / "master_key").exists()


def test_children_never_get_the_owners_address(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://owner@/db")
    monkeypatch.setenv("CHEBAN_DB_OWNER_URL", "postgresql://owner@/db")
    here = place.Place(tmp_path, {"CHEBAN_DB_OWNER_URL": "x", "CHEBAN_DB_APP_URL": "y"}, False, True)
    assert {"CHEBAN_DB_OWNER_URL", "DATABASE_URL"} & set(here.child_environ()) == set()
    assert here.child_environ(owner=True)["CHEBAN_DB_OWNER_URL"] == "x"


def test_of_two_who_want_a_lock_without_waiting_one_is_refused(tmp_path):
    lock = tmp_path / "a.lock"
    with place.hold(lock, wait=False), pytest.raises(BlockingIOError), place.hold(lock, wait=False):
        pass
    with place.hold(lock, wait=False):
        pass
