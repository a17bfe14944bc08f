"""Messages that survive: many of them through a provider on this machine, their workers killed, the rules changing.

Two workers send (tests/faults/messages_worker.py) and are killed with kill -9 at random moments while calls are on their
way; meanwhile people say no and yes, stores fall quiet and wake, the group sets its caps up and down, the house raises red alerts. Days pass by a clock that
is moved, so that what waits for a cap or for the morning goes out, or is stale. Then the provider's own log is compared
with the outbox and with the history of what was allowed (tests/faults/messages_checks.py).
Goal table: lost 0, twice 0, against opt-out, cap or quiet hours 0. Reliability 5 and 6.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as day_time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connections

from cheban.core import clock, privacy
from cheban.core.ids import new_id
from cheban.customers import commands as customers
from cheban.customers.models import Consent, ContactPoint, Customer
from cheban.messaging import commands, limits
from cheban.messaging.commands import Owed
from cheban.messaging.models import Message
from cheban.org import commands as org
from cheban.org import scope
from cheban.org.access import system_actor
from cheban.org.models import Store
from tests.faults import messages_worker
from tests.faults.messages_checks import Change, Found, History, look

ROOT = Path(__file__).resolve().parents[2]
ZONE = ZoneInfo("Asia/Shanghai")
WORKERS = 2
STILL_SECONDS = 0.7
NIGHT = (day_time(21), day_time(8, 30))
LIMITS = (3, 6, 1, 2)
STEPS = (timedelta(), timedelta(minutes=6), *(timedelta(hours=24.5 * n, minutes=6 * e) for n in (1, 2) for e in (0, 1)))
"""When the house's clock is looked at: three days at ten, and each six minutes later, when the dead are settled."""
AFTER_ALL = timedelta(hours=24.5 * 3)
"""All messages are stale then."""


@dataclass
class Run:
    """A run that is going on."""

    folder: Path
    port: int
    chance: random.Random
    stores: list[int]
    history: History = field(default_factory=History)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    owed: int = 0
    kills: int = 0
    under_way: int = 0
    deaths: list[tuple[float, int, int]] = field(default_factory=list)
    """When a worker was killed, its process number, and its successor's."""
    read_to: int = 0
    lines: int = 0
    failed: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def log(self) -> Path:
        return self.folder / "provider.log"

    @property
    def shift_file(self) -> Path:
        return self.folder / "shift"

    def arrived(self) -> int:
        """Text messages in the provider's log so far; only what is new is read."""
        with self.log.open("rb") as file:
            file.seek(self.read_to)
            new = file.read().rpartition(b"\n")[0]
        self.read_to += len(new)
        self.lines += new.count(b'"path": "/sms"')
        return self.lines

    def set_clock(self, ahead: float) -> None:
        """From now on the house's clock is so many seconds ahead."""
        (self.folder / "shift.new").write_text(str(ahead))
        (self.folder / "shift.new").replace(self.shift_file)
        self.history.shifts.append((time.time(), ahead))

    def clock(self) -> contextlib.AbstractContextManager[None]:
        """The house's clock, for what is done here."""
        return clock.moved(seconds=self.history.shifts[-1][1])


# ------------------------------------------------------------------------------------ people and what is owed


def _people(store: Store, count: int, start: int, history: History) -> list[Any]:
    """Customers with a number and an answer about marketing, in bulk; every fifth never agreed to marketing."""
    made, points, answers = [], [], []
    for n in range(start, start + count):
        name, number = f"客{n}", f"+86138{n:08d}"
        who = Customer(id=new_id(), store=store, name=name, **customers.name_columns(name))
        point = new_id()
        made.append(who)
        points.append(
            ContactPoint(
                id=point,
                store_id=store.id,
                customer=who,
                kind="mobile",
                is_primary=True,
                value_blind=privacy.blind("phone", number),
                tail_bucket=privacy.tail_bucket(store.id, number[-4:]),
                value_sealed=privacy.seal(number, bound_to=f"customers_contactpoint.value:{point}"),
            )
        )
        history.people[who.id] = (number, name)
        if n % 5:
            given = Consent(store_id=store.id, customer=who, purpose="marketing", channel="any", is_given=True)
            given.proof, given.at = "签字", clock.now()
            answers.append(given)
            history.answers[who.id].append(Change(0, 0, ("marketing", True)))
    Customer.objects.bulk_create(made, batch_size=1000)
    ContactPoint.objects.bulk_create(points, batch_size=1000)
    Consent.objects.bulk_create(answers, batch_size=1000)
    return [who.id for who in made]


