"""The career path: what a grade asks, who fulfils it, who gives it, and that everybody sees how. R179, R182, R183."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given as drawn
from hypothesis import strategies as st

from cheban.core import clock as real_clock
from cheban.core.errors import NotFound, NotPermitted, WrongState
from cheban.messaging.models import InboxItem
from cheban.org import scope
from cheban.org.models import StaffRole
from cheban.org.roles import Role
from cheban.org.training.models import Training, TrainingCertificate, TrainingInvitation, TrainingMaterial
from cheban.scorecard.career import grading, ladder, standing
from cheban.scorecard.career.ladder import HOUSE, Asked
from cheban.scorecard.career.models import CareerLadder, CareerStep
from cheban.scorecard.errors import Invalid
from cheban.scorecard.models import Practice, PracticePage, Tally
from tests import given

pytestmark = pytest.mark.req("R179")
BACKEND = "cheban.site.accounts.Backend"


@pytest.fixture
def cast(db):
    return given.cast()


@pytest.fixture
def manager(cast):
    return cast.actor(Role.STORE_MANAGER)


@pytest.fixture
def person(cast):
    """A service specialist who joined four months ago."""
    found = cast.staff[Role.SERVICE_SPECIALIST]
    found.joined_on = real_clock.today() - timedelta(days=125)
    found.save()
    return found


def _certificate(cast, person, *, days: int = 100, title: str = "保密培训") -> TrainingInvitation:
    """A certificate that holds for so many days (less than none: it ran out)."""
    today, now = real_clock.today(), real_clock.now()
    training = Training.objects.create(
        group=cast.a.group, kind="other", title=title, held_on=today, valid_months=12, due_days=14, made_at=now
    )
    material = TrainingMaterial.objects.create(
        training=training, number=1, text="读完这一页。" * 10, sha256="0" * 64, written_at=now
    )
    certificate = TrainingCertificate.objects.create(
        training=training, material=material, material_sha256="0" * 64, staff=person, how="self", confirmed_at=now,
        attended_on=today - timedelta(days=300), valid_until=today + timedelta(days=days),
    )  # fmt: skip
    return TrainingInvitation.objects.create(
        training=training,
        staff=person,
        invited_at=now,
        due_on=today,
        lapses_on=today + timedelta(days=days + 1),
        certificate=certificate,
    )


def _figure(cast, person, *, part: int, whole: int, metric: str = "handover_accuracy", months_ago: int = 1) -> None:
    day = real_clock.today().replace(day=1)
    for _month in range(months_ago):
        day = (day - timedelta(days=1)).replace(day=1)
    Tally.objects.create(store=cast.a, metric=metric, person_id=person.id, day=day, part=part, whole=whole)


def _now(cast, person, actor) -> standing.Standing:
    return grading.standing_of(cast.a.id, person.id, actor, today=real_clock.today())


def test_everybody_begins_with_the_first_grade_and_sees_what_the_next_one_asks(cast, person, manager):
    found = _now(cast, person, manager)
    assert (found.title, found.next_title, found.is_ready) == ("见习", "初级", False)
    assert [(c.name, c.has, c.is_met) for c in found.conditions] == [
        ("months", 4, True),
        ("certificates", 0, False),
        ("reached", None, True),
    ]


@pytest.mark.req("R183")
def test_who_fulfils_everything_is_graded_by_the_rule_without_a_reason_and_is_told(cast, person, manager):
    _certificate(cast, person)
    _figure(cast, person, part=60, whole=60)
    made = grading.give(cast.a.id, person.id, by=manager, grade=2, seen=0, reason="")
    assert (made.grade, made.by_rule, made.number) == (2, True, 1)
    assert _now(cast, person, manager).title == "初级"
    assert InboxItem.objects.filter(staff_id=person.id, kind="career.graded").count() == 1


@pytest.mark.req("R182")
def test_who_does_not_fulfil_it_needs_a_reason_that_is_marked_and_seen(cast, person, manager):
    with pytest.raises(Invalid) as refused:
        grading.give(cast.a.id, person.id, by=manager, grade=2, seen=0, reason=" ")
    assert "有效证书 1 张" in refused.value.message
    assert "reason" in refused.value.facts
    made = grading.give(cast.a.id, person.id, by=manager, grade=4, seen=0, reason="从别的店调来，原来就是高级")
    assert (made.grade, made.by_rule) == (4, False)
    client = Client()
    client.force_login(person, backend=BACKEND)
    page = client.get(reverse("scorecard:mine")).content.decode()
    assert "从别的店调来，原来就是高级" in page
    assert "未按条件评定" in page


def test_a_certificate_that_ran_out_does_not_count(cast, person, manager):
    _certificate(cast, person, days=-1)
    assert {c.name: c.has for c in _now(cast, person, manager).conditions}["certificates"] == 0


@pytest.mark.req("R183")
def test_only_the_last_three_full_months_of_figures_with_enough_things_count(cast, person, manager):
    _figure(cast, person, part=60, whole=60, months_ago=3)
    _figure(cast, person, part=0, whole=60, months_ago=4)  # before
    _figure(cast, person, part=0, whole=60, months_ago=0)  # this month is not over
    _figure(cast, person, part=0, whole=1, metric="lead_cohort")  # too few to judge
    assert {c.name: c.has for c in _now(cast, person, manager).conditions}["reached"] == 100
    _figure(cast, person, part=0, whole=60, metric="follow_up")
    assert {c.name: c.has for c in _now(cast, person, manager).conditions}["reached"] == 50


@pytest.mark.req("R180")
def test_the_highest_grade_asks_for_a_case_in_the_handbook_that_is_still_there(cast, person, manager):
    grading.give(cast.a.id, person.id, by=manager, grade=4, seen=0, reason="首次评定")
    case = Practice.objects.create(
        store=cast.a, month=real_clock.today().replace(day=1), title="先说修什么", story="…", lesson="…",
        kind="other", nominated_by_id=person.id, nominated_at=real_clock.now(),
    )  # fmt: skip
    version = {"group": cast.a.group, "practice_id": case.id, "from_store_id": cast.a.id, "month": case.month}
    PracticePage.objects.create(**version, number=1, title="先说修什么", story="…", lesson="…")

    def cases() -> int | None:
        return {c.name: c.has for c in _now(cast, person, manager).conditions}["cases"]

    assert cases() == 1
    PracticePage.objects.create(**version, number=2, title="", story="", lesson="")  # taken out
    assert cases() == 0


def test_nobody_grades_themselves_not_even_the_database(cast, manager):
    with pytest.raises(WrongState):
        grading.give(cast.a.id, manager.staff_id, by=manager, grade=2, seen=0, reason="我很好")
    with pytest.raises(IntegrityError), transaction.atomic():
        CareerStep.objects.create(
            store=cast.a, person_id=manager.staff_id, number=1, grade=5, since=real_clock.today(), by_rule=False,
            reason="x", by_id=manager.staff_id, at=real_clock.now(),
        )  # fmt: skip


def test_of_two_who_decide_at_once_the_second_is_told(cast, person, manager):
    grading.give(cast.a.id, person.id, by=manager, grade=2, seen=0, reason="首次评定")
    with pytest.raises(WrongState):
        grading.give(cast.a.id, person.id, by=cast.actor(Role.GROUP_ADMIN), grade=3, seen=0, reason="首次评定")
    with pytest.raises(IntegrityError), transaction.atomic():
        CareerStep.objects.create(
            store=cast.a, person_id=person.id, number=1, grade=3, since=real_clock.today(), by_rule=False,
            reason="x", by_id=manager.staff_id, at=real_clock.now(),
        )  # fmt: skip
    assert CareerStep.objects.count() == 1


def test_a_step_back_takes_a_reason_and_the_history_stays(cast, person, manager):
    grading.give(cast.a.id, person.id, by=manager, grade=3, seen=0, reason="首次评定")
    grading.give(cast.a.id, person.id, by=manager, grade=2, seen=1, reason="上次评定有误")
    assert [s.grade for s in _now(cast, person, manager).steps] == [2, 3]
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE scorecard_careerstep SET grade = 5")


@pytest.mark.parametrize("grade", [0, 6, -1])
def test_a_grade_that_does_not_exist_is_refused(cast, person, manager, grade):
    with pytest.raises(Invalid):
        grading.give(cast.a.id, person.id, by=manager, grade=grade, seen=0, reason="首次评定")


def test_somebody_of_another_store_is_not_found(cast, manager):
    with pytest.raises(NotFound):
        grading.give(cast.a.id, cast.staff["outsider"].id, by=manager, grade=2, seen=0, reason="首次评定")
    with pytest.raises(NotFound):
        grading.give(cast.b.id, cast.staff["outsider"].id, by=manager, grade=2, seen=0, reason="首次评定")


def test_whoever_looks_at_one_of_their_stores_sees_the_grade_of_that_one(cast, person, manager):
    StaffRole.objects.create(staff=person, store=cast.b, role=Role.SERVICE_SPECIALIST)
    grading.give(cast.a.id, person.id, by=manager, grade=3, seen=0, reason="首次评定")
    client = Client()
    client.force_login(person, backend=BACKEND)
    both = client.get(reverse("scorecard:mine")).context["standings"]
    assert [(s.store, s.grade) for s in both] == [(cast.a.name, 3), (cast.b.name, 1)]
    client.post(reverse("choose_store"), {"store": cast.b.id, "next": "/"})
    one = client.get(reverse("scorecard:mine")).context["standings"]
    assert [(s.store, s.grade) for s in one] == [(cast.b.name, 1)]


def test_a_grade_named_for_a_store_of_elsewhere_is_given_nowhere(cast, person):
    client = Client()
    client.force_login(cast.staff[Role.STORE_MANAGER], backend=BACKEND)
    form = {"store": cast.b.id, "grade": "2", "seen": "0", "reason": "首次评定"}
    assert client.post(reverse("scorecard:grade", args=[person.id]), form).status_code == 404
    assert not CareerStep.objects.exists()


def test_a_store_may_ask_something_else_than_its_group_and_whoever_is_measured_sees_it(cast, person, manager):
    typed = {f"{name}_{grade}": str(getattr(asked, name)) for grade, asked in HOUSE.items() for name in ladder.FIELDS}
    level = ladder.level_of(str(cast.a.id), manager)
    ladder.change(by=manager, level=level, typed=typed | {"months_2": "6", "certificates_2": "0"}, reason="新店开业")
    found = _now(cast, person, manager)
    assert [(c.name, c.asked, c.is_met) for c in found.conditions] == [("months", 6, False), ("reached", 60, True)]
    assert ladder.Ladders([cast.b.id]).of(cast.b.id) == HOUSE
    with pytest.raises(NotPermitted):
        ladder.level_of("group", manager)


@pytest.mark.parametrize("wrong", ["", "-1", "3.5", "一年", "999"])
def test_a_condition_that_is_no_number_is_refused_and_names_its_field(cast, manager, wrong):
    typed = {f"{name}_{grade}": "1" for grade in HOUSE for name in ladder.FIELDS} | {"months_3": wrong}
    with pytest.raises(Invalid) as refused:
        ladder.change(by=manager, level=ladder.level_of(str(cast.a.id), manager), typed=typed, reason="试试")
    assert list(refused.value.facts) == ["months_3"]
    assert not CareerLadder.objects.exists()


@drawn(
    asked=st.builds(Asked, *[st.integers(0, 30)] * 2, st.integers(0, 100), st.integers(0, 5)),
    months=st.none() | st.integers(0, 40),
    certificates=st.integers(0, 30),
    figures=st.none() | st.tuples(st.integers(0, 9), st.just(9)),
    cases=st.integers(0, 5),
)
def test_somebody_is_ready_exactly_when_nothing_is_missing_and_more_never_hurts(
    asked, months, certificates, figures, cases
):
    def conditions(**more):
        return standing._conditions(
            asked,
            grade=1,
            **{"months": months, "certificates": certificates, "figures": figures, "cases": cases} | more,
        )

    now = {c.name: c.is_met for c in conditions()}
    better = {c.name: c.is_met for c in conditions(months=40, certificates=30, figures=(9, 9), cases=5)}
    assert all(better.values())
    assert now.keys() == better.keys() == {n for n in ladder.FIELDS if getattr(asked, n)}


@pytest.mark.parametrize(
    ("since", "today", "months"),
    [
        (date(2026, 1, 31), date(2026, 2, 28), 0),
        (date(2026, 1, 31), date(2026, 3, 31), 2),
        (date(2026, 1, 15), date(2026, 2, 15), 1),
        (date(2026, 1, 15), date(2026, 2, 14), 0),
        (date(2027, 1, 1), date(2026, 1, 1), 0),
        (None, date(2026, 1, 1), None),
    ],
)
def test_months_are_whole_ones(since, today, months):
    assert standing._months(since, today) == months


def test_the_page_asks_the_same_queries_however_many_work_there(cast, person, manager):
    client = Client()
    client.force_login(cast.staff[Role.STORE_MANAGER], backend=BACKEND)

    def asked() -> int:
        def once() -> int:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(reverse("scorecard:career")).status_code == 200
            return len(queries)

        return min(once(), once())  # what a process keeps for some seconds is asked by the first

    grading.give(cast.a.id, person.id, by=manager, grade=2, seen=0, reason="首次评定")
    few = asked()
    scope.set_stores([cast.a.id])
    for n in range(20):
        joined = given.staff(cast.a, Role.CALLER, login=f"caller{n}")
        grading.give(cast.a.id, joined.id, by=manager, grade=2, seen=0, reason="首次评定")
    assert asked() == few


def test_a_refusal_on_the_page_keeps_what_was_typed_and_says_what_is_missing(cast, person):
    client = Client()
    client.force_login(cast.staff[Role.STORE_MANAGER], backend=BACKEND)
    answer = client.post(
        reverse("scorecard:grade", args=[person.id]), {"store": cast.a.id, "grade": "2", "seen": "0", "reason": ""}
    )
    assert answer.status_code == 422
    assert "有效证书 1 张" in answer.content.decode()
    typed = {f"{name}_{grade}": "1" for grade in HOUSE for name in ladder.FIELDS} | {"months_3": "777"}
    answer = client.post(
        reverse("scorecard:change_ladder"), typed | {"store": cast.a.id, "level": str(cast.a.id), "reason": "新店开业"}
    )
    assert answer.status_code == 422
    assert 'value="777"' in answer.content.decode()


def test_roles_of_the_group_are_graded_by_nobody(cast, manager):
    people = {s.person_id for s in standing.standings(cast.a.id, today=real_clock.today())}
    assert cast.staff[Role.AUDITOR].id not in people
    assert cast.staff[Role.TECHNICIAN].id in people
    StaffRole.objects.filter(staff=cast.staff[Role.TECHNICIAN]).delete()
    assert cast.staff[Role.TECHNICIAN].id not in {
        s.person_id for s in standing.standings(cast.a.id, today=real_clock.today())
    }
