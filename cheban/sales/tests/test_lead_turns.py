"""A lead that is not answered goes on, once for each lapse, to whoever is there, and ends at the manager. R108-R109."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from cheban.core import clock as real_clock
from cheban.core.errors import NotFound, NotPermitted, WrongState
from cheban.core.models import Event
from cheban.org import scope
from cheban.org.models import Absence
from cheban.org.roles import Role
from cheban.playbook import commands as tasks
from cheban.playbook.models import Task
from cheban.sales.leads import commands, holders, turns
from cheban.sales.leads.models import Lead, LeadTurn
from cheban.sales.tests import given as deal
from cheban.sales.tests import leading
from tests import given


def passed(lead: Lead) -> list[tuple]:
    """(from, to, how) of each time it went on."""
    found = Event.objects.filter(name="lead.passed_on", facts__lead_id=str(lead.id)).order_by("id")
    return [(e.facts["from"], e.facts["to"], e.facts["state"]) for e in found]


def away(staff, *, days: int = 5) -> None:
    Absence.objects.create(
        staff=staff,
        kind="leave",
        starts_at=real_clock.now(),
        ends_at=real_clock.now() + timedelta(days=days),
        entered_at=real_clock.now(),
    )


def leaves(staff) -> None:
    staff.is_active = False
    staff.save(update_fields=["is_active"])


@pytest.mark.req("R108")
def test_the_consultant_with_the_fewest_open_leads_gets_it_and_whoever_is_away_is_passed_over(cast):
    second, third = leading.consultants(cast, 2)
    first = cast.staff[Role.SALES_CONSULTANT]
    given_to = [leading.by_hand(cast, leading.customer(cast, f"客{n}", f"1390000000{n}")).holder_id for n in range(3)]
    assert sorted(given_to) == sorted([first.id, second.id, third.id])
    away(first)
    away(second)
    who = leading.customer(cast, "老客", "13900000009")
    who.vehicles.update(sales_consultant_id=first.id)  # their own is away
    assert leading.by_hand(cast, who).holder_id == third.id


@pytest.mark.req("R108")
def test_without_any_consultant_the_manager_has_it(cast):
    leaves(cast.staff[Role.SALES_CONSULTANT])
    lead = leading.pushed(cast)
    manager = cast.staff[Role.STORE_MANAGER]
    assert (lead.holder_id, lead.holder_role) == (manager.id, Role.STORE_MANAGER)
    assert Task.objects.get(rule="lead_answer_manager_first").assignee_id == manager.id
    assert not Task.objects.filter(rule="lead_answer").exists()


@pytest.mark.req("R109")
def test_not_answered_in_24_hours_it_goes_to_the_next_once_and_at_last_to_the_manager(cast, clock):
    [second] = leading.consultants(cast, 1)
    first, manager = cast.staff[Role.SALES_CONSULTANT], cast.staff[Role.STORE_MANAGER]
    lead = leading.pushed(cast)
    assert lead.holder_id == first.id
    leading.later(cast, clock, hours=23, minutes=59)
    assert passed(lead) == []
    leading.later(cast, clock, minutes=1)
    deal.work(cast)  # twice at the same moment: nothing more
    lead.refresh_from_db()
    assert passed(lead) == [(first.id, second.id, "lapsed")] and lead.holder_id == second.id
    old, new = Task.objects.get(rule="lead_answer"), Task.objects.get(rule="lead_answer_next")
    assert (old.state, new.state, new.assignee_id) == ("dropped", "open", second.id)
    assert new.due_at == clock.now + timedelta(hours=24)
    leading.later(cast, clock, hours=24)
    lead.refresh_from_db()
    assert passed(lead)[1:] == [(second.id, manager.id, "lapsed")]
    last = Task.objects.get(rule="lead_answer_manager")
    assert (last.assignee_id, last.state) == (manager.id, "open")
    leading.later(cast, clock, hours=24)  # loops are guarded: nobody is left, the manager's own duty goes up
    last.refresh_from_db()
    assert len(passed(lead)) == 2 and last.told_id == cast.staff[Role.OPERATIONS].id
    commands.answer(
        lead, by=leading.manager(cast), words="我打过了，周末来", stage="contacted", next_contact_on=given.days(3)
    )
    deal.work(cast)
    assert not Task.objects.filter(state="open", rule__startswith="lead_answer").exists()
    assert Event.objects.get(name="lead.answered").facts["kept"] is True  # at the last minute


@pytest.mark.req("R109", "R166")
def test_an_answer_after_its_time_is_not_kept(cast, clock):
    lead = leading.pushed(cast)
    with real_clock.frozen(clock.now + timedelta(hours=30)):  # the ladder has not run meanwhile
        commands.answer(lead, by=leading.sales(cast), words="才打通", stage="contacted", next_contact_on=given.days(3))
    [event] = Event.objects.filter(name="lead.answered")
    assert (event.facts["hours_count"], event.facts["kept"]) == (30, False)


def test_an_answer_just_before_the_ladder_stops_it(cast, clock):
    leading.consultants(cast, 1)
    lead = leading.pushed(cast)
    clock.set(clock.now + timedelta(hours=24))
    commands.answer(lead, by=leading.sales(cast), words="打通了", stage="contacted", next_contact_on=given.days(3))
    deal.work(cast)
    assert passed(lead) == []


@pytest.mark.req("R109")
def test_a_store_that_gives_more_time_passes_on_later(cast, clock):
    from cheban.org.levels import Level
    from cheban.playbook import changing

    leading.consultants(cast, 1)
    changing.change_rule(
        "lead_answer", by=leading.manager(cast), level=Level(cast.a.group_id, cast.a.id, (cast.a.id,)),
        values={"within.answer_lead": 30, "escalate.answer_lead.0": 30}, reason="周末人手少",
    )  # fmt: skip
    lead = leading.pushed(cast)
    leading.later(cast, clock, hours=25)
    assert passed(lead) == []
    leading.later(cast, clock, hours=5)
    assert len(passed(lead)) == 1


@pytest.mark.req("R109")
def test_the_chain_passes_over_people_who_left(cast, clock):
    second, third = leading.consultants(cast, 2)
    lead = leading.pushed(cast)
    leaves(second)
    leading.later(cast, clock, hours=24)
    assert passed(lead) == [(cast.staff[Role.SALES_CONSULTANT].id, third.id, "lapsed")]


@pytest.mark.req("R109")
def test_leads_of_somebody_who_left_find_a_colleague_with_their_duty(cast, clock):
    [second] = leading.consultants(cast, 1)
    first = cast.staff[Role.SALES_CONSULTANT]
    waits = leading.pushed(cast)
    talks = leading.by_hand(cast, leading.customer(cast, "李梅", "13900001111"), holder_id=first.id)
    leading.answered(cast, talks)
    leaves(first)
    tasks.pass_on_of_leavers(at=clock.now)  # the playbook's own, whichever comes first
    assert turns.pass_on_of_leavers(store_ids=[cast.a.id], at=clock.now) == 2
    assert turns.pass_on_of_leavers(store_ids=[cast.a.id], at=clock.now) == 0
    deal.work(cast)
    for lead in (waits, talks):
        lead.refresh_from_db()
        turn = turns.running(lead)
        assert (lead.holder_id, turn.holder_id) == (second.id, second.id)
        assert Task.objects.get(subject_id=turn.id, state="open").assignee_id == second.id
    leaves(second)
    assert turns.pass_on_of_leavers(store_ids=[cast.a.id], at=clock.now) == 2
    deal.work(cast)
    waits.refresh_from_db()
    assert waits.holder_id == cast.staff[Role.STORE_MANAGER].id
    assert Task.objects.filter(state="open", rule="lead_answer_manager").count() == 2


@pytest.mark.req("R104")
def test_while_nobody_has_left_one_question_is_all(cast, clock, django_assert_num_queries):
    leading.pushed(cast)
    with django_assert_num_queries(1):
        assert turns.pass_on_of_leavers(store_ids=[cast.a.id], at=clock.now) == 0


@pytest.mark.req("R109")
def test_a_manager_gives_a_lead_to_another_and_the_day_begins_anew(cast, clock):
    [second] = leading.consultants(cast, 1)
    lead = leading.pushed(cast)
    clock.set(clock.now + timedelta(hours=5))
    with pytest.raises(NotPermitted):
        turns.give(lead, by=leading.sales(cast), holder_id=second.id, why="忙")
    with pytest.raises(NotFound):
        turns.give(lead, by=leading.manager(cast), holder_id=cast.staff["outsider"].id, why="忙")
    with pytest.raises(WrongState):
        turns.give(lead, by=leading.manager(cast), holder_id=lead.holder_id, why="忙")
    turns.give(lead, by=leading.manager(cast), holder_id=second.id, why="忙")
    deal.work(cast)
    assert Task.objects.get(rule="lead_answer_next").due_at == clock.now + timedelta(hours=24)
    assert [t.ended_how for t in LeadTurn.objects.order_by("number")] == ["given", ""]


def test_nobody_who_had_it_is_next(cast):
    [second] = leading.consultants(cast, 1)
    lead = leading.pushed(cast)
    found = holders.following(lead, at=real_clock.now())
    assert (found.staff_id, found.role) == (second.id, Role.SALES_CONSULTANT)


def test_an_answer_and_a_lapse_at_the_same_moment_are_one_of_both(committed, clock):
    with transaction.atomic():
        cast = given.cast()
        leading.consultants(cast, 1)
        lead = leading.by_hand(cast, leading.customer(cast))
        turn = turns.running(lead)
    barrier, done = threading.Barrier(6), []

    def run(number: int):
        try:
            with real_clock.frozen(clock.now + timedelta(hours=24)), scope.use([cast.a.id]):
                barrier.wait()
                if number % 2:
                    done.append(("lapse", turns.lapse(turn.id, at=real_clock.now())))
                else:
                    commands.answer(
                        Lead(id=lead.id), by=leading.sales(cast), words="打通了", stage="contacted",
                        next_contact_on=given.days(3),
                    )  # fmt: skip
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with scope.use([cast.a.id]):
        ended = LeadTurn.objects.get(id=turn.id)
        assert ended.ended_how in ("answered", "lapsed")
        assert Event.objects.filter(name="lead.passed_on").count() == (ended.ended_how == "lapsed")
        assert sum(moved for _what, moved in done) == (ended.ended_how == "lapsed")
