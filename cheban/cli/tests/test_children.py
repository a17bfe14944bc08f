"""Kept processes: started again when they die, stopped in time, never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cheban.cli import children
from cheban.cli.children import Child, RotatingLog
from cheban.cli.tests.house import environment, wait_for


def child(tmp_path, code: str) -> Child:
    return Child(
        "test",
        [sys.executable, "-u", "-c", code],
        env=environment(tmp_path),
        log=tmp_path / "test.log",
        echo=False,
    )


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, ProcessLookupError):
        return False


def pid_in(tmp_path) -> int:
    return int(wait_for(lambda: (tmp_path / "test.log").read_text().strip()).split()[-1])


def test_a_child_that_dies_is_told_and_started_again_with_growing_pauses(tmp_path, monkeypatch):
    monkeypatch.setattr(children, "FIRST_PAUSE", 0.05)
    kept = child(tmp_path, "print('up'); raise SystemExit(3)")
    kept._pause = 0.05
    kept.start()
    told = [wait_for(kept.watch, seconds=20) for _ in range(3)]
    assert kept.deaths == 3
    assert "（3）" in told[0]
    assert kept._pause == pytest.approx(0.4)
    kept.stop(until=time.monotonic() + 5)
    assert (tmp_path / "test.log").read_text().count("up") >= 3


def test_a_child_that_does_not_listen_is_killed_with_all_its_own(tmp_path):
    code = (
        "import signal, subprocess, os, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "p = subprocess.Popen(['sleep', '60']); print(p.pid); time.sleep(60)"
    )
    kept = child(tmp_path, code)
    kept.start()
    grandchild = pid_in(tmp_path)
    began = time.monotonic()
    kept.ask_to_stop()
    assert kept.stop(until=time.monotonic() + 0.5) is False
    assert time.monotonic() - began < 3
    assert wait_for(lambda: not alive(grandchild), seconds=5)


@pytest.mark.skipif(sys.platform != "linux", reason="the leash is Linux's")
def test_a_child_ends_when_its_keeper_is_killed(tmp_path):
    code = (
        "import os, sys, time; from pathlib import Path; from cheban.cli.children import Child\n"
        "c = Child('test', [sys.executable, '-u', '-c', 'import os, time; print(os.getpid()); time.sleep(60)'],\n"
        f"          env=dict(os.environ), log=Path({str(tmp_path / 'test.log')!r}), echo=False)\n"
        "c.start(); time.sleep(60)"
    )
    keeper = subprocess.Popen([sys.executable, "-c", code], env=environment(tmp_path))
    wait_for((tmp_path / "test.log").exists, seconds=20)
    pid = pid_in(tmp_path)
    assert alive(pid)
    keeper.send_signal(signal.SIGKILL)
    keeper.wait()
    assert wait_for(lambda: not alive(pid), seconds=5)


def test_a_log_starts_anew_when_it_is_long_and_old_ones_are_dropped(tmp_path, monkeypatch):
    monkeypatch.setattr(children, "LOG_BYTES", 1000)
    log = RotatingLog(tmp_path / "web.log")
    for number in range(1000):
        log.write(b"%08d\n" % number)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["web.1.log", "web.2.log", "web.3.log", "web.log"]
    assert all(path.stat().st_size <= 1010 for path in tmp_path.iterdir())
    assert (tmp_path / "web.log").read_text().splitlines()[-1] == "00000999"
