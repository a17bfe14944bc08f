"""People ask about their own data: the clock, the copy, withdrawal, erasure everywhere. PIPL 44-50, R018-R020, reliability 45."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest
from django.apps import apps
from django.db import connection

from cheban.core import clock as the_clock
from cheban.core import links, personal, privacy, sealed
from cheban.core.chinese_days import is_workday, workdays_after
from cheban.core.errors import NotPermitted, Refused
from cheban.core.ids import new_id
from cheban.core.models import AuditEntry, Event
from cheban.customers import commands as customers
from cheban.customers import queries as reading
from cheban.customers import search
from cheban.customers.duplicates import merging
from cheban.customers.lists import SPEC
from cheban.customers.models import (
    ContactPoint,
    Customer,
    CustomerMerge,
    ForgottenContact,
    ImportBatch,
    ImportChange,
    ImportRow,
    PersonCount,
    PrivacyRequest,
    Vehicle,
)
from cheban.customers.privacy_desk import commands, copies, persons, queries
from cheban.customers.privacy_desk.holdings import ERASED_NAME, person_of
from cheban.lists import paging
from cheban.lists.state import Asked
from cheban.org import scope
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.workshop.models import RepairOrder
from tests import given

pytestmark = pytest.mark.req("R018", "R019", "R020")


@pytest.fixture
def manager(cast):
    return cast.actor(Role.STORE_MANAGER)


def asked_by(customer, manager, kind="erase") -> PrivacyRequest:
    return commands.take(customer, by=manager, kind=kind, channel="counter", identity_check="当面看过身份证")


@pytest.fixture
def gong(cast, manager):
    """Somebody about whom every room keeps something; their words can be told from all others."""
    made = customers.create_customer(
        by=manager, store_id=cast.a.id, name="龚晓岚", phone="13577778888", plate="沪A7K9P2", vin="LSVAA4182E2184847"
    )
    customers.edit_customer(
        made,
        by=manager,
        address="茉莉弄 77 号 302 室",
        id_number="310104198703146821",
        family="双胞胎女儿上小学",
        remarks="怕异味",
        occupation="竖琴教师",
        tags=["竖琴"],
        birth_on=date(1987, 3, 14),
    )
    customers.add_note(made, by=manager, text="说车里有柠檬味")
    customers.change_consent(
        made, by=manager, purpose="marketing", channel="any", is_given=True, proof="微信里说好的呀"
    )
    car = Vehicle.objects.get(owner=made)
    RepairOrder.objects.create(
        store=cast.a, order_no="RO-77", customer=made, vehicle=car, concern="空调有柠檬味", total_fen=88_000,
        in_at=the_clock.now(),
    )  # fmt: skip
    Task.objects.create(
        store=cast.a, rule="first_service", duty="call", role=Role.SERVICE_SPECIALIST, customer_id=made.id,
        vehicle_id=car.id, subject_id=car.id, occasion_on=date(2026, 11, 23), due_on=date(2026, 11, 23),
        contact_id=new_id(), facts={"plate": "沪A7K9P2"}, note="柠檬味要处理", starts_at=the_clock.now(),
        due_at=the_clock.now() + timedelta(days=1), planned_on=date(2026, 11, 23),
    )  # fmt: skip
    return Customer.objects.get(id=made.id)


def text_of_store() -> str:
    """Everything readable that tables keep, as a dump would show it; audit rows and staff apart."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        for table in tables:
            cursor.execute(f"SELECT t::text FROM {table} t")  # noqa: S608
            found += [row for (row,) in cursor.fetchall()]
    return "\n".join(found)


def test_the_clock_of_a_request_runs_in_working_days(cast, clock, manager, gong):
    clock.set(datetime.fromisoformat("2026-09-28T10:00:00+08:00"))
    asked = asked_by(gong, manager, "copy")
    assert asked.due_on == date(2026, 10, 23)  # the holidays of October are no working days, 10 October is one
    assert queries.workdays_left(asked.due_on, today=date(2026, 9, 28)) == 15
    assert queries.workdays_left(asked.due_on, today=date(2026, 10, 28)) == -3


def test_working_days_follow_weekdays_where_a_year_is_not_known():
    assert is_workday(date(2039, 3, 2)) and not is_workday(date(2039, 3, 5))
    assert workdays_after(date(2039, 3, 4), 1) == date(2039, 3, 7)


