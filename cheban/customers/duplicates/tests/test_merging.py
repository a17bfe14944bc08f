"""Two files become one and apart again; nothing is lost, whatever the order. R021, reliability 44."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection, connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cheban.core import clock as real_clock
from cheban.core import links, privacy
from cheban.core.errors import NotFound, NotPermitted, Refused
from cheban.core.models import AuditEntry, Event
from cheban.customers import commands, queries
from cheban.customers.duplicates import finding, merging
from cheban.customers.duplicates.queries import root_of
from cheban.customers.models import Consent, ContactPoint, Customer, CustomerMerge, DuplicatePair, Vehicle
from cheban.org import scope
from cheban.org.roles import Role
from cheban.playbook.models import Task
from cheban.workshop.models import RepairOrder
from tests import given as build

TABLES = (
    "customers_customer",
    "customers_contactpoint",
    "customers_vehicle",
    "customers_vehicleownership",
    "customers_consent",
    "workshop_repairorder",
    "playbook_task",
)


def everything() -> dict[str, list[str]]:
    """All rows as text, but for the moment of the last change."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT (to_jsonb(t) - 'changed_at')::text FROM {table} t ORDER BY 1")  # noqa: S608
            found[table] = [row[0] for row in cursor.fetchall()]
    return found


def sums() -> tuple:
    """What no merge may change: money, orders, vehicles, tasks of all files together."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT (SELECT sum(spent_fen) FROM customers_customer), (SELECT count(customer_id) FROM workshop_repairorder),
                 (SELECT count(owner_id) FROM customers_vehicle)"""
        )
        return cursor.fetchone()


def phones_of(customer_id) -> set[bytes]:
    return {
        bytes(b) for b in ContactPoint.objects.filter(customer_id=customer_id).values_list("value_blind", flat=True)
    }


def order(customer, number: str, *, fen: int, vehicle=None, ago: int = 1) -> RepairOrder:
    made = RepairOrder.objects.create(
        store_id=customer.store_id,
        order_no=number,
        customer=customer,
        vehicle=vehicle,
        total_fen=fen,
        in_at=real_clock.now() - timedelta(days=ago),
    )
    recount(customer)
    return made


def recount(customer) -> None:
    from cheban.workshop.undoing import recount as again

    with connection.cursor() as cursor:
        again(cursor, [], [customer.id])


def task(customer, *, rule: str = "birthday", vehicle=None, state: str = "open") -> Task:
    return Task.objects.create(
        store_id=customer.store_id,
        rule=rule,
        duty="x",
        role="sales_consultant",
        customer_id=customer.id,
        vehicle_id=vehicle.id if vehicle else None,
        subject_id=vehicle.id if vehicle else customer.id,
        occasion_on=build.days(0),
        contact_id=customer.id,
        due_on=build.days(0),
        starts_at=real_clock.now(),
        due_at=real_clock.now(),
        planned_on=build.days(0),
        state=state,
        closed_at=None if state == "open" else real_clock.now(),
    )


@pytest.fixture
def by(cast):
    return cast.actor(Role.STORE_MANAGER)


@pytest.fixture
def pair(cast):
    """Wang Wei twice: the same phone, once under a courtesy name with an older car."""
    keep = build.customer(cast.a, "王伟", phone="13812340001", gender="m", tags=["常客"])
    drop = build.customer(cast.a, "王先生", phone="13812340001", occupation="教师", tags=["换轮胎"])
    commands.add_phone_row(drop, "+8613900000002", kind="mobile", primary=False)
    first, second = build.vehicle(cast.a, keep, plate="沪A11111"), build.vehicle(cast.a, drop, plate="沪A22222")
    order(keep, "1", fen=10_000, vehicle=first, ago=9)
    order(drop, "2", fen=25_000, vehicle=second, ago=5)
    task(keep)
    task(drop)
    task(drop, rule="first_service", vehicle=second)
    return keep, drop


