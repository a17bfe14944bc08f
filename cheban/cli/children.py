"""Processes that `cheban run` keeps alive: started, logged, started again with growing pauses, stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import IO

LOG_BYTES, LOG_FILES = 10 * 1024 * 1024, 4
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0  # seconds before starting a died child again: work resumes within a minute
STEADY = 60.0  # seconds after which a child counts as well again


class RotatingLog:
    """Lines appended to a file that starts anew at 10 MiB; three older ones are kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("ab")

    def write(self, line: bytes) -> None:
        """Append a line. A full disk loses log lines, never the process."""
        with contextlib.suppress(OSError):
            if self._file.tell() > LOG_BYTES:
                self._file.close()
                for number in range(LOG_FILES - 1, 0, -1):
                    older = self.path.with_suffix(f".{number - 1}.log") if number > 1 else self.path
                    if older.exists():
                        older.replace(self.path.with_suffix(f".{number}.log"))
                self._file = self.path.open("ab")
            self._file.write(line)
            self._file.flush()


class Child:
    """One kept process. Its output goes to a log file, and to the terminal when `echo`."""

    def __init__(self, name: str, command: list[str], *, env: dict[str, str], log: Path, echo: bool) -> None:
        self.name, self.command, self.echo = name, command, echo
        self.env = {**env, "CHEBAN_PARENT": str(os.getpid()), "PYTHONUNBUFFERED": "1"}
        self.log = RotatingLog(log)
        self.last: deque[str] = deque(maxlen=12)
        self.deaths = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._started = self._next = 0.0
        self._pause = FIRST_PAUSE

    def start(self) -> None:
        """Start it, in a process group of its own: Ctrl-C reaches only us."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cheban.cli.leash", *self.command],
            env=self.env,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._started = time.monotonic()
        threading.Thread(target=self._pump, args=(self._process.stdout,), daemon=True).start()

    def _pump(self, output: IO[bytes]) -> None:
        for line in output:
            self.log.write(line)
            self.last.append(line.decode(errors="replace").rstrip())
            if self.echo:
                sys.stderr.write(f"{self.name:6} {self.last[-1]}\n")

    def watch(self) -> str | None:
        """Look after it; call often. Returns a sentence when it has just died."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._next:
                self.start()
            return None
        code = self._process.poll()
        if code is None:
            if now - self._started > STEADY:
                self._pause = FIRST_PAUSE
            return None
        self.deaths += 1
        self._end_group(signal.SIGKILL)  # what it left behind would keep the port
        self._process, pause = None, self._pause
        self._next, self._pause = now + pause, min(self._pause * 2, LONGEST_PAUSE)
        return (
            f"{self.name} 意外结束（{code}），{pause:.0f} 秒后重启，日志 {self.log.path}"
            f" · {self.name} ended unexpectedly, starting it again"
        )

    @property
    def seconds_up(self) -> float:
        """How long it has been running; 0 while it waits to be started."""
        return time.monotonic() - self._started if self._process is not None else 0.0

    def kill(self) -> None:
        """End it at once; `watch` starts it again."""
        if self._process is not None:
            self._end_group(signal.SIGKILL)

    def ask_to_stop(self) -> None:
        """Tell it to end."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()

    def stop(self, *, until: float) -> bool:
        """Wait for its end until the monotonic time `until`, then kill it. True when it ended by itself."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout=max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            self._end_group(signal.SIGKILL)
            self._process.wait()
            return False
        finally:
            self._end_group(signal.SIGKILL)
        return True

    def _end_group(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
