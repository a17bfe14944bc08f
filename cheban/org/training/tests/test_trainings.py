"""Confidentiality training is recorded: who is invited, who read and understood, who is late. R017, R178."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client

from cheban.core import clock as real_clock
from cheban.core.errors import NotFound, NotPermitted, WrongState
from cheban.core.models import AuditEntry, Event
from cheban.org import commands as org
from cheban.org import scope
from cheban.org.access import system_actor
from cheban.org.commands import Invalid
from cheban.org.models import StaffRole, Training, TrainingCertificate, TrainingInvitation
from cheban.org.roles import Role
from cheban.org.training import commands, material, queries
from cheban.playbook import planner
from cheban.playbook.models import Task
from tests import given

BACKEND = "cheban.site.accounts.Backend"
TEXT = "# 保密\n\n客户的信息只用在手上的事。" + "不截图，不外传。" * 10


def plan(cast, **changes) -> commands.Plan:
    return commands.Plan(
        **({"kind": "confidentiality", "title": "客户信息保密", "text": TEXT, "held_on": real_clock.today(), "store_id": cast.a.id} | changes)
    )  # fmt: skip


@pytest.fixture
def manager(cast):
    return cast.actor(Role.STORE_MANAGER)


@pytest.fixture
def training(cast, manager):
    return commands.add(plan(cast), by=manager)


def confirm(cast, training, role) -> TrainingCertificate:
    return commands.confirm(training.id, by=cast.actor(role), sha256=training.materials.latest("number").sha256)


def later(clock, **delta) -> None:
    clock.set(clock.now + timedelta(**delta))


def own(cast, training, role) -> TrainingInvitation:
    return TrainingInvitation.objects.get(training=training, staff=cast.staff[role])


@pytest.mark.req("R017")
def test_everybody_who_works_here_is_invited_and_has_a_fortnight(cast, training):
    assert set(training.invitations.values_list("staff_id", flat=True)) == {
        person.id for role, person in cast.staff.items() if role != "outsider"
    }
    assert own(cast, training, Role.CALLER).due_on == real_clock.today() + timedelta(days=14)
    assert Event.objects.get(name="training.invited").facts["count"] == len(Role.values)


@pytest.mark.req("R017")
def test_new_staff_are_invited_by_themselves(cast, training, manager):
    made = org.add_staff(
        by=manager, login="new.a", name="新人", password=given.PASSWORD, roles=[(cast.a.id, Role.CALLER)]
    )
    assert TrainingInvitation.objects.get(staff=made).invited_by_id is None
    training.invites_new = False
    training.save()
    again = org.add_staff(
        by=manager, login="new2.a", name="新人二", password=given.PASSWORD, roles=[(cast.a.id, Role.CALLER)]
    )
    assert not TrainingInvitation.objects.filter(staff=again).exists()


def test_a_colleague_of_another_store_is_invited_when_they_begin_here(cast, training):
    outsider = cast.staff["outsider"]
    org.set_roles(outsider, by=system_actor([cast.a.id]), roles=[(cast.a.id, Role.CALLER)])
    assert TrainingInvitation.objects.filter(staff=outsider, training=training).exists()


@pytest.mark.req("R017")
def test_who_has_read_to_the_end_confirms_and_the_version_is_kept(cast, training, clock):
    made = confirm(cast, training, Role.CALLER)
    assert (made.how, made.attended_on, made.valid_until) == ("self", date(2026, 11, 23), date(2027, 11, 22))
    assert made.material_sha256 == material.digest(TEXT) and made.confirmed_at == clock.now
    assert queries.state_of(own(cast, training, Role.CALLER), real_clock.today()) == "holds"
    told = Event.objects.get(name="training.confirmed")
    assert told.facts["staff_id"] == cast.staff[Role.CALLER].id
    assert AuditEntry.objects.filter(action="training.confirmed").get().facts["sha256"] == made.material_sha256
    assert confirm(cast, training, Role.CALLER) == made  # pressed twice
    assert TrainingCertificate.objects.count() == 1


def test_who_read_an_older_version_reads_again(cast, training, manager):
    old = training.materials.get().sha256
    commands.rewrite(training.id, by=manager, text=TEXT + "新的一条。")
    with pytest.raises(commands.Changed):
        commands.confirm(training.id, by=cast.actor(Role.CALLER), sha256=old)
    assert confirm(cast, training, Role.CALLER).material.number == 2


def test_a_new_version_that_all_must_confirm_makes_certificates_run_out_sooner(cast, training, manager, clock):
    confirm(cast, training, Role.CALLER)
    later(clock, days=40)
    commands.rewrite(training.id, by=manager, text=TEXT + "新的一条。", again=True)
    assert queries.state_of(own(cast, training, Role.CALLER), real_clock.today()) == "due"
    later(clock, days=15)
    assert queries.state_of(own(cast, training, Role.CALLER), real_clock.today()) == "late"
    confirm(cast, training, Role.CALLER)
    assert queries.state_of(own(cast, training, Role.CALLER), real_clock.today()) == "holds"


@pytest.mark.req("R017")
def test_a_certificate_runs_out_and_can_be_renewed_a_month_before(cast, training, clock):
    first = confirm(cast, training, Role.CALLER)
    clock.set(given.clock.now().replace(year=2027, month=10, day=20))
    assert confirm(cast, training, Role.CALLER) == first  # more than a month left: nothing new
    later(clock, days=5)
    assert queries.state_of(own(cast, training, Role.CALLER), real_clock.today()) == "soon"
    assert confirm(cast, training, Role.CALLER).valid_until == date(2028, 10, 24)
    clock.set(clock.now.replace(year=2028))
    assert queries.state_of(own(cast, training, Role.CALLER), real_clock.today()) == "late"


@pytest.mark.req("R017")
@pytest.mark.parametrize("sql", [
    "UPDATE org_trainingcertificate SET valid_until = valid_until + 1000",
    "DELETE FROM org_trainingcertificate",
    "UPDATE org_trainingmaterial SET text = 'x'",
    "DELETE FROM org_trainingmaterial",
])  # fmt: skip
def test_what_was_confirmed_can_be_neither_changed_nor_taken_away(cast, training, sql):
    confirm(cast, training, Role.CALLER)
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_the_database_itself_refuses_a_certificate_that_ends_before_it_begins(cast, training):
    with pytest.raises(IntegrityError, match="a_certificate_holds_after_its_day"), transaction.atomic():
        TrainingCertificate.objects.create(
            training=training, staff=cast.staff[Role.CALLER], material=training.materials.get(), material_sha256="x",
            how="self", attended_on=real_clock.today(), valid_until=real_clock.today(), confirmed_at=real_clock.now(),
        )  # fmt: skip


@pytest.mark.req("R017")
def test_a_manager_records_who_was_there_but_not_themselves(cast, training, manager):
    people = [cast.staff[role].id for role in (Role.CALLER, Role.TECHNICIAN)]
    assert commands.record_attendance(training.id, by=manager, staff_ids=people, on=given.days(-3)) == 2
    assert commands.record_attendance(training.id, by=manager, staff_ids=people, on=given.days(-3)) == 0
    made = TrainingCertificate.objects.get(staff=cast.staff[Role.CALLER])
    assert (made.how, made.recorded_by_id, made.attended_on) == ("manager", manager.staff_id, given.days(-3))
    with pytest.raises(Invalid, match="不能由本人登记"):
        commands.record_attendance(training.id, by=manager, staff_ids=[manager.staff_id], on=given.days(0))
    for day in (given.days(1), given.days(-400)):
        with pytest.raises(Invalid, match="参加日期"):
            commands.record_attendance(training.id, by=manager, staff_ids=people, on=day)
    with pytest.raises(NotFound):
        commands.record_attendance(training.id, by=manager, staff_ids=[cast.staff["outsider"].id], on=given.days(0))


def test_an_older_attendance_recorded_late_takes_nothing_away(cast, training, manager):
    confirm(cast, training, Role.CALLER)
    commands.record_attendance(training.id, by=manager, staff_ids=[cast.staff[Role.CALLER].id], on=given.days(-100))
    assert own(cast, training, Role.CALLER).lapses_on == date(2027, 11, 23)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "nonsense"},
        {"title": "x"},
        {"text": "太短"},
        {"valid_months": 0},
        {"due_days": 91},
        {"text": "长" * 20_001},
    ],
)
def test_a_training_that_cannot_be_so_is_refused(cast, manager, changes):
    with pytest.raises(Invalid):
        commands.add(plan(cast, **changes), by=manager)
    assert not Training.objects.exists()


@pytest.mark.req("R019")
def test_a_store_manager_sets_up_nothing_for_other_stores_and_ends_nothing_of_the_group(cast, manager):
    with pytest.raises(Invalid, match="整个集团"):
        commands.add(plan(cast, store_id=None), by=manager)
    with pytest.raises(NotFound):
        commands.add(plan(cast, store_id=cast.b.id), by=manager)
    whole = commands.add(plan(cast, store_id=None), by=system_actor([cast.a.id, cast.b.id]))
    for deed in (
        lambda: commands.end(whole.id, by=manager),
        lambda: commands.rewrite(whole.id, by=manager, text=TEXT + "！"),
    ):
        with pytest.raises(WrongState, match="集团"):
            deed()
    assert commands.record_attendance(
        whole.id, by=manager, staff_ids=[cast.staff[Role.CALLER].id], on=given.days(0)
    )  # one's own people: yes
    with pytest.raises(NotPermitted):
        commands.invite(whole.id, by=cast.actor(Role.CALLER), staff_ids=[])


def test_an_ended_training_owes_nothing_and_takes_nothing(cast, training, manager):
    commands.end(training.id, by=manager)
    assert queries.mine(cast.actor(Role.CALLER), today=real_clock.today()) == []
    with pytest.raises(WrongState):
        confirm(cast, training, Role.CALLER)


# ------------------------------------------------------------------------------------ the handbook


def planned(cast, clock) -> list[Task]:
    with scope.use([cast.a.id]):
        planner.plan_day(real_clock.today(), store_ids=[cast.a.id])
        return list(Task.objects.filter(rule="training_lapsed").order_by("occasion_on"))


@pytest.mark.req("R017", "R185", "R186")
def test_the_store_manager_is_owed_a_task_when_training_is_missing_or_has_run_out(cast, training, clock):
    roles = [r for r in Role.values if r != Role.PARTS]
    assert planned(cast, clock) == []
    for role in roles:
        confirm(cast, training, role)
    later(clock, days=14)
    assert planned(cast, clock) == []  # the last day of the fortnight
    later(clock, days=1)
    [task] = planned(cast, clock)
    assert task.assignee_id == cast.staff[Role.STORE_MANAGER].id
    assert (task.role, task.occasion_on, task.facts["training_late"]) == ("store_manager", real_clock.today(), 1)
    later(clock, days=1)
    assert len(planned(cast, clock)) == 1  # the same person: no second task
    confirm(cast, training, Role.PARTS)
    clock.set(clock.now.replace(year=2027, month=11, day=23))
    assert len(planned(cast, clock)) == 2  # all who confirmed in the first week ran out on one day: one task
    assert planned(cast, clock)[1].facts["training_late"] == len(roles)


def test_people_who_left_and_people_without_training_in_their_group_owe_nothing(cast, clock, manager):
    later(clock, days=100)
    assert planned(cast, clock) == []
    made = commands.add(plan(cast, kind="skill"), by=manager)
    later(clock, days=30)
    assert planned(cast, clock) == []  # another kind of training
    training = commands.add(plan(cast), by=manager)
    for role in Role.values:
        if role != Role.PARTS:
            confirm(cast, training, role)
    cast.staff[Role.PARTS].is_active = False
    cast.staff[Role.PARTS].save()
    later(clock, days=30)
    assert planned(cast, clock) == [] and made.kind == "skill"


def test_somebody_whom_nobody_invited_counts_as_missing(cast, training, clock):
    for role in Role.values:
        confirm(cast, training, role)
    given.staff(cast.a, Role.CALLER, name="绕过", login="past.a")  # a role written without the command
    later(clock, days=20)
    assert [t.facts["training_late"] for t in planned(cast, clock)] == [1]


# ------------------------------------------------------------------------------------ the pages


def client_of(cast, role) -> Client:
    found = Client()
    found.force_login(cast.staff[role], backend=BACKEND)
    return found


@pytest.mark.req("R017")
def test_the_page_shows_the_text_and_takes_the_confirmation(cast, training):
    client = client_of(cast, Role.TECHNICIAN)
    page = client.get(f"/trainings/{training.id}/read/").content.decode()
    assert "<h2>保密</h2>" in page and training.materials.get().sha256 in page
    answer = client.post(
        f"/trainings/{training.id}/confirm/", {"version": training.materials.get().sha256}, follow=True
    )
    assert "已确认，有效到 2027-11-22" in answer.content.decode()
    assert client.get("/trainings/all/").status_code == 403  # only one's own
    stale = client.post(f"/trainings/{training.id}/confirm/", {"version": "x"}, follow=True)
    assert "重新阅读" in stale.content.decode()


def test_material_is_text_and_never_markup():
    text = "# 标题 <b>\n\n<script>alert(1)</script> **重点** & **半个\n- 一条\n- 两条"
    html = material.rendered(text)
    assert "<script>" not in html and "&lt;script&gt;" in html and "<h2>标题 &lt;b&gt;</h2>" in html
    assert "<ul><li>一条</li><li>两条</li></ul>" in html
    assert material.rendered("很 **重** 要") == "<p>很 <strong>重</strong> 要</p>"


@pytest.mark.parametrize(("state", "count"), [("late", 1), ("holds", 11), ("due", 0), ("soon", 0)])
def test_the_list_says_who_is_late(cast, training, clock, state, count, django_assert_max_num_queries):
    for role in Role.values:
        if role != Role.PARTS:
            confirm(cast, training, role)
    later(clock, days=20)
    client = client_of(cast, Role.STORE_MANAGER)
    with django_assert_max_num_queries(24):
        page = client.get(f"/trainings/all/?state={state}&sort=lapses.up").content.decode()
    assert page.count('class="nowrap s-main"') == count + (1 if count else 0)  # and the heading


def test_who_may_not_see_a_store_sees_none_of_its_people(cast, training, clock):
    later(clock, days=20)
    with scope.use([cast.b.id]):
        page = client_of(cast, "outsider").get("/trainings/all/").content.decode()
        assert "客户信息保密" not in page
        assert client_of(cast, "outsider").get(f"/trainings/{training.id}/").status_code == 404
    assert StaffRole.objects.filter(store=cast.b).count() == 1
