"""Background work: Procrastinate over our database. Jobs carry ids, run in a scope, are safe to run twice.

`on_app_ready` collects the rooms' `jobs.py`. A job that its worker left behind (killed) is taken up again by
`rescue`, which the worker process runs as a plain timer outside the queue.
"""

from __future__ import annotations

import importlib

import structlog

log = structlog.get_logger("cheban.jobs")
ROOMS = ("cheban.org", "cheban.customers", "cheban.playbook", "cheban.workshop")


def on_app_ready(app) -> None:
    """Import every room's jobs so that the worker knows them."""
    for room in ROOMS:
        if importlib.util.find_spec(f"{room}.jobs"):
            importlib.import_module(f"{room}.jobs")
