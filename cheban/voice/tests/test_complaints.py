"""A complaint from filing to the check after 30 days: clocks, cards, money, one voice. R113-R128, R168."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from cheban.core import clock as real_clock
from cheban.core import worktime
from cheban.core.calendars import calendar_of
from cheban.core.errors import NotPermitted, WrongState
from cheban.core.models import Event
from cheban.messaging.models import InboxItem
from cheban.org.access import system_actor
from cheban.org.roles import Role
from cheban.playbook import planner
from cheban.playbook.models import Task
from cheban.voice.complaints import alarms, commands, errors, queries, solving, tables
from cheban.voice.models import Alert, Complaint, Finding, Solution
from cheban.voice.tests import griefs as voice
from tests import given

SHANGHAI = ZoneInfo("Asia/Shanghai")


def task_of(rule: str) -> Task:
    return Task.objects.get(rule=rule)


@pytest.mark.req("R113", "R117", "R122", "R128")
def test_filing_gives_three_cards_a_solution_and_a_first_answer_each_with_an_owner(cast, clock):
    made = voice.filed(cast)
    assert (made.state, made.level) == ("filed", "normal")
    assert set(Finding.objects.values_list("side", flat=True)) == {"sales", "service", "quality"}
    owed = {t.rule: (t.assignee_id, t.due_at) for t in Task.objects.all()}
    staff, day = cast.staff, clock.now + timedelta(hours=24)
    assert owed["complaint_answer"] == (staff[Role.SALES_CONSULTANT].id, day)
    assert owed["joint_solution"] == (staff[Role.QUALITY_CONTROL].id, day)
    eight_hours = worktime.due(clock.now, timedelta(hours=8), calendar_of(cast.a.id, tz=cast.a.time_zone))
    for rule, role in (
        ("finding_sales", Role.SALES_CONSULTANT),
        ("finding_service", Role.SERVICE_SPECIALIST),
        ("finding_quality", Role.QUALITY_CONTROL),
    ):
        assert owed[rule] == (staff[role].id, eight_hours)
    assert (made.speaker_id, made.executor_id) == (staff[Role.SALES_CONSULTANT].id, staff[Role.SERVICE_SPECIALIST].id)


@pytest.mark.req("R113")
def test_cards_run_on_opening_time_over_a_holiday_and_the_answer_does_not(cast, clock):
    clock.set(datetime(2026, 9, 30, 16, 0, tzinfo=SHANGHAI))
    voice.filed(cast)
    assert task_of("complaint_answer").due_at == clock.now + timedelta(hours=24)
    assert task_of("finding_service").due_at > datetime(2026, 10, 8, 9, tzinfo=SHANGHAI)


@pytest.mark.req("R168", "R126")
@pytest.mark.parametrize(("hours", "kept"), [(23, True), (24, True), (25, False)])
def test_the_first_answer_within_24_hours_is_kept(cast, clock, hours, kept):
    made = voice.filed(cast)
    clock.set(clock.now + timedelta(hours=hours))
    told = commands.answer(made, by=voice.sales(cast), text="已道歉")
    assert (told.facts["hours_count"], told.facts["kept"]) == (hours, kept)
    voice.work(cast)
    assert task_of("complaint_answer").state == "done"
    with pytest.raises(WrongState):
        commands.answer(made, by=voice.sales(cast), text="再说一遍")


@pytest.mark.req("R168", "R126")
def test_an_answer_that_does_not_come_goes_up_past_whoever_left(cast, clock):
    begun = clock.now
    seller = cast.staff[Role.SALES_CONSULTANT]
    voice.filed(cast)
    seller.is_active = False
    seller.save(update_fields=["is_active"])
    clock.set(begun + timedelta(hours=20))
    voice.work(cast)
    task = task_of("complaint_answer")
    assert task.told_id == cast.staff[Role.STORE_MANAGER].id
    clock.set(begun + timedelta(hours=24))
    voice.work(cast)
    task.refresh_from_db()
    assert (task.told_id, task.escalation) == (cast.staff[Role.OPERATIONS].id, 2)
    assert InboxItem.objects.filter(kind="task.escalated", staff_id=task.told_id).exists()


@pytest.mark.req("R113", "R128")
def test_the_card_of_a_consultant_who_left_goes_to_a_colleague(cast):
    customer = voice.owner(cast)
    gone = cast.staff[Role.SALES_CONSULTANT]
    gone.is_active = False
    gone.save(update_fields=["is_active"])
    second = given.staff(cast.a, Role.SALES_CONSULTANT, login="second.a")
    made = voice.filed(cast, customer)
    assert made.speaker_id == second.id
    assert task_of("finding_sales").assignee_id == second.id == task_of("complaint_answer").assignee_id


@pytest.mark.req("R114", "R115", "R116", "R117")
def test_no_solution_before_all_three_have_looked(cast):
    made = voice.answered(cast)
    commands.find(
        Finding.objects.get(complaint=made, side="service"), by=voice.service(cast), text="等了四小时", is_ours=True
    )
    with pytest.raises(errors.FindingsMissing) as refusal:
        solving.propose(voice.round_of(made), by=voice.quality(cast), **voice.proposal(cast))
    assert set(refusal.value.facts["missing"]) == {"sales", "quality"}
    with pytest.raises(NotPermitted):
        commands.find(
            Finding.objects.get(complaint=made, side="quality"), by=voice.sales(cast), text="没问题", is_ours=False
        )
    card = Finding.objects.get(complaint=made, side="quality")
    for wrong in ({"text": " ", "is_ours": True}, {"text": "查过", "is_ours": None}):
        with pytest.raises(errors.Invalid):
            commands.find(card, by=voice.quality(cast), **wrong)
    commands.find(card, by=voice.quality(cast), text="排队所致", is_ours=False)
    with pytest.raises(WrongState):
        commands.find(card, by=voice.quality(cast), text="改口", is_ours=True)
    voice.work(cast)
    assert (task_of("finding_quality").state, task_of("finding_sales").state) == ("done", "open")


@pytest.mark.req("R117", "R118")
@pytest.mark.parametrize(("hours", "kept"), [(24, True), (25, False)])
def test_a_solution_within_24_hours_of_filing_is_kept(cast, clock, hours, kept):
    begun = clock.now
    made = voice.examined(cast)
    clock.set(begun + timedelta(hours=hours))
    told = solving.propose(voice.round_of(made), by=voice.quality(cast), **voice.proposal(cast))
    assert told.name == "solution.agreed"
    assert (told.facts["hours_count"], told.facts["kept"], told.facts["compensation_fen"]) == (hours, kept, 20_000)
    made.refresh_from_db()
    assert (made.state, made.cause) == ("agreed", "planning")
    voice.work(cast)
    assert task_of("joint_solution").state == "done"
    task = task_of("carry_out_solution")
    assert task.assignee_id == cast.staff[Role.SERVICE_SPECIALIST].id


@pytest.mark.req("R117")
def test_a_solution_that_does_not_come_goes_to_the_manager_and_operations(cast, clock):
    begun = clock.now
    voice.filed(cast)
    for hours, role in ((22, Role.STORE_MANAGER), (24, Role.OPERATIONS)):
        clock.set(begun + timedelta(hours=hours))
        voice.work(cast)
        assert task_of("joint_solution").told_id == cast.staff[role].id


@pytest.mark.req("R113")
def test_each_later_duty_has_its_deadline_and_its_ladder(cast, clock):
    """Carry out 3 working days, confirm 2, approval 4 hours by the wall; a Monday morning, nine to six."""
    begun = clock.now
    made = voice.examined(cast)
    solving.propose(voice.round_of(made), by=voice.quality(cast), **voice.proposal(cast, compensation_fen=200_000))
    voice.work(cast)
    task = task_of("approve_compensation_store_manager")
    assert (task.assignee_id, task.due_at) == (cast.staff[Role.STORE_MANAGER].id, begun + timedelta(hours=4))
    clock.set(begun + timedelta(hours=4))
    voice.work(cast)
    task.refresh_from_db()
    assert task.told_id == cast.staff[Role.OPERATIONS].id
    solving.approve(voice.round_of(made), by=cast.actor(Role.STORE_MANAGER))
    voice.work(cast)
    task.refresh_from_db()
    assert task.state == "done"
    carrying = task_of("carry_out_solution")
    clock.set(carrying.due_at - timedelta(minutes=1))
    voice.work(cast)
    carrying.refresh_from_db()
    assert carrying.told_id is None
    clock.set(carrying.due_at)
    voice.work(cast)
    carrying.refresh_from_db()
    assert carrying.told_id == cast.staff[Role.STORE_MANAGER].id
    solving.carry_out(voice.round_of(made), by=voice.service(cast), how="券已发")
    voice.work(cast)
    carrying.refresh_from_db()
    asking = task_of("confirm_solution")
    assert (carrying.state, asking.assignee_id) == ("done", cast.staff[Role.SALES_CONSULTANT].id)
    clock.set(asking.due_at + timedelta(days=4))
    voice.work(cast)
    asking.refresh_from_db()
    assert asking.told_id == cast.staff[Role.STORE_MANAGER].id


@pytest.mark.req("R124")
@pytest.mark.parametrize(
    ("fen", "needs"),
    [
        (50_000, ""),
        (50_001, "store_manager"),
        (500_000, "store_manager"),
        (500_001, "operations"),
        (5_000_001, "group_admin"),
    ],
)
def test_compensation_above_ones_limit_asks_the_next_role(cast, fen, needs):
    made = voice.examined(cast)
    solving.propose(voice.round_of(made), by=voice.quality(cast), **voice.proposal(cast, compensation_fen=fen))
    solution = voice.round_of(made)
    assert (solution.needs_role, solution.agreed_at is None) == (needs, bool(needs))
    if needs:
        if needs != "store_manager":
            with pytest.raises(NotPermitted):
                solving.approve(solution, by=cast.actor(Role.STORE_MANAGER))
        with pytest.raises(NotPermitted):
            solving.approve(solution, by=voice.sales(cast))
        told = solving.approve(solution, by=cast.actor(needs))
        assert told.name == "solution.agreed"
        solution.refresh_from_db()
        assert solution.approved_by_id == cast.staff[needs].id and fen <= solution.approved_limit_fen
        with pytest.raises(WrongState):
            solving.approve(solution, by=cast.actor(needs))


@pytest.mark.req("R124")
def test_beyond_every_limit_is_refused_and_the_database_holds_the_limit(cast):
    made = voice.examined(cast)
    with pytest.raises(errors.BeyondLimit):
        solving.propose(
            voice.round_of(made), by=voice.quality(cast), **voice.proposal(cast, compensation_fen=100_000_001)
        )
    solving.propose(voice.round_of(made), by=voice.quality(cast), **voice.proposal(cast))
    with pytest.raises(IntegrityError), transaction.atomic():
        Solution.objects.filter(complaint=made).update(compensation_fen=50_001)


@pytest.mark.req("R124")
def test_what_is_not_granted_goes_back_with_a_reason_and_may_be_proposed_anew(cast):
    made = voice.examined(cast)
    solving.propose(voice.round_of(made), by=voice.quality(cast), **voice.proposal(cast, compensation_fen=100_000))
    with pytest.raises(WrongState):
        solving.propose(voice.round_of(made), by=voice.sales(cast), **voice.proposal(cast))
    solving.refuse(voice.round_of(made), by=cast.actor(Role.STORE_MANAGER), why="同类只补 300")
    assert voice.round_of(made).refused_why == "同类只补 300"
    solving.propose(voice.round_of(made), by=voice.quality(cast), **voice.proposal(cast, compensation_fen=30_000))
    made.refresh_from_db()
    assert made.state == "agreed"


@pytest.mark.req("R121", "R124")
def test_confirmed_it_closes_with_cause_and_hours_and_is_checked_after_30_days(cast, clock):
    begun = clock.now
    made = voice.carried_out(cast)
    clock.set(begun + timedelta(hours=50))
    told = solving.confirm(voice.round_of(made), by=voice.sales(cast), said="可以，谢谢")
    assert (told.name, told.facts["cause_code"], told.facts["hours_count"]) == ("complaint.closed", "planning", 50)
    assert Event.objects.filter(name="complaint.confirmed").exists()
    made.refresh_from_db()
    assert made.check_on == given.days(30)
    with pytest.raises(WrongState):
        solving.confirm(voice.round_of(made), by=voice.sales(cast), said="再确认")
    clock.set(clock.now + timedelta(days=29))
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    assert not Task.objects.filter(rule="complaint_check").exists()
    clock.set(clock.now + timedelta(days=1))
    planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
    task = task_of("complaint_check")
    assert task.assignee_id == cast.staff[Role.QUALITY_CONTROL].id
    clock.set(task.due_at + timedelta(days=3))
    voice.work(cast)
    task.refresh_from_db()
    assert task.told_id == cast.staff[Role.STORE_MANAGER].id
    with pytest.raises(errors.Invalid):
        solving.check(made, by=voice.quality(cast), has_recurred=None, note="问过")
    told = solving.check(made, by=voice.quality(cast), has_recurred=True, note="又等了两小时")
    assert told.facts["kept"] is False
    voice.work(cast)
    task.refresh_from_db()
    assert task.state == "done"


@pytest.mark.req("R120", "R121")
def test_an_objection_goes_back_to_the_solution_with_24_hours_anew(cast, clock):
    begun = clock.now
    made = voice.carried_out(cast)
    clock.set(begun + timedelta(hours=60))
    with pytest.raises(errors.Invalid):
        solving.object_to(voice.round_of(made), by=voice.sales(cast), said=" ")
    told = solving.object_to(voice.round_of(made), by=voice.sales(cast), said="券没有收到")
    assert told.name == "complaint.reopened"
    made.refresh_from_db()
    again = voice.round_of(made)
    assert (made.state, again.round, again.asked_at) == ("examined", 2, clock.now)
    voice.work(cast)
    assert Task.objects.get(rule="joint_solution", subject_id=again.id).due_at == clock.now + timedelta(hours=24)
    clock.set(clock.now + timedelta(hours=2))
    told = solving.propose(again, by=voice.quality(cast), **voice.proposal(cast))
    assert (told.facts["hours_count"], told.facts["kept"]) == (2, True)


@pytest.mark.req("R119", "R120")
@pytest.mark.parametrize(
    ("changed", "level", "reasons"),
    [
        ({}, "normal", []),
        ({"kind": "safety", "text": "后备箱关不严"}, "amber", ["safety_kind"]),
        ({"amount_fen": 500_000}, "amber", ["amount"]),
        ({"text": "刹车失灵了"}, "red", ["safety_words"]),
    ],
)
def test_severity_is_a_table_of_reasons(cast, changed, level, reasons):
    made = voice.filed(cast, **changed)
    assert (made.level, made.reasons) == (level, reasons)
    assert Alert.objects.exists() is (level == "red")


@pytest.mark.req("R120")
def test_a_second_complaint_within_90_days_is_graver(cast, clock):
    customer = voice.owner(cast)
    voice.closed(cast, voice.filed(cast, customer))
    clock.set(clock.now + timedelta(days=89))
    assert voice.filed(cast, customer).reasons == ["repeated"]
    clock.set(clock.now + timedelta(days=91))
    assert voice.filed(cast, customer).reasons == []


@pytest.mark.req("R119")
def test_words_of_danger_make_an_open_complaint_red_and_its_end_ends_the_alert(cast):
    made = voice.filed(cast)
    voice.note(cast, made.customer, "顺便说一下，今天刹车踩下去没反应")
    alert = Alert.objects.get()
    assert alert.complaint_id == made.id and Complaint.objects.count() == 1
    made.refresh_from_db()
    assert made.level == "red" and made.reasons[0] == "safety_words"
    alarms.acknowledge(alert, by=voice.quality(cast))
    voice.closed(cast, made)
    alert.refresh_from_db()
    assert alert.ended_at is not None
    voice.note(cast, made.customer, "刹车又失灵了")
    assert Alert.objects.filter(ended_at__isnull=True).count() == 1


def test_what_is_missing_is_said_and_nothing_is_kept(cast):
    customer = voice.owner(cast)
    for wrong in ({"text": " "}, {"kind": "none"}, {"channel": "pigeon"}, {"amount_fen": -1}):
        with pytest.raises(errors.Invalid):
            voice.filed(cast, customer, **wrong)
    assert not Complaint.objects.exists()
    with pytest.raises(NotPermitted):
        commands.file(
            by=cast.actor(Role.PARTS), customer_id=customer.id, vehicle_id=None, channel="phone", kind="cost", text="贵"
        )


@pytest.mark.req("R114")
def test_the_sales_card_rests_on_promises(cast):
    from cheban.sales.promises import commands as promising

    customer = voice.owner(cast)
    promise = promising.make(
        by=voice.sales(cast), customer_id=customer.id, vehicle_id=None, kind="gift", what="送脚垫", evidence="合同",
        due_on=given.days(9), side="sales", keeper_id=cast.staff[Role.SALES_CONSULTANT].id,
    )  # fmt: skip
    promising.dispute(promise, by=voice.sales(cast), claimed="两套")
    made = voice.filed(cast, customer, kind="promise", text="答应的脚垫没有给")
    assert made.reasons == ["disputed_promise"]
    card = Finding.objects.get(complaint=made, side="sales")
    commands.find(
        card, by=voice.sales(cast), text="口头说过两套", is_ours=True, promises=[str(promise.id), "not-an-id"]
    )
    card.refresh_from_db()
    assert card.promises == [promise.id]


@pytest.mark.req("R124", "R127")
def test_similar_cases_come_first_by_cause_series_and_words(cast):
    owner = voice.owner(cast)
    old = voice.closed(cast, voice.filed(cast, owner))
    other = given.customer(cast.a, "李梅", phone="13900002222")
    other.car = given.vehicle(cast.a, other, vin="LSVAA4187E2000003", plate="沪C77Q20")
    voice.filed(cast, other, kind="cost", text="发票金额和报价单不一样")
    new = voice.filed(cast, other, text="预约十点，等到一点才有人接车")
    found = queries.similar(queries.complaint(new.id))
    assert found[0]["id"] == old.id and found[0]["measure"]


@pytest.mark.req("R127", "R124")
def test_a_cause_that_came_three_times_in_four_weeks_is_flagged_for_the_weekly_meeting(cast, clock):
    owner = voice.owner(cast)
    for _n in range(2):
        voice.agreed(cast, voice.filed(cast, owner))
    assert not queries.causes([cast.a.id], at=clock.now)[0]["is_flagged"]
    voice.agreed(cast, voice.filed(cast, owner))
    [row] = queries.causes([cast.a.id], at=clock.now)
    assert (row["cause_code"], row["recent"], row["series"], row["is_flagged"]) == ("planning", 3, "速腾", True)
    [flagged] = queries.recurring_causes([cast.a.id], clock.now - timedelta(weeks=4))
    assert flagged["store_id"] == cast.a.id and len(flagged["complaint_ids"]) == 3
    clock.set(clock.now + timedelta(weeks=5))
    [row] = queries.causes([cast.a.id], at=clock.now)
    assert (row["recent"], row["all"], row["is_flagged"]) == (0, 3, False)


@pytest.mark.req("R120")
def test_moves_lead_only_along_the_table(cast):
    made = voice.filed(cast)
    for deed, step in tables.MOVES.items():
        if "filed" not in step.sources:
            with pytest.raises(WrongState):
                commands.move(made, deed)
    with pytest.raises(IntegrityError), transaction.atomic():
        Complaint.objects.filter(id=made.id).update(state="closed")


def test_the_complaints_page_and_list_ask_a_bounded_number_of_queries(cast, client):
    owner = voice.owner(cast)
    for _n in range(4):
        voice.examined(cast, voice.filed(cast, owner))
    made = voice.closed(cast, voice.filed(cast, owner))
    with CaptureQueriesContext(connection) as asked:
        queries.page(queries.complaint(made.id), voice.quality(cast))
    assert len(asked) <= 14, len(asked)
    from cheban.voice.complaints.lists import COMPLAINTS

    for many in (1, 5):
        rows = list(Complaint.objects.order_by("filed_at")[:many])
        with CaptureQueriesContext(connection) as asked:
            COMPLAINTS.dress(rows)
        assert len(asked) <= 6, len(asked)


def test_an_erased_customer_leaves_times_and_kinds_only(cast):
    from cheban.core import personal

    made = voice.closed(cast)
    voice.note(cast, made.customer)
    person = personal.Person((made.customer_id,), cast.a.id)
    held = {h.code: h for h in personal.holdings()}
    assert any("等到下午" in str(row) for row in held["complaints"].collect(person))
    assert any("刹车" in str(row) for row in held["passages"].collect(person))
    held["complaints"].erase(person)
    held["passages"].erase(person)
    made.refresh_from_db()
    assert (made.text, made.grams, Solution.objects.filter(complaint=made).first().said) == ("", [], "")
    assert made.state == "closed" and queries.page(queries.complaint(made.id), voice.quality(cast))
    assert system_actor([cast.a.id]).staff_id is None