def _owe(run: Run, count: int) -> None:
    """Five messages each: three of service, two of marketing; every tenth person has eight, more than a week bears."""
    each, of = [], count // 5
    with run.clock():
        for place, store_id in enumerate(run.stores):
            share = of // len(run.stores)
            with scope.use([store_id]):
                people = _people(Store.objects.get(id=store_id), share, place * share, run.history)
            each += [(store_id, who) for who in people]
        wanted = []
        for n, (store_id, who) in enumerate(each):
            services = 6 if n % 10 == 0 else 3
            kinds = ["faults.ready"] * services + ["faults.offer"] * 2
            wanted += [Owed(f"{k}:{who}", kind, "sms", store_id, customer_id=who) for k, kind in enumerate(kinds)]
        run.chance.shuffle(wanted)
        wanted = wanted[:count]
        for store_id in run.stores:
            with scope.use([store_id]):
                run.owed += commands.send_many([owed for owed in wanted if owed.store_id == store_id])


# ------------------------------------------------------------------------------------ what changes meanwhile


def _answers(run: Run, every: float) -> None:
    """People say no, and some yes again."""
    ids, chance = list(run.history.people), random.Random(11)
    while not run.stopping.wait(every):
        who = chance.choice(ids)
        purpose, given = chance.choice(["service", "marketing", "all"]), chance.random() < 0.3
        with run.clock():
            begun = time.time()
            with scope.use(run.stores):
                customer = Customer.objects.get(id=who)
                customers.write_consent(
                    customer, purpose=purpose, channel="any", is_given=given, proof="电话里说", by_id=None
                )
            run.history.answers[who].append(Change(begun, time.time(), (purpose, given)))


def _quiet(run: Run, hold: float) -> None:
    """Stores fall quiet in the middle of the day, and wake again."""
    chance = random.Random(12)
    while not run.stopping.wait(hold):
        store_id = chance.choice(run.stores)
        with run.clock():
            local = clock.now().astimezone(ZONE)
            around = tuple(
                (local + timedelta(minutes=m)).replace(second=0, microsecond=0, tzinfo=None).time() for m in (-1, 2)
            )
        _set_quiet(run, store_id, around)
        run.stopping.wait(hold)
        _set_quiet(run, store_id, NIGHT)


def _set_quiet(run: Run, store_id: int, hours: tuple[day_time, ...]) -> None:
    begun = time.time()
    Store.objects.filter(id=store_id).update(quiet_from=hours[0], quiet_until=hours[1])
    run.history.quiet[store_id].append(Change(begun, time.time(), hours))


def _caps(run: Run, every: float) -> None:
    """The group sets its caps anew, up and down, through its own command."""
    chance, by = random.Random(14), system_actor(run.stores)
    while not run.stopping.wait(every):
        day, marketing = chance.randint(2, 4), chance.randint(0, 2)
        caps = (day, chance.randint(5, 9), marketing, chance.randint(marketing, 4))
        with run.clock():
            begun = time.time()
            with scope.use(run.stores):
                limits.set_caps(by=by, **dict(zip(limits.RANGES, caps, strict=True)))
            run.history.limits.append(Change(begun, time.time(), caps))


def _alert(run: Run, every: float) -> None:
    """Red alerts in the middle of it all."""
    chance, number = random.Random(13), 0
    while not run.stopping.wait(every):
        number += 1
        with run.clock():
            store_id = chance.choice(run.stores)
            with scope.use([store_id]):
                commands.send(Owed(f"alert:{number}", "faults.alert", "robot", store_id))
                row = Message.objects.only("id").get(dedupe_key=f"alert:{number}")
            run.history.alerts[row.id.hex] = time.time()
        run.owed += 1


# ------------------------------------------------------------------------------------ the run


def _start_worker(run: Run) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.messages_worker", str(run.port), str(run.shift_file)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
    )


def _deaths(run: Run) -> list[tuple[float, float]]:
    """Of each killed worker: when it died, and when its successor began to send, or died before it could."""
    ends = {victim: died for died, victim, _successor in run.deaths}
    up = {pid: run.folder / f"{messages_worker.UP}{pid}" for _died, _victim, pid in run.deaths}
    begun = {pid: file.stat().st_mtime if file.exists() else ends[pid] for pid, file in up.items()}
    return [(died, begun[successor]) for died, _victim, successor in run.deaths]


def _kill_one(run: Run) -> None:
    place = run.chance.randrange(len(run.workers))
    victim = run.workers[place]
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    victim.stdin.close()
    died = time.time()
    run.kills += 1
    with scope.use(run.stores):
        run.under_way += Message.objects.filter(state="sending").count()
    run.workers[place] = _start_worker(run)
    run.deaths.append((died, victim.pid, run.workers[place].pid))


@contextlib.contextmanager
def _going(folder: Path, seed: int) -> Iterator[Run]:
    """The provider, two stores or more; afterwards every process started here has ended."""
    log = folder / "provider.log"
    log.touch()
    provider = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.messages_provider", str(log), str(seed)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    messages_worker.declare()
    stores = [org.create_store(group="集团", code=f"M{n}", name=f"{n}店").id for n in range(4)]
    run = Run(folder, int(provider.stdout.readline()), random.Random(seed), stores)
    try:
        yield run
    finally:
        run.stopping.set()
        for child in (*run.workers, provider):
            child.kill()
            child.wait()
        from cheban.messaging.texts import _kinds

        for code in ("faults.ready", "faults.offer", "faults.alert"):
            _kinds.pop(code, None)


