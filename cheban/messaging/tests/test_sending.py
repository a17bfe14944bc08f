"""The outbox: with its cause or not at all, once per fact, decided at sending, settled after a crash. Reliability 5.2."""

from __future__ import annotations

import random
import threading
from collections import Counter

import pytest
from django.db import connection, connections, transaction

from cheban.core import clock as the_clock
from cheban.customers import commands as customers
from cheban.messaging import claiming, commands, moves, sending
from cheban.messaging.commands import Owed
from cheban.messaging.models import Message
from cheban.org import scope
from cheban.org.roles import Role
from tests import given


@pytest.fixture
def zhang(cast, kinds):
    return given.customer(cast.a)


def owe(who, key="ready:1", kind="test.ready", **more) -> Owed:
    facts = {"total": "¥199.00"} if kind == "test.ready" else {}
    return Owed(key, kind, "sms", who.store_id, customer_id=who.id, **({"facts": facts} | more))


def sent_states() -> Counter:
    return Counter(Message.objects.values_list("state", flat=True))


def test_the_same_fact_is_owed_once(zhang):
    assert commands.send_many([owe(zhang), owe(zhang), owe(zhang, "ready:2")]) == 2
    assert commands.send(owe(zhang)) is False


def test_personal_data_cannot_be_put_into_the_outbox(zhang):
    with pytest.raises(KeyError):
        commands.send(owe(zhang, facts={"name": "张伟"}))


def test_without_a_channel_it_stays_on_paper_with_its_exact_text(zhang):
    from cheban.messaging import queries

    commands.send(owe(zhang))
    sending.send_due()
    row = Message.objects.get()
    assert (row.state, row.why) == ("paper", "no_account")
    assert queries.message_page(row.id)["text"] == "张伟您好，爱车已修好，合计 ¥199.00。"


def test_a_missing_field_stops_that_message_alone(zhang, provider):
    commands.send_many([owe(zhang, "a", facts={}), owe(zhang, "b")])
    sending.send_due()
    assert {m.dedupe_key: (m.state, m.why) for m in Message.objects.all()} == {
        "a": ("failed", "missing_field"), "b": ("sent", ""),
    }  # fmt: skip


def test_an_opt_out_before_sending_wins(cast, zhang, provider):
    commands.send(owe(zhang))
    customers.change_consent(
        zhang, by=cast.actor(Role.CALLER), purpose="service", channel="any", is_given=False, proof="电话里说"
    )
    sending.send_due()
    assert provider.log == [] and Message.objects.get().why == "refused"


def test_marketing_needs_a_consent_on_record(cast, zhang, provider):
    commands.send(owe(zhang, "o1", "test.offer"))
    sending.send_due()
    assert provider.log == [] and Message.objects.get().why == "no_consent"
    customers.change_consent(
        zhang, by=cast.actor(Role.CALLER), purpose="marketing", channel="sms", is_given=True, proof="签字"
    )
    commands.send(owe(zhang, "o2", "test.offer"))
    sending.send_due()
    assert len(provider.log) == 1


def test_what_waited_through_the_night_is_decided_again_in_the_morning(cast, zhang, provider, clock):
    clock.set(clock.now.replace(hour=22))
    commands.send(owe(zhang))
    sending.send_due()
    row = Message.objects.get()
    assert (row.state, row.why) == ("waiting", "quiet_hours")
    customers.change_consent(
        zhang, by=cast.actor(Role.CALLER), purpose="all", channel="any", is_given=False, proof="电话里说"
    )
    clock.set(row.not_before_at)
    sending.send_due()
    assert provider.log == [] and Message.objects.get().why == "do_not_contact"


def test_the_fourth_message_of_a_day_waits(zhang, provider):
    commands.send_many([owe(zhang, f"k{n}") for n in range(5)])
    sending.send_due()
    assert len(provider.log) == 3 and sent_states() == {"sent": 3, "waiting": 2}


