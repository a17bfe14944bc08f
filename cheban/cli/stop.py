"""`cheban stop`."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from pathlib import Path

from cheban.cli.failures import Failed
from cheban.cli.place import data_dir
from cheban.core import postgres

SECONDS = 30


def stop() -> None:
    """停止 · stop `cheban run` and the database of this data folder (DATA_DIR)."""
    folder = data_dir()
    was_running = _stop_run(folder / "run" / "run.lock")
    was_up = postgres.stop(folder)
    print("已停止 · stopped" if was_running or was_up else "没有在运行 · nothing was running")


def _stop_run(lock: Path) -> bool:
    """Ask a running `cheban run` to end; it holds its lock as long as it lives."""
    found = False
    deadline = time.monotonic() + SECONDS
    while is_held(lock):
        if not found:
            with contextlib.suppress(ValueError, ProcessLookupError):
                os.kill(int(lock.read_text()), signal.SIGTERM)
        found = True
        if time.monotonic() > deadline:
            raise Failed(f"cheban run（进程 {lock.read_text()}）{SECONDS} 秒内没有停下。 It did not stop in time.")
        time.sleep(0.1)
    return found


def is_held(lock: Path) -> bool:
    """Whether a living process holds this lock."""
    if not lock.exists():
        return False
    with lock.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
