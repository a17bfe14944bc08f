"""What comes of a contact: closing, trying again, joined tasks, refusal, undo, escalation. R035."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cheban.core import clock as real_clock
from cheban.core.errors import NotFound, NotPermitted, WrongState
from cheban.core.models import Event
from cheban.customers.models import Consent
from cheban.org import dispatch
from cheban.org.roles import Role
from cheban.playbook import commands, ladder, planner, queries, reassigning, teams
from cheban.playbook.models import Task
from tests import given


@pytest.fixture
def first_service(cast):
    """A vehicle whose first service is due: two joined tasks."""
    customer = given.customer(cast.a)
    given.vehicle(cast.a, customer, purchased_on=given.days(-170), first_service_due_on=given.days(5))
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    return {t.role: t for t in Task.objects.all()}


def tomorrow_at_ten():
    return real_clock.now().replace(hour=2) + timedelta(days=1)


@pytest.mark.req("R035")
def test_booked_by_one_side_ends_it_for_both(cast, first_service):
    mine = first_service[Role.SERVICE_SPECIALIST]
    commands.record_outcome(
        mine.contact_id, by=cast.actor(Role.SERVICE_SPECIALIST), outcome="booked", when=tomorrow_at_ten()
    )
    assert set(Task.objects.values_list("state", "outcome")) == {("done", "booked")}
    assert Event.objects.get().name == "contact.reached"


def test_three_unanswered_calls_end_the_contact(cast, first_service, clock):
    mine, actor = first_service[Role.SERVICE_SPECIALIST], cast.actor(Role.SERVICE_SPECIALIST)
    for attempt in (1, 2):
        commands.record_outcome(mine.contact_id, by=actor, outcome="no_answer")
        mine.refresh_from_db()
        assert (mine.state, mine.attempts) == ("open", attempt)
        assert mine.starts_at >= real_clock.now() + timedelta(hours=2)
        clock.set(mine.starts_at + timedelta(minutes=1))
    commands.record_outcome(mine.contact_id, by=actor, outcome="no_answer")
    mine.refresh_from_db()
    assert (mine.state, mine.outcome, mine.attempts) == ("done", "unreached", 3)
    told = Event.objects.filter(name="contact.missed").order_by("id")
    assert [event.facts["attempts"] for event in told] == [1, 2, 3]


def test_a_call_back_comes_at_the_agreed_time_and_not_before(cast, first_service, clock):
    mine, actor = first_service[Role.SERVICE_SPECIALIST], cast.actor(Role.SERVICE_SPECIALIST)
    at = real_clock.now().replace(hour=7)  # 15:00 in Shanghai
    commands.record_outcome(mine.contact_id, by=actor, outcome="call_back", when=at)
    day = queries.my_day(actor, at=real_clock.now())
    assert [g.key for g in day["groups"]] == ["booked"]
    clock.set(at + timedelta(minutes=1))
    assert [g.key for g in queries.my_day(actor, at=real_clock.now())["groups"]] == ["now"]


@pytest.mark.parametrize(
    ("outcome", "when", "problem"),
    [
        ("call_back", None, commands.NeedsMore),
        ("refused", None, commands.NeedsMore),
        ("nonsense", None, commands.NeedsMore),
    ],
)
def test_what_is_missing_is_said(cast, first_service, outcome, when, problem):
    with pytest.raises(problem):
        commands.record_outcome(
            first_service[Role.SERVICE_SPECIALIST].contact_id,
            by=cast.actor(Role.SERVICE_SPECIALIST),
            outcome=outcome,
            when=when,
        )


def test_nobody_is_called_back_in_quiet_hours_or_the_past(cast, first_service):
    for at in (real_clock.now().replace(hour=14), real_clock.now() - timedelta(hours=1)):
        with pytest.raises(commands.QuietHours):
            commands.record_outcome(
                first_service[Role.SERVICE_SPECIALIST].contact_id,
                by=cast.actor(Role.SERVICE_SPECIALIST),
                outcome="call_back",
                when=at,
            )


@pytest.mark.req("R020")
def test_do_not_contact_me_becomes_a_refusal_that_the_next_run_obeys(cast, first_service):
    mine = first_service[Role.SERVICE_SPECIALIST]
    commands.record_outcome(
        mine.contact_id, by=cast.actor(Role.SERVICE_SPECIALIST), outcome="refused", reason="do_not_contact"
    )
    dispatch.run_pending()
    dispatch.run_pending()
    consent = Consent.objects.get()
    assert (consent.purpose, consent.is_given) == ("all", False)
    consent.customer.refresh_from_db()
    assert consent.customer.refused_purposes == ["all"]


def test_a_sold_vehicle_is_no_longer_reminded(cast, first_service):
    from cheban.customers.models import Vehicle

    commands.record_outcome(
        first_service[Role.SERVICE_SPECIALIST].contact_id,
        by=cast.actor(Role.SERVICE_SPECIALIST),
        outcome="refused",
        reason="sold",
    )
    dispatch.run_pending()
    assert Vehicle.objects.get().is_active is False


def test_an_outcome_told_twice_counts_once(cast, first_service):
    mine, actor = first_service[Role.SERVICE_SPECIALIST], cast.actor(Role.SERVICE_SPECIALIST)
    commands.record_outcome(mine.contact_id, by=actor, outcome="settled")
    with pytest.raises(commands.AlreadyTold):
        commands.record_outcome(mine.contact_id, by=actor, outcome="settled")
    assert Event.objects.count() == 1


def test_an_outcome_can_be_taken_back_by_the_same_person_for_ten_minutes(cast, first_service, clock):
    mine, actor = first_service[Role.SERVICE_SPECIALIST], cast.actor(Role.SERVICE_SPECIALIST)
    before = Task.objects.get(id=mine.id)
    event = commands.record_outcome(mine.contact_id, by=actor, outcome="booked", when=tomorrow_at_ten())
    with pytest.raises(WrongState):
        commands.undo_outcome(event, by=cast.actor(Role.SERVICE_ADVISOR))
    commands.undo_outcome(event, by=actor)
    after = Task.objects.get(id=mine.id)
    assert (after.state, after.due_at, after.starts_at, after.outcome) == ("open", before.due_at, before.starts_at, "")
    assert Task.objects.filter(state="open").count() == 2
    event = commands.record_outcome(mine.contact_id, by=actor, outcome="settled")
    clock.set(real_clock.now() + timedelta(minutes=11))
    with pytest.raises(WrongState):
        commands.undo_outcome(event, by=actor)


def test_a_colleagues_contact_is_his(cast, first_service):
    with pytest.raises(NotPermitted):
        commands.record_outcome(
            first_service[Role.SERVICE_SPECIALIST].contact_id, by=cast.actor(Role.SERVICE_ADVISOR), outcome="no_answer"
        )


def test_late_work_goes_up_once_per_step(cast, first_service, clock):
    clock.set(real_clock.now() + timedelta(days=10))
    assert ladder.escalate_overdue(at=real_clock.now()) == 2
    assert ladder.escalate_overdue(at=real_clock.now()) == 0
    assert Event.objects.filter(name="task.escalated", facts__to=cast.staff[Role.STORE_MANAGER].id).count() == 2
    assert teams.team(cast.actor(Role.STORE_MANAGER), at=real_clock.now())["escalated"] == 2


def test_the_manager_hands_over_in_bulk_but_not_to_outsiders(cast, first_service):
    ids = [t.contact_id for t in first_service.values()]
    with pytest.raises(NotFound):
        reassigning.reassign(ids, by=cast.actor(Role.STORE_MANAGER), to=[cast.staff["outsider"].id])
    moved, _deed = reassigning.reassign(ids, by=cast.actor(Role.STORE_MANAGER), to=[cast.staff[Role.CALLER].id])
    assert moved == 2
    assert set(Task.objects.values_list("assignee_id", flat=True)) == {cast.staff[Role.CALLER].id}


def test_my_day_costs_the_same_number_of_queries_whatever_its_length(cast, django_assert_max_num_queries):
    for i in range(30):
        given.vehicle(
            cast.a,
            given.customer(cast.a, f"张{i}", phone=f"138000012{i:02d}"),
            plate=f"沪A000{i:02d}",
            insurance_until=given.days(20),
        )
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    with django_assert_max_num_queries(5):
        day = queries.my_day(cast.actor(Role.SERVICE_SPECIALIST), at=real_clock.now())
    assert day["day"]["open_count"] == 30


def test_the_badge_says_what_the_title_of_my_day_says_and_tomorrow_is_not_today(cast):
    now = real_clock.now().replace(hour=2)  # 10:00 in Shanghai
    for i in range(4):
        owner = given.customer(cast.a, f"张{i}", phone=f"1380000120{i}")
        given.vehicle(cast.a, owner, plate=f"沪A0000{i}", insurance_until=given.days(20))
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    _mine, later, tomorrow, reported = Task.objects.order_by("customer_id")
    Task.objects.update(starts_at=now)
    me = cast.actor(Role.SERVICE_SPECIALIST)
    Task.objects.filter(id=later.id).update(starts_at=now + timedelta(hours=5))
    Task.objects.filter(id=tomorrow.id).update(starts_at=now + timedelta(hours=22))
    Task.objects.filter(id=reported.id).update(assignee_id=cast.staff[Role.CALLER].id, told_id=me.staff_id)

    told = queries.my_day(me, at=now)

    assert told["day"]["open_count"] == queries.open_count(me, at=now) == 3
    assert {g.key: g.count for g in told["groups"]}["tomorrow"] == 1
