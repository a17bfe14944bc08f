"""The set-up: each step once, again when its inputs change, and plain words when a tool is missing."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

from cheban.cli.tests.house import ROOT, cheban
from cheban.core import postgres


@pytest.fixture
def steps(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("setup_steps", ROOT / "bin" / "setup_steps.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "setup_steps", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "BUILD", tmp_path)
    return module


def test_a_step_runs_once_and_again_when_its_input_or_its_product_changes(steps, tmp_path):
    product, done = tmp_path / "product", []

    def work() -> None:
        done.append(1)
        product.touch()

    assert steps.stamped("a", "1", product, work)
    assert not steps.stamped("a", "1", product, work)
    assert steps.stamped("a", "2", product, work)
    product.unlink()
    assert steps.stamped("a", "2", product, work)
    assert len(done) == 3


def test_a_step_that_failed_runs_again(steps, tmp_path):
    product = tmp_path / "product"
    product.touch()
    steps.stamped("a", "1", product, lambda: None)
    with pytest.raises(ZeroDivisionError):
        steps.stamped("a", "2", product, lambda: 1 // 0)
    assert steps.stamped("a", "1", product, lambda: None), "the old stamp is gone too"


def test_a_tool_that_fails_shows_its_last_words_and_what_to_do(steps):
    code = "print('Location x is ignored'); print('no such package'); raise SystemExit(1)"
    with pytest.raises(steps.StepFailed, match="no such package\ncheck the network") as told:
        steps.call(sys.executable, "-c", code, why="check the network")
    assert "is ignored" not in str(told.value)


def test_without_a_python_that_is_new_enough_it_says_what_is_needed(tmp_path):
    for name in ("dirname", "pwd"):
        source = f"/usr/bin/{name}"
        if os.path.exists(source):
            (tmp_path / name).symlink_to(source)
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2"\nexit 1\n')
    old.chmod(0o755)
    (tmp_path / "clone" / "bin").mkdir(parents=True)
    (tmp_path / "clone" / "bin" / "setup").write_text((ROOT / "bin" / "setup").read_text())
    shown = subprocess.run(
        ["/bin/sh", str(tmp_path / "clone" / "bin" / "setup")],
        capture_output=True,
        text=True,
        env={"PATH": str(tmp_path)},
    )
    assert shown.returncode == 1
    assert "3.11" in shown.stderr
    assert "Python 3.9.2" in shown.stderr


def test_no_lock_file_names_a_host():
    files = [*(ROOT / "requirements").glob("*.txt"), ROOT / "package-lock.json", ROOT / ".npmrc"]
    assert [file.name for file in files if "://" in file.read_text()] == []


def test_a_server_of_ones_own_is_used_through_a_role_of_few_powers(tmp_path):
    with postgres.throwaway() as server:
        url = server.superuser_url.replace("/cheban?", "/postgres?")
        made = cheban(tmp_path, "users", "store", "PD1", "浦东店", DATABASE_URL=url)
        assert made.returncode == 0, made.stderr
        shown = cheban(tmp_path, "doctor", DATABASE_URL=url).stdout
        assert "✓ 角色 · roles：postgres_app" in shown
        assert "✓ 数据表 · tables" in shown
    assert not (tmp_path / "postgres").exists(), "no embedded server was made beside it"
