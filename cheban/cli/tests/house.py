"""A copy of the product of its own, run as a person would: child processes with their own data folder."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cheban.core import postgres

ROOT = Path(__file__).resolve().parents[3]
KEPT = ("PATH", "HOME", "LANG", "TMPDIR")


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """What a fresh terminal has: nothing of the test run's own database or keys."""
    env = {name: os.environ[name] for name in KEPT if name in os.environ}
    return env | {"DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"} | more


def cheban(
    data_dir: Path, *words: str, given: str = "", seconds: float = 120, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, which may take `seconds`."""
    return subprocess.run(
        [sys.executable, "-m", "cheban", *words],
        env=environment(data_dir, **more),
        input=given,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what: Callable[[], object], *, seconds: float = 60) -> object:
    """Ask again until the answer is true."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := what():
            return answer
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


class Running:
    """A `cheban run` and what can be asked of it."""

    def __init__(self, process: subprocess.Popen[str], *, port: int, data_dir: Path) -> None:
        self.process, self.port, self.data_dir = process, port, data_dir

    def get(self, path: str) -> tuple[int, dict | str] | None:
        """Status and body of a page; None when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read().decode()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        with contextlib.suppress(ValueError):
            return answer.status, json.loads(body)
        return answer.status, body

    def serves(self) -> bool:
        """Whether it is ready."""
        return (self.get("/readyz") or (0,))[0] == 200

    def children(self, words: str) -> list[int]:
        """Process ids of its own children whose command line holds `words`."""
        found = []
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                command = (folder / "cmdline").read_text().replace("\0", " ")
                if parent == self.process.pid and words in command:
                    found.append(int(folder.name))
        return found


def _hears_ctrl_c() -> None:
    """In the child: tests started in the background of a shell have it ignore SIGINT, and hand that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def running(data_dir: Path, *words: str, **more: str) -> Iterator[Running]:
    """`cheban run` until the block ends; then SIGTERM, and no trace may be left. `more`: its environment."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "cheban", "run", "--no-demo", *words],
        stderr=subprocess.PIPE,
        text=True,
        env=environment(data_dir, PORT=str(port), **more),
        preexec_fn=_hears_ctrl_c,
    )
    house = Running(process, port=port, data_dir=data_dir)
    try:
        for line in process.stderr:
            if "http://127.0.0.1" in line:
                break
        assert process.poll() is None, (data_dir / "logs" / "web.log").read_text()[-2000:]
        # it tells of every death there; a full pipe would stop it
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield house
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            postgres.stop(data_dir)
            raise
