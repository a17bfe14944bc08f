"""`cheban worker`: what `cheban run` starts beside the web server."""

from __future__ import annotations

from cheban.cli.place import setup_django


def worker() -> None:
    """后台进程 · runs the jobs and timers until it is stopped."""
    setup_django()
    from cheban.core.jobs import run_worker

    run_worker()
