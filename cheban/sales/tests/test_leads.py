"""A wish is heard, confirmed, pushed within the hour, answered within the day, won or lost. R104-R109, R160, R163."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from hypothesis import given as for_all
from hypothesis import strategies as st

from cheban.core import clock as real_clock
from cheban.core.errors import NotFound, NotPermitted, WrongState
from cheban.core.models import Event
from cheban.org import scope
from cheban.org.roles import Role
from cheban.playbook import planner
from cheban.playbook.models import Task
from cheban.sales import errors
from cheban.sales.leads import commands, grading, queries, states
from cheban.sales.leads.models import Lead, LeadTurn, LeadWords
from cheban.sales.tests import given as deal
from cheban.sales.tests import leading
from tests import given
from tests.given import days


def told(name: str) -> list[dict]:
    return [e.facts for e in Event.objects.filter(name=name).order_by("id")]


@pytest.mark.req("R104", "R105", "R106", "R110")
def test_a_wish_in_a_customers_words_becomes_a_proposal_once(cast):
    who = leading.customer(cast)
    leading.interest(cast, who)
    leading.interest(cast, who)  # the same passage, delivered twice
    [lead] = Lead.objects.all()
    assert (lead.state, lead.kind, lead.grade, lead.customer_id) == ("proposed", "trade_in", "a", who.id)
    assert lead.vehicle_id == who.vehicles.get().id
    assert LeadWords.objects.count() == 1
    leading.interest(cast, who, passage="p2", text="七座的有现车吗", words=("七座",))
    assert Lead.objects.count() == 1 and LeadWords.objects.count() == 2
    leading.interest(cast, who, kind="referral", passage="p3", text="我同事也想买，介绍有什么好处", words=("介绍",))
    assert set(Lead.objects.values_list("kind", flat=True)) == {"trade_in", "referral"}
    assert [f["kind"] for f in told("lead.proposed")] == ["trade_in", "referral"]


def test_words_without_a_customer_or_of_an_unknown_kind_make_no_lead(cast):
    who = leading.customer(cast)
    leading.interest(cast, who, kind="something_else")
    who.id = None
    leading.interest(cast, who, passage="p9")
    assert not Lead.objects.exists()


@pytest.mark.req("R107")
@pytest.mark.parametrize(
    ("text", "grade"), [("想换一辆七座", "a"), ("空间太小，油耗也高", "b"), ("公司需要一台商务车", "a")]
)
def test_the_words_suggest_the_grade(text, grade):
    assert grading.suggested([text]) == grade


@for_all(st.text(max_size=60), st.lists(st.text(max_size=6), max_size=5))
def test_highlighting_changes_no_text_and_lets_no_markup_through(text, words):
    import html
    import re

    shown = queries.marked(text, words)
    plain = re.sub(r"</?mark>", "", shown)
    assert html.unescape(plain) == text
    assert "<" not in plain and ">" not in plain


@pytest.mark.req("R107", "R108")
def test_the_proposal_is_the_specialists_for_one_working_hour_and_goes_to_the_consultant_of_the_car(cast, clock):
    clock.set(clock.now.replace(hour=17, minute=40))  # the store closes before the hour is over
    other, _third = leading.consultants(cast, 2)
    who = leading.customer(cast)
    who.vehicles.update(sales_consultant_id=other.id)
    leading.interest(cast, who)
    lead = Lead.objects.get()
    task = Task.objects.get(rule="lead_confirm")
    assert (task.assignee_id, task.subject_id) == (cast.staff[Role.SERVICE_SPECIALIST].id, lead.id)
    assert task.due_at.date() > clock.now.date() or task.due_at - clock.now == timedelta(hours=1)
    commands.push(lead, by=leading.service(cast), grade="b")
    deal.work(cast)
    lead.refresh_from_db()
    task.refresh_from_db()
    assert (lead.state, lead.grade, lead.holder_id, task.state) == ("pushed", "b", other.id, "done")
    [facts] = told("lead.pushed")
    assert (facts["lead_id"], facts["kind"], facts["grade"], facts["to"]) == (str(lead.id), "trade_in", "b", other.id)


@pytest.mark.req("R108")
def test_an_unconfirmed_proposal_goes_up_to_the_manager(cast, clock):
    leading.proposed(cast)
    leading.later(cast, clock, hours=1, minutes=1)
    task = Task.objects.get(rule="lead_confirm")
    assert (task.escalation, task.told_id) == (1, cast.staff[Role.STORE_MANAGER].id)


@pytest.mark.req("R107")
def test_what_is_no_lead_is_dismissed_with_its_reason(cast):
    lead = leading.proposed(cast)
    with pytest.raises(errors.Invalid):
        commands.dismiss(lead, by=leading.service(cast), reason="because")
    commands.dismiss(lead, by=leading.service(cast), reason="misheard")
    deal.work(cast)
    lead.refresh_from_db()
    assert (lead.state, lead.reason_code) == ("dismissed", "misheard")
    assert Task.objects.get(rule="lead_confirm").state == "done"
    with pytest.raises(WrongState):
        commands.push(lead, by=leading.service(cast), grade="a")
    leading.interest(cast, lead.customer, passage="p2")
    assert Lead.objects.filter(state="proposed").count() == 1  # the next wish is a new one


@pytest.mark.req("R104", "R108")
def test_what_service_writes_down_is_pushed_with_the_same_press_and_a_callers_words_wait(cast):
    lead = leading.by_hand(cast, leading.customer(cast))
    assert (lead.state, lead.finder_id) == ("pushed", cast.staff[Role.SERVICE_SPECIALIST].id)
    deal.work(cast)
    assert not Task.objects.filter(rule="lead_confirm").exists()
    waits = commands.record_by_hand(
        by=cast.actor(Role.CALLER), customer_id=leading.customer(cast, "李梅", "13900001111").id, vehicle_id=None,
        kind="trade_in", text="老车太费油", where="call",
    )  # fmt: skip
    assert (waits.state, waits.grade) == ("proposed", "b")
    again = commands.record_by_hand(
        by=leading.service(cast), customer_id=waits.customer_id, vehicle_id=None, kind="trade_in",
        text="周末想来估价", where="visit", grade="a", wanted="七座 SUV",
    )  # fmt: skip
    assert (again.id, again.state, again.wanted) == (waits.id, "pushed", "七座 SUV")
    assert LeadWords.objects.filter(lead=waits).count() == 2


@pytest.mark.req("R043")
def test_an_owner_whom_an_after_sales_campaign_reached_is_a_lead_that_the_list_finds_by_it(cast):
    lead = commands.record_by_hand(
        by=leading.service(cast), customer_id=leading.customer(cast).id, vehicle_id=None, kind="trade_in",
        text="看到置换补贴的活动，想了解旧车能抵多少", where="campaign",
    )  # fmt: skip
    leading.by_hand(cast, leading.customer(cast, "李梅", "13900001111"))  # heard elsewhere
    client = Client()
    client.force_login(cast.staff[Role.STORE_MANAGER], backend="cheban.site.accounts.Backend")
    page = client.get(reverse("sales:leads"), {"heard": "campaign"})
    assert [row.id for row in page.context["rows"]] == [lead.id]


@pytest.mark.req("R040")
def test_a_lead_of_a_new_car_goes_by_its_test_drive(cast):
    lead = leading.by_hand(cast, leading.customer(cast))
    assert "test_drive" in dict(states.stages_after(lead))
    leading.answered(cast, lead, stage="test_drive", words="周六试驾了顶配，喜欢座椅")
    lead.refresh_from_db()
    assert lead.state == "test_drive"


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "boat"},
        {"text": "  "},
        {"text": "长" * 501},
        {"where": "dream"},
        {"grade": "c"},
        {"wanted": "长" * 121},
    ],
)
def test_what_is_written_wrongly_is_refused_with_the_field_named(cast, wrong):
    with pytest.raises(errors.Invalid) as refused:
        leading.by_hand(cast, leading.customer(cast), **wrong)
    assert set(refused.value.facts) == set(wrong)


def test_a_car_or_a_consultant_of_elsewhere_is_not_found(cast):
    who, other = leading.customer(cast), leading.customer(cast, "别人", "13900003333")
    with pytest.raises(NotFound):
        leading.by_hand(cast, who, vehicle_id=other.vehicles.get().id)
    with pytest.raises(NotFound), transaction.atomic():
        leading.by_hand(cast, who, holder_id=cast.staff["outsider"].id)
    with pytest.raises(NotPermitted):
        commands.push(leading.proposed(cast), by=leading.sales(cast), grade="a")


@pytest.mark.req("R109", "R166")
def test_an_answer_says_what_how_far_and_when_next_and_ends_the_duty(cast, clock):
    lead = leading.pushed(cast)
    task = Task.objects.get(rule="lead_answer")
    assert (task.assignee_id, task.due_at) == (lead.holder_id, lead.pushed_at + timedelta(hours=24))
    for wrong in (
        {"words": " "},
        {"stage": "won"},
        {"stage": "proposed"},
        {"next_contact_on": None},
        {"next_contact_on": days(0)},
        {"next_contact_on": days(400)},
        {"stage": "appraised"},
    ):
        with pytest.raises(errors.Invalid):
            leading.answered(cast, lead, **wrong)
    clock.set(clock.now + timedelta(hours=23))
    event = leading.answered(cast, lead)
    task.refresh_from_db()
    assert (lead.state, lead.next_contact_on, task.state) == ("contacted", days(3), "done")
    assert (event.name, event.facts["hours_count"], event.facts["kept"]) == ("lead.answered", 23, True)
    assert told("lead.advanced") == [{"lead_id": str(lead.id), "stage": "contacted"}]
    again = leading.answered(cast, lead, stage="appraised", appraised_fen=8_800_000, next_contact_on=days(5))
    assert (again.name, lead.appraised_fen, lead.next_contact_on) == ("lead.followed_up", 8_800_000, days(5))


@pytest.mark.req("R109")
def test_the_day_agreed_for_the_next_talk_owes_it_and_talking_ends_it(cast, clock):
    lead = leading.pushed(cast)
    leading.answered(cast, lead, next_contact_on=days(2))
    planner.plan_day(days(1), store_ids=[cast.a.id], at=clock.now + timedelta(days=1))
    assert not Task.objects.filter(rule="lead_follow_up").exists()
    clock.set(clock.now + timedelta(days=2))
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    task = Task.objects.get(rule="lead_follow_up")
    assert (task.assignee_id, task.due_on) == (lead.holder_id, days(0))
    leading.answered(cast, lead, stage="test_drive", next_contact_on=days(4))
    task.refresh_from_db()
    assert task.state == "done"


@pytest.mark.req("R160", "R163", "R105")
def test_won_records_amount_car_cycle_and_the_split(cast, clock):
    lead = leading.pushed(cast)
    leading.answered(cast, lead)
    clock.set(clock.now + timedelta(days=4))
    for wrong in ({"deal_fen": 0}, {"deal_what": ""}, {"service_share_percent": 101}):
        with pytest.raises(errors.Invalid):
            commands.win(lead, by=leading.sales(cast), **{"deal_fen": 20_000_000, "deal_what": "七座 SUV"} | wrong)
    commands.win(lead, by=leading.sales(cast), deal_fen=21_880_000, deal_what="揽境 七座")
    deal.work(cast)
    lead.refresh_from_db()
    share = states.SHARE["trade_in"]
    assert (lead.state, lead.service_share_percent, lead.sales_share_percent) == ("won", share, 100 - share)
    [facts] = told("lead.won")
    assert facts == {
        "lead_id": str(lead.id), "kind": "trade_in", "amount_fen": 21_880_000, "hours_count": 96,
        "owner_id": cast.staff[Role.SALES_CONSULTANT].id,
        "service_staff_id": cast.staff[Role.SERVICE_SPECIALIST].id, "service_share_percent": share, "source": "service",
    }  # fmt: skip
    with pytest.raises(WrongState):
        commands.lose(lead, by=leading.sales(cast), reason="price")


def test_winning_at_the_first_call_answers_too(cast):
    lead = leading.pushed(cast)
    commands.win(lead, by=leading.sales(cast), deal_fen=1, deal_what="速腾", service_share_percent=0)
    deal.work(cast)
    assert Task.objects.get(rule="lead_answer").state == "done"
    assert len(told("lead.answered")) == len(told("lead.won")) == 1 and told("lead.advanced") == []


@pytest.mark.req("R109")
def test_lost_has_a_reason_of_the_table(cast):
    lead = leading.pushed(cast)
    with pytest.raises(errors.Invalid):
        commands.lose(lead, by=leading.sales(cast), reason="")
    commands.lose(lead, by=leading.sales(cast), reason="elsewhere", why="买了对面的")
    lead.refresh_from_db()
    [facts] = told("lead.lost")
    assert (lead.state, facts["reason_code"], facts["hours_count"]) == ("lost", "elsewhere", 0)


def test_the_tables_keep_what_must_never_be_false(cast):
    lead = leading.pushed(cast)
    for broken in (
        {"holder_id": None},
        {"grade": ""},
        {"state": "won", "closed_at": real_clock.now(), "open_key": None},
        {"state": "lost", "closed_at": real_clock.now(), "open_key": None},
        {"state": "joined", "closed_at": real_clock.now(), "open_key": None},
        {"state": "dismissed"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Lead.objects.filter(id=lead.id).update(**broken)
    with pytest.raises(IntegrityError), transaction.atomic():
        Lead.objects.create(
            store=cast.a, customer=lead.customer, kind="trade_in", open_key=lead.open_key, proposed_at=real_clock.now()
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        LeadTurn.objects.create(
            store=cast.a, lead=lead, number=9, holder_id=1, role="sales_consultant", began_at=real_clock.now()
        )


def _at_once(cast, clock, do, count: int = 8) -> list[str]:
    """What each of so many who do it at the same moment is told."""
    barrier, heard = threading.Barrier(count), []

    def run(number: int):
        try:
            with real_clock.frozen(clock.now), scope.use([cast.a.id]):
                barrier.wait()
                do(number)
            heard.append("done")
        except WrongState:
            heard.append("late")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(heard)


def test_of_eight_who_grab_a_lead_at_once_one_has_it(committed, clock):
    with transaction.atomic():
        cast = given.cast()
        people = [cast.staff[Role.SALES_CONSULTANT], *leading.consultants(cast, 7)]
        who = leading.customer(cast)
        lead = commands.hear(
            store_id=cast.a.id, customer_id=who.id, vehicle_id=None, kind="trade_in", source="visit", text="想换车",
            words=["想换"], at=clock.now,
        )  # fmt: skip
    by = leading.service(cast)
    heard = _at_once(cast, clock, lambda n: commands.push(Lead(id=lead.id), by=by, grade="a", holder_id=people[n].id))
    assert heard == ["done"] + ["late"] * 7
    with scope.use([cast.a.id]):
        assert Event.objects.filter(name="lead.pushed").count() == LeadTurn.objects.count() == 1
        assert LeadTurn.objects.get().holder_id == Lead.objects.get().holder_id


def test_the_same_wish_heard_eight_times_at_once_is_one_lead(committed, clock):
    with transaction.atomic():
        cast = given.cast()
        who = leading.customer(cast)
    heard = _at_once(
        cast,
        clock,
        lambda n: commands.hear(
            store_id=cast.a.id, customer_id=who.id, vehicle_id=None, kind="referral", source="x", text="介绍朋友",
            words=[], at=clock.now, passage_id=f"p{n % 4}",
        ),
    )  # fmt: skip
    assert heard == ["done"] * 8
    with scope.use([cast.a.id]):
        assert (Lead.objects.count(), LeadWords.objects.count()) == (1, 4)


def test_moments_are_the_clocks(cast, clock):
    assert isinstance(leading.pushed(cast).pushed_at, datetime)
    assert Lead.objects.get().pushed_at == clock.now
