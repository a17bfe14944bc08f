"""The real web server on a test's own database, and Chromium in front of it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from cheban.cli.run import web_command
from cheban.org.models import Staff
from tests import given

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
SIZES = {
    "desk": {"viewport": {"width": 1440, "height": 860}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}


MORNING = "2026-11-23T10:00:00+08:00"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _environment(now: str) -> dict[str, str]:
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "cheban.site.settings",
        "PYTHONPATH": str(Path(__file__).parents[1]),
        "CHEBAN_NOW": now,
    }


@contextlib.contextmanager
def web(*, now: str = MORNING, port: int = 0) -> Iterator[str]:
    """The web server as a child process; gives its address. Needs the fixture `committed`."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in this thread; the ORM is used beside it
    port = port or free_port()
    child = subprocess.Popen(web_command(port=port, workers=1), env=_environment(now) | {"CHEBAN_WEB_THREADS": "4"})
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(address + "/healthz", timeout=1)
                break
            except OSError:
                time.sleep(0.2)
        yield address
    finally:
        child.terminate()
        child.wait(timeout=20)


@contextlib.contextmanager
def worker(*, now: str = MORNING) -> Iterator[None]:
    """The worker of background jobs as a child process. Needs the fixture `committed`."""
    child = subprocess.Popen(
        [sys.executable, "-c", "import django; django.setup(); from cheban.core.jobs import run_worker; run_worker()"],
        env=_environment(now),
    )
    try:
        yield
    finally:
        child.terminate()
        child.wait(timeout=20)


@contextlib.contextmanager
def browser() -> Iterator[object]:
    """Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        started = play.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield started
        started.close()


def sign_in(page, address: str, staff: Staff) -> None:
    """Through the form, as a person does. The person has `given.PASSWORD`."""
    page.goto(address + "/account/login/")
    page.fill("[name=login]", staff.login)
    page.fill("[name=password]", given.PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: "login" not in url)
