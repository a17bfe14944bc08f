"""Fixtures of every test: the migrated database, one cast of stores and staff, a clock that moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=SHANGHAI)
"""When tests happen: a Monday morning without a holiday near."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker) -> None:
    """Migrate as the owner; tests then connect as the application's role."""
    from django.core.management import call_command

    with django_db_blocker.unblock():
        call_command("migrate", database="owner", verbosity=0)


@pytest.fixture
def clock() -> Iterator[object]:
    """The clock stands at MONDAY; `clock.set(at)` moves it."""
    from cheban.core import clock as real

    class Moving:
        now = MONDAY

        def __init__(self) -> None:
            self._stack = []

        def set(self, at: datetime) -> None:
            self.now = at
            context = real.frozen(at)
            context.__enter__()
            self._stack.append(context)

        def close(self) -> None:
            while self._stack:
                self._stack.pop().__exit__(None, None, None)

    moving = Moving()
    moving.set(MONDAY)
    yield moving
    moving.close()


@pytest.fixture
def cast(db, clock):
    """Two stores of one group, with people; the scope is store A's. See tests/given.py."""
    from tests import given

    return given.cast()


@pytest.fixture
def committed(django_db_setup, django_db_blocker) -> Iterator[None]:
    """For tests of concurrency and crashes: real commits, everything emptied afterwards by the owner."""
    from django.db import connections

    with django_db_blocker.unblock():
        yield
        for connection in connections.all():
            connection.close()
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN "
                "('core_datakey', 'django_migrations', 'django_content_type', 'auth_permission')"
            )
            tables = ", ".join(f'"{name}"' for (name,) in cursor.fetchall())
            cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        connections["owner"].close()
