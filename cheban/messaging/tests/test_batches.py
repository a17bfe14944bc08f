"""Many messages: few queries, alerts first, a provider that fails harms only itself. Reliability 5.2."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from cheban.core import clock as the_clock
from cheban.core import slots
from cheban.messaging import claiming, commands, moves, pace, sending
from cheban.messaging.channels import Accepted, Busy, Letter, Outcome, Unsure
from cheban.messaging.commands import Owed
from cheban.messaging.models import Message
from cheban.org import scope
from tests import given


class Way:
    """A channel in this process that does as `does` says, and keeps what it was given."""

    def __init__(self, does=lambda _text: Accepted("x")) -> None:
        self.does, self.log = does, []

    def send(self, letter: Letter) -> Outcome:
        self.log.append(letter.text)
        return self.does(letter.text)

    def status(self, letter: Letter) -> Outcome | None:
        return None


@pytest.fixture
def ways(kinds, monkeypatch):
    """Channel name -> Way, in place for every store."""
    found = {"sms": Way(), "robot": Way()}
    pace.TEMPO.forget()
    monkeypatch.setitem(slots._providers, "messaging.channel", lambda store_id, name: found.get(name))
    yield found
    pace.TEMPO.forget()


def ready(who, key: str) -> Owed:
    return Owed(key, "test.ready", "sms", who.store_id, customer_id=who.id, facts={"total": "¥1"})


def alert(store, key: str = "alarm") -> Owed:
    return Owed(key, "audit.alarmed", "robot", store.id, facts={"count": 3})


def people(store, count: int) -> list:
    return [given.customer(store, f"客{n}", phone=f"138{n:08d}") for n in range(count)]


def states() -> Counter:
    return Counter(Message.objects.values_list("state", flat=True))


@pytest.mark.parametrize("count", [2, 50])
def test_a_batch_costs_the_same_queries_whatever_its_size(cast, ways, count):
    commands.send_many([ready(who, f"{who.id}") for who in people(cast.a, count)])
    caches["process"].clear()  # the group's own text is asked for once
    with CaptureQueriesContext(connection) as asked:
        found = claiming.claim({"sms": 50}, at=the_clock.now())
    assert len(found.parcels) == count
    assert len(asked) == 10, [q["sql"][:80] for q in asked]


def test_an_alert_goes_before_twenty_thousand_offers(cast, ways):
    offers = [Owed(f"o{n}", "test.offer", "robot", cast.a.id, customer_id=the_one.id) for the_one in people(cast.a, 1) for n in range(20_000)]  # fmt: skip
    commands.send_many(offers)
    commands.send(alert(cast.a))
    began = time.monotonic()
    found = claiming.claim({"robot": 2}, at=the_clock.now())
    assert found.parcels[0].message.kind == "audit.alarmed"
    assert time.monotonic() - began < 1


def test_the_queue_is_read_by_its_index_however_long_it_is(cast, ways):
    [who] = people(cast.a, 1)
    commands.send_many([Owed(f"o{n}", "test.offer", "sms", cast.a.id, customer_id=who.id) for n in range(5_000)])
    with connection.cursor() as cursor:
        values = {"channels": ["sms"] * 4, "classes": list(claiming.ORDER), "rooms": [50] * 4, "at": the_clock.now(),
                  "closed": [], "spent": []}  # fmt: skip
        cursor.execute("EXPLAIN " + claiming.DUE, values)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "message_due_by_class" in plan and "Seq Scan on messaging_message" not in plan, plan


def test_a_provider_that_hangs_does_not_hold_up_an_alert_of_another_channel(committed, clock, ways):
    cast, released, alerted = given.cast(scoped=False), threading.Event(), threading.Event()

    def hang(_text: str) -> Outcome:
        released.wait(20)
        return Accepted("late")

    ways["sms"].does = hang
    ways["robot"].does = lambda _text: alerted.set() or Accepted("r")
    with scope.use([cast.a.id]):
        commands.send_many([ready(who, f"{who.id}") for who in people(cast.a, 30)])

    def send() -> None:
        with the_clock.frozen(clock.now):
            sending.send_due(seconds=8)
        connections.close_all()

    sender = threading.Thread(target=send)
    sender.start()
    try:
        while not ways["sms"].log:  # the provider hangs now
            time.sleep(0.02)
        with scope.use([cast.a.id]):
            commands.send(alert(cast.a))
        assert alerted.wait(5), "the alert waited for a text message"
    finally:
        released.set()
        sender.join()


def test_a_provider_that_does_not_answer_rests_before_a_campaign_becomes_a_work_list(cast, ways):
    ways["sms"].does = lambda _text: Unsure()
    commands.send_many([ready(who, f"{who.id}") for who in people(cast.a, 60)])
    sending.send_due(seconds=3)
    assert len(ways["sms"].log) <= pace.FAILURES + pace.PACES["sms"].at_once
    assert states()["waiting"] >= 45 and not Message.objects.filter(state="waiting", attempts__gt=0).exists()


def test_a_limit_that_lasts_does_not_use_up_attempts(cast, ways, clock):
    ways["sms"].does = lambda _text: Busy(60)
    commands.send_many([ready(who, f"{who.id}") for who in people(cast.a, 40)])
    for _minute in range(10):
        sending.send_due(seconds=1)
        clock.set(clock.now + timedelta(minutes=1))
    assert states() == {"waiting": 40}


def test_after_a_rest_one_call_tries_it(cast, ways, monkeypatch):
    ways["sms"].does = lambda _text: Unsure()
    commands.send_many([ready(who, f"{who.id}") for who in people(cast.a, 40)])
    sending.send_due(seconds=1)
    called = len(ways["sms"].log)
    for account in pace.TEMPO._accounts.values():
        account.rests_until = 0
    sending.send_due(seconds=1)
    assert len(ways["sms"].log) == called + 1
    for account in pace.TEMPO._accounts.values():
        account.rests_until = 0
    ways["sms"].does = lambda _text: Accepted("again")
    sending.send_due(seconds=5)
    assert states()["waiting"] == 0


def test_staff_messages_leave_room_for_alerts_within_the_limit_of_a_robot(cast, ways):
    commands.send_many([Owed(f"t{n}", "task.escalated", "robot", cast.a.id) for n in range(30)])
    sending.send_due(seconds=1)
    before = len(ways["robot"].log)
    commands.send_many([alert(cast.a, f"a{n}") for n in range(2)])
    sending.send_due(seconds=1)
    assert before < 10 and len(ways["robot"].log) == before + 2


def test_a_decision_that_grew_old_is_made_again(cast, ways, monkeypatch):
    """The person said no while the message waited for a free thread."""
    [who] = people(cast.a, 1)
    commands.send(ready(who, "old"))
    monkeypatch.setattr(sending, "FRESH_SECONDS", -1.0)
    with sending._Callers() as callers:
        callers.start(claiming.claim({"sms": 1}, at=the_clock.now()).parcels)
        while callers.in_flight:
            moves.write(callers.finished(), at=the_clock.now())
    row = Message.objects.get()
    assert ways["sms"].log == [] and (row.state, row.attempts, row.claimed_at) == ("waiting", 0, None)


def test_a_channel_that_breaks_ends_as_unknown_and_the_others_go_on(cast, ways):
    def broken(_text: str) -> Outcome:
        raise RuntimeError("a fault of ours")

    ways["sms"].does = broken
    [who] = people(cast.a, 1)
    commands.send_many([ready(who, "a"), alert(cast.a)])
    sending.send_due(seconds=2)
    assert states() == {"unknown": 1, "sent": 1}


def test_what_got_no_answer_is_asked_about_and_never_sent_again_when_it_arrived(cast, provider, clock):
    [who] = people(cast.a, 1)
    provider.mode = "drop"
    commands.send(ready(who, "a"))
    sending.send_due()
    assert states() == {"unknown": 1}
    clock.set(clock.now + sending.IN_FLIGHT)
    assert sending.recover(at=the_clock.now()) == 1
    assert states() == {"sent": 1} and len(provider.log) == 1


def test_a_provider_that_cannot_say_now_is_asked_again_before_anything_is_repeated(cast, ways, clock):
    """Found by killing workers: one answer of 503 to the question made a second text message."""
    commands.send(ready(people(cast.a, 1)[0], "a"))
    claiming.claim({"sms": 1}, at=the_clock.now())  # the process dies after the call
    says = iter([Unsure(), Unsure(), Accepted("p1")])
    ways["sms"].status = lambda letter: next(says)
    for state in ("unknown", "unknown", "sent"):
        clock.set(clock.now + sending.IN_FLIGHT)
        sending.recover(at=the_clock.now())
        assert states() == {state: 1}
    assert ways["sms"].log == []


def test_what_cannot_be_asked_about_stays_on_the_work_list(cast, ways, clock):
    ways["sms"].does = lambda _text: Unsure()
    commands.send(ready(people(cast.a, 1)[0], "a"))
    sending.send_due()
    clock.set(clock.now + sending.IN_FLIGHT)
    assert sending.recover(at=the_clock.now()) == 0 and states() == {"unknown": 1}


def test_a_kind_that_is_gone_stops_its_own_message_only(cast, ways):
    who, other = people(cast.a, 2)
    commands.send_many([ready(who, "a"), ready(other, "b")])
    Message.objects.filter(dedupe_key="a").update(kind="of.before")
    sending.send_due()
    assert states() == {"failed": 1, "sent": 1}


def test_workers_at_once_never_send_a_person_more_than_the_cap(committed, clock, ways):
    cast = given.cast(scoped=False)
    with scope.use([cast.a.id]):
        who = people(cast.a, 12)
        commands.send_many([ready(person, f"{person.id}:{n}") for n in range(6) for person in who])
    told: Counter = Counter()
    together = threading.Lock()

    def worker() -> None:
        with the_clock.frozen(clock.now):
            for _turn in range(40):
                with scope.use([cast.a.id]):
                    found = claiming.claim({"sms": 10}, at=clock.now)
                with together:
                    told.update(p.message.customer_id for p in found.parcels)
                with scope.use([cast.a.id]):
                    moves.write(
                        [moves.after(p.message, Accepted("x"), at=clock.now) for p in found.parcels], at=clock.now
                    )
        connections.close_all()

    threads = [threading.Thread(target=worker) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(told.values()) == {3} and len(told) == 12
