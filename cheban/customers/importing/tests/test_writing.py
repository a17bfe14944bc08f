"""Writing an import: nothing twice, nobody merged falsely, everything undone, gone on with after a kill. R021."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from cheban.core import clock, privacy
from cheban.customers.importing import pipeline
from cheban.customers.models import (
    ContactPoint,
    Customer,
    ImportBatch,
    ImportRow,
    OdometerReading,
    Vehicle,
    VehicleOwnership,
)
from cheban.org import commands, scope
from cheban.workshop.models import RepairOrder, RepairOrderLine

HEAD = "客户名称,手机号,车牌号,车架号,购车日期,出生日期\n"
GOOD = "张伟,13812345678,沪A12345,LSVAA4182E2184847,2024/3/5,1990-01-02\n"
ORDERS = """工单号,车牌号,VIN,送修人,送修人电话,进厂日期,进厂里程,维修项目,工时费,材料费
R1,沪A12345,LSVAA4182E2184847,张伟,13812345678,2025-01-05,12000,小保养,120,380
R1,沪A12345,LSVAA4182E2184847,张伟,13812345678,2025-01-05,12000,小保养,120,380
R2,沪A12345,LSVAA4182E2184847,张伟,13812345678,2025-08-05,19000,大保养,300,1280
"""


@pytest.fixture
def store(committed):
    with transaction.atomic():
        return commands.create_store(group="集团", code="A", name="甲店")


def bring(store, path, text: str) -> ImportBatch:
    path.write_text(text, encoding="utf-8")
    with scope.use([store.id]):
        batch = pipeline.create(path, store_id=store.id, file_name=path.name, keep=False)
    return pipeline.write(batch.id, store_id=store.id, path=path)


def count(store, model) -> int:
    with scope.use([store.id]):
        return model.objects.count()


@pytest.mark.req("R021")
def test_the_same_file_again_changes_nothing(store, tmp_path):
    first = bring(store, tmp_path / "a.csv", HEAD + GOOD)
    again = bring(store, tmp_path / "a.csv", HEAD + GOOD)
    assert (first.accepted, again.accepted, again.unchanged) == (1, 0, 1)
    assert count(store, Customer) == count(store, Vehicle) == count(store, ContactPoint) == 1


@pytest.mark.req("R021")
def test_one_person_under_several_writings_of_a_phone_is_one_customer(store, tmp_path):
    writings = ["13812345678", "+86 138-1234-5678", "008613812345678", "１３８１２３４５６７８", "138 1234 5678"]
    batch = bring(store, tmp_path / "a.csv", "客户名称,手机号\n" + "".join(f"张伟,{w}\n" for w in writings))
    assert (batch.accepted, batch.merged, count(store, Customer)) == (1, 4, 1)


def test_a_phone_shared_by_two_names_is_two_customers(store, tmp_path):
    bring(store, tmp_path / "a.csv", "客户名称,手机号\n张伟,13812345678\n李娜,13812345678\n")
    assert count(store, Customer) == 2


def test_a_vehicle_changes_hands_and_keeps_its_history(store, tmp_path):
    bring(store, tmp_path / "a.csv", HEAD + GOOD)
    bring(store, tmp_path / "b.csv", HEAD + GOOD.replace("张伟", "李娜").replace("13812345678", "13912345678"))
    with scope.use([store.id]):
        assert Vehicle.objects.get().owner.name == "李娜"
        assert [
            (o.customer.name, o.until_on is None)
            for o in VehicleOwnership.objects.order_by("until_on").select_related("customer")
        ] == [("张伟", False), ("李娜", True)]


@pytest.mark.req("R018")
def test_phones_lie_sealed_and_bound_to_their_row(store, tmp_path):
    bring(store, tmp_path / "a.csv", HEAD + GOOD)
    with scope.use([store.id]):
        point = ContactPoint.objects.get()
        assert b"13812345678" not in bytes(point.value_sealed)
        assert (
            privacy.unseal(point.value_sealed, bound_to=f"customers_contactpoint.value:{point.id}") == "+8613812345678"
        )


@pytest.mark.req("R004", "R013", "R014")
def test_equal_lines_of_an_order_are_all_kept_and_visits_are_counted_once(store, tmp_path):
    first = bring(store, tmp_path / "a.csv", ORDERS)
    again = bring(store, tmp_path / "a.csv", ORDERS)
    assert (first.accepted, again.accepted, again.unchanged) == (3, 0, 3)
    with scope.use([store.id]):
        assert RepairOrder.objects.get(order_no="R1").total_fen == 100_000
        vehicle, customer = Vehicle.objects.get(), Customer.objects.get()
        assert (vehicle.services_done, vehicle.last_service_km, vehicle.odometer_km) == (2, 19000, 19000)
        assert (customer.visits, customer.spent_fen) == (2, 258_000)


@pytest.mark.req("R021")
def test_an_import_is_undone_as_a_whole(store, tmp_path):
    bring(store, tmp_path / "a.csv", HEAD + GOOD)
    changed = bring(
        store,
        tmp_path / "b.csv",
        HEAD + GOOD.replace("1990-01-02", "1991-05-06") + "王芳,13712345678,沪B12345,,2023/3/5,\n",
    )
    orders = bring(store, tmp_path / "c.csv", ORDERS)
    pipeline.undo(orders.id, store_id=store.id)
    undone = pipeline.undo(changed.id, store_id=store.id)
    assert undone.restored == 1
    with scope.use([store.id]):
        assert [(c.name, c.birth_on.isoformat(), c.visits) for c in Customer.objects.all()] == [
            ("张伟", "1990-01-02", 0)
        ]
        assert (RepairOrder.objects.count(), RepairOrderLine.objects.count(), Vehicle.objects.get().services_done) == (
            0,
            0,
            0,
        )
        assert ImportBatch.objects.get(id=changed.id).state == "undone"


def test_what_somebody_changed_since_stays(store, tmp_path):
    bring(store, tmp_path / "a.csv", HEAD + GOOD)
    second = bring(store, tmp_path / "b.csv", HEAD + GOOD.replace("1990-01-02", "1991-05-06"))
    with scope.use([store.id]), connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET occupation = '教师', changed_at = now() + interval '1 minute'")
    assert pipeline.undo(second.id, store_id=store.id).kept == 1
    with scope.use([store.id]):
        assert Customer.objects.get().birth_on.isoformat() == "1991-05-06"


@pytest.mark.req("R021")
def test_a_wrong_row_is_kept_sealed_and_can_be_corrected(store, tmp_path):
    batch = bring(store, tmp_path / "a.csv", HEAD + GOOD + "李娜,1391234,沪A54321,,2024/3/5,\n")
    assert (batch.accepted, batch.rejected) == (1, 1)
    with scope.use([store.id]):
        row = ImportRow.objects.get()
        content = pipeline.row_content(row)
        assert row.row == 3 and content["problems"][0]["column"] == "手机号"
        left = pipeline.fix(row, content["raw"] | {"手机号": "139123"}, by_id=None)
        assert left and Customer.objects.count() == 1
        assert pipeline.fix(row, content["raw"] | {"手机号": "13912345678"}, by_id=None) == []
        assert Customer.objects.count() == 2
        batch.refresh_from_db()
        assert (batch.rejected, batch.accepted) == (0, 2)


def test_two_people_with_the_same_file_at_once_make_one_set_of_rows(store, tmp_path):
    text = HEAD + "".join(f"张{n},1381234{n:04d},沪A{n:05d},,2024/3/5,\n" for n in range(300))
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    with scope.use([store.id]):
        batches = [pipeline.create(path, store_id=store.id, file_name="a", keep=False) for _ in range(3)]
    barrier, done = threading.Barrier(3), []

    def write(batch) -> None:
        barrier.wait()
        done.append(pipeline.write(batch.id, store_id=store.id, path=path).accepted)
        connections.close_all()

    threads = [threading.Thread(target=write, args=(b,)) for b in batches]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(done) == [0, 0, 300]
    assert count(store, Customer) == count(store, Vehicle) == 300


def test_a_writer_killed_between_chunks_goes_on_where_it_was(store, tmp_path):
    text = HEAD + "".join(f"张{n},1381234{n:04d},沪A{n:05d},,2024/3/5,\n" for n in range(90))
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    with scope.use([store.id]):
        batch = pipeline.create(path, store_id=store.id, file_name="a", keep=False)

    class Killed(BaseException):
        pass

    def die(done: int, total: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        pipeline.write(batch.id, store_id=store.id, path=path, progress=die)
    assert count(store, Customer) == 90  # the chunk was committed before the kill
    ended = pipeline.write(batch.id, store_id=store.id, path=path)
    assert (ended.state, ended.accepted, ended.rows_total) == ("done", 90, 90)
    assert count(store, Customer) == 90


@pytest.mark.req("R090")
def test_a_customer_list_tells_the_odometer_as_of_the_day_it_comes(store, tmp_path):
    text = "客户名称,手机号,车牌号,购车日期,行驶里程\n张伟,13812345678,沪A12345,2024/3/5,3.5万公里\n"
    bring(store, tmp_path / "a.csv", text)
    assert bring(store, tmp_path / "a.csv", text).accepted == 0
    with scope.use([store.id]):
        reading = OdometerReading.objects.get()
        assert (reading.read_on, reading.km) == (clock.today(), 35_000)


@pytest.mark.parametrize(
    ("heads", "row", "column", "index"),
    [
        ("客户编号,客户名称,手机号\n", "C77,张伟,13812345678\n", "customer_no", "customer_by_number"),
        (HEAD, GOOD, "plate_number", "vehicle_by_plate"),
        (HEAD, GOOD, "vin", "a_vin_is_known_once_per_store"),
    ],
)
def test_who_is_known_is_found_by_an_index_however_many_there_are(store, tmp_path, heads, row, column, index):
    bring(store, tmp_path / "a.csv", heads + row)
    with CaptureQueriesContext(connection) as seen:
        bring(store, tmp_path / "b.csv", heads + row)
    [asked] = [q["sql"] for q in seen if f"{column} = ANY" in q["sql"] and q["sql"].lstrip().startswith("SELECT")][:1]
    with scope.use([store.id]), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + asked)
        assert index in "\n".join(line for (line,) in cursor.fetchall())
