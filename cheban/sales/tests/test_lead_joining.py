"""One wish written down twice is found and joined, or said to be two. R109."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cheban.core.errors import NotPermitted, WrongState
from cheban.core.models import Event
from cheban.customers.duplicates import merging
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.sales.leads import inbound, joining, states
from cheban.sales.leads.models import Lead, LeadWords
from cheban.sales.tests import given as deal
from cheban.sales.tests import leading


def from_crm(cast, **changed) -> Lead:
    """The sales CRM has a running lead of somebody with this phone."""
    asked = {"name": "张先生", "phone": "13800001234", "kind": "trade_in", "text": "网上留资：置换七座"}
    lead, _new = inbound.take_in(
        by=leading.manager(cast), store_id=cast.a.id, source_system="crm", **asked | {"external_id": "77"} | changed
    )
    deal.work(cast)
    return lead


@pytest.mark.req("R109", "Y02")
def test_a_running_lead_of_the_sales_crm_is_found_by_the_phone_and_joined(cast, clock):
    running = from_crm(cast)
    lead = leading.proposed(cast)
    assert [one.id for one in joining.like(lead)] == [running.id]
    assert joining.with_likes([lead.id, running.id]) == {lead.id: [running.id], running.id: [lead.id]}
    kept = joining.join(lead, running, by=leading.service(cast))
    deal.work(cast)
    lead.refresh_from_db()
    running.refresh_from_db()
    assert kept.id == running.id  # it is further, though asked the other way round
    assert (lead.state, lead.joined_into_id, lead.open_key) == ("joined", running.id, None)
    assert LeadWords.objects.filter(lead=running).count() == 2
    assert Task.objects.get(rule="lead_confirm").state == "done"
    assert Event.objects.get(name="lead.joined").facts["lead_id"] == str(lead.id)
    with pytest.raises(WrongState):
        joining.join(lead, running, by=leading.service(cast))


def test_joining_takes_the_duty_of_the_one_that_ends(cast, clock):
    lead = leading.pushed(cast)
    leading.answered(cast, lead)
    clock.set(clock.now + timedelta(hours=1))
    later = from_crm(cast)
    joining.join(lead, later, by=leading.sales(cast))
    deal.work(cast)
    later.refresh_from_db()
    assert later.joined_into_id == lead.id
    assert not Task.objects.filter(state="open", rule__startswith="lead_answer").exists()


def test_two_wishes_stay_two_and_are_not_asked_about_again(cast):
    lead, other = leading.proposed(cast), from_crm(cast)
    with pytest.raises(NotPermitted):
        joining.keep_both(lead, other, by=cast.actor(Role.CALLER))
    joining.keep_both(lead, other, by=leading.service(cast))
    lead.refresh_from_db()
    assert joining.like(lead) == [] and joining.with_likes([lead.id, other.id]) == {}
    with pytest.raises(WrongState):
        joining.join(lead, lead, by=leading.service(cast))


def test_two_files_of_one_person_are_found_by_the_shared_phone(cast):
    lead = leading.proposed(cast)
    twin = leading.customer(cast, "张伟（公司）", "13800001234")
    other = leading.by_hand(cast, twin)
    assert [one.id for one in joining.like(lead)] == [other.id]


@pytest.mark.req("R018")
def test_when_their_files_are_merged_two_leads_of_a_kind_become_one(cast):
    lead = leading.proposed(cast)
    twin = leading.customer(cast, "张伟", "13900002222")
    other = leading.by_hand(cast, twin, kind="trade_in", text="老车想置换")
    merging.merge(by=leading.manager(cast), keep_id=lead.customer_id, drop_id=twin.id)
    deal.work(cast)
    lead.refresh_from_db()
    other.refresh_from_db()
    assert (lead.state, lead.joined_into_id) == ("joined", other.id)
    assert (other.state, other.customer_id) == ("pushed", lead.customer_id)


def test_what_comes_twice_from_the_crm_is_one(cast):
    first = from_crm(cast)
    again, is_new = inbound.take_in(
        by=leading.manager(cast), store_id=cast.a.id, source_system="crm", external_id="77", kind="trade_in",
        text="再来一次", phone="13800001234", name="张先生",
    )  # fmt: skip
    assert (again.id, is_new, Lead.objects.count()) == (first.id, False, 1)


@pytest.mark.req("R160")
def test_service_has_a_share_of_a_crm_lead_only_when_service_heard_it_too(cast):
    running = from_crm(cast)
    assert states.share_of(running) == 0
    kept = joining.join(leading.proposed(cast), running, by=leading.service(cast))
    assert kept.finder_id == cast.staff[Role.SERVICE_SPECIALIST].id  # heard by the house, confirmed by her
    second = from_crm(cast, external_id="78", phone="13900007777", kind="referral", text="朋友想买")
    mine = leading.by_hand(cast, second.customer, kind="referral", text="他朋友想买")
    assert states.share_of(joining.join(mine, second, by=leading.service(cast))) == states.SHARE["referral"]