def test_a_request_of_one_kind_is_open_once(cast, manager, gong):
    asked_by(gong, manager, "copy")
    with pytest.raises(Refused, match="正在办理"):
        asked_by(gong, manager, "copy")
    asked_by(gong, manager, "correct")


def test_a_request_without_a_check_of_identity_is_refused_where_it_stands(cast, manager, gong):
    with pytest.raises(customers.Invalid) as refusal:
        commands.take(gong, by=manager, kind="copy", channel="phone", identity_check=" ")
    assert set(refusal.value.facts) == {"identity_check"}


def test_a_copy_holds_everything_of_the_person_and_is_audited(cast, manager, gong):
    asked = asked_by(gong, manager, "copy")
    found = json.loads(commands.copy(asked, by=manager, form="json"))
    text = json.dumps(found, ensure_ascii=False)
    for word in (
        "龚晓岚", "13577778888", "沪A7K9P2", "LSVAA4182E2184847", "茉莉弄 77 号 302 室", "310104198703146821",
        "双胞胎女儿上小学", "说车里有柠檬味", "微信里说好的呀", "空调有柠檬味", "RO-77", "880.00", "柠檬味要处理",
    ):  # fmt: skip
        assert word in text, word
    assert AuditEntry.objects.filter(action="person.copied", subject=f"customer:{gong.id}").count() == 1


def test_a_copy_as_pdf_is_set_in_chinese_type(cast, manager, gong):
    asked = asked_by(gong, manager, "copy")
    body = commands.copy(asked, by=manager, form="pdf")
    assert body.startswith(b"%PDF-")
    assert b"NotoSansSC" in body


def test_a_shared_phone_and_a_shared_car_leak_nothing_to_the_other(cast, manager, gong):
    other = given.customer(cast.a, "柳含烟", phone="13577778888")
    car = Vehicle.objects.get(owner=gong)
    made = customers.create_customer(
        by=manager, store_id=cast.a.id, name="秦一鸣", phone="13999990000", vin=car.vin, plate="沪A7K9P2"
    )
    for who, others in (
        (gong, ("柳含烟", "秦一鸣")),
        (other, ("龚晓岚", "秦一鸣", "柠檬", "沪A7K9P2")),
        (made, ("龚晓岚", "柠檬味")),
    ):
        text = json.dumps(copies.gather(person_of(who, [])), ensure_ascii=False)
        assert who.name in text
        assert not [word for word in others if word in text]


def test_another_store_can_neither_copy_nor_erase(cast, manager, gong):
    asked = asked_by(gong, manager)
    scope.set_stores([cast.b.id])
    assert not PrivacyRequest.objects.exists()
    with pytest.raises(Customer.DoesNotExist):
        commands.erase(asked, by=given.actor_for(cast.staff["outsider"]), text="删")


def test_who_may_not_erase_is_refused(cast, manager, gong):
    asked = asked_by(gong, manager)
    for role in (Role.SERVICE_ADVISOR, Role.OPERATIONS, Role.AUDITOR):
        with pytest.raises(NotPermitted):
            commands.erase(asked, by=cast.actor(role), text="删")
    assert Customer.objects.get(id=gong.id).name == "龚晓岚"


def test_a_withdrawal_is_consent_history_and_obeyed(cast, manager, gong):
    asked = asked_by(gong, manager, "withdraw")
    assert commands.withdraw(asked, by=manager, purposes=["marketing", "nonsense"]) == 1
    assert Customer.objects.get(id=gong.id).refused_purposes == ["marketing"]
    history = queries.consent_history(gong.id)
    assert [(said["row"].is_given, said["counts"]) for said in history] == [(False, True), (True, False)]
    assert "个人信息请求" in history[0]["row"].proof


