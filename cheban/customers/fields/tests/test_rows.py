"""Values in files of customers and vehicles: written, told, sealed, merged, erased, imported. Y09, R010, R018, R021."""

from __future__ import annotations

import pytest
from django.db import transaction

from cheban.core.errors import NotFound
from cheban.core.models import AuditEntry
from cheban.customers import commands, queries, vehicles
from cheban.customers.duplicates import merging
from cheban.customers.fields import commands as fields
from cheban.customers.fields import definitions
from cheban.customers.fields.models import CustomerValue, SealedValue, VehicleValue
from cheban.customers.importing import pipeline, reading
from cheban.customers.models import Customer, Vehicle
from cheban.customers.privacy_desk import holdings
from cheban.org import scope
from cheban.org.levels import Level
from cheban.org.roles import Role
from tests import given


@pytest.fixture
def by(cast):
    return cast.actor(Role.STORE_MANAGER)


def define(cast, label, kind, subject="customer", **more):
    level = Level(cast.a.group_id, cast.a.id, (cast.a.id,))
    by = cast.actor(Role.STORE_MANAGER)
    return fields.define(by=by, level=level, subject=subject, label=label, kind=kind, **more)


@pytest.fixture
def way(cast):
    return define(cast, "来店交通方式", "choice", choices=["自驾", "地铁"])


@pytest.fixture
def likes(cast):
    return define(cast, "爱喝", "choices", choices=["茶", "咖啡", "水"])


def index() -> list[tuple]:
    return sorted(CustomerValue.objects.values_list("customer_id", "field_id", "number", "text"), key=str)


@pytest.mark.req("R010")
def test_an_edit_is_told_by_label_and_found_by_value(cast, by, way, likes):
    who = given.customer(cast.a)
    event = commands.edit_customer(who, by=by, custom={way.code: "ditie", likes.code: ["shui", "cha"]})
    assert event.facts["fields"] == [f"custom.{likes.code}", f"custom.{way.code}"]
    assert "来店交通方式" in queries.timeline(who.id)["items"][0].subtitle
    assert Customer.objects.get(id=who.id).extra == {way.key: "ditie", likes.key: ["cha", "shui"]}
    assert [row[1:] for row in index()] == sorted(
        [(way.id, None, "ditie"), (likes.id, None, "cha"), (likes.id, None, "shui")], key=lambda r: str((who.id, *r))
    )
    assert commands.edit_customer(who, by=by, custom={way.code: "ditie"}) is None  # nothing new, nothing told
    commands.edit_customer(who, by=by, custom={likes.code: None})
    assert [row[1] for row in index()] == [way.id]
    Customer.objects.filter(id=who.id).delete()
    assert not index()


def test_codes_that_are_no_field_of_the_store_are_refused_by_name(cast, by, way):
    who = given.customer(cast.a)
    car_field = define(cast, "贴膜日期", "date", subject="vehicle")
    for code in ("nonsense", car_field.code, "tier", way.key):
        with pytest.raises(commands.Invalid) as refused:
            commands.edit_customer(who, by=by, custom={code: "x"}, remarks="不会写入")
        assert f"custom.{code}" in refused.value.facts
    assert Customer.objects.get(id=who.id).remarks == "" and not index()


def test_a_vehicles_field_is_told_in_its_owners_timeline(cast, by):
    on = define(cast, "贴膜日期", "date", subject="vehicle")
    who = given.customer(cast.a)
    car = given.vehicle(cast.a, who)
    vehicles.edit_vehicle(car, by=by, custom={on.code: "2026-03-05"})
    assert VehicleValue.objects.get().text == "2026-03-05"
    assert "贴膜日期" in queries.timeline(who.id)["items"][0].subtitle
    with pytest.raises(commands.Invalid) as refused:
        vehicles.edit_vehicle(car, by=by, custom={on.code: "2026-02-30"}, price_fen=5, purchased_on=given.days(3))
    assert set(refused.value.facts) == {f"custom.{on.code}", "purchased_on"}


@pytest.mark.req("R018")
def test_a_personal_field_is_sealed_masked_and_revealed_with_a_reason(cast, by):
    secret = define(cast, "紧急联系人电话", "text", is_personal=True)
    who = given.customer(cast.a)
    commands.edit_customer(who, by=by, custom={secret.code: "13912345678"})
    row = SealedValue.objects.get()
    assert Customer.objects.get(id=who.id).extra == {} and not index()
    assert b"13912345678" not in bytes(row.value_sealed)
    assert definitions.sealed_of([who.id])[0]["masked"] == "13****78"
    assert commands.reveal("custom", row.id, by=by, reason="回访") == "13912345678"
    told = AuditEntry.objects.filter(action="pii.revealed").latest("id")
    assert (told.reason, told.facts["field"]) == ("回访", f"custom.{secret.code}")
    assert commands.edit_customer(who, by=by, custom={secret.code: "13912345678"}) is None
    scope.set_stores([cast.b.id])
    with pytest.raises(NotFound):
        commands.reveal("custom", row.id, by=cast.actor("outsider"), reason="x")


