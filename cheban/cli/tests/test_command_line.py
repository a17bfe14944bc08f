"""The command line as a person meets it: help, wrong words, exit codes."""

from __future__ import annotations

import errno
import subprocess
import sys

import pytest

from cheban.cli.failures import Failed, explain
from cheban.cli.main import COMMANDS
from cheban.cli.tests.house import cheban, environment
from cheban.core.errors import BadValue, Refused


def test_help_lists_the_commands_and_loads_neither_django_nor_the_database(tmp_path):
    code = (
        "import sys; from cheban.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'django', 'psycopg', 'polars'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(tmp_path))
    assert shown.stdout.splitlines()[-1] == "[]", shown.stdout + shown.stderr
    for name in ("run", "import", "demo", "playbook", "users", "doctor"):
        assert not COMMANDS[name].exists() or f"  {name} " in shown.stdout
    assert not (tmp_path / "run").exists(), "asking for help starts nothing"


@pytest.mark.parametrize("name", [name for name, row in COMMANDS.items() if row.exists()])
def test_every_command_of_the_table_loads_and_explains_itself(name, tmp_path):
    shown = cheban(tmp_path, name, "--help")
    assert (shown.returncode, "Usage" in shown.stdout) == (0, True), shown.stderr


@pytest.mark.parametrize("words", [["nix"], ["run", "--nix"], []])
def test_wrong_words_end_with_2_and_no_traceback(words, tmp_path):
    shown = cheban(tmp_path, *words)
    assert shown.returncode == 2
    assert "Traceback" not in shown.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_told(port, tmp_path):
    shown = cheban(tmp_path, "run", PORT=port)
    assert shown.returncode == 2
    assert "65535" in shown.stderr


def test_a_data_folder_that_cannot_be_written_is_told_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    shown = cheban(tmp_path / "file" / "data", "migrate")
    assert shown.returncode == 1
    assert "DATA_DIR" in shown.stderr
    assert "Traceback" not in shown.stderr
    assert "Traceback" in cheban(tmp_path / "file" / "data", "migrate", CHEBAN_DEBUG="1").stderr


def test_a_database_address_that_leads_nowhere_is_told(tmp_path):
    shown = cheban(tmp_path, "migrate", DATABASE_URL="postgresql://u:secret-word@127.0.0.1:1/none")
    assert shown.returncode == 1
    assert "DATABASE_URL" in shown.stderr
    assert "secret-word" not in shown.stderr


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (Failed("文件读不出", exit_code=2), 2, "文件读不出"),
        (Refused("不能撤销"), 1, "不能撤销"),
        (BadValue("车架号应为 17 位"), 1, "17"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "磁盘满了"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.xlsx"), 2, "a.xlsx"),
        (KeyError("x"), 1, "CHEBAN_DEBUG=1"),
    ],
)
def test_every_failure_is_one_sentence_with_an_exit_code(error, code, word):
    found, sentence = explain(error)
    assert found == code
    assert word in sentence
    assert "\n" not in sentence
