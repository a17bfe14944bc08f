"""A simulated store keeps what must hold, after any seed; and the same seed tells the same history. R204."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connections

from cheban.core import clock
from cheban.core.models import Event
from cheban.org import scope
from cheban.playbook.models import Task
from cheban.site import simulation
from cheban.site.simulation import history
from cheban.site.simulation.actors import all_actors
from cheban.site.simulation.dice import Dice
from cheban.site.simulation.invariants import INVARIANTS
from cheban.site.simulation.world import ZONE

END = datetime(2026, 11, 23, 14, 30, tzinfo=ZONE)
SMALL = {"days": 70, "customers": 100, "until": END}


@pytest.mark.parametrize(("seed", "staff"), [(7, "mixed"), (11, "bad"), (23, "good")])
def test_after_any_seed_everything_that_must_hold_holds(committed, seed, staff):
    told = simulation.simulate(seed=seed, staff=staff, **SMALL)

    # two month ends and the end: every invariant each time
    assert told.checks == 3 * len(INVARIANTS)
    count = told.world.count
    assert count["visits"] > 20 and count["cars sold"] > 0 and count["tasks planned"] > 100
    assert count["trainings taken"] > 3
    with scope.use(told.world.stores):
        assert Event.objects.filter(name="absence.entered").exists()
        assert Task.objects.filter(state=Task.State.DONE).count() > 30
        assert Event.objects.filter(name="contact.refused").exists()
        assert not Event.objects.filter(at__gt=END).exists()


def test_the_same_seed_tells_the_same_history_and_another_does_not(committed):
    digests = []
    for seed in (5, 5, 6):
        told = simulation.simulate(seed=seed, days=35, customers=60, until=END, check=False)
        digests.append(history.digest(told.world.stores))
        _empty()

    assert digests[0] == digests[1] != digests[2]


def test_two_stores_live_side_by_side(committed):
    told = simulation.simulate(seed=3, days=24, customers=80, stores=2, until=END)

    assert len(told.world.stores) == 2
    for store in told.world.stores:
        with scope.use([store]):
            assert Task.objects.exclude(store_id=store).count() == 0 < Task.objects.count()


def test_another_question_does_not_shift_the_dice():
    a, b = Dice(7), Dice(7)
    b.roll("something new", 1)

    assert a.roll("visit", "LSV1", 3) == b.roll("visit", "LSV1", 3) != Dice(8).roll("visit", "LSV1", 3)
    rolls = [a.roll("n", n) for n in range(2000)]
    assert 0 <= min(rolls) < 0.01 and 0.99 < max(rolls) < 1
    assert abs(sum(rolls) / len(rolls) - 0.5) < 0.02
    picks = [a.weighed((("often", 3), ("seldom", 1)), n) for n in range(2000)]
    assert 0.7 < picks.count("often") / len(picks) < 0.8


def test_every_file_of_the_actors_is_an_actor():
    assert set(all_actors()) >= {"absences", "house", "life", "owners", "staff", "weather"}


def test_a_simulation_does_not_hide_in_a_transaction(db, clock_at_end):
    with pytest.raises(RuntimeError, match="commits as it goes"):
        simulation.simulate(days=1, customers=20)


@pytest.fixture
def clock_at_end():
    with clock.frozen(END):
        yield


def _empty() -> None:
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
