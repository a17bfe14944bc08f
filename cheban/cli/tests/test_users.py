"""Accounts by the operator at the machine."""

from __future__ import annotations

import json

import pytest

from cheban.cli.tests.house import cheban
from cheban.core import postgres


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("users") / "data"
    assert cheban(folder, "users", "add", "wang", "王强", "--role", "store_manager").returncode == 1, "no store yet"
    assert cheban(folder, "users", "store", "PD1", "浦东店").returncode == 0
    yield folder
    postgres.stop(folder)


def accounts(data_dir) -> dict[str, dict]:
    return {row["login"]: row for row in json.loads(cheban(data_dir, "users", "list", "--json").stdout)}


@pytest.mark.req("R202")
def test_an_account_is_made_locked_and_let_in_again(data_dir):
    made = cheban(data_dir, "users", "add", "wang", "王强", "--role", "store_manager@PD1", "--role", "cashier@pd1")
    assert made.returncode == 0, made.stderr
    assert "password: " in made.stdout, "a password that was made is shown once"
    assert accounts(data_dir)["wang"] == {
        "login": "wang",
        "name": "王强",
        "active": True,
        "roles": ["store_manager@PD1", "cashier@PD1"],
    }
    assert cheban(data_dir, "users", "lock", "wang").returncode == 0
    assert not accounts(data_dir)["wang"]["active"]
    assert cheban(data_dir, "users", "unlock", "WANG").returncode == 0
    assert accounts(data_dir)["wang"]["active"]


def test_a_password_from_a_pipe_is_never_shown(data_dir):
    words = ("users", "add", "li", "李娜", "--role", "caller", "--password-stdin")
    made = cheban(data_dir, *words, given="Bluebird-7731\n")
    assert made.returncode == 0, made.stderr
    assert "Bluebird" not in made.stdout + made.stderr
    weak = cheban(data_dir, "users", "reset-password", "li", "--password-stdin", given="123\n")
    assert weak.returncode == 1
    assert "Traceback" not in weak.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("lock", "nobody"), 1, "users list"),
        (("add", "zhao", "赵", "--role", "boss@PD1"), 2, "store_manager"),
        (("add", "zhao", "赵", "--role", "caller@XX"), 1, "PD1"),
    ],
)
def test_what_does_not_exist_is_told_with_what_does(data_dir, words, code, told):
    shown = cheban(data_dir, "users", *words)
    assert shown.returncode == code
    assert told in shown.stderr
