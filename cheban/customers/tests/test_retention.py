"""Nothing is kept longer than a store decided, nothing goes before it has been looked at and switched on. PIPL 19."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from cheban.core import clock as the_clock
from cheban.core import privacy
from cheban.core.errors import NotPermitted
from cheban.core.ids import new_id
from cheban.customers.commands import Invalid
from cheban.customers.models import Customer, ImportBatch, ImportRow, RecentView
from cheban.customers.privacy_desk import retention
from cheban.org.roles import Role
from tests import given

pytestmark = pytest.mark.req("R018", "R020")


@pytest.fixture
def old(cast, settings, tmp_path):
    """One of each class, as old as its days and a day; and a fresh one beside it."""
    settings.DATA_DIR = tmp_path
    folder = tmp_path / "files" / "imports"
    folder.mkdir(parents=True)
    for name, age in (("old", 400), ("new", 5)):
        made = ImportBatch.objects.create(
            store=cast.a, file_name=f"{name}.xlsx", file_sha256=name.encode().ljust(32), file_bytes=1, state="done",
            kind="customers", stored_as=f"{name}.xlsx", created_at=the_clock.now() - timedelta(days=age),
        )  # fmt: skip
        (folder / f"{name}.xlsx").write_bytes(b"sealed")
        row_id = new_id()
        ImportRow.objects.create(
            id=row_id, store=cast.a, batch=made, sheet="1", row=1, kind="customers", is_rejected=True,
            content_sealed=privacy.seal("{}", bound_to=f"customers_importrow.content:{row_id}"),
        )  # fmt: skip
        who = given.customer(
            cast.a, name, phone=f"138111100{age:02d}"[:11].ljust(11, "0"),
            created_at=the_clock.now() - timedelta(days=age * 10), last_visit_on=given.days(-age * 10),
        )  # fmt: skip
        RecentView.objects.create(store=cast.a, staff_id=1, customer=who, at=the_clock.now() - timedelta(days=age))
    return folder


def on(cast, code: str, days: int) -> None:
    retention.choose(cast.a.id, by=cast.actor(Role.STORE_MANAGER), code=code, days=days, is_on=True)


def test_the_dry_run_counts_and_names_what_would_go_and_changes_nothing(cast, old):
    for _ in range(2):
        found = {each["kind"].code: (each["count"], each["sample"]) for each in retention.look(cast.a.id)}
        assert found == {
            "import_files": (1, ["old.xlsx"]),
            "import_rows": (1, ["old.xlsx 第 1 行"]),
            "recent_views": (1, ["old"]),
            "lost": (1, ["old"]),
        }
    assert retention.run(cast.a.id) == {}
    assert Customer.objects.filter(erased_at=None).count() == 2


def test_what_is_on_goes_by_itself_and_the_rest_stays(cast, old, django_capture_on_commit_callbacks):
    for code, days in (("import_files", 90), ("import_rows", 180), ("recent_views", 90), ("lost", 36_500)):
        on(cast, code, days)
    with django_capture_on_commit_callbacks(execute=True):
        assert retention.run(cast.a.id) == {"import_files": 1, "import_rows": 1, "recent_views": 1}
        assert retention.run(cast.a.id) == {}
    assert [path.name for path in old.iterdir()] == ["new.xlsx"]
    assert [row.batch.file_name for row in ImportRow.objects.select_related("batch")] == ["new.xlsx"]
    assert RecentView.objects.count() == 1 and Customer.objects.filter(erased_at=None).count() == 2
    on(cast, "lost", 1825)
    assert retention.run(cast.a.id) == {"lost": 1}
    assert [c.name for c in Customer.objects.filter(erased_at=None)] == ["new"]
    assert retention.run(cast.a.id) == {}


@pytest.mark.parametrize(
    "sign",
    [
        {"last_visit_on": date(2026, 1, 1)},
        {"last_contact_at": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
)
def test_whoever_gave_a_sign_of_life_is_not_lost(cast, old, sign):
    Customer.objects.filter(name="old").update(**sign)
    assert {each["kind"].code: each["count"] for each in retention.look(cast.a.id)}["lost"] == 0


def test_a_car_that_came_or_an_open_request_keeps_its_owner(cast, old):
    who = Customer.objects.get(name="old")
    car = given.vehicle(cast.a, who, last_visit_on=given.days(-10))
    assert {each["kind"].code: each["count"] for each in retention.look(cast.a.id)}["lost"] == 0
    car.delete()
    assert {each["kind"].code: each["count"] for each in retention.look(cast.a.id)}["lost"] == 1


def test_too_few_days_and_foreign_stores_are_refused(cast, old):
    with pytest.raises(Invalid, match="1095"):
        on(cast, "lost", 30)
    with pytest.raises(Invalid):
        retention.choose(cast.b.id, by=cast.actor(Role.STORE_MANAGER), code="lost", days=2000, is_on=True)
    with pytest.raises(NotPermitted):
        retention.choose(cast.a.id, by=cast.actor(Role.OPERATIONS), code="lost", days=2000, is_on=True)
