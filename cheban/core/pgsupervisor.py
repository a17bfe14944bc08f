"""The supervisor of one database server: a process of its own that starts PostgreSQL when it dies.

Run as `python -m cheban.core.pgsupervisor DATA_DIR [--attached [--remove]]`. It holds
`run/supervisor.lock` as long as it lives: the lock, never a process id, says whether there is one.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from cheban.core.pgbin import ServerFailed, account_for
from cheban.core.pgcluster import answer, last_lines, socket_dir

START_SECONDS = 120  # without any sign of life
STOP_SECONDS = 120
_log = logging.getLogger("cheban.postgres")


@contextlib.contextmanager
def lock(path: Path, *, wait: float) -> Iterator[IO[str]]:
    """Hold an advisory lock; it goes with the process, however that ends."""
    with path.open("a+") as file:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ServerFailed(f"另一个进程一直占着 {path}。 Another process keeps holding {path}.") from None
                time.sleep(0.05)
        yield file


def supervised(data_dir: Path) -> bool:
    """Whether a supervisor lives: it holds its lock as long as it does."""
    path = data_dir / "run" / "supervisor.lock"
    if not path.exists():
        return False
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def supervisor_pid(data_dir: Path) -> int | None:
    """Its process id, for a signal; only meaningful while `supervised`."""
    with contextlib.suppress(OSError, ValueError):
        return int((data_dir / "run" / "supervisor.lock").read_text())
    return None


def spawn(data_dir: Path, *, flags: tuple[str, ...] = ()) -> subprocess.Popen:
    """Start a supervisor; returns when it holds its lock, or has ended.

    With the flag `--attached` it ends with this process; with `--remove` it then removes the data folder.
    """
    root = Path(__file__).resolve().parents[2]
    with (data_dir / "logs" / "postgres.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "cheban.core.pgsupervisor", str(data_dir), *flags],
            stdin=subprocess.PIPE if flags else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(root), "PYTHONSAFEPATH": "1"},
        )
    while not supervised(data_dir) and child.poll() is None:
        time.sleep(0.01)
    return child


def supervise(data_dir: Path, *, attached: bool) -> None:
    """Keep PostgreSQL running until asked to stop. Runs in a process of its own."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if attached:  # whoever started us holds the other end of this pipe: with them go we
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), stopping.set()), daemon=True).start()
    pg_data = data_dir / "postgres"
    account = account_for(data_dir, pg_data=pg_data)
    with lock(data_dir / "run" / "supervisor.lock", wait=5) as mine:
        mine.truncate(0)
        mine.write(str(os.getpid()))
        mine.flush()
        child, failing_since = None, time.monotonic()
        while not stopping.is_set():
            if child is None and answer(data_dir) != "silent":
                failing_since = time.monotonic()  # a server left over by a killed supervisor: keep it
                stopping.wait(1)
                continue
            if child is None:
                began = time.monotonic()
                child = subprocess.Popen(
                    account.command("postgres", "-D", str(pg_data)),
                    stdin=subprocess.DEVNULL,
                    **account.options(),
                )
                _log.info("started, pid %s", child.pid)
            if child.poll() is None:
                stopping.wait(0.1)
                continue
            _log.error("the server ended with %s; starting it again", child.returncode)
            child = None
            # The first tries after a kill fail while the killed server's children still hold its memory.
            if time.monotonic() - began > 10:
                failing_since = time.monotonic()
            if time.monotonic() - failing_since > START_SECONDS:
                _log.error("giving up after %s s", START_SECONDS)
                sys.exit(1)
            stopping.wait(0.2)
        if child is not None:
            child.send_signal(signal.SIGINT)  # fast shutdown: transactions roll back, nothing is lost
            child.wait()
        elif answer(data_dir) != "silent":
            stop_unsupervised(data_dir)
        _log.info("stopped")
        if (sockets := socket_dir(data_dir)).parent != data_dir / "run":
            with contextlib.suppress(OSError):
                sockets.rmdir()


def stop_unsupervised(data_dir: Path) -> None:
    """Stop a server whose supervisor was killed. Raises ServerFailed."""
    pg_data = data_dir / "postgres"
    account = account_for(data_dir, pg_data=pg_data)
    ended = account.run("pg_ctl", "stop", "-D", str(pg_data), "-m", "fast", "-t", str(STOP_SECONDS))
    if ended.returncode != 0:
        raise ServerFailed(f"数据库没有停下：{last_lines(ended.stderr)}。 The database did not stop.")


def main() -> None:
    """What `spawn` starts."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s supervisor %(message)s")
    supervise(Path(sys.argv[1]), attached="--attached" in sys.argv[2:])
    if "--remove" in sys.argv[2:]:
        shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
