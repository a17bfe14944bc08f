"""The one clock."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

from cheban.core import clock


def test_the_frozen_clock_stands_and_the_moved_one_runs_ahead():
    at = datetime.fromisoformat("2026-12-31T23:30:00+08:00")
    with clock.frozen(at):
        assert clock.now() == at and clock.now().tzinfo is UTC
        assert clock.today("Asia/Shanghai") == date(2026, 12, 31)
        assert clock.today("Pacific/Auckland") == date(2027, 1, 1)
    before = clock.now()
    with clock.moved(days=2), clock.moved(hours=1):
        assert timedelta(days=2, hours=1) <= clock.now() - before < timedelta(days=2, hours=1, minutes=1)
    assert clock.now() - before < timedelta(minutes=1)


def test_a_whole_process_can_live_at_another_date_and_its_clock_ticks():
    program = (
        "import time; from cheban.core import clock; a = clock.now(); time.sleep(0.05); b = clock.now();"
        "print(a.isoformat(), b > a)"
    )
    env = os.environ | {"CHEBAN_NOW": "2030-02-03T09:00:00+08:00"}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    moment, ticks = done.stdout.split()
    assert ticks == "True"
    assert timedelta() <= datetime.fromisoformat(moment) - datetime(2030, 2, 3, 1, tzinfo=UTC) < timedelta(minutes=1)
