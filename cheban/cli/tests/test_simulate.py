"""`cheban simulate`: seeds one after the other, each in a database of its own; refused where it would do harm. R204."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from cheban.cli.place import ROOT


def cheban(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cheban", "simulate", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_seeds_are_told_one_after_the_other_with_a_line_each():
    done = cheban("--seeds", "2", "--seed", "41", "--days", "3", "--customers", "20")

    assert done.returncode == 0, done.stderr
    lines = [re.sub(r"\d+ s, ", "", line) for line in done.stdout.splitlines()]
    assert [line.split(":")[0] for line in lines] == ["seed 41", "seed 42"]
    assert all("checks held" in line for line in lines)


def test_production_refuses_a_simulation():
    done = cheban("--days", "1", CHEBAN_ENV="production")

    assert done.returncode == 1
    assert "正式环境" in done.stderr and "Traceback" not in done.stderr