@pytest.mark.req("R021")
def test_everything_of_the_one_file_moves_to_the_other(cast, by, pair):
    keep, drop = pair
    commands.add_note(drop, by=by, text="下周来取钥匙")

    done = merging.merge(by=by, keep_id=keep.id, drop_id=drop.id)

    now = Customer.objects.get(id=keep.id)
    assert (now.spent_fen, now.visits, now.occupation, now.tags) == (35_000, 2, "教师", ["常客", "换轮胎"])
    assert Vehicle.objects.filter(owner=keep).count() == RepairOrder.objects.filter(customer=keep).count() == 2
    assert not Customer.objects.filter(id=drop.id).exists()
    phones = [p["masked"] for p in queries.phones([keep.id])[keep.id]]
    assert phones == ["138****0001", "139****0002"]
    # one birthday, one call
    assert sorted(Task.objects.filter(customer_id=keep.id).values_list("rule", flat=True)) == [
        "birthday",
        "first_service",
    ]
    # the timeline reads both files, though no event was touched
    assert "customer.note_added" in [i.name for i in queries.timeline(keep.id)["items"]]
    assert Event.objects.filter(name="customer.merged", customer_id=keep.id).count() == 1
    assert AuditEntry.objects.filter(action="customer.merged").count() == 1
    assert (
        done.moved
        == {
            "customers_vehicle": 1,
            "customers_contactpoint": 1,
            "workshop_repairorder": 1,
            "playbook_task": 2,
        }
        or done.moved["workshop_repairorder"] == 1
    )


@pytest.mark.req("R021")
def test_undoing_restores_every_row(cast, by, pair):
    keep, drop = pair
    before = everything()
    done = merging.merge(by=by, keep_id=keep.id, drop_id=drop.id, take=["name"])
    assert Customer.objects.get(id=keep.id).name == "王先生"

    merging.unmerge(done.id, by=by)

    assert everything() == before
    assert Event.objects.filter(name="customer.unmerged").count() == 2
    with pytest.raises(merging.AlreadyUndone):
        merging.unmerge(done.id, by=by)


def test_old_links_and_numbers_lead_to_the_one_file(cast, by, pair, client):
    keep, drop = pair
    merging.merge(by=by, keep_id=keep.id, drop_id=drop.id)
    client.force_login(cast.staff[Role.STORE_MANAGER], backend="cheban.site.accounts.Backend")
    answer = client.get(f"/customers/{drop.id}/")
    assert (answer.status_code, answer["Location"]) == (302, f"/customers/{keep.id}/")
    scope.set_stores([cast.a.id])
    assert queries.customer(drop.id).id == keep.id == root_of(drop.id)


@pytest.mark.req("R021")
def test_what_came_since_stays_but_for_what_belongs_to_a_vehicle_that_goes_back(committed, clock):
    with transaction.atomic():
        cast = build.cast()
        by = cast.actor(Role.STORE_MANAGER)
        keep = build.customer(cast.a, "王伟", phone="13812340001")
        drop = build.customer(cast.a, "王先生", phone="13812340009")
        car = build.vehicle(cast.a, drop, plate="沪A22222")
    with scope.use([cast.a.id]):
        done = merging.merge(by=by, keep_id=keep.id, drop_id=drop.id)
    with scope.use([cast.a.id]):
        order(keep, "7", fen=500, vehicle=car)
        commands.add_phone_row(keep, "+8613900000008", kind="mobile", primary=False)
    with scope.use([cast.a.id]):
        merging.unmerge(done.id, by=by)
    with scope.use([cast.a.id]):
        assert RepairOrder.objects.get(order_no="7").customer_id == drop.id
        assert Customer.objects.get(id=drop.id).spent_fen == 500
        assert Customer.objects.get(id=keep.id).spent_fen == 0
        assert ContactPoint.objects.filter(customer_id=keep.id).count() == 2


def test_a_field_changed_since_keeps_its_change(cast, by, pair):
    keep, drop = pair
    done = merging.merge(by=by, keep_id=keep.id, drop_id=drop.id)
    commands.edit_customer(Customer.objects.get(id=keep.id), by=by, occupation="医生", habits="早上来")
    merging.unmerge(done.id, by=by)
    assert Customer.objects.get(id=keep.id).occupation == "医生"
    assert Customer.objects.get(id=drop.id).occupation == "教师"