@pytest.mark.req("R021")
def test_a_merge_keeps_both_sides_and_undoing_gives_each_its_own(cast, by, way, likes):
    score = define(cast, "满意度", "number")
    note = define(cast, "常走的路", "text")
    secret = define(cast, "紧急联系人", "text", is_personal=True)
    keep, drop = given.customer(cast.a, "王先生"), given.customer(cast.a, "王小明")
    commands.edit_customer(keep, by=by, custom={way.code: "ditie", likes.code: ["cha"], note.code: "延安高架"})
    commands.edit_customer(
        drop, by=by, custom={way.code: "zijia", likes.code: ["shui"], score.code: 9, note.code: "南北高架"}
    )
    commands.edit_customer(drop, by=by, custom={secret.code: "妻子 13912345678"})
    before = {c.id: c.extra for c in Customer.objects.all()}
    done = merging.merge(by=by, keep_id=keep.id, drop_id=drop.id, take=[f"extra.{note.id}"])
    kept = Customer.objects.get(id=keep.id)
    # written rule: the survivor's stays, what was taken is the other's, gaps are filled, several choices are joined
    assert kept.extra == {way.key: "ditie", likes.key: ["cha", "shui"], score.key: 9, note.key: "南北高架"}
    assert {row[0] for row in index()} == {keep.id} and SealedValue.objects.get().customer_id == keep.id
    commands.edit_customer(kept, by=by, custom={score.code: 4})  # changed since: stays with the survivor
    merging.unmerge(done.id, by=by)
    assert Customer.objects.get(id=drop.id).extra == before[drop.id]
    assert Customer.objects.get(id=keep.id).extra == before[keep.id] | {score.key: 4}
    assert SealedValue.objects.get().customer_id == drop.id
    assert {row[0] for row in index()} == {keep.id, drop.id}


@pytest.mark.req("R018")
def test_erasure_takes_values_and_the_copy_tells_them(cast, by, way):
    secret = define(cast, "紧急联系人", "text", is_personal=True)
    on = define(cast, "贴膜日期", "date", subject="vehicle")
    who = given.customer(cast.a)
    car = given.vehicle(cast.a, who)
    commands.edit_customer(who, by=by, custom={way.code: "ditie", secret.code: "妻子 13912345678"})
    vehicles.edit_vehicle(car, by=by, custom={on.code: "2026-03-05"})
    person = holdings.person_of(who, [])
    told = str([holding.collect(person) for holding in holdings_in_order()])
    assert "地铁" in told and "妻子 13912345678" in told and "2026-03-05" in told
    for holding in holdings_in_order():
        holding.erase(person)
    assert Customer.objects.get(id=who.id).extra == Vehicle.objects.get(id=car.id).extra == {}
    assert not index() and not VehicleValue.objects.exists() and not SealedValue.objects.exists()


def holdings_in_order():
    from cheban.core import personal

    wanted = {"customers_customer", "customers_vehicle", "customers_sealedvalue"}
    return [h for h in personal.holdings() if wanted & set(h.tables)]


HEAD = "客户名称,手机号,车牌号,来店交通方式,满意度,贴膜日期\n"


@pytest.mark.req("R021")
def test_a_column_of_a_file_fills_a_field_and_undoing_takes_it_back(committed, clock, tmp_path):
    with transaction.atomic():
        cast = given.cast()
        by = cast.actor(Role.STORE_MANAGER)
        way = define(cast, "来店交通方式", "choice", choices=["自驾", "地铁"])
        score = define(cast, "满意度", "number")
        film = define(cast, "贴膜日期", "date", subject="vehicle")
        known = given.customer(cast.a, "张伟", phone="13812345678")
        commands.edit_customer(known, by=by, custom={way.code: "zijia", score.code: 3})
    path = tmp_path / "a.csv"
    path.write_text(
        HEAD
        + "张伟,13812345678,沪A12345,地铁,,2026/3/5\n李娜,13912345678,沪A54321,自驾,9.5,\n王五,13712345678,,飞机,x,\n",
        encoding="utf-8",
    )
    with scope.use([cast.a.id]):
        batch = pipeline.create(path, store_id=cast.a.id, file_name="a.csv", keep=False)
        columns = {c.heading: c.field for c in reading.plan_from_json(batch.plan).tables[0].columns}
        assert columns["来店交通方式"] == f"custom:customer:{way.id}"
        assert columns["贴膜日期"] == f"custom:vehicle:{film.id}"
    batch = pipeline.write(batch.id, store_id=cast.a.id, path=path)
    assert (batch.accepted, batch.rejected) == (2, 1)
    with scope.use([cast.a.id]):
        people = {c.name: c.extra for c in Customer.objects.all()}
        assert people["张伟"] == {way.key: "ditie", score.key: 3}  # a blank never erases
        assert people["李娜"] == {way.key: "zijia", score.key: 9.5}
        assert [v.extra for v in Vehicle.objects.filter(plate_number="沪A12345")] == [{film.key: "2026-03-05"}]
        problems = {p["column"]: p["problem"] for p in pipeline.report_entries(batch, is_rejected=True)}
        assert set(problems) == {"来店交通方式", "满意度"}
        assert sorted(CustomerValue.objects.filter(field_id=way.id).values_list("text", flat=True)) == [
            "ditie",
            "zijia",
        ]
    # the same file once more changes nothing
    with scope.use([cast.a.id]):
        again = pipeline.create(path, store_id=cast.a.id, file_name="a.csv", keep=False)
    again = pipeline.write(again.id, store_id=cast.a.id, path=path)
    assert (again.accepted, again.unchanged) == (0, 2)
    pipeline.undo(again.id, store_id=cast.a.id)
    pipeline.undo(batch.id, store_id=cast.a.id)
    with scope.use([cast.a.id]):
        assert [c.extra for c in Customer.objects.all()] == [{way.key: "zijia", score.key: 3}]
        assert not VehicleValue.objects.exists()
