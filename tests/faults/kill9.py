"""kill -9 in the middle of work, again and again; then what must hold.

`cheban run` is started as a person starts it, four writers work over HTTP, and each round one process is killed:
web (its supervisor or one of its workers), the background worker, PostgreSQL (whole, one backend, or with its
supervisor). A round ends when a write that began after the kill was acknowledged and its event reached another
system, so both took up work again. Goal table: acknowledged writes lost 0, tasks made twice 0, 60 s.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from cheban.cli.tests.house import Running, environment, running
from cheban.core import postgres
from tests.faults.load import Receiver, Writer, post

WRITERS = 4
BOUND_SECONDS = 60.0
GIVE_UP_SECONDS = 180.0
REPLAYED = 200  # acknowledged requests that are sent once more at the end
PREPARE = """
import json, os
from cheban.cli import setup_django
setup_django()
from cheban.api import tokens
from cheban.api.scopes import scopes_of
from cheban.api.webhooks import commands as webhooks
from cheban.org import commands, scope
from cheban.org.access import actor_for
from tests import given
store = commands.create_store(group="集团", code="A", name="甲店")
with scope.use([store.id]):
    by = actor_for(given.staff(store, "store_manager"))
    given.staff(store, "service_specialist")
    made = [tokens.make(by=by, name=f"ERP{n}", scopes=scopes_of(by.permissions), store_ids=[store.id], per_minute=6000)
            for n in range(int(os.environ["WRITERS"]))]
    names = ["customer.recorded", "customer.note_added", "vehicle.changed_hands"]
    webhooks.make(by=by, name="ERP", url=os.environ["HOOK"], event_names=names, store_ids=[store.id])
print(json.dumps([shown.text for shown in made]))
"""


@dataclass(frozen=True, slots=True)
class Round:
    """One kill. Seconds until a new write was acknowledged, and until its event arrived at the other system."""

    victim: str
    write_seconds: float
    told_seconds: float


@dataclass
class Outcome:
    """What a whole run came to. `wrong` holds sentences: empty is good."""

    rounds: list[Round] = field(default_factory=list)
    acknowledged: int = 0
    repeated: int = 0
    events: int = 0
    told_twice: int = 0
    tasks: int = 0
    replayed: int = 0
    drain_seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


# ------------------------------------------------------------------------------------ victims


def _parents() -> dict[int, int]:
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    return found


def _children(pid: int) -> list[int]:
    return [child for child, parent in _parents().items() if parent == pid]


def _words(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return ""


def _postmaster(house: Running) -> list[int]:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return [int((house.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])]
    return []


def _backend(house: Running) -> list[int]:
    return [pid for main in _postmaster(house) for pid in _children(main) if "cheban_app" in _words(pid)][:1]


def _supervisor(house: Running) -> list[int]:
    pid = postgres.status(house.data_dir).supervisor_pid
    return ([pid] if pid else []) + _postmaster(house)


VICTIMS: dict[str, Callable[[Running], list[int]]] = {
    "web process": lambda house: [pid for main in house.children("-m granian") for pid in _children(main)][:1],
    "worker": lambda house: house.children("cheban worker"),
    "database": _postmaster,
    "web": lambda house: house.children("-m granian"),
    "database backend": _backend,
    "database and supervisor": _supervisor,
}
"""Name -> process ids to kill, all of them descendants of our own `cheban run` or of its database."""


# ------------------------------------------------------------------------------------ the run


@contextlib.contextmanager
def at_work(data_dir: Path, *, writers: int = WRITERS) -> Iterator[tuple[Running, list[Writer], Receiver]]:
    """The product, its writers and the receiver of its webhooks. Afterwards the writers have ended, the product runs."""
    receiver = Receiver()
    prepared = subprocess.run(
        [sys.executable, "-c", PREPARE],
        env=environment(data_dir, HOOK=receiver.url, WRITERS=str(writers), CHEBAN_WEBHOOK_ALLOW="127.0.0.1"),
        capture_output=True,
        text=True,
        check=False,
    )
    if prepared.returncode != 0:
        raise RuntimeError(prepared.stderr[-2000:])
    keys = json.loads(prepared.stdout.splitlines()[-1])
    try:
        with running(data_dir, CHEBAN_WEBHOOK_ALLOW="127.0.0.1") as house:
            stopping = threading.Event()
            people = [Writer(house.port, key, n, stopping) for n, key in enumerate(keys)]
            threads = [threading.Thread(target=person.run, daemon=True) for person in people]
            for thread in threads:
                thread.start()
            try:
                yield house, people, receiver
            finally:
                stopping.set()
                for thread in threads:
                    thread.join(GIVE_UP_SECONDS)
    finally:
        postgres.stop(data_dir)
        receiver.close()


def run(data_dir: Path, *, rounds: int, seed: int = 7, tell: Callable[[str], None] = lambda _: None) -> Outcome:
    """`rounds` kills under load, then the invariants."""
    chance, found = random.Random(seed), Outcome()
    names = list(VICTIMS)
    with at_work(data_dir) as (house, people, receiver):
        _await_progress(people, receiver, since=time.monotonic(), started=time.monotonic())
        for number in range(rounds):
            time.sleep(chance.uniform(0.2, 2.0))
            victim = names[number % len(names)]
            found.rounds.append(_kill(victim, house, people, receiver))
            last = found.rounds[-1]
            tell(f"{number + 1}/{rounds} {victim}: {last.write_seconds:.1f} s, {last.told_seconds:.1f} s")
            if any(person.failed for person in people):
                break
        people[0].stopping.set()
        _wait_for_the_last(people)
        began = time.monotonic()
        _look(house, people, receiver, found)
        found.drain_seconds = time.monotonic() - began
    return found


def _kill(victim: str, house: Running, people: list[Writer], receiver: Receiver) -> Round:
    deadline = time.monotonic() + BOUND_SECONDS
    while not (pids := VICTIMS[victim](house)):  # still on its way back from the kill before
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {victim} to kill: it did not come back")
        time.sleep(0.1)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    return Round(victim, *_await_progress(people, receiver, since=killed, started=killed))


def _await_progress(people: list[Writer], receiver: Receiver, *, since: float, started: float) -> tuple[float, float]:
    """Seconds from `started` until a write asked after `since` was acknowledged, and until its event was told."""
    write = None
    while time.monotonic() - started < GIVE_UP_SECONDS:
        if failed := [person.failed for person in people if person.failed]:
            raise AssertionError(failed[0])
        for person in people:
            for done in reversed(person.acknowledged[-40:]):
                if done.asked_at < since or not done.path.endswith("/notes"):
                    continue
                write = min(write or done.answered_at, done.answered_at)
                if came := receiver.came.get(json.loads(done.answer)["event_id"]):
                    return write - started, came[0] - started
        time.sleep(0.05)
    return (write - started if write else GIVE_UP_SECONDS), GIVE_UP_SECONDS


def _wait_for_the_last(people: list[Writer]) -> None:
    """Every writer ends the turn it is in: then nothing is in doubt any more."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < deadline:
        before = sum(len(person.acknowledged) for person in people)
        time.sleep(3)
        if before == sum(len(person.acknowledged) for person in people):
            return


