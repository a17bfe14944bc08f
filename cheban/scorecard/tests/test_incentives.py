"""Factors, splits, monthly statements, approval for good, what comes late, schemes. R158-R160, R181-R183."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given as examples
from hypothesis import strategies as st

from cheban.core.errors import NotPermitted, Refused, WrongState
from cheban.core.models import AuditEntry, Event
from cheban.org import scope
from cheban.org.access import actor_for
from cheban.org.models import StaffRole
from cheban.org.roles import Role
from cheban.playbook import planner
from cheban.playbook.models import Task
from cheban.scorecard import errors
from cheban.scorecard.incentives import reading, reckoning, schemes, simulating, statements, terms
from cheban.scorecard.incentives.terms import HOUSE, Measured, Terms
from cheban.scorecard.models import CommissionBase, IncentiveScheme, PaidLine, PayMonth, Statement
from cheban.scorecard.tests import given as told
from tests import given

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
IN_OCTOBER = datetime(2026, 10, 14, 10, tzinfo=told.ZONE)


@pytest.fixture
def pay(cast, clock):
    """October is over and open, November runs; six good answers and one won lead in October."""
    told.declare_pay()
    cast.lead = told.won(cast, IN_OCTOBER, "lead-1")
    told.answers(cast, IN_OCTOBER, 90, 88, 92, 95, 86, 91)
    told.deliver(cast)
    statements.refresh([cast.a.id])
    return cast


def of(cast, role: str, month: date = OCTOBER) -> Statement:
    return Statement.objects.get(person_id=cast.staff[role].id, month=month)


def approve(cast, *rows: Statement, by: Role = Role.STORE_MANAGER) -> int:
    actor = cast.actor(by)
    return statements.approve(list(rows), by=actor, seen=statements.look(list(rows), by=actor).seen)


# --- arithmetic


@pytest.mark.req("R158", "R159")
@pytest.mark.parametrize(
    ("points", "factor"), [([90] * 5, 10_000), ([85] * 5, 10_000), ([84] * 4 + [86], 9_800), ([79] * 5, 9_500),
                           ([60] * 5, 9_000), ([0] * 4, 10_000)]
)  # fmt: skip
def test_the_sales_factor_falls_by_the_table_below_85_and_never_with_too_few_answers(points, factor):
    assert terms.sales_factor(HOUSE, sum(points), len(points)).value == factor


@pytest.mark.req("R159")
def test_84_96_points_are_below_85_and_read_so():
    found = terms.sales_factor(HOUSE, 8496, 100)
    assert found.value == 9_800 and terms.shown(found.points) == "84.9"
    assert terms.factor_words(9_985) == "0.9985" and terms.factor_words(11_000) == "1.10"


@pytest.mark.req("R160")
@examples(st.integers(0, 10**9), st.integers(0, 100))
def test_both_parts_of_a_bonus_always_make_the_whole(fen, share):
    service, sales = terms.split(fen, share)
    assert service + sales == fen and min(service, sales) >= 0
    assert abs(Fraction(fen * share, 100) - service) <= Fraction(1, 2)


@pytest.mark.req("R181", "R182")
def test_a_service_figure_without_enough_records_drops_out_and_its_weight_is_shared():
    full = Measured(98, 100, Decimal(80), 10)
    few = terms.service_factor(
        HOUSE, {terms.SATISFACTION: Measured(180, 2, Decimal(90), 5), terms.COMPLAINTS: Measured(3, 4, Decimal(95), 3),
                terms.FOLLOW_UP: full}
    )  # fmt: skip
    assert [s.points is None for s in few.scored] == [True, False, False]
    assert few.points == (Fraction(7500, 95) + 100) / 2 and few.value == 10_000
    assert terms.service_factor(HOUSE, {}).value == 10_000
    alone = terms.service_factor(HOUSE, {terms.FOLLOW_UP: full})
    assert (alone.points, alone.value) == (100, 11_000)


@pytest.mark.req("R158")
def test_base_times_factor_rounds_half_a_fen_up():
    assert [terms.times(fen, 9_750) for fen in (20, 1, 0)] == [20, 1, 0]
    assert terms.times(10, 9_500) == 10 and terms.times(850_000, 9_800) == 833_000


# --- statements


@pytest.mark.req("R158", "R160", "R181", "R182")
def test_each_measured_person_has_a_statement_with_its_formula_in_words(pay):
    assert {s.role for s in Statement.objects.filter(month=OCTOBER)} == {
        "sales_consultant", "service_specialist", "service_advisor",
    }  # fmt: skip
    sales, service = of(pay, Role.SALES_CONSULTANT), of(pay, Role.SERVICE_SPECIALIST)
    assert (sales.factor, sales.bonus_fen, sales.pay_fen, sales.total_fen) == (10_000, 12_000, None, 12_000)
    assert service.bonus_fen == 18_000
    words = " ".join(line.words for line in reading.lines(sales.content, {}))
    assert "6 位客户的评价，平均 90.3 分" in words and "（100 − 10 + 10 × 100%）÷ 100 = 1.00" in words
    assert "奖励 ¥300.00，销售一方 40%" in words
    service_words = " ".join(line.words for line in reading.lines(service.content, {}))
    assert "记录不够：0 件，至少要 3 件才算" in service_words and "100.0 × 40" in service_words
    assert [line.title for line in reading.lines(sales.content, {}) if line.part == "pay"] == []


@pytest.mark.req("R158")
def test_a_base_gives_an_amount_and_without_one_there_is_none(pay):
    told.answers(pay, IN_OCTOBER + timedelta(days=1), *[60] * 6, prefix="bad")
    told.deliver(pay)
    row = of(pay, Role.SALES_CONSULTANT)
    with pytest.raises(errors.Invalid):
        statements.set_base(row, by=pay.actor(Role.STORE_MANAGER), yuan="-5")
    row = statements.set_base(row, by=pay.actor(Role.STORE_MANAGER), yuan="8,500")
    assert (row.factor, row.pay_fen, row.total_fen) == (9_500, 807_500, 819_500)
    assert AuditEntry.objects.get(action="statement.base_set").facts["now_fen"] == 850_000
    row = statements.set_base(row, by=pay.actor(Role.STORE_MANAGER), yuan="")
    assert row.pay_fen is None and not CommissionBase.objects.exists()


@pytest.mark.req("R160")
def test_only_leads_that_service_found_are_paid_and_each_once(pay):
    told.won(pay, IN_OCTOBER, "lead-1", share=10)  # told twice
    told.won(pay, IN_OCTOBER, "crm-1", source="crm")
    told.won(pay, IN_OCTOBER, "odd", kind="insurance")
    told.won(pay, IN_OCTOBER, "whole", kind="referral", share=100)
    told.deliver(pay)
    assert of(pay, Role.SERVICE_SPECIALIST).bonus_fen == 18_000 + 20_000
    assert [b["lead"] for b in of(pay, Role.SALES_CONSULTANT).content["bonuses"]] == ["lead-1"]


@pytest.mark.req("R183")
def test_an_approved_statement_cannot_be_changed_by_anybody(pay):
    row = of(pay, Role.SERVICE_SPECIALIST)
    assert approve(pay, row) == 1
    row.refresh_from_db()
    assert row.state == "approved" and row.digest == reckoning.digest(row.content)
    for change in (
        lambda: Statement.objects.filter(id=row.id).update(total_fen=1),
        lambda: Statement.objects.filter(id=row.id).update(state="draft"),
        lambda: Statement.objects.filter(id=row.id).delete(),
        lambda: PaidLine.objects.filter(statement=row).update(fen=1),
        lambda: PaidLine.objects.filter(statement=row).delete(),
        lambda: IncentiveScheme.objects.filter(id=0).update(reason="x"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with pytest.raises(WrongState):
        statements.set_base(row, by=pay.actor(Role.STORE_MANAGER), yuan="1")
    with pytest.raises(WrongState):
        approve(pay, row)
    assert {line.lead for line in PaidLine.objects.all()} == {"lead-1"}
    assert Event.objects.get(name="statement.approved").facts["person_id"] == row.person_id
    assert AuditEntry.objects.get(action="statement.approved").facts["digest"] == row.digest


@pytest.mark.req("R183")
def test_nobody_approves_their_own_nor_a_running_month_nor_out_of_order(pay, clock):
    manager = pay.staff[Role.STORE_MANAGER]
    StaffRole.objects.create(staff=manager, store=pay.a, role=Role.SERVICE_ADVISOR)
    statements.refresh([pay.a.id])
    PayMonth.objects.get(month=OCTOBER)
    own = Statement.objects.get(person_id=manager.id, month=NOVEMBER)
    clock.set(datetime(2026, 12, 1, 9, tzinfo=told.ZONE))
    statements.refresh([pay.a.id])
    with pytest.raises(NotPermitted):
        statements.approve([own], by=actor_for(manager), seen="")
    with pytest.raises(NotPermitted):
        statements.set_base(own, by=actor_for(manager), yuan="1")
    later = of(pay, Role.SALES_CONSULTANT, NOVEMBER)
    with pytest.raises(WrongState, match="先核定较早的"):
        approve(pay, later)
    running = of(pay, Role.SALES_CONSULTANT, date(2026, 12, 1))
    with pytest.raises(WrongState, match="还没有结束"):
        approve(pay, running)
    assert approve(pay, of(pay, Role.SALES_CONSULTANT), later) == 2
    with pytest.raises(NotPermitted):
        statements.approve([own], by=pay.actor(Role.SERVICE_ADVISOR), seen="")


@pytest.mark.req("R183")
def test_what_changed_after_it_was_seen_is_not_approved(pay):
    row, by = of(pay, Role.SERVICE_SPECIALIST), pay.actor(Role.STORE_MANAGER)
    seen = statements.look([row], by=by).seen
    told.won(pay, IN_OCTOBER, "lead-2")
    with pytest.raises(statements.Moved):
        statements.approve([row], by=by, seen=seen)
    row.refresh_from_db()
    assert row.state == "draft" and not PaidLine.objects.exists()


@pytest.mark.req("R160", "R183")
def test_a_lead_told_after_approval_is_made_up_next_month_exactly_once(pay, clock):
    approve(pay, of(pay, Role.SERVICE_SPECIALIST))
    told.won(pay, IN_OCTOBER + timedelta(days=2), "late-1", kind="trade_in", share=50)
    told.deliver(pay)
    for _again in range(2):
        statements.refresh([pay.a.id])
    october, november = (of(pay, Role.SERVICE_SPECIALIST, m) for m in (OCTOBER, NOVEMBER))
    assert (october.bonus_fen, october.state) == (18_000, "approved")
    assert (november.bonus_fen, november.correction_fen) == (0, 15_000)
    assert any("上月补记" in line.title for line in reading.lines(november.content, {}))
    # the other side's month is still open: there it is an ordinary line
    assert of(pay, Role.SALES_CONSULTANT).bonus_fen == 12_000 + 15_000
    clock.set(datetime(2026, 12, 2, 9, tzinfo=told.ZONE))
    statements.refresh([pay.a.id])
    approve(pay, november)
    statements.refresh([pay.a.id])
    assert of(pay, Role.SERVICE_SPECIALIST, date(2026, 12, 1)).correction_fen == 0
    assert PaidLine.objects.filter(lead="late-1", side="service").count() == 1


@pytest.mark.req("R159", "R183")
def test_another_factor_of_an_approved_month_is_made_up_once_with_its_difference(pay, clock):
    row = statements.set_base(of(pay, Role.SALES_CONSULTANT), by=pay.actor(Role.STORE_MANAGER), yuan="10000")
    approve(pay, row)
    told.answers(pay, IN_OCTOBER + timedelta(days=9), *[60] * 20, prefix="late")
    told.deliver(pay)
    statements.refresh([pay.a.id])
    november = of(pay, Role.SALES_CONSULTANT, NOVEMBER)
    [line] = november.content["made_up"]
    assert (line["was"], line["now"], line["fen"], november.correction_fen) == (10_000, 9_000, -100_000, -100_000)
    clock.set(datetime(2026, 12, 2, 9, tzinfo=told.ZONE))
    statements.refresh([pay.a.id])
    approve(pay, november)
    statements.refresh([pay.a.id])
    december = of(pay, Role.SALES_CONSULTANT, date(2026, 12, 1))
    assert december.content["made_up"] == [] and december.correction_fen == 0
    told.answers(pay, IN_OCTOBER + timedelta(days=10), *[100] * 60, prefix="better")
    told.deliver(pay)
    statements.refresh([pay.a.id])
    december.refresh_from_db()
    assert [(m["was"], m["now"], m["fen"]) for m in december.content["made_up"]] == [(9_000, 10_000, 100_000)]


@pytest.mark.req("R160", "R183")
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_whatever_comes_when_every_side_is_paid_once_or_waits(pay, clock, order):
    """Leads arrive, months are approved, leads arrive late: nothing twice, nothing lost."""
    deeds = [
        lambda: told.won(pay, IN_OCTOBER, "a", share=33),
        lambda: approve(pay, of(pay, Role.SERVICE_SPECIALIST)),
        lambda: told.won(pay, IN_OCTOBER + timedelta(days=30), "b", share=67),
    ]
    for index in order:
        deeds[index]()
        told.deliver(pay)
        statements.refresh([pay.a.id])
    clock.set(datetime(2026, 12, 3, 9, tzinfo=told.ZONE))
    statements.refresh([pay.a.id])
    for role in (Role.SALES_CONSULTANT, Role.SERVICE_SPECIALIST):
        for month in (OCTOBER, NOVEMBER):
            row = of(pay, role, month)
            if row.state == "draft":
                approve(pay, row)
    sides: dict[tuple[str, str], list[int]] = {}
    for row in Statement.objects.all():
        for b in [*row.content["bonuses"], *row.content["late"]]:
            sides.setdefault((b["lead"], b["side"]), []).append(b["fen"])
    assert set(sides) == {(lead, side) for lead in ("lead-1", "a", "b") for side in ("service", "sales")}
    assert all(len(found) == 1 for found in sides.values())
    for lead in ("lead-1", "a", "b"):
        assert sum(sides[lead, "service"] + sides[lead, "sales"]) == 30_000


@pytest.mark.req("R183")
def test_who_left_and_who_is_not_measured_are_still_paid_what_is_owed(pay):
    specialist = pay.staff[Role.SERVICE_SPECIALIST]
    StaffRole.objects.filter(staff=specialist).delete()
    told.won(pay, NOVEMBER_DAY, "after")
    told.deliver(pay)
    statements.refresh([pay.a.id])
    row = of(pay, Role.SERVICE_SPECIALIST, NOVEMBER)
    assert (row.role, row.bonus_fen, row.factor) == ("service_specialist", 18_000, 10_000)
    assert of(pay, Role.SERVICE_SPECIALIST, OCTOBER).bonus_fen == 18_000
    told.won(pay, NOVEMBER_DAY, "caller", service_staff_id=pay.staff[Role.CALLER].id)
    told.deliver(pay)
    caller = of(pay, Role.CALLER, NOVEMBER)  # nobody who is measured, and still owed
    assert (caller.role, caller.bonus_fen, caller.factor, caller.content["figures"]) == ("", 18_000, 10_000, [])


NOVEMBER_DAY = datetime(2026, 11, 20, 10, tzinfo=told.ZONE)


@pytest.mark.req("R183")
def test_two_who_approve_at_once_pay_once(committed, clock):
    with transaction.atomic():
        cast = given.cast()
        told.declare_pay()
        told.won(cast, IN_OCTOBER, "lead-1")
        statements.refresh([cast.a.id])
        rows = list(Statement.objects.filter(month=OCTOBER))
        actors = [actor_for(cast.staff[role]) for role in (Role.STORE_MANAGER, Role.OPERATIONS)]
        seen = statements.look(rows, by=actors[0]).seen
    barrier, outcomes = threading.Barrier(2), []

    def run(actor) -> None:
        from cheban.core import clock as real

        try:
            with real.frozen(clock.now), scope.use([cast.a.id]):
                barrier.wait()
                outcomes.append(statements.approve(rows, by=actor, seen=seen))
        except Refused as refusal:
            outcomes.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[actor]) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["3", "WrongState"]
    with scope.use([cast.a.id]):
        assert PaidLine.objects.count() == 2
        assert PayMonth.objects.get(month=OCTOBER).closed_at is not None
        assert Event.objects.filter(name="statement.month_closed").count() == 1


@pytest.mark.req("R183")
def test_an_approval_that_dies_halfway_leaves_nothing(pay):
    rows = list(Statement.objects.filter(month=OCTOBER).order_by("role"))
    by = pay.actor(Role.STORE_MANAGER)
    seen = statements.look(rows, by=by).seen

    def goes_away(execute, sql, params, many, context):
        """The connection breaks when the last step of three is sent."""
        if sql.startswith('UPDATE "scorecard_paymonth"'):
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(goes_away), pytest.raises(OperationalError), transaction.atomic():
        statements.approve(rows, by=by, seen=seen)
    assert not Statement.objects.filter(state="approved").exists() and not PaidLine.objects.exists()
    assert statements.approve(rows, by=by, seen=seen) == 3


@pytest.mark.req("R183")
def test_refreshing_asks_as_many_queries_for_many_as_for_few(pay):
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            reckoning.Books([pay.a.id], today=date(2026, 11, 23)).drafts()
        return len(queries)

    few = asked()
    for number in range(12):
        given.staff(pay.a, Role.SALES_CONSULTANT, login=f"more{number}", name=f"顾问{number}")
        told.won(pay, NOVEMBER_DAY, f"more-{number}", owner_id=StaffRole.objects.order_by("-id").first().staff_id)
    assert asked() == few


# --- schemes


def better(**changes) -> Terms:
    kept = HOUSE.as_json() | changes
    return terms.from_json(kept)


@pytest.mark.req("R182", "R183")
def test_a_scheme_begins_with_a_month_ahead_and_never_moves_one_that_has_begun(pay, clock):
    by, level = pay.actor(Role.STORE_MANAGER), schemes.level_of(str(pay.a.id), pay.actor(Role.STORE_MANAGER))
    with pytest.raises(errors.Invalid):
        schemes.change(better(weight=20), by=by, level=level, valid_from=OCTOBER, reason="试试看")
    schemes.change(better(weight=20), by=by, level=level, valid_from=NOVEMBER, reason="第一个方案")
    with pytest.raises(errors.Invalid):  # now a month that has begun is closed to changes
        schemes.change(better(weight=30), by=by, level=level, valid_from=NOVEMBER, reason="再改")
    december = date(2026, 12, 1)
    schemes.change(better(weight=30), by=by, level=level, valid_from=december, reason="年底")
    known = schemes.Schemes([pay.a.id])
    assert [known.of(pay.a.id, m).terms.weight for m in (OCTOBER, NOVEMBER, december)] == [10, 20, 30]
    assert [h["scheme"].reason for h in schemes.history([pay.a.id])] == ["年底", "第一个方案"]
    assert Event.objects.filter(name="incentive.scheme_changed").count() == 2
    assert AuditEntry.objects.filter(action="incentive.scheme_changed").count() == 2
    with pytest.raises(NotPermitted):
        schemes.change(HOUSE, by=pay.actor(Role.SALES_CONSULTANT), level=level, valid_from=december, reason="不行")


@pytest.mark.req("R183")
def test_a_store_goes_before_its_group_until_it_follows_again(cast):
    admin = cast.staff[Role.GROUP_ADMIN]
    scope.set_stores([cast.a.id, cast.b.id])
    actor = actor_for(admin)
    group = schemes.level_of("group", actor)
    store = schemes.level_of(str(cast.a.id), actor)
    december, january = date(2026, 12, 1), date(2027, 1, 1)
    schemes.change(better(weight=15), by=actor, level=group, valid_from=december, reason="集团")
    schemes.change(better(weight=25), by=actor, level=store, valid_from=december, reason="门店")
    schemes.change(None, by=actor, level=store, valid_from=january, reason="跟随")
    with pytest.raises(errors.Invalid):
        schemes.change(None, by=actor, level=group, valid_from=january, reason="跟随")
    known = schemes.Schemes([cast.a.id, cast.b.id])
    assert [known.of(cast.a.id, m).terms.weight for m in (december, january)] == [25, 15]
    assert known.of(cast.b.id, december).terms.weight == 15


@pytest.mark.req("R182")
@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"weight": "51"}, "weight", "0 到 50"),
        ({"weight_follow_up": "31"}, "weight_service_satisfaction", "合起来是 101"),
        ({"step_from_2": "85"}, "step_2", "重叠：第 1 行和第 2 行都从 85 分起"),
        ({"step_from_4": "10"}, "step_4", "有空档：低于 10 分没有规定"),
        ({"rate_gives_1": "9"}, "rate_1", "系数表第 1 行"),
        ({"bonus_referral": "abc"}, "bonus_referral", "转介绍"),
        ({f"step_{part}_{n}": "" for part in ("from", "gives") for n in range(1, 7)}, "step_1", "是空的"),
    ],
)
def test_a_wrong_scheme_says_what_is_wrong_and_where(changes, field, says):
    with pytest.raises(errors.Invalid) as refused:
        schemes.read(schemes.typed_of(HOUSE) | changes)
    assert says in refused.value.facts[field]


def test_what_stands_in_the_form_reads_back_the_same():
    odd = better(coefficients=[[90, 1055], [0, 875]], bonus=HOUSE.bonus | {"referral": 12_345})
    assert schemes.read(schemes.typed_of(HOUSE)) == HOUSE and schemes.read(schemes.typed_of(odd)) == odd


@pytest.mark.req("R183")
def test_a_simulation_shows_last_month_under_both_schemes_and_changes_nothing(pay):
    statements.set_base(of(pay, Role.SALES_CONSULTANT), by=pay.actor(Role.STORE_MANAGER), yuan="10000")
    approve(pay, of(pay, Role.SALES_CONSULTANT))
    before = list(Statement.objects.order_by("id").values_list("digest", flat=True))
    stricter = better(weight=20, steps=[[95, 100], [0, 50]], bonus=HOUSE.bonus | {"additional_purchase": 40_000})
    found = simulating.simulate(stricter, [pay.a.id], OCTOBER)
    rows = {r["role"]: r for r in found["rows"]}
    sales = rows["sales_consultant"]
    assert (sales["old"].factor, sales["new"].factor) == (10_000, 9_000)
    assert (sales["old"].total_fen, sales["new"].total_fen) == (1_012_000, 916_000)
    assert rows["service_specialist"]["difference_fen"] == 6_000
    assert found["difference_fen"] == -96_000 + 6_000 and found["changed"] == 2
    assert list(Statement.objects.order_by("id").values_list("digest", flat=True)) == before


# --- the rule


@pytest.mark.req("R183")
def test_the_manager_owes_the_approval_by_the_third_working_day_and_it_ends_by_itself(pay, clock):
    clock.set(datetime(2026, 12, 1, 8, tzinfo=told.ZONE))  # a Tuesday
    statements.refresh([pay.a.id])
    approve_all(pay, OCTOBER)
    planner.plan_day(date(2026, 12, 1), store_ids=[pay.a.id])
    [task] = Task.objects.filter(rule="statements_approve", state="open")
    assert task.assignee_id == pay.staff[Role.STORE_MANAGER].id
    assert task.due_at.astimezone(told.ZONE).date() == date(2026, 12, 3)
    clock.set(task.due_at + timedelta(days=1, minutes=1))
    told.work(pay)
    task.refresh_from_db()
    assert task.escalation == 1 and task.told_id == pay.staff[Role.OPERATIONS].id
    approve_all(pay, NOVEMBER)
    told.deliver(pay)
    task.refresh_from_db()
    assert task.state == "done"


def approve_all(pay, month: date) -> None:
    rows = list(Statement.objects.filter(month=month, state="draft"))
    approve(pay, *rows)
