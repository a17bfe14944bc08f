"""What ends a duty from outside: a refusal, a new owner, somebody who left; and what an undo gives back. R010, R020."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cheban.core import clock as real_clock
from cheban.core.errors import WrongState
from cheban.core.models import Event
from cheban.customers import commands as customers
from cheban.org import commands as org
from cheban.org import dispatch
from cheban.org.roles import Role
from cheban.playbook import commands, planner
from cheban.playbook.models import Task
from tests import given

VIN = "LSVAA4182E2184847"


@pytest.fixture
def owner(cast):
    """A customer whose car needs its first service and a new policy: three tasks, two sides of the house."""
    customer = given.customer(cast.a)
    given.vehicle(
        cast.a,
        customer,
        vin=VIN,
        purchased_on=given.days(-170),
        first_service_due_on=given.days(5),
        insurance_until=given.days(20),
        sales_consultant_id=cast.staff[Role.SALES_CONSULTANT].id,
    )
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    assert Task.objects.count() == 3
    return customer


def deliver() -> None:
    while dispatch.run_pending():
        pass


def open_rules() -> set[str]:
    return set(Task.objects.filter(state="open").values_list("rule", flat=True))


@pytest.mark.req("R020")
def test_whoever_refuses_everything_is_not_called_by_a_colleague_either(cast, owner):
    customers.change_consent(
        owner, by=cast.actor(Role.SERVICE_ADVISOR), purpose="all", channel="any", is_given=False, proof="当面"
    )
    deliver()
    assert open_rules() == set()
    assert set(Task.objects.values_list("state", "outcome")) == {("dropped", "refused")}


@pytest.mark.req("R020")
def test_a_refusal_of_one_purpose_or_one_channel_ends_only_that(cast, owner):
    by = cast.actor(Role.SERVICE_ADVISOR)
    customers.change_consent(owner, by=by, purpose="service", channel="sms", is_given=False, proof="短信")
    deliver()
    assert len(open_rules()) == 2
    customers.change_consent(owner, by=by, purpose="insurance", channel="any", is_given=False, proof="当面")
    deliver()
    assert open_rules() == {"first_service_due"}


@pytest.mark.req("R010")
def test_the_former_owner_is_not_called_about_a_car_that_is_anothers(cast, owner):
    bought = customers.create_customer(
        by=cast.actor(Role.SERVICE_ADVISOR), store_id=cast.a.id, name="新车主", phone="13900001111", vin=VIN
    )
    deliver()
    assert Event.objects.get(name="vehicle.changed_hands").customer_id == bought.id
    assert not Task.objects.filter(state="open", customer_id=owner.id).exists()
    assert Task.objects.filter(state="open", customer_id=bought.id, rule="new_owner").exists()


@pytest.mark.req("R010")
def test_a_car_reported_sold_is_in_use_again_with_its_new_owner(cast, owner):
    task = Task.objects.filter(role=Role.SERVICE_SPECIALIST).first()
    commands.record_outcome(task.contact_id, by=cast.actor(Role.SERVICE_SPECIALIST), outcome="refused", reason="sold")
    deliver()
    assert open_rules() == set()
    bought = customers.create_customer(
        by=cast.actor(Role.SERVICE_ADVISOR), store_id=cast.a.id, name="新车主", phone="13900001111", vin=VIN
    )
    assert bought.vehicles.get().is_active


@pytest.mark.req("R010")
def test_a_car_reported_sold_by_a_slip_is_in_use_again_with_all_that_was_owed_about_it(cast, owner):
    before = list(Task.objects.order_by("id").values_list("id", "state", "due_at", "escalate_at"))
    mine, actor = Task.objects.filter(role=Role.SERVICE_SPECIALIST).first(), cast.actor(Role.SERVICE_SPECIALIST)
    slip = commands.record_outcome(mine.contact_id, by=actor, outcome="refused", reason="sold")
    deliver()
    assert open_rules() == set() and not owner.vehicles.get().is_active
    commands.undo_outcome(slip, by=actor)
    deliver()
    assert owner.vehicles.get().is_active
    assert list(Task.objects.order_by("id").values_list("id", "state", "due_at", "escalate_at")) == before


@pytest.mark.req("R010")
def test_a_slip_taken_back_before_anything_was_delivered_leaves_everything_as_it_was(cast, owner):
    mine, actor = Task.objects.filter(role=Role.SERVICE_SPECIALIST).first(), cast.actor(Role.SERVICE_SPECIALIST)
    slip = commands.record_outcome(mine.contact_id, by=actor, outcome="refused", reason="sold")
    commands.undo_outcome(slip, by=actor)
    deliver()
    assert owner.vehicles.get().is_active and Task.objects.filter(state="open").count() == 3


@pytest.mark.req("R010")
def test_a_slip_taken_back_brings_no_task_back_to_a_former_owner(cast, owner):
    mine, actor = Task.objects.filter(role=Role.SERVICE_SPECIALIST).first(), cast.actor(Role.SERVICE_SPECIALIST)
    slip = commands.record_outcome(mine.contact_id, by=actor, outcome="refused", reason="sold")
    deliver()
    customers.create_customer(
        by=cast.actor(Role.SERVICE_ADVISOR), store_id=cast.a.id, name="新车主", phone="13900001111", vin=VIN
    )
    deliver()
    commands.undo_outcome(slip, by=actor)
    deliver()
    dropped = Task.objects.filter(customer_id=owner.id, state="dropped", outcome="sold")
    assert dropped.exists() and not Task.objects.filter(customer_id=owner.id, state="open").exists()


@pytest.mark.req("R035")
def test_nobody_who_left_is_given_work(cast):
    gone = cast.staff[Role.SALES_CONSULTANT]
    org.set_active(gone, by=cast.actor(Role.STORE_MANAGER), is_active=False)
    given.vehicle(
        cast.a,
        given.customer(cast.a),
        purchased_on=given.days(-170),
        first_service_due_on=given.days(5),
        sales_consultant_id=gone.id,
    )
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    care_call = Task.objects.get(role=Role.SALES_CONSULTANT)
    assert care_call.assignee_id == cast.staff[Role.STORE_MANAGER].id  # nobody else sells here


@pytest.mark.req("R035")
def test_what_is_taken_back_climbs_the_ladder_again(cast, owner, clock):
    mine, actor = (
        Task.objects.get(rule="first_service_due", role=Role.SALES_CONSULTANT),
        cast.actor(Role.SALES_CONSULTANT),
    )
    event = commands.record_outcome(mine.contact_id, by=actor, outcome="settled")
    commands.undo_outcome(event, by=actor)
    assert Task.objects.get(id=mine.id).escalate_at == mine.escalate_at is not None


def test_only_the_last_outcome_can_be_taken_back(cast, owner, clock):
    mine, actor = Task.objects.get(role=Role.SALES_CONSULTANT), cast.actor(Role.SALES_CONSULTANT)
    missed = commands.record_outcome(mine.contact_id, by=actor, outcome="no_answer")
    clock.set(real_clock.now() + timedelta(minutes=2))
    done = commands.record_outcome(mine.contact_id, by=actor, outcome="settled")
    with pytest.raises(WrongState):
        commands.undo_outcome(missed, by=actor)
    assert Task.objects.get(id=mine.id).state == "done"
    commands.undo_outcome(done, by=actor)
    assert (Task.objects.get(id=mine.id).outcome, Task.objects.get(id=mine.id).attempts) == ("no_answer", 1)
    with pytest.raises(WrongState):
        commands.undo_outcome(done, by=actor)


def test_a_call_agreed_for_next_week_is_not_late_this_week(cast, owner, clock):
    mine = Task.objects.get(role=Role.SALES_CONSULTANT)
    at = real_clock.now() + timedelta(days=9)
    commands.record_outcome(mine.contact_id, by=cast.actor(Role.SALES_CONSULTANT), outcome="call_back", when=at)
    mine.refresh_from_db()
    assert mine.escalate_at >= mine.due_at > at
