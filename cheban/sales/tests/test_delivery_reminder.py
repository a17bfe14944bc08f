"""Before a delivery both colleagues get their part and the buyer a message, as long ahead as the store wants. R036, R093."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cheban.core import clock as house
from cheban.messaging import claiming, gate, texts
from cheban.messaging.models import Message
from cheban.org.levels import Level
from cheban.org.roles import Role
from cheban.playbook import changing, planner
from cheban.playbook.models import Task
from cheban.sales.deliveries import commands as delivering
from cheban.sales.deliveries import reminding
from cheban.sales.models import VehicleDelivery
from cheban.sales.tests import given as deal


def appointed(cast, clock, *, days: int = 3) -> VehicleDelivery:
    """Planned for 15:00 so many days ahead."""
    made = deal.planned(cast)
    delivering.move(made, by=deal.sales(cast), scheduled_at=(clock.now + timedelta(days=days)).replace(hour=15))
    made.refresh_from_db()
    return made


def sent() -> list[Message]:
    return list(Message.objects.filter(kind="delivery.reminded").order_by("id"))


def words(message: Message) -> str:
    who = gate.recipient_of(message.customer_id, message.channel, message.vehicle_id)
    return claiming.text_of(message, who)


@pytest.mark.req("R036")
def test_the_day_before_both_colleagues_have_their_part(cast, clock):
    made = appointed(cast, clock)
    planner.plan_day(house.today(), store_ids=[cast.a.id])
    assert not Task.objects.filter(rule="delivery_reminder").exists()
    clock.set(clock.now + timedelta(days=2))
    planner.plan_day(house.today(), store_ids=[cast.a.id])
    found = {t.role: t for t in Task.objects.filter(rule="delivery_reminder")}
    assert {role: t.assignee_id for role, t in found.items()} == {
        role: cast.staff[role].id for role in (Role.SALES_CONSULTANT, Role.SERVICE_SPECIALIST)
    }
    assert {t.subject_id for t in found.values()} == {made.id}
    assert all(t.due_at < made.scheduled_at for t in found.values())


@pytest.mark.req("R036")
def test_another_day_takes_the_parts_away_until_the_day_before_that(cast, clock):
    made = appointed(cast, clock, days=1)
    planner.plan_day(house.today(), store_ids=[cast.a.id])
    delivering.move(made, by=deal.sales(cast), scheduled_at=made.scheduled_at + timedelta(days=4))
    deal.work(cast)
    assert set(Task.objects.filter(rule="delivery_reminder").values_list("state", flat=True)) == {"dropped"}
    clock.set(clock.now + timedelta(days=4))
    planner.plan_day(house.today(), store_ids=[cast.a.id])
    assert Task.objects.filter(rule="delivery_reminder", state="open").count() == 2


@pytest.mark.req("R036", "R093")
def test_the_buyer_is_reminded_once_for_each_appointment(cast, clock):
    made = appointed(cast, clock)
    assert reminding.remind(at=clock.now) == 0
    clock.set(made.scheduled_at - timedelta(days=1))
    assert reminding.remind(at=clock.now) == 1 and reminding.remind(at=clock.now) == 0
    [message] = sent()
    sales = cast.staff[Role.SALES_CONSULTANT].name
    assert f"11-26 15:00提车，{sales}和" in words(message) and message.expires_at == made.scheduled_at
    delivering.move(made, by=deal.sales(cast), scheduled_at=made.scheduled_at + timedelta(hours=2))
    with pytest.raises(texts.MissingField):  # the old moment does not go out any more
        words(message)
    assert reminding.remind(at=clock.now) == 0
    clock.set(clock.now + timedelta(hours=2))
    assert reminding.remind(at=clock.now) == 1
    assert "17:00" in words(sent()[-1])


@pytest.mark.req("R036")
def test_a_store_chooses_how_long_ahead_or_switches_it_off(cast, clock):
    made = appointed(cast, clock)
    level = Level(cast.a.group_id, cast.a.id, (cast.a.id,))
    by = cast.actor(Role.STORE_MANAGER)
    changing.change_rule("delivery_reminder", by=by, level=level, values={"days": 3}, reason="客户多在外地")
    clock.set(made.scheduled_at - timedelta(days=3))
    assert reminding.remind(at=clock.now) == 1
    Message.objects.all().delete()
    changing.change_rule("delivery_reminder", by=by, level=level, values={"on": 0}, reason="改由电话确认")
    assert reminding.remind(at=clock.now) == 0


@pytest.mark.req("R036")
def test_what_is_cancelled_or_about_to_begin_is_not_written(cast, clock):
    made = appointed(cast, clock, days=1)
    clock.set(made.scheduled_at - timedelta(minutes=59))
    assert reminding.remind(at=clock.now) == 0
    clock.set(made.scheduled_at - timedelta(hours=5))
    assert reminding.remind(at=clock.now) == 1
    delivering.cancel(made, by=deal.sales(cast), reason="客户改主意")
    with pytest.raises(texts.MissingField):
        words(sent()[0])