def test_rate_limits_wait_refusals_end_and_silence_is_a_work_list(zhang, provider, clock):
    provider.mode = "busy"
    commands.send(owe(zhang, "busy"))
    sending.send_due()
    assert (Message.objects.get().state, Message.objects.get().why) == ("waiting", "busy")
    provider.mode = "refuse"
    commands.send(owe(zhang, "refused"))
    sending.send_due()
    assert Message.objects.get(dedupe_key="refused").state == "failed"
    provider.mode = "drop"
    commands.send(owe(zhang, "dropped"))
    sending.send_due()
    assert (Message.objects.get(dedupe_key="dropped").state, len(provider.log)) == ("unknown", 1)
    provider.mode = "ok"
    sending.send_due()
    assert len(provider.log) == 1  # never sent again by itself


@pytest.mark.parametrize(
    ("kind", "can_ask", "reached", "state", "calls"),
    [
        ("test.ready", True, True, "sent", 1),  # the provider has it: not again
        ("test.ready", True, False, "sent", 1),  # the provider never saw it: now it does
        ("test.ready", False, False, "sent", 1),  # service: once more
        ("test.offer", False, False, "unknown", 0),  # marketing: never
    ],
)
def test_a_death_while_sending_is_settled(cast, zhang, provider, clock, kind, can_ask, reached, state, calls):
    customers.change_consent(
        zhang, by=cast.actor(Role.CALLER), purpose="marketing", channel="any", is_given=True, proof="签字"
    )
    provider.can_ask = can_ask
    commands.send(owe(zhang, "x", kind))
    [parcel] = claiming.claim({"sms": 1}, at=the_clock.now()).parcels
    if reached:
        provider.send(parcel.letter)
    clock.set(clock.now + sending.IN_FLIGHT)
    assert sending.recover(at=the_clock.now()) == 1
    sending.send_due()
    assert (Message.objects.get().state, len(provider.log)) == (state, calls)


def test_a_second_death_of_a_service_message_is_a_work_list(zhang, provider, clock):
    provider.can_ask = False
    commands.send(owe(zhang))
    for _time in range(2):
        claiming.claim({"sms": 1}, at=the_clock.now())
        clock.set(clock.now + sending.IN_FLIGHT)
        sending.recover(at=the_clock.now())
    assert Message.objects.get().state == "unknown"


def test_a_cause_that_is_rolled_back_leaves_no_message(zhang):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        commands.send(owe(zhang))
        1 / 0  # noqa: B018
    assert not Message.objects.exists()


def test_many_workers_that_die_lose_nothing_and_send_nothing_twice(committed, clock, provider):
    """300 messages, 4 workers at once that die at random before or after calls; the provider's log decides."""
    cast = given.cast(scoped=False)
    with scope.use([cast.a.id]):
        people = [given.customer(cast.a, f"客{n}", phone=f"138{n:08d}") for n in range(150)]
        commands.send_many([owe(p, f"{p.id}:{n}") for p in people for n in range(2)])
    dice, at = random.Random(7), the_clock.now()

    def worker() -> None:
        with the_clock.frozen(at):
            while True:
                with scope.use([cast.a.id]):
                    found = claiming.claim({"sms": 8}, at=at)
                if not found.decided:
                    break
                came = []
                for parcel in found.parcels:
                    fate = dice.random()
                    if fate < 0.05:
                        continue  # died before the call
                    said = provider.send(parcel.letter)
                    if fate >= 0.10:  # else died after the call
                        came.append(moves.after(parcel.message, said, at=at))
                with scope.use([cast.a.id]):
                    moves.write(came, at=at)
        connections.close_all()

    for _round in range(12):
        threads = [threading.Thread(target=worker) for _n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        at += sending.IN_FLIGHT
        with the_clock.frozen(at):
            moved = sending.recover(at=at)
        with scope.use([cast.a.id]):
            left = Message.objects.filter(state="waiting").count()
        if not moved and not left:
            break
    with scope.use([cast.a.id]):
        states = sent_states()
        ids = {m.hex for m in Message.objects.values_list("id", flat=True)}
    reached = Counter(row["request_id"] for row in provider.log)
    assert states == {"sent": 300}
    assert set(reached) == ids and set(reached.values()) == {1}
    connection.close()
