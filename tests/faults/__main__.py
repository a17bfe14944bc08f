"""`python -m tests.faults [kills] [restore] [messages] [fuzz]`: kill -9 under load for a long while, the restore drill at
size, 100,000 messages whose workers are killed, the API asked at length by every role.

Writes docs/faults.md, docs/restore-drill.md and docs/faults-messages.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from cheban.cli.say import note
from tests.faults import drill, kill9, messages_report

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def _at(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def machine() -> str:
    """When, on what, and which commit."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    today = date.today().isoformat()  # noqa: DTZ011 - the report's date
    return (
        f"{today}, {os.cpu_count()} cores, {gib:.0f} GiB, {platform.machine()}, "
        f"Python {platform.python_version()}, at {commit or 'no commit'}"
    )


def report(found: kill9.Outcome, *, minutes: float) -> str:
    """The page: what was killed, what it cost, what was found to be wrong."""
    lines = [
        "# 故障 · Faults",
        "",
        f"`make faults` · {machine()}, {minutes:.0f} min",
        "",
        f"四个程序通过接口不停写入，其间 kill -9 {len(found.rounds)} 次。没有得到回答的请求用同一个 Idempotency-Key 重发。"
        f" Four programs write without pause while processes are killed with kill -9, {len(found.rounds)} times; what is "
        "not answered is sent again under the same Idempotency-Key.",
        "",
        "| killed | times | a new write acknowledged after, median / longest | its event told to another system after, median / longest |",
        "|---|---|---|---|",
    ]
    for victim in kill9.VICTIMS:
        if hit := [r for r in found.rounds if r.victim == victim]:
            write, told = [r.write_seconds for r in hit], [r.told_seconds for r in hit]
            lines.append(
                f"| {victim} | {len(hit)} | {_at(write, 0.5):.1f} s / {max(write):.1f} s"
                f" | {_at(told, 0.5):.1f} s / {max(told):.1f} s |"
            )
    told = [r.told_seconds for r in found.rounds]
    late = sum(seconds > kill9.BOUND_SECONDS for seconds in told)
    lines += [
        "",
        "| what | figure | bound | met |",
        "|---|---|---|---|",
        f"| acknowledged writes, of them answered only after repeating | {found.acknowledged:,}, {found.repeated:,} | | |",
        f"| lost, done twice, or owed for ever: kinds of things that differ from the writers' own lists"
        f" | {len(found.wrong)} | 0 | {'yes' if not found.wrong else 'NO'} |",
        f"| tasks that events made (each exactly once) | {found.tasks:,} | | |",
        f"| requests repeated at the end, answered byte for byte as the first time | {found.replayed:,} | all"
        f" | {'yes' if not any('answered differently' in w for w in found.wrong) else 'NO'} |",
        f"| work resumed after a kill: p99 of all rounds | {_at(told, 0.99):.1f} s | <= {kill9.BOUND_SECONDS:.0f} s"
        f" | {'yes' if not late else 'NO'} |",
        f"| events told to the other system, of them more than once (same id: the receiver drops repeats)"
        f" | {found.events:,}, {found.told_twice:,} | | |",
        "",
        *(f"- {sentence}" for sentence in found.wrong),
    ]
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.faults")
    parser.add_argument("what", nargs="*", default=["kills", "restore", "messages", "fuzz"])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--count", type=int, default=100_000, help="for `messages`: how many")
    parser.add_argument("--kills", type=int, default=50, help="for `messages`: workers killed")
    parser.add_argument("--data-dir", type=Path, help="for `restore`: a data folder instead of new demo data")
    parser.add_argument("--examples", type=int, default=25, help="for `fuzz`: per endpoint, way and role")
    asked = parser.parse_args()
    wrong = False
    if "kills" in asked.what:
        wrong |= kills(rounds=asked.rounds, seed=asked.seed)
    if "restore" in asked.what:
        found = drill.in_a_folder(customers=asked.customers, data_dir=asked.data_dir)
        text = drill.report(found, machine=machine())
        (DOCS / "restore-drill.md").write_text(text, encoding="utf-8")
        sys.stdout.write(text)
        wrong |= found.restore_seconds > drill.BOUND_MINUTES * 60
    if "messages" in asked.what:
        text, is_wrong = messages_report.run(count=asked.count, kills=asked.kills, seed=asked.seed, machine=machine())
        (DOCS / "faults-messages.md").write_text(text, encoding="utf-8")
        sys.stdout.write(text)
        wrong |= is_wrong
    if "fuzz" in asked.what:
        deep = os.environ | {"CHEBAN_FUZZ": str(asked.examples)}
        command = [sys.executable, "-m", "pytest", "-n", "2", "-q", "tests/test_api_fuzz.py"]
        wrong |= subprocess.run(command, cwd=ROOT, env=deep, check=False).returncode != 0
    return int(wrong)


def kills(*, rounds: int, seed: int) -> bool:
    """The rounds and their page; True when a bound was not met."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cheban-kill9-") as folder:
        Path(folder).chmod(0o755)
        found = kill9.run(Path(folder) / "data", rounds=rounds, seed=seed, tell=note)
    text = report(found, minutes=(time.monotonic() - began) / 60)
    (DOCS / "faults.md").write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return bool(found.wrong) or any(r.told_seconds > kill9.BOUND_SECONDS for r in found.rounds)


if __name__ == "__main__":
    sys.exit(main())
