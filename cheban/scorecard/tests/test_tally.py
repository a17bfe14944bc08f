"""Figures kept while things happen equal those worked out from the events, whatever comes twice or late. R161, R207."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cheban.core.events import record
from cheban.org.roles import Role
from cheban.sales import feedback
from cheban.sales.handover import commands as handing
from cheban.sales.tests import given as deal
from cheban.scorecard import queries, tally
from cheban.scorecard.definitions import BY_CODE, DEFINITIONS, light, shown, values
from cheban.scorecard.models import Counted, Tally, WeekTally
from cheban.scorecard.tests import given as board

ZONE = board.ZONE


def of_day(metric: str, day: date, person: int = 0) -> tuple[int, int]:
    row = Tally.objects.filter(metric=metric, day=day, person_id=person).first()
    return (row.part, row.whole) if row else (0, 0)


@pytest.mark.req("R162", "R165")
def test_a_confirmed_sheet_counts_its_fields_for_who_wrote_it(cast, clock):
    first = deal.sent(cast)
    handing.answer(first, by=deal.service(cast), **deal.all_right(first, motive="接送孩子"))
    sheet = first.sheet
    sheet.refresh_from_db()
    second = handing.fill_in_and_send(sheet, by=deal.sales(cast), data=deal.SAID, version=sheet.version)
    handing.answer(second, by=deal.service(cast), **deal.all_right(second))
    board.deliver(cast)
    fields, day = len(second.content), clock.now.date()
    author = cast.staff[Role.SALES_CONSULTANT].id
    assert of_day("handover_accuracy", day) == of_day("handover_accuracy", day, author) == (fields - 1, fields)
    monday = day - timedelta(days=day.weekday())
    week = WeekTally.objects.get(metric="handover_accuracy", week=monday)
    assert (week.part, week.whole) == (fields - 1, fields)
    month = queries.person_figure(author, "handover_accuracy", day)
    assert (month.part, month.whole) == (fields - 1, fields) and month.value < 100


@pytest.mark.req("R039", "R161")
def test_a_first_feedback_counts_on_the_day_its_three_days_end_and_only_in_time(cast, clock):
    delivered = deal.delivered(cast)
    board.deliver(cast)
    due = clock.now.date() + timedelta(days=3)
    specialist = cast.staff[Role.SERVICE_SPECIALIST].id
    assert of_day("first_feedback", due) == of_day("first_feedback", due, specialist) == (0, 1)
    assert of_day("first_feedback", clock.now.date()) == (0, 0)
    clock.set(clock.now + timedelta(days=2))
    feedback.record_first(delivered, by=deal.service(cast), questions="手机怎么连", needs="")
    board.deliver(cast)
    assert of_day("first_feedback", due, specialist) == (1, 1)


@pytest.mark.req("R039")
def test_a_feedback_after_three_days_stays_missed(cast, clock):
    delivered = deal.delivered(cast)
    due = clock.now.date() + timedelta(days=3)
    clock.set(clock.now + timedelta(days=3, minutes=1))
    feedback.record_first(delivered, by=deal.service(cast), questions="手机怎么连", needs="")
    board.deliver(cast)
    assert of_day("first_feedback", due) == (0, 1)


@pytest.mark.req("R168")
def test_a_complaint_that_nobody_answers_counts_against_the_24_hours(cast, clock):
    board.declare()
    board.complaints(cast, clock.now.date(), kept=1, of=2)
    board.deliver(cast)
    assert of_day("complaint_24h", clock.now.date() + timedelta(days=2)) == (1, 2)


@pytest.mark.req("R166")
def test_leads_count_by_their_last_decision_and_an_open_one_not_at_all(cast, clock):
    board.declare()
    for lead, names in {"a": ["lost", "won"], "b": ["lost"], "c": []}.items():
        record("lead.pushed", store_id=cast.a.id, lead_id=lead, to=cast.staff[Role.SALES_CONSULTANT].id)
        for name in names:
            record(f"lead.{name}", store_id=cast.a.id, lead_id=lead, hours_count=30)
    board.deliver(cast)
    today = clock.now.date()
    assert of_day("lead_conversion", today) == (1, 2)
    assert of_day("lead_cohort", today) == (1, 3)
    assert of_day("lead_cycle", today) == (30, 1)
    assert of_day("lead_answered", today + timedelta(days=1)) == (0, 3)


@pytest.mark.req("R161")
def test_an_event_delivered_twice_counts_once(cast, clock):
    board.declare()
    told = board.complaints(cast, clock.now.date(), kept=2, of=3)
    board.deliver(cast)
    before = list(Tally.objects.order_by("id").values_list("metric", "day", "person_id", "part", "whole"))
    for event in [*told, *reversed(told)]:
        tally.count(event)
    assert list(Tally.objects.order_by("id").values_list("metric", "day", "person_id", "part", "whole")) == before
    assert Counted.objects.filter(metric="complaint_24h").count() == 3


NAMES = {
    "complaint.filed": ["complaint_id"],
    "complaint.answered": ["complaint_id"],
    "lead.pushed": ["lead_id"],
    "lead.answered": ["lead_id"],
    "lead.won": ["lead_id"],
    "lead.lost": ["lead_id"],
    "delivery.completed": ["delivery_id"],
    "feedback.recorded": ["delivery_id"],
    "survey.answered": ["response_id"],
}
START = datetime(2026, 12, 26, 8, tzinfo=ZONE)  # over new year


@st.composite
def streams(draw):
    """Random events about a few things, then delivered in any order, some of them twice."""
    told = []
    for number in range(draw(st.integers(1, 14))):
        name = draw(st.sampled_from(sorted(NAMES)))
        facts = {NAMES[name][0]: draw(st.sampled_from("abc"))}
        if draw(st.booleans()):
            facts["owner_id"] = draw(st.sampled_from([7, 8]))
        if name.endswith("answered") and draw(st.booleans()):
            facts["kept"] = draw(st.booleans())
        if name == "survey.answered":
            facts["joint_points_count"] = draw(st.integers(0, 100))
        if name == "lead.won":
            facts["hours_count"] = draw(st.integers(0, 500))
        told.append(
            SimpleNamespace(
                id=number + 1,
                name=name,
                at=START + timedelta(hours=draw(st.integers(0, 24 * 12))),
                actor_id=draw(st.sampled_from([None, 7, 9])),
                facts=facts,
            )
        )
    order = draw(st.permutations(told + draw(st.lists(st.sampled_from(told), max_size=6))))
    return told, order


@pytest.mark.req("R161", "R207")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(streams())
def test_figures_kept_equal_figures_recomputed_for_any_stream(cast, stream):
    told, order = stream
    with transaction.atomic():
        for event in (*told, *order):
            event.store_id = cast.a.id
        for event in order:
            tally.apply(tally.fold(tally.rows_of(event, zone=ZONE)).values())
        wanted = tally.sums(tally.fold(r for e in told for r in tally.rows_of(e, zone=ZONE)).values())
        held: dict = {}
        for definition in DEFINITIONS:
            held |= tally.kept(definition.code, from_on=date(2026, 1, 1), to_on=date(2028, 1, 1), store_ids=[cast.a.id])
        assert held == wanted
        weekly: dict = {}
        for (_store, metric, person, day), (part, whole) in wanted.items():
            if person == 0:
                key = metric, day - timedelta(days=day.weekday())
                had = weekly.get(key, (0, 0))
                weekly[key] = (had[0] + part, had[1] + whole)
        kept = {
            (m, w): (p, n) for m, w, p, n in WeekTally.objects.values_list("metric", "week", "part", "whole") if p or n
        }
        assert kept == {key: value for key, value in weekly.items() if any(value)}
        transaction.set_rollback(True)


@pytest.mark.req("R161")
def test_recomputed_from_the_recorded_events_it_is_the_same(cast, clock):
    board.declare()
    board.complaints(cast, clock.now.date(), kept=2, of=5)
    deal.delivered(cast)
    board.deliver(cast)
    for metric in ("complaint_24h", "first_feedback"):
        span = {"from_on": clock.now.date() - timedelta(days=30), "to_on": clock.now.date() + timedelta(days=30)}
        kept = tally.kept(metric, **span, store_ids=[cast.a.id])
        assert kept and kept == tally.recompute(metric, **span, store_ids=[cast.a.id])


@pytest.mark.req("R161")
def test_events_from_before_the_figures_are_caught_up(cast, clock):
    board.declare()
    board.complaints(cast, clock.now.date(), kept=2, of=5)
    board.deliver(cast)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM scorecard_counted")
        cursor.execute("DELETE FROM scorecard_tally")
        cursor.execute("DELETE FROM scorecard_weektally")
    assert tally.is_new([cast.a.id])
    assert tally.catch_up([cast.a.id], since=clock.now - timedelta(days=9)) == {cast.a.id}
    assert of_day("complaint_24h", clock.now.date() + timedelta(days=2)) == (2, 5)
    assert tally.catch_up([cast.a.id], since=clock.now - timedelta(days=9)) == set()


@pytest.mark.req("R161")
def test_two_at_once_count_both(committed, clock):
    import threading

    from django.db import connections

    from cheban.org import scope
    from tests import given as house

    with transaction.atomic():
        cast = house.cast()
    errors: list[Exception] = []

    def tell(number: int) -> None:
        try:
            for index in range(20):
                with scope.use([cast.a.id]):
                    row = tally.Row(
                        cast.a.id,
                        "complaint_24h",
                        f"{number}-{index % 10}",  # each thing twice by each, and the days are shared by all
                        opened_id=number * 100 + index % 10,
                        opened_at=clock.now,
                        day=clock.now.date(),
                        whole=1,
                        worth=1,
                    )
                    tally.apply([row])
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=tell, args=(n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    with scope.use([cast.a.id]):
        assert of_day("complaint_24h", clock.now.date()) == (40, 40)


@pytest.mark.req("R181", "R182")
def test_lights_and_what_is_shown():
    accuracy, cycle = BY_CODE["handover_accuracy"], BY_CODE["lead_cycle"]
    goal = {"definition": accuracy, "target": accuracy.target, "least": 20}
    below = values(9796, 10000, "percent")
    assert light(below, 10000, **goal) == "broken" and str(shown(values(97999, 100000, "percent"), accuracy)) == "97.9"
    assert light(values(981, 1000, "percent"), 1000, **goal) == "close"
    assert light(values(99, 100, "percent"), 100, **goal) == "kept"
    assert light(values(19, 19, "percent"), 19, **goal) == ""
    assert light(None, 0, **goal) == ""
    late = values(3370, 10, "hours")
    assert light(late, 10, definition=cycle, target=cycle.target, least=3) == "broken"
    assert str(shown(values(1001, 3, "hours"), cycle)) == "333.7"


def test_every_definition_has_words_and_a_title_of_its_own():
    assert len({d.title for d in DEFINITIONS}) == len(DEFINITIONS)
    assert all(d.formula and d.thing and d.code == d.code.lower() and len(d.code) <= 24 for d in DEFINITIONS)
    assert not [pair for pair in itertools.combinations(DEFINITIONS, 2) if pair[0].formula == pair[1].formula]
