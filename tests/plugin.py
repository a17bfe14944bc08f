"""Loaded before Django's settings (`-p tests.plugin`): a throw-away PostgreSQL per test process.

Tests connect as the application's role, under row-level security, exactly as the product does. The clear
advantage over a test database made by the owner: a query that forgets its scope fails here first.
"""

from __future__ import annotations

import atexit
import base64
import os
import secrets
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path


def _is_controller() -> bool:
    """The xdist controller runs no test and needs no server."""
    return "PYTEST_XDIST_WORKER" not in os.environ and any(
        a == "-n" or a.startswith(("-n", "--numprocesses")) for a in sys.argv[1:]
    )


def _count_nothing(data_dir: Path) -> None:
    """Let the database plan by the size of its files. What it counts in one test it believes in the next, where all of
    that was rolled back: the demo then took 110 s to load instead of 17."""
    [running] = data_dir.rglob("postmaster.pid")
    (running.parent / "local.conf").write_text("autovacuum_analyze_threshold = 2000000000\n")
    os.chmod(running.parent / "local.conf", 0o644)
    os.kill(int(running.read_text().split()[0]), signal.SIGHUP)


stack = ExitStack()
folder = Path(tempfile.mkdtemp(prefix="cheban-test-"))
os.chmod(folder, 0o755)
os.environ["CHEBAN_ENV"] = "test"
os.environ["CHEBAN_DATA_DIR"] = str(folder / "data")
(folder / "data").mkdir()
os.environ["CHEBAN_MASTER_KEY"] = base64.b64encode(secrets.token_bytes(32)).decode()
os.environ["CHEBAN_DJANGO_SECRET_KEY"] = secrets.token_urlsafe(48)
os.environ["CHEBAN_LOG"] = "WARNING"
os.environ["CHEBAN_DB_PREPARED"] = "1"  # as in the web server, which is the stricter way (decision 0038)
os.environ.pop("CHEBAN_SECRETS_DIR", None)
if _is_controller():
    os.environ["CHEBAN_DB_APP_URL"] = "postgresql://none@/none?host=/nowhere"
else:
    from cheban.core import postgres

    server = stack.enter_context(postgres.throwaway(folder / "pg"))
    os.environ["CHEBAN_DB_APP_URL"], os.environ["CHEBAN_DB_OWNER_URL"] = server.app_url, server.owner_url
    _count_nothing(folder / "pg")


@atexit.register
def _clean() -> None:
    stack.close()
    shutil.rmtree(folder, ignore_errors=True)
