"""The leads' pages: what stands there, what a wrong form keeps, how many queries a list costs; worth; the copy of a person."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cheban.core.models import Event
from cheban.core.personal import Person, holdings
from cheban.org.roles import Role
from cheban.sales.leads import commands, value
from cheban.sales.leads.models import Lead, LeadWords
from cheban.sales.tests import given as deal
from cheban.sales.tests import leading
from tests import given
from tests.given import days


@pytest.fixture
def page(cast, client):
    """The client, signed in as the store manager."""
    client.force_login(cast.staff[Role.STORE_MANAGER])
    return client


@pytest.mark.req("R104", "R105")
def test_the_lead_shows_the_words_marked_the_car_its_age_and_a_range_with_its_formula(cast, page):
    lead = leading.pushed(cast, text="想换<b>七座</b>", words=("想换", "七座"))
    lead.customer.vehicles.update(price_fen=15_000_000, registered_on=days(-5 * 365 - 40))
    body = page.get(f"/sales/leads/{lead.id}/").content.decode()
    assert "<mark>想换</mark>&lt;b&gt;<mark>七座</mark>&lt;/b&gt;" in body
    assert "5 年 1 个月" in body and "¥57,000.00" in body and "¥73,500.00" in body and "38%–49%" in body
    lead.customer.vehicles.update(price_fen=None)
    body = page.get(f"/sales/leads/{lead.id}/").content.decode()
    assert "不知道购车价，不估" in body and "参考残值（不是报价）" not in body


def test_a_wrong_answer_keeps_what_was_typed_and_names_the_field(cast, page):
    lead = leading.pushed(cast)
    answer = page.post(
        f"/sales/leads/{lead.id}/answer/", {"words": "周末来看", "stage": "contacted", "next_contact_on": str(days(0))}
    )
    body = answer.content.decode()
    assert answer.status_code == 422 and "周末来看" in body and "下次联系最早是明天" in body
    answer = page.post(f"/sales/leads/{lead.id}/win/", {"deal": "十几万", "deal_what": "揽境"})
    assert answer.status_code == 422 and "揽境" in answer.content.decode()
    assert page.get(f"/sales/leads/{lead.id}/answer/").status_code == 302


def test_the_way_of_a_lead_through_its_pages(cast, page):
    who = leading.customer(cast)
    made = page.post(
        "/sales/leads/new/", {"customer": who.id, "kind": "referral", "where": "call", "text": "朋友想买", "grade": "a"}
    )
    lead = Lead.objects.get()
    assert made.headers["Location"] == f"/sales/leads/{lead.id}/"
    turn = lead.turns.get()
    assert page.get(f"/sales/leads/turn/{turn.id}/").headers["Location"] == f"/sales/leads/{lead.id}/"
    page.post(
        f"/sales/leads/{lead.id}/answer/", {"words": "加了微信", "stage": "quoted", "next_contact_on": str(days(2))}
    )
    page.post(f"/sales/leads/{lead.id}/win/", {"deal": "152,800", "deal_what": "途岳", "service_share_percent": "50"})
    lead.refresh_from_db()
    assert (lead.state, lead.deal_fen, lead.sales_share_percent) == ("won", 15_280_000, 50)
    assert "途岳" in page.get(f"/sales/leads/{lead.id}/").content.decode()
    body = page.get(f"/customers/{who.id}/").content.decode()
    assert "转介绍" in body and "朋友想买" in body


@pytest.mark.req("Y09")
def test_the_list_costs_the_same_queries_whatever_its_length(cast, page):
    leading.pushed(cast)
    page.get("/sales/leads/?all=1")
    with CaptureQueriesContext(connection) as one:
        assert page.get("/sales/leads/?all=1").status_code == 200
    for n in range(5):
        leading.by_hand(cast, leading.customer(cast, f"客{n}", f"1390000000{n}"))
    with CaptureQueriesContext(connection) as six:
        body = page.get("/sales/leads/?all=1").content.decode()
    assert body.count("data-row=") == 6
    assert len(six) <= len(one)


@pytest.mark.req("Y09", "R112")
def test_the_list_is_found_by_words_stage_clock_and_person(cast, page, clock):
    lead = leading.pushed(cast)
    talks = leading.by_hand(cast, leading.customer(cast, "李梅", "13900001111"))
    leading.answered(cast, talks)

    def shown(query: str) -> set:
        page.logout()  # nobody has touched it for hours
        page.force_login(cast.staff[Role.STORE_MANAGER])
        body = page.get(f"/sales/leads/?all=1&{query}").content.decode()
        return {one.id for one in (lead, talks) if str(one.id) in body}

    assert shown("q=七座") == {lead.id} and shown("q=李梅") == {talks.id} and shown("q=lm") == {talks.id}
    assert shown("state=pushed") == {lead.id} and shown("which=ended") == set()
    assert shown("kind=trade_in&grade=a") == {lead.id} and shown(f"person={lead.holder_id}") == {lead.id, talks.id}
    assert shown("clock=late") == set() and shown("clock=stuck") == set()
    clock.set(clock.now + given.timedelta(hours=25))
    assert shown("clock=late") == {lead.id}
    clock.set(clock.now + given.timedelta(days=9))
    assert shown("clock=stuck") == {lead.id, talks.id} and talks.id in shown("clock=today")


@pytest.mark.parametrize(
    ("months", "energy", "low", "high"),
    [
        (0, "fuel", 82, 90),
        (11, "electric", 82, 90),
        (12, "fuel", 70, 80),
        (60, "electric", 26, 37),
        (140, "fuel", 14, 23),
    ],
)
def test_the_worth_follows_the_table(cast, months, energy, low, high):
    car = given.vehicle(cast.a, given.customer(cast.a), energy=energy, price_fen=10_000_000)
    today = days(0)
    total = today.year * 12 + today.month - 1 - months
    car.registered_on = today.replace(year=total // 12, month=total % 12 + 1)
    found = value.of(car, today=today)
    assert (found.months, found.low_percent, found.high_percent) == (months, low, high)
    assert (found.low_fen, found.high_fen) == (low * 100_000, high * 100_000)


def test_without_a_price_or_a_day_there_is_no_figure(cast):
    car = given.vehicle(cast.a, given.customer(cast.a))
    assert value.of(car, today=days(0)).months is None
    car.registered_on = days(-800)
    assert (value.of(car, today=days(0)).months, value.of(car, today=days(0)).low_fen) == (26, None)
    car.registered_on, car.price_fen = days(-16 * 366), 1
    assert value.of(car, today=days(0)).low_fen is None


@pytest.mark.req("R018")
def test_a_person_reads_their_leads_in_the_copy_and_erasing_blanks_and_ends_them(cast):
    lead = leading.pushed(cast)
    leading.answered(cast, lead)
    [held] = [h for h in holdings() if h.code == "leads"]
    person = Person((lead.customer_id,), cast.a.id)
    assert leading.SAID in str(held.collect(person)) and "周六来看七座" in str(held.collect(person))
    assert held.erase(person) >= 3
    deal.work(cast)
    lead.refresh_from_db()
    assert (lead.state, lead.reason_code) == ("lost", "refused")
    assert "七座" not in str(held.collect(person))
    assert LeadWords.objects.get().text == ""


def test_no_event_of_a_lead_carries_the_customers_words(cast):
    lead = leading.pushed(cast)
    leading.answered(cast, lead)
    commands.lose(lead, by=leading.sales(cast), reason="price", why="客户嫌贵")
    facts = str([e.facts for e in Event.objects.filter(name__startswith="lead.")])
    assert "七座" not in facts and "嫌贵" not in facts