# ------------------------------------------------------------------------------------ what must hold


def _look(house: Running, people: list[Writer], receiver: Receiver, found: Outcome) -> None:
    wrong = found.wrong
    wrong += [person.failed for person in people if person.failed]
    done = [a for person in people for a in person.acknowledged]
    found.acknowledged, found.repeated = len(done), sum(a.tries > 1 for a in done)
    chance = random.Random(1)
    token = {a.key: person.token for person in people for a in person.acknowledged}
    for a in chance.sample(done, min(REPLAYED, len(done))):
        status, answer, said = post(house.port, token[a.key], a.path, key=a.key, text=a.body)
        found.replayed += 1
        if (answer, said) != (a.answer, True) or status not in (200, 201):
            wrong.append(f"a repeated request was answered differently: {a.path} {status}")
    url = postgres.start(house.data_dir).superuser_url
    with psycopg.connect(url, autocommit=True) as database:
        _settle(database, receiver, found)
        _compare(database, people, found)


def _settle(database: psycopg.Connection, receiver: Receiver, found: Outcome) -> None:
    """Whatever is owed is done within the bound: reactions, jobs of the dead, webhooks."""
    began = time.monotonic()
    while time.monotonic() - began < BOUND_SECONDS:
        owed = database.execute("SELECT count(*) FROM core_eventdelivery").fetchone()[0]
        ids = {
            row[0]
            for row in database.execute(
                """SELECT id FROM core_event
                   WHERE name IN ('customer.recorded', 'customer.note_added', 'vehicle.changed_hands')"""
            )
        }
        untold = ids - set(receiver.came)
        stuck = database.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing' AND worker_id IS NULL"
        ).fetchone()[0]
        if not owed and not untold and not stuck:
            break
        time.sleep(0.5)
    else:
        found.wrong.append(
            f"after {BOUND_SECONDS:.0f} s still owed: {owed} reactions, {len(untold)} events, {stuck} jobs"
        )
    found.events, found.told_twice = len(ids), sum(count > 1 for count in receiver.ids.values())


def _compare(database: psycopg.Connection, people: list[Writer], found: Outcome) -> None:
    """The writers' own lists against the tables, both ways: nothing lost, nothing twice."""

    def pairs(query: str) -> dict[str, int]:
        return {str(key): count for key, count in database.execute(query).fetchall()}

    kept = pairs("SELECT id, 1 FROM customers_customer")
    known = {c for person in people for c in person.customers}
    notes = pairs("SELECT id, count(*) FROM core_event WHERE name = 'customer.note_added' GROUP BY 1")
    noted = {str(event) for person in people for _c, event in person.notes}
    owners = {v: owner for person in people for v, owner in person.owners.items()}
    have = {str(v): str(o) for v, o in database.execute("SELECT id, owner_id FROM customers_vehicle").fetchall()}
    hands = pairs("SELECT vehicle_id, count(*) FROM core_event WHERE name = 'vehicle.changed_hands' GROUP BY 1")
    tasks = pairs("SELECT vehicle_id, count(*) FROM playbook_task WHERE rule = 'new_owner' GROUP BY 1")
    found.tasks = sum(tasks.values())
    expected = dict.fromkeys(owners, 1)
    for what, missing, surplus in (
        ("customers", known - set(kept), set(kept) - known),
        ("notes", noted - set(notes), set(notes) - noted),
        ("owners of vehicles", set(owners.items()) - set(have.items()), set(have.items()) - set(owners.items())),
        ("changes of hands", set(expected.items()) - set(hands.items()), set(hands.items()) - set(expected.items())),
        ("tasks", set(expected.items()) - set(tasks.items()), set(tasks.items()) - set(expected.items())),
    ):
        if missing or surplus:
            found.wrong.append(f"{what}: {len(missing)} lost, {len(surplus)} that nobody was told of")
