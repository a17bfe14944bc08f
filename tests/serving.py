"""The real web server on a test's own database, and Chromium in front of it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from cheban.org.models import Staff
from tests import given
from tests.test_journey import ARGUMENTS, SIZES, free_port

__all__ = ["SIZES", "browser", "sign_in", "web"]


@contextlib.contextmanager
def web(*, now: str = "2026-11-23T10:00:00+08:00") -> Iterator[str]:
    """The web server as a child process; gives its address. Needs the fixture `committed`."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in this thread; the ORM is used beside it
    port = free_port()
    command = ["granian", "--interface", "wsgi", "cheban.site.wsgi:application", "--port", str(port)]
    child = subprocess.Popen(
        [sys.executable, "-m", *command, "--workers", "1", "--blocking-threads", "4", "--log-level", "warning"],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "cheban.site.settings",
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "CHEBAN_NOW": now,
        },
    )
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
