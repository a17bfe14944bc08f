"""The handover sheet: within a day, line by line, by two people. R024-R029."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cheban.core import clock as real_clock
from cheban.core.errors import WrongState
from cheban.core.models import AuditEntry, Event
from cheban.customers.models import Customer
from cheban.org.roles import Role
from cheban.playbook import commands as playbook
from cheban.playbook import contacts, planner
from cheban.playbook.models import Task
from cheban.sales import errors
from cheban.sales.handover import commands as handing
from cheban.sales.handover import fields
from cheban.sales.models import HandoverRevision
from cheban.sales.tests import given as deal


@pytest.mark.req("R028")
def test_the_sheet_is_owed_within_24_hours_of_the_delivery_by_the_wall_clock(cast, clock):
    saturday = clock.now + timedelta(days=5, hours=10)  # Saturday evening: the 24 hours run on
    clock.set(saturday)
    deal.delivered(cast)
    deal.work(cast)
    task = Task.objects.get(rule="handover_due")
    assert task.assignee_id == cast.staff[Role.SALES_CONSULTANT].id
    assert (task.starts_at, task.due_at) == (saturday, saturday + timedelta(hours=24))

    clock.set(saturday + timedelta(hours=24, minutes=1))
    deal.work(cast)
    task.refresh_from_db()
    assert task.escalation == 1 and task.told_id == cast.staff[Role.STORE_MANAGER].id


@pytest.mark.req("R028", "R208")
def test_sending_the_sheet_ends_the_task_at_that_moment_and_nothing_else_does(cast, clock):
    delivery = deal.delivered(cast)
    deal.work(cast)
    task = Task.objects.get(rule="handover_due")
    sales = deal.sales(cast)
    with pytest.raises(playbook.DoneElsewhere):
        playbook.record_outcome(task.contact_id, by=sales, outcome="settled")
    shown = contacts.contact(task.contact_id, sales, at=real_clock.now())
    assert shown["duty"]["url"] == f"/sales/deliveries/{delivery.id}/"

    clock.set(clock.now + timedelta(hours=3))
    revision = deal.sent(cast, delivery)
    deal.work(cast)
    task.refresh_from_db()
    assert (task.state, task.closed_at, task.closed_by_id) == ("done", revision.sent_at, sales.staff_id)
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    assert Task.objects.filter(rule="handover_due").count() == 1


@pytest.mark.req("R028")
def test_a_sheet_sent_before_the_delivery_was_planned_for_is_owed_no_more(cast):
    deal.sent(cast)  # the reactions to the delivery come late, after the sheet went out
    deal.work(cast)
    assert not Task.objects.filter(rule="handover_due", state="open").exists()


@pytest.mark.req("R024", "R025", "R021")
def test_the_base_dimension_is_read_from_the_files_and_never_typed(cast):
    revision = deal.sent(cast)
    assert revision.content["name"] == "王小明"
    assert revision.content["model"] == "大众 速腾 1.5T"
    assert revision.content["configuration"] == "混动、L2"
    assert revision.content["purchased"] == real_clock.today().isoformat()


@pytest.mark.req("R026", "R027")
def test_what_sales_heard_stands_in_words_and_confirmed_preferences_go_into_the_file(cast):
    revision = deal.sent(cast)
    assert revision.content["worries"] == "养护成本、车机不会用"
    assert revision.content["events"] == "自驾游"
    handing.answer(revision, by=deal.service(cast), **deal.all_right(revision))
    customer = Customer.objects.get(name="王小明")
    assert (customer.preferred_channel, customer.preferred_time) == ("wechat", "工作日晚上")


@pytest.mark.req("R029")
def test_a_wrong_line_goes_back_is_corrected_and_confirmed_and_counts_once_as_wrong(cast, clock):
    first = deal.sent(cast)
    deal.work(cast)
    confirm = Task.objects.get(rule="handover_confirm")
    assert confirm.assignee_id == cast.staff[Role.SERVICE_SPECIALIST].id
    handing.answer(first, by=deal.service(cast), **deal.all_right(first, motive="客户说是公司用车"))
    deal.work(cast)
    confirm.refresh_from_db()
    assert confirm.state == "done"
    correct = Task.objects.get(rule="handover_correct", state="open")
    assert correct.assignee_id == cast.staff[Role.SALES_CONSULTANT].id

    sheet = first.sheet
    sheet.refresh_from_db()
    handing.fill_in(sheet, by=deal.sales(cast), data=deal.SAID | {"motive": "business"}, version=sheet.version)
    second = handing.send(sheet, by=deal.sales(cast))
    deal.work(cast)
    correct.refresh_from_db()
    assert correct.state == "done"
    assert Task.objects.filter(rule="handover_confirm", state="open", subject_id=second.id).count() == 1
    event = handing.answer(second, by=deal.service(cast), **deal.all_right(second))
    deal.work(cast)
    assert (event.facts["fields_count"], event.facts["wrong_count"]) == (len(second.content), 1)
    assert not Task.objects.filter(rule__startswith="handover", state="open").exists()
    sheet.refresh_from_db()
    assert sheet.state == "confirmed"
    with pytest.raises(WrongState):
        handing.fill_in(sheet, by=deal.sales(cast), data=deal.SAID, version=sheet.version)


@pytest.mark.req("R029")
def test_nobody_confirms_their_own_sheet_and_both_names_stand_in_the_audit_trail(cast):
    from cheban.org.models import StaffRole

    both = cast.staff[Role.SALES_CONSULTANT]
    StaffRole.objects.create(staff=both, store=cast.a, role=Role.SERVICE_SPECIALIST)
    revision = deal.sent(cast)
    with pytest.raises(errors.OwnSheet):
        handing.answer(revision, by=deal.sales(cast), **deal.all_right(revision))
    handing.answer(revision, by=deal.service(cast), **deal.all_right(revision))
    signed = AuditEntry.objects.filter(subject=f"handover:{revision.id}").order_by("id")
    assert [(row.action, row.actor_id) for row in signed] == [
        ("handover.sent", both.id),
        ("handover.confirmed", cast.staff[Role.SERVICE_SPECIALIST].id),
    ]
    assert {row.facts["digest"] for row in signed} == {handing.digest(revision.content).hex()}


@pytest.mark.req("R029")
def test_every_line_is_answered_and_a_wrong_one_says_why(cast):
    revision = deal.sent(cast)
    answer = deal.all_right(revision)
    del answer["checks"]["motive"]
    with pytest.raises(errors.Incomplete) as refusal:
        handing.answer(revision, by=deal.service(cast), **answer)
    assert refusal.value.facts["missing"] == ["motive"]
    with pytest.raises(errors.Invalid) as refusal:
        handing.answer(
            revision, by=deal.service(cast), checks=answer["checks"] | {"motive": False}, remarks={"motive": " "}
        )
    assert "motive" in refusal.value.facts
    assert HandoverRevision.objects.get(id=revision.id).answered_at is None


@pytest.mark.req("R028")
def test_an_empty_line_is_named_and_nothing_goes_out(cast):
    delivery = deal.delivered(cast, energy="", driver_assistance="")
    sheet = delivery.sheet
    handing.fill_in(sheet, by=deal.sales(cast), data={"motive": "family"}, version=0)
    with pytest.raises(errors.Incomplete) as refusal:
        handing.send(sheet, by=deal.sales(cast))
    assert refusal.value.facts["missing"] == ["configuration", "worries", "channel", "events"]
    assert not Event.objects.filter(name="handover.sent").exists()


def test_a_sheet_goes_out_only_after_the_car_and_never_twice_at_once(cast):
    delivery = deal.planned(cast)
    handing.fill_in(delivery.sheet, by=deal.sales(cast), data=deal.SAID, version=0)
    with pytest.raises(WrongState):
        handing.send(delivery.sheet, by=deal.sales(cast))
    other = deal.sent(cast, deal.delivered(cast, vin="LSVAA4187E2000002"))
    with pytest.raises(WrongState):
        handing.send(other.sheet, by=deal.sales(cast))


def test_two_who_fill_in_at_the_same_time_do_not_overwrite_each_other(cast):
    delivery = deal.planned(cast)
    handing.fill_in(delivery.sheet, by=deal.sales(cast), data={"motive": "family"}, version=0)
    with pytest.raises(errors.ChangedMeanwhile):
        handing.fill_in(delivery.sheet, by=deal.sales(cast), data={"motive": "business"}, version=0)
    delivery.sheet.refresh_from_db()
    assert delivery.sheet.said == {"motive": "family"}


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        ({"motive": "no_such"}, "motive"),
        ({"worries": ["upkeep", "no_such"]}, "worries"),
        ({"events": ["none", "self_drive"]}, "events"),
        ({"needs_note": "长" * 201}, "needs_note"),
    ],
)
def test_what_is_not_on_the_list_is_refused_beside_its_field(cast, data, wrong):
    delivery = deal.planned(cast)
    with pytest.raises(errors.Invalid) as refusal:
        handing.fill_in(delivery.sheet, by=deal.sales(cast), data=data, version=0)
    assert set(refusal.value.facts) == {wrong}


def test_fields_have_codes_of_their_own_and_every_dimension_has_some():
    assert len({f.code for f in fields.FIELDS}) == len(fields.FIELDS)
    assert {f.dimension for f in fields.FIELDS} == set(fields.DIMENSIONS)