def test_sealed_values_open_in_the_file_that_took_them(cast, by, pair):
    keep, drop = pair
    commands.edit_customer(drop, by=by, id_number="11010519491231002X", address="北京路 1 号")
    done = merging.merge(by=by, keep_id=keep.id, drop_id=drop.id)
    assert commands.reveal("id_number", keep.id, by=by, reason="核对") == "11010519491231002X"
    merging.unmerge(done.id, by=by)
    assert commands.reveal("address", drop.id, by=by, reason="核对") == "北京路 1 号"
    assert Customer.objects.get(id=keep.id).id_number_sealed is None


@pytest.mark.req("R020")
@pytest.mark.parametrize("refuser", ["keep", "drop"])
def test_a_merge_never_revives_a_consent(cast, by, pair, clock, refuser):
    # the one refused a year ago, the other agreed yesterday
    keep, drop = pair
    said_no, said_yes = (keep, drop) if refuser == "keep" else (drop, keep)
    commands.change_consent(said_no, by=by, purpose="marketing", channel="any", is_given=False, proof="电话")
    commands.change_consent(said_no, by=by, purpose="care", channel="sms", is_given=False, proof="短信回 T")
    clock.set(clock.now + timedelta(days=365))
    commands.change_consent(said_yes, by=by, purpose="marketing", channel="any", is_given=True, proof="签字")
    commands.change_consent(said_yes, by=by, purpose="care", channel="sms", is_given=True, proof="签字")
    before = everything()

    done = merging.merge(by=by, keep_id=keep.id, drop_id=drop.id)

    assert Customer.objects.get(id=keep.id).refused_purposes == ["marketing"]
    for purpose, channel in (("marketing", "any"), ("care", "sms")):
        newest = Consent.objects.filter(customer=keep, purpose=purpose, channel=channel).order_by("-at", "-id").first()
        assert not newest.is_given
    merging.unmerge(done.id, by=by)
    assert everything() == before


def test_a_refusal_said_since_holds_for_both(cast, by, pair):
    keep, drop = pair
    done = merging.merge(by=by, keep_id=keep.id, drop_id=drop.id)
    commands.change_consent(
        queries.customer(keep.id), by=by, purpose="all", channel="any", is_given=False, proof="电话"
    )
    merging.unmerge(done.id, by=by)
    assert [Customer.objects.get(id=c.id).refused_purposes for c in pair] == [["all"], ["all"]]


def test_who_is_not_the_absorbed_person_is_not_the_survivor_either(cast, by, pair):
    keep, drop = pair
    son = build.customer(cast.a, "王伟", phone="13812340001")
    merging.keep_apart(by=by, left_id=drop.id, right_id=son.id)
    finding.find()
    assert DuplicatePair.objects.filter(state="proposed", right_id=son.id).exists()
    done = merging.merge(by=by, keep_id=keep.id, drop_id=drop.id)
    finding.find()
    assert not DuplicatePair.objects.filter(state="proposed").exists()
    merging.unmerge(done.id, by=by)
    assert DuplicatePair.objects.filter(state="proposed").count() == 2


@pytest.mark.req("R019")
def test_only_those_who_may_merge_and_only_within_one_store(cast, by, pair):
    keep, drop = pair
    with pytest.raises(NotPermitted):
        merging.merge(by=cast.actor(Role.CALLER), keep_id=keep.id, drop_id=drop.id)
    scope.set_stores([cast.b.id])
    other = build.customer(cast.b, "王伟", phone="13812340001")
    scope.set_stores([cast.a.id, cast.b.id])
    with pytest.raises(Refused):
        merging.merge(by=by, keep_id=keep.id, drop_id=other.id)
    scope.set_stores([cast.a.id])
    with pytest.raises(NotFound):
        merging.merge(by=by, keep_id=keep.id, drop_id=other.id)


def test_every_column_that_points_at_a_customer_is_declared():
    # a table that nobody declared would be left behind by a merge, or lost with the absorbed row
    missing = []
    for model in apps.get_models():
        if not model.__module__.startswith("cheban."):
            continue
        for field in model._meta.concrete_fields:
            points = field.column.endswith("customer_id") or field.related_model is Customer
            if points and (model._meta.db_table, field.column) not in links.known():
                missing.append((model._meta.db_table, field.column))
    assert missing == [], "declare it with cheban.core.links.link() in the room's apps.py"


def test_declared_links_exist():
    tables = {m._meta.db_table: {f.column for f in m._meta.concrete_fields} for m in apps.get_models()}
    for link in links.moving():
        assert {link.column, *link.unique, *filter(None, (link.vehicle, link.added))} <= tables[link.table]