def test_after_an_erasure_no_word_of_the_person_is_left(
    cast, manager, gong, settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.DATA_DIR = tmp_path
    twin = given.customer(cast.a, "龚晓兰", phone="13566665555", remarks="爱吃辣")
    merging.merge(by=manager, keep_id=gong.id, drop_id=twin.id, take=[])
    folder = tmp_path / "files" / "imports"
    folder.mkdir(parents=True)
    batch = ImportBatch.objects.create(
        store=cast.a, file_name="客户.xlsx", file_sha256=b"x" * 32, file_bytes=1, kind="customers", state="done",
        stored_as="kept.xlsx",
    )  # fmt: skip
    (folder / "kept.xlsx").write_bytes(b"sealed")
    for number, cells in enumerate((["龚晓岚", "135 7777 8888"], ["王五", "13812340000"])):
        row_id = new_id()
        ImportRow.objects.create(
            id=row_id, store=cast.a, batch=batch, sheet="1", row=number, kind="customers", is_rejected=True,
            content_sealed=privacy.seal(json.dumps({"raw": cells}), bound_to=f"customers_importrow.content:{row_id}"),
        )  # fmt: skip
    ImportChange.objects.create(
        store=cast.a, batch=batch, table="customers_customer", row_id=gong.id, before={"name": "龚晓岚"}
    )
    before = AuditEntry.objects.count()
    with django_capture_on_commit_callbacks(execute=True):
        commands.erase(asked_by(gong, manager), by=manager, text="已删除，当面告知")
    left = text_of_store()
    for word in (
        "龚晓", "13577778888", "7777 8888", "沪A7K9P2", "A7K9P2", "LSVAA4182E2184847", "茉莉弄", "310104198703146821",
        "双胞胎", "怕异味", "竖琴", "柠檬", "爱吃辣", "13566665555", "gongxiaolan", "微信里说好的呀", "看过身份证",
    ):  # fmt: skip
        assert word not in left, word
    gone = Customer.objects.get(id=gong.id)
    assert gone.name == ERASED_NAME and gone.erased_at and gone.refused_purposes == ["all"]
    assert not ContactPoint.objects.filter(customer=gone).exists()
    assert RepairOrder.objects.get(order_no="RO-77").total_fen == 88_000
    assert Task.objects.get(customer_id=gong.id).state == "dropped"
    assert [row.row for row in ImportRow.objects.all()] == [1]
    assert not (folder / "kept.xlsx").exists()
    assert Event.objects.filter(customer_id=gong.id, name="customer.erased").exists()
    assert AuditEntry.objects.filter(action="person.erased").exists() and AuditEntry.objects.count() > before


def test_an_erased_file_stays_closed(cast, manager, gong):
    twin = given.customer(cast.a, "龚晓兰", phone="13566665555")
    merging.merge(by=manager, keep_id=gong.id, drop_id=twin.id, take=[])
    commands.erase(asked_by(gong, manager), by=manager, text="已删除")
    gone = Customer.objects.get(id=gong.id)
    with pytest.raises(Refused, match="不能再拆回"):
        merging.unmerge(CustomerMerge.objects.get().id, by=manager)
    with pytest.raises(Refused, match="新建档案"):
        customers.edit_customer(gone, by=manager, name="龚晓岚")
    with pytest.raises(customers.Invalid):
        asked_by(gone, manager, "copy")
    assert gone.id not in [row.id for row in paging.page(SPEC, Asked(), today=the_clock.today())["rows"]]
    assert search.find("13577778888", manager) == []
    assert reading.page_360(gone)["vehicles"] == []


def test_nobody_elses_rows_change_with_an_erasure(cast, manager, gong):
    other = given.customer(cast.a, "柳含烟", phone="13577778888", remarks="柠檬味也可以")
    given.vehicle(cast.a, other, plate="沪B11111", vin="LSVAA4182E2184848")
    customers.add_note(other, by=manager, text="喜欢柠檬")
    same = ("customers_customer", "customers_contactpoint", "customers_vehicle", "core_event")
    owner = {"customers_customer": "id", "customers_vehicle": "owner_id"}

    def rows() -> list[str]:
        found = []
        with connection.cursor() as cursor:
            for table in same:
                of = owner.get(table, "customer_id")
                cursor.execute(f"SELECT t::text FROM {table} t WHERE {of} = %s ORDER BY id", [other.id])  # noqa: S608
                found += [row for (row,) in cursor.fetchall()]
        return found

    before = rows()
    commands.erase(asked_by(gong, manager), by=manager, text="已删除")
    assert rows() == before


def test_an_import_brings_no_contact_back(cast, manager, gong):
    commands.erase(asked_by(gong, manager), by=manager, text="已删除")
    assert ForgottenContact.objects.count() == 1
    batch = ImportBatch.objects.create(
        store=cast.a, file_name="x", file_sha256=b"y" * 32, file_bytes=1, kind="customers", state="done"
    )
    again = given.customer(cast.a, "龚女士", phone="13577778888", batch=batch)
    by_hand = given.customer(cast.a, "自己又来的", phone="13577778888")
    assert commands.obey_forgotten() == 1
    assert Customer.objects.get(id=again.id).refused_purposes == ["all"]
    assert Customer.objects.get(id=by_hand.id).refused_purposes == []
    customers.change_consent(
        Customer.objects.get(id=again.id), by=manager, purpose="all", channel="any", is_given=True, proof="本人到店"
    )
    commands.obey_forgotten()
    assert Customer.objects.get(id=again.id).refused_purposes == []


def test_a_request_closes_once_with_words(cast, manager, gong):
    asked = asked_by(gong, manager, "explain")
    with pytest.raises(customers.Invalid):
        commands.answer(asked, by=manager, text="  ")
    commands.answer(asked, by=manager, text="已当面说明")
    with pytest.raises(Refused, match="已经办结"):
        commands.answer(asked, by=manager, text="再说一遍")
    erasing = asked_by(gong, manager)
    with pytest.raises(Refused, match="还没有删除"):
        commands.answer(erasing, by=manager, text="删了")
    commands.answer(erasing, by=manager, text="在修车辆，修好后再办", is_refused=True)
    assert PrivacyRequest.objects.get(id=erasing.id).state == "refused"


def test_every_table_about_people_is_named_by_a_holding(db):
    """A new table that points at a customer or a vehicle, or seals something, must say what a copy and an erasure do."""
    pointing = {table for table, _column in links.known()} | {column.table for column in sealed.columns()}
    for model in apps.get_models():
        columns = {field.column for field in model._meta.concrete_fields}
        if columns & {"customer_id", "vehicle_id", "owner_id", "subject_id"} and model._meta.app_label not in (
            "account", "mfa", "usersessions", "lists_savedview",
        ):  # fmt: skip
            pointing.add(model._meta.db_table)
    pointing.discard("lists_savedview")  # its owner is a member of staff
    assert pointing - personal.named_tables() == set()


def test_the_worklist_shows_the_most_urgent_first_in_few_queries(
    cast, clock, manager, gong, django_assert_max_num_queries
):
    later = asked_by(gong, manager, "correct")
    clock.set(datetime.fromisoformat("2026-12-10T10:00:00+08:00"))
    for number in range(60):
        asked_by(given.customer(cast.a, f"客{number}", phone=f"138{number:08d}"), manager, "copy")
    with django_assert_max_num_queries(3):
        page = queries.worklist(show="open")
    assert page["rows"][0].id == later.id and len(page["rows"]) == 50
    rest = queries.worklist(show="open", after=page["after"])["rows"]
    assert len({row.id for row in [*page["rows"], *rest]}) == 61


def test_people_are_counted_once_over_all_stores(cast):
    scope.set_stores([cast.a.id, cast.b.id])
    given.customer(cast.a, "王一", phone="13811110001")
    given.customer(cast.b, "王一一", phone="13811110001")  # the same telephone in another store
    given.customer(cast.a, "王二", phone="13811110002")
    given.customer(cast.a, "某公司", phone="13811110003", kind="company")
    given.customer(cast.a, "走了", phone="13811110004", erased_at=the_clock.now())
    Customer.objects.create(store=cast.a, name="没有电话")
    assert persons.count(today=the_clock.today()) == 3
    assert persons.count(today=the_clock.today()) == 3
    assert persons.standing()["people"] == 3 and persons.standing()["threshold"] is None


@pytest.mark.parametrize(
    ("people", "passed"), [(79_999, None), (80_000, 80_000), (100_000, 100_000), (2_000_000, 1_000_000)]
)
def test_the_law_speaks_from_certain_numbers_on(cast, people, passed):
    PersonCount.objects.create(on=the_clock.today(), people=people, counted_at=the_clock.now())
    threshold = persons.standing()["threshold"]
    assert (threshold.people if threshold else None) == passed
