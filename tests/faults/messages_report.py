"""The long run of messages on a database of its own, and the page about it: docs/faults-messages.md."""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cheban.cli.say import note
from cheban.core import postgres

if TYPE_CHECKING:
    from tests.faults.messages import Result


@contextmanager
def _house(folder: Path) -> Iterator[None]:
    """A throw-away PostgreSQL with migrated tables; this process and its workers connect as the application's role."""
    (folder / "data").mkdir()
    os.environ |= {
        "CHEBAN_ENV": "test",
        "CHEBAN_DATA_DIR": str(folder / "data"),
        "CHEBAN_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "CHEBAN_DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
        "CHEBAN_LOG": "ERROR",
        "DJANGO_SETTINGS_MODULE": "cheban.site.settings",
    }
    os.environ.pop("CHEBAN_SECRETS_DIR", None)
    with postgres.throwaway(folder / "pg") as server:
        os.environ |= {"CHEBAN_DB_APP_URL": server.app_url, "CHEBAN_DB_OWNER_URL": server.owner_url}
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", database="owner", verbosity=0)
        connections["owner"].close()
        try:
            yield
        finally:
            connections.close_all()


def run(*, count: int, kills: int, seed: int, machine: str) -> tuple[str, bool]:
    """The page's text, and whether something was wrong."""
    with tempfile.TemporaryDirectory(prefix="cheban-messages-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        with _house(folder):
            from tests.faults import messages

            found = messages.run(folder, count=count, kills=kills, seed=seed, tell=note)
    return report(found, count=count, machine=machine), bool(found.found.wrong)


def report(done: Result, *, count: int, machine: str) -> str:
    """What was done, what was found."""
    found = done.found

    def met(*names: str) -> str:
        return "NO" if any(w.startswith(names) for w in found.wrong) else "yes"

    alerts, orphans = found.alert_seconds, found.orphan_seconds
    states = ", ".join(f"{state} {count:,}" for state, count in found.states.most_common())
    whys = ", ".join(f"{why} {count:,}" for why, count in found.whys.most_common())
    lines = [
        "# 消息 · Messages that survive",
        "",
        f'`make faults ARGS="messages"` · {machine}',
        "",
        f"两个发送进程经本机的一个服务商发送 {done.owed:,} 条消息，其间随机 kill -9 {done.kills} 次；同时客户撤回和给出同意、"
        "门店进入和离开免打扰时段，集团调高调低次数上限，并不断有红色警报。服务商自己的日志与发件箱、与当时允许什么的历史逐条核对。"
        f" Two workers send {done.owed:,} messages through a provider on this machine (1 % accepted and never answered, "
        f"1 % rate limited, 2 % of questions not answered) and are killed with kill -9 at {done.kills} random moments, "
        f"while people change their consent {done.answers:,} times, stores fall quiet or wake "
        f"{done.quiet:,} times, the group sets its caps anew {done.caps:,} times and {done.alerts:,} red alerts are raised. The clock goes through three days. Then the "
        "provider's own log is compared, line by line, with the outbox and with what was allowed at each moment.",
        "",
        "| what | figure | bound | met |",
        "|---|---|---|---|",
        f"| messages owed; taken by the provider | {done.owed:,}; {found.accepted:,} | | |",
        f"| under way at the moments of the kills, all settled afterwards | {done.under_way:,} | | |",
        f"| lost: said to be sent and unknown to the provider, or without a final state | {_count(found.wrong, 'lost')} | 0"
        f" | {met('lost')} |",
        f"| sent twice, by the provider's log | {found.twice} | 0 | {met('sent twice')} |",
        f"| to another person's number, or with another's name | {_count(found.wrong, 'to the wrong person')} | 0"
        f" | {met('to the wrong person')} |",
        f"| after a no, without the consent it needs, or in quiet hours, of {found.checked:,} checked"
        f" | {_count(found.wrong, 'against')} | 0 | {met('against')} |",
        f"| over a cap of 24 hours or 7 days | {_count(found.wrong, 'over a cap')} | 0 | {met('over a cap')} |",
        f"| not to be judged: something changed between decision and arrival | {found.undecided:,} | | |",
        f"| oldest decision that was still carried out | {found.oldest_decision:.1f} s | | |",
        f"| red alert, from its commit to the provider, both workers alive all the while ({len(alerts):,}):"
        f" {_spread(alerts, bound=10)}",
        f"| the same, a worker dead on its way ({len(orphans):,}): {_spread(orphans, bound=120)}",
        f"| time for all, of it making people and messages | {done.all_seconds / 60:.1f} min, "
        f"{(done.all_seconds - done.seconds) / 60:.1f} min | | |",
        "",
        f"最后的状态 · Where they ended: {states}. 未发出或结果不明的原因 · Why not sent, or unknown: {whys}.",
        "",
        "`unknown` 是一张待办清单：服务商没有回答，也不会自动重发。 `unknown` is a work list: the provider did not answer, "
        "and nothing is sent again by itself.",
        "",
        *(f"- {sentence}" for sentence in found.wrong),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _spread(ordered: list[float], *, bound: int) -> str:
    """Cells of a row: median, p99 and longest against a bound on p99, seconds."""
    if not ordered:
        return f"none | – | p99 <= {bound} s | – |"
    median, far = _at(ordered, 0.5), _at(ordered, 0.99)
    figures = f"{median:.1f} s, {far:.1f} s, {ordered[-1]:.1f} s"
    return f"median, p99, longest | {figures} | p99 <= {bound} s | {'yes' if far <= bound else 'NO'} |"


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _count(wrong: list[str], name: str) -> str:
    [found] = [w.partition(": ")[2].partition(",")[0] for w in wrong if w.startswith(name)] or ["0"]
    return found