@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(steps=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), max_size=5), seed=st.randoms())
def test_merging_and_undoing_in_any_order_keeps_sums_and_restores_all(cast, by, steps, seed):
    save = transaction.savepoint()
    try:
        people = []
        for number in range(4):
            one = build.customer(
                cast.a, ["王伟", "王先生", "李雷", "王伟"][number], phone=["13812340001", "13812340001", "13812340003"][number % 3],
                occupation=["", "教师", "", "医生"][number], refused_purposes=[[], ["marketing"], ["care"], ["marketing"]][number],
                tags=[str(number)],
            )  # fmt: skip
            commands.add_phone_row(one, f"+8613700000{number % 2}00", kind="mobile", primary=False)
            order(
                one,
                f"o{number}",
                fen=100 * 3**number,
                vehicle=build.vehicle(cast.a, one, plate=f"沪A0000{number}"),
                ago=number,
            )
            task(one)
            people.append(one.id)
        before, total = everything(), sums()
        phones = {p: phones_of(p) for p in people}
        done: list[int] = []
        for keep, drop, takes in steps:
            roots = root_of(people[keep]), root_of(people[drop])
            if roots[0] != roots[1]:
                done.append(
                    merging.merge(
                        by=by, keep_id=roots[0], drop_id=roots[1], take=["occupation", "name"] if takes else []
                    ).id
                )
                assert sums() == total
            elif done:
                merging.unmerge(done.pop(seed.randrange(len(done))), by=by)
                assert sums() == total
            # a file reaches everybody whom it holds
            for root in {root_of(p) for p in people}:
                assert phones_of(root) == set().union(*(phones[p] for p in people if root_of(p) == root))
        seed.shuffle(done)
        for merge_id in done:
            merging.unmerge(merge_id, by=by)
            assert sums() == total
        after = everything()
        assert {
            t: (set(before[t]) - set(after[t]), set(after[t]) - set(before[t])) for t in TABLES if after[t] != before[t]
        } == {}
    finally:
        transaction.savepoint_rollback(save)


def _at_once(*calls) -> list:
    """Run each call in its own thread and transaction, all starting together."""
    results: list = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(index: int, stores, call) -> None:
        try:
            start.wait()
            with scope.use(stores):
                results[index] = call()
        except Exception as error:
            results[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(i, stores, call)) for i, (stores, call) in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


def test_of_two_who_merge_at_once_one_wins(committed, clock):
    with transaction.atomic():
        cast = build.cast()
        by = cast.actor(Role.STORE_MANAGER)
        people = [build.customer(cast.a, "王伟", phone=f"1381234000{n}") for n in range(3)]
    a, b, c = (p.id for p in people)
    stores = [cast.a.id]
    got = _at_once(
        (stores, lambda: merging.merge(by=by, keep_id=a, drop_id=b)),
        (stores, lambda: merging.merge(by=by, keep_id=b, drop_id=a)),
        (stores, lambda: merging.merge(by=by, keep_id=a, drop_id=b)),
    )
    assert sorted(type(g).__name__ for g in got) == ["AlreadyMerged", "AlreadyMerged", "CustomerMerge"]
    with scope.use(stores):
        kept = root_of(a)
        done = CustomerMerge.objects.get()
        assert Customer.objects.count() == 2
    got = _at_once(
        (stores, lambda: merging.unmerge(done.id, by=by)),
        (stores, lambda: merging.merge(by=by, keep_id=c, drop_id=kept)),
        (stores, lambda: merging.unmerge(done.id, by=by)),
    )
    assert [type(g).__name__ for g in got].count("AlreadyUndone") == 1
    with scope.use(stores):
        assert Customer.objects.count() + CustomerMerge.objects.filter(undone_at=None).count() == 3
        assert ContactPoint.objects.values("customer_id").distinct().count() == Customer.objects.count()


def test_a_sealed_phone_opens_after_the_move(cast, by, pair):
    keep, drop = pair
    merging.merge(by=by, keep_id=keep.id, drop_id=drop.id)
    for point in ContactPoint.objects.filter(customer=keep):
        assert privacy.unseal(point.value_sealed, bound_to=f"customers_contactpoint.value:{point.id}").startswith("+86")
