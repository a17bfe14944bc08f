"""A customer comes for service: their consultant and specialist know it at once, and somebody greets them. R032."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from cheban.core.errors import NotFound, NotPermitted, WrongState
from cheban.core.models import Event
from cheban.core.personal import Person, holdings
from cheban.messaging.models import InboxItem
from cheban.org import dispatch, scope
from cheban.org.roles import Role
from cheban.playbook import ladder
from cheban.playbook.models import Task
from cheban.sales.models import Lead
from cheban.workshop.arrivals import commands
from cheban.workshop.models import Arrival
from tests import given


def work(cast, at) -> None:
    while dispatch.run_pending():
        pass
    scope.set_stores([cast.a.id])
    ladder.escalate_overdue(at=at)


def car(cast, **fields):
    buyer = given.customer(cast.a, "王小明")
    return given.vehicle(
        cast.a, buyer, **{
            "vin": "LSVAA4187E2000001", "plate": "沪A8K3X1",
            "sales_consultant_id": cast.staff[Role.SALES_CONSULTANT].id,
            "service_specialist_id": cast.staff[Role.SERVICE_SPECIALIST].id,
        } | fields,
    )  # fmt: skip


def arrived(cast, vehicle=None, **how) -> Arrival:
    made, _new = commands.note((vehicle or car(cast)).id, by=cast.actor(Role.SERVICE_ADVISOR), **how)
    return made


@pytest.mark.req("R032")
def test_both_people_of_the_customer_are_told_at_once_and_sales_owes_a_greeting_in_15_minutes(cast, clock):
    made = arrived(cast)
    work(cast, clock.now)
    told = set(InboxItem.objects.filter(kind="customer.arrived").values_list("staff_id", flat=True))
    assert told == {cast.staff[Role.SALES_CONSULTANT].id, cast.staff[Role.SERVICE_SPECIALIST].id}
    task = Task.objects.get(rule="greet_on_arrival")
    assert (task.assignee_id, task.subject_id) == (cast.staff[Role.SALES_CONSULTANT].id, made.id)
    assert task.due_at == clock.now + timedelta(minutes=15)
    clock.set(clock.now + timedelta(minutes=30))
    work(cast, clock.now)
    task.refresh_from_db()
    assert task.told_id == cast.staff[Role.STORE_MANAGER].id


@pytest.mark.req("R032", "R104")
def test_what_the_customer_says_when_greeted_ends_the_duty_and_becomes_a_lead(cast, clock):
    made = arrived(cast)
    work(cast, clock.now)
    clock.set(clock.now + timedelta(minutes=9))
    told = commands.greet(made, by=cast.actor(Role.SALES_CONSULTANT), heard="老二出生了，想增购一台七座的车")
    assert told.facts["minutes_count"] == 9 and "heard" not in told.facts
    work(cast, clock.now)
    assert Task.objects.get(rule="greet_on_arrival").state == "done"
    assert Lead.objects.get(customer_id=made.customer_id).kind == "additional_purchase"
    with pytest.raises(WrongState):
        commands.greet(made, by=cast.actor(Role.STORE_MANAGER), heard="又说了一遍")
    with pytest.raises(commands.Invalid):
        commands.greet(made, by=cast.actor(Role.SALES_CONSULTANT), heard=" ")


@pytest.mark.req("R032")
def test_a_car_seen_twice_within_four_hours_came_once(cast, clock):
    first = arrived(cast)
    clock.set(clock.now + timedelta(hours=3, minutes=59))
    again, is_new = commands.note(first.vehicle_id, by=cast.actor(Role.SERVICE_ADVISOR), source="camera")
    assert (again.id, is_new) == (first.id, False)
    clock.set(clock.now + timedelta(minutes=2))
    later, is_new = commands.note(first.vehicle_id, by=cast.actor(Role.SERVICE_ADVISOR), source="camera")
    assert is_new and Event.objects.filter(name="customer.arrived").count() == 2 and later.source == "camera"


@pytest.mark.req("R032")
def test_without_a_consultant_sales_of_the_store_hears_and_a_stranger_is_nobody(cast, clock):
    arrived(cast, car(cast, sales_consultant_id=None, service_specialist_id=None))
    work(cast, clock.now)
    told = set(InboxItem.objects.filter(kind="customer.arrived").values_list("staff_id", flat=True))
    assert told == {cast.staff[Role.SALES_CONSULTANT].id}
    by = cast.actor(Role.SERVICE_ADVISOR)
    for wrong in (clock.now + timedelta(minutes=5), clock.now - timedelta(hours=3)):
        with pytest.raises(commands.Invalid):
            commands.note(Arrival.objects.get().vehicle_id, by=by, arrived_at=wrong)
    with pytest.raises(NotPermitted):
        commands.note(Arrival.objects.get().vehicle_id, by=cast.actor(Role.TECHNICIAN))
    here = Arrival.objects.get().vehicle_id
    scope.set_stores([cast.b.id])
    with pytest.raises(NotFound):
        commands.note(here, by=cast.actor("outsider"))


@pytest.mark.req("R019", "R032")
def test_erasing_blanks_what_was_said_and_keeps_that_they_came(cast, clock):
    made = arrived(cast)
    commands.greet(made, by=cast.actor(Role.SALES_CONSULTANT), heard="下个月搬家")
    [held] = [each for each in holdings() if each.code == "arrivals"]
    person = Person((made.customer_id,), cast.a.id)
    assert "下个月搬家" in held.collect(person)[0].values()
    assert held.erase(person) == 1 and Arrival.objects.get().heard == ""


@pytest.mark.req("R032")
def test_reception_types_a_plate_and_the_page_lists_who_waits_first(cast, clock, django_assert_max_num_queries):
    for number in range(4):
        made = arrived(cast, given.vehicle(
            cast.a, given.customer(cast.a, f"客户{number}", phone=f"1390000{number:04d}"),
            vin=f"LSVAA4187E200001{number}", plate=f"沪A1234{number}",
        ))  # fmt: skip
    commands.greet(made, by=cast.actor(Role.SALES_CONSULTANT), heard="没有")
    client = Client(raise_request_exception=False)
    client.force_login(cast.staff[Role.SERVICE_ADVISOR], backend="cheban.site.accounts.Backend")
    assert client.post("/workshop/arrivals/note/", {"plate": "沪Z99999"}).status_code == 422
    answer = client.post("/workshop/arrivals/note/", {"plate": "沪A·12340"})
    assert answer.status_code == 302
    with django_assert_max_num_queries(20):
        page = client.get("/workshop/arrivals/").content.decode()
    assert page.index("客户2") < page.index("客户3") and "已打招呼" in page
    here = client.get(answer["Location"]).content.decode()
    assert "客户0" in here and "照客户的原话" in here