def _thread(run: Run, work: Callable[[Run, float], None], pace: float) -> threading.Thread:
    def body() -> None:
        try:
            work(run, pace)
        except Exception as error:  # a thread's death must be seen
            run.failed.append(f"{work.__name__}: {type(error).__name__}: {error}")
        finally:
            connections.close_all()

    made = threading.Thread(target=body, daemon=True)
    made.start()
    return made


def _due(run: Run) -> int:
    """Messages that could go now: due, and nothing under way to the same person."""
    with run.clock(), scope.use(run.stores):
        waiting = Message.objects.filter(state="waiting", not_before_at__lte=clock.now())
        busy = Message.objects.filter(state="sending", customer_id__isnull=False).values("customer_id")
        return waiting.exclude(customer_id__in=busy).count()


def _until_nothing_moves(run: Run, kill_at: list[int], *, patience: float) -> None:
    """Kill when the next number of arrivals is reached, until nothing is due any more, or nothing arrives for long."""
    moved, last = time.monotonic(), -1
    while True:
        arrived = run.arrived()
        if kill_at and arrived >= kill_at[0]:
            kill_at.pop(0)
            time.sleep(run.chance.uniform(0, 0.05))
            _kill_one(run)
        if run.failed:
            raise AssertionError(run.failed[0])
        if arrived != last:
            moved, last = time.monotonic(), arrived
        still = time.monotonic() - moved
        if still > patience or (still > STILL_SECONDS and _due(run) == 0):
            return
        time.sleep(0.05)


def run(folder: Path, *, count: int, kills: int, seed: int = 7, tell: Callable[[str], None] = lambda _: None) -> Result:
    """The whole run over an empty, migrated database, and what must hold then."""
    began = time.monotonic()
    with _going(folder, seed) as going:
        base = datetime.now(ZONE).replace(hour=10, minute=0, second=0, microsecond=0) - datetime.now(ZONE)
        going.set_clock(base.total_seconds())
        for store_id in going.stores:
            going.history.quiet[store_id].append(Change(0, 0, NIGHT))
        going.history.limits.append(Change(0, 0, LIMITS))
        _owe(going, count)
        tell(f"{going.owed} owed")
        kill_at = sorted(going.chance.randrange(1, max(2, int(count * 0.6))) for _n in range(kills))
        going.workers = [_start_worker(going) for _n in range(WORKERS)]
        sending = time.monotonic()
        slow = max(1.0, count / 20_000)
        changing = [
            _thread(going, _answers, 0.05 * slow),
            _thread(going, _quiet, 0.5 * slow),
            _thread(going, _caps, 0.5 * slow),
            _thread(going, _alert, 0.5 * slow),
        ]
        at = 0.0
        for step in STEPS:
            at = base.total_seconds() + step.total_seconds()
            going.set_clock(at)
            _until_nothing_moves(going, kill_at, patience=45.0)
            tell(f"day {step / timedelta(hours=24.5):.1f}: {going.arrived()} arrived, {going.kills} kills")
        while kill_at:
            kill_at.pop()
            _kill_one(going)
            time.sleep(going.chance.uniform(0.5, 1.5))
        going.stopping.set()
        for thread in changing:
            thread.join(30)
        going.set_clock(base.total_seconds() + AFTER_ALL.total_seconds())
        _wait_until_final(going)
        seconds = time.monotonic() - sending
        going.history.deaths = _deaths(going)
        with scope.use(going.stores):
            found = look(going.log, going.history, owed=going.owed)
        found.wrong += going.failed
        history = going.history
        changes = [sum(c.done > 0 for made in kept.values() for c in made) for kept in (history.answers, history.quiet)]
        changes.append(sum(c.done > 0 for c in history.limits))
        return Result(
            found,
            going.owed,
            going.kills,
            going.under_way,
            *changes,
            len(going.history.alerts),
            seconds,
            time.monotonic() - began,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """Figures of a run; `under_way`: messages `sending` at the kills; `seconds` from the first worker's start to the last final state."""

    found: Found
    owed: int
    kills: int
    under_way: int
    answers: int
    quiet: int
    caps: int
    alerts: int
    seconds: float
    all_seconds: float


def _wait_until_final(run: Run) -> None:
    """Everything is stale or settled; what is not after three minutes is found by the checks."""
    until = time.monotonic() + 180
    while time.monotonic() < until:
        with scope.use(run.stores):
            if not Message.objects.filter(state__in=("waiting", "sending")).exists():
                return
        time.sleep(0.2)
