"""Keys change while people work; whatever dies in the middle, everything stays readable. R018, reliability 36, 37."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection, models

from cheban.core import keys, privacy, sealed
from cheban.customers.models import ContactPoint, Customer
from cheban.org import scope
from tests import given

MANY = 3_000


@pytest.fixture
def owner(committed):
    """The owner's connection; the ring is as before afterwards."""
    url = settings.DATABASES["owner"]
    with psycopg.connect(
        host=url["HOST"], port=url["PORT"] or None, user=url["USER"], password=url["PASSWORD"], dbname=url["NAME"],
        autocommit=True,
    ) as found:  # fmt: skip
        before = [row[0] for row in found.execute("SELECT id FROM core_datakey")]
        privacy.forget_keys()
        yield found
        found.execute("DELETE FROM core_datakey WHERE NOT id = ANY (%s)", [before])
        privacy.forget_keys()


def people(count: int):
    """A store with so many customers, each with a phone and an address."""
    cast = given.cast(scoped=False)
    with scope.use([cast.a.id]):
        for number in range(count):
            made = given.customer(cast.a, f"客户{number}", phone=f"139{number:08d}")
            made.address_sealed = privacy.seal(f"上海市{number}号", bound_to=f"customers_customer.address:{made.id}")
            made.save(update_fields=["address_sealed"])
    return cast


def read_all(cast) -> int:
    """Opens every sealed value of the store; raises SealBroken when one does not open."""
    with scope.use([cast.a.id]):
        points = list(ContactPoint.objects.all())
        for point in points:
            privacy.unseal(point.value_sealed, bound_to=f"customers_contactpoint.value:{point.id}")
        for who in Customer.objects.exclude(address_sealed=None):
            privacy.unseal(who.address_sealed, bound_to=f"customers_customer.address:{who.id}")
    return len(points)


@pytest.mark.req("R018")
def test_every_sealed_column_is_known_to_the_rotation():
    columns = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.BinaryField) and field.column.endswith("_sealed")
    }
    assert columns == {(c.table, c.column) for c in sealed.columns()}


@pytest.mark.req("R018")
def test_after_a_rotation_nothing_needs_the_old_key_and_it_can_be_destroyed(owner, tmp_path):
    cast = people(50)
    folder = tmp_path / "files" / "imports"
    folder.mkdir(parents=True)
    privacy.seal_file(io.BytesIO(b"x" * 3_000_000), folder / "abc.xlsx", bound_to="import:abc")
    old = max(privacy.keyring())
    with pytest.raises(keys.StillUsed):
        keys.retire(owner, tmp_path, old)

    new = keys.make(owner)
    assert keys.has_unfinished(owner, tmp_path)
    assert sealed.reseal(owner, tmp_path) == 50 + 50 + 1
    assert sealed.uses(owner, tmp_path) == {new: 101}
    assert sealed.reseal(owner, tmp_path) == 0, "a second run finds nothing to do"

    wrapped = owner.execute("SELECT wrapped FROM core_datakey WHERE id = %s", [old]).fetchone()[0]
    keys.retire(owner, tmp_path, old)
    assert read_all(cast) == 50
    clear = io.BytesIO()
    privacy.unseal_file(folder / "abc.xlsx", clear, bound_to="import:abc")
    assert clear.getvalue() == b"x" * 3_000_000
    owner.execute("INSERT INTO core_datakey (id, wrapped) VALUES (%s, %s)", [old, wrapped])


@pytest.mark.req("R018")
def test_a_key_that_an_undo_still_needs_is_not_destroyed(owner, tmp_path):
    cast = people(1)
    old = max(privacy.keyring())
    owner.execute(
        """INSERT INTO customers_importbatch (id, store_id, file_name, file_sha256, file_bytes, stored_as, source_system,
             kind, plan, state, problem, rows_total, rows_done, accepted, unchanged, merged, rejected, flagged, skipped)
           VALUES (gen_random_uuid(), %s, 'x', '', 1, '', '', 'customers', '{}', 'done', '', 1, 1, 1, 0, 0, 0, 0, '{}')""",
        [cast.a.id],
    )
    owner.execute(
        """INSERT INTO customers_importchange (store_id, batch_id, "table", row_id, before)
           SELECT c.store_id, b.id, 'customers_customer', c.id, to_jsonb(c) FROM customers_customer c, customers_importbatch b"""
    )
    keys.make(owner)
    sealed.reseal(owner, tmp_path)
    with pytest.raises(keys.StillUsed):
        keys.retire(owner, tmp_path, old)
    owner.execute("DELETE FROM customers_importchange")
    kept = owner.execute("SELECT wrapped FROM core_datakey WHERE id = %s", [old]).fetchone()[0]
    keys.retire(owner, tmp_path, old)
    owner.execute("INSERT INTO core_datakey (id, wrapped) VALUES (%s, %s)", [old, kept])


def test_a_process_that_meets_a_new_key_reads_the_ring_again_without_a_restart(owner, tmp_path):
    cast = people(3)
    ring = dict(privacy.keyring())
    keys.make(owner)
    sealed.reseal(owner, tmp_path)
    privacy._ring = ring  # as in a process that read the ring before
    assert read_all(cast) == 3


def test_a_process_seals_with_the_new_key_after_a_minute(owner, tmp_path, monkeypatch):
    people(1)
    ring, new = dict(privacy.keyring()), keys.make(owner)
    privacy.keyring()
    privacy._ring = ring
    assert sealed.key_of(privacy.seal("x", bound_to="a:1")) != new
    monkeypatch.setattr(privacy, "_ring_read_at", time.monotonic() - 61)
    assert sealed.key_of(privacy.seal("x", bound_to="a:1")) == new


def test_who_writes_during_a_rotation_wins(owner, tmp_path):
    cast = people(1)
    newest = keys.make(owner)
    with scope.use([cast.a.id]):
        who = Customer.objects.get()
    bound = f"customers_customer.address:{who.id}"

    class Meddling:
        """The owner's connection; between reading and replacing, somebody changes the address."""

        def execute(self, statement, params=None):
            if statement.startswith("UPDATE customers_customer"):
                with scope.use([cast.a.id]):
                    Customer.objects.update(address_sealed=privacy.seal("北京市", bound_to=bound))
            return owner.execute(statement, params)

    sealed._reseal_column(
        Meddling(),
        sealed.Column("customers_customer", "address_sealed", "customers_customer.address"),
        newest,
        lambda *_: None,
    )
    with scope.use([cast.a.id]):
        assert privacy.unseal(Customer.objects.get().address_sealed, bound_to=bound) == "北京市"


ROTATE = """
import django; django.setup()
import psycopg, sys
from pathlib import Path
from django.conf import settings
from cheban.core import keys, privacy, sealed
url = settings.DATABASES["owner"]
sealed.BATCH = 50
with psycopg.connect(host=url["HOST"], port=url["PORT"] or None, user=url["USER"], password=url["PASSWORD"],
                     dbname=url["NAME"], autocommit=True) as owner:
    if not keys.has_unfinished(owner, Path(sys.argv[1])):
        keys.make(owner)
    print("begun", flush=True)
    print(sealed.reseal(owner, Path(sys.argv[1]), progress=lambda what, done: print(what, done, flush=True)), flush=True)
"""


@pytest.mark.req("R018")
@pytest.mark.faults
def test_killed_in_the_middle_with_twenty_people_writing_everything_stays_readable_and_a_second_run_ends_it(
    owner, tmp_path
):
    cast = people(MANY)
    with scope.use([cast.a.id]):
        ids = list(Customer.objects.values_list("id", flat=True))
    stop, written, errors = threading.Event(), {}, []

    def write(number: int) -> None:
        try:
            turn = 0
            while not stop.is_set():
                who = ids[(number + 20 * turn) % len(ids)]
                text = f"新址{number}-{turn}"
                with scope.use([cast.a.id]):
                    blob = privacy.seal(text, bound_to=f"customers_customer.address:{who}")
                    Customer.objects.filter(id=who).update(address_sealed=blob)
                written[who] = text
                turn += 1
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=(n,)) for n in range(20)]
    [w.start() for w in writers]
    command = [sys.executable, "-c", ROTATE, str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    for line in child.stdout:
        if line.strip().endswith("500"):
            child.send_signal(signal.SIGKILL)
            break
    child.wait()
    uses = sealed.uses(owner, tmp_path)
    assert len(uses) > 1, "it died in the middle"
    assert read_all(cast) == MANY

    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert int(again.stdout.splitlines()[-1]) > 0
    stop.set()
    [w.join() for w in writers]
    assert errors == []
    last = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert last.returncode == 0
    read_all(cast)
    with scope.use([cast.a.id]):
        for who in Customer.objects.filter(id__in=written):
            kept = privacy.unseal(who.address_sealed, bound_to=f"customers_customer.address:{who.id}")
            assert kept == written[who.id], "what a person wrote last is what is there"


@pytest.fixture
def key_files(owner, tmp_path, monkeypatch):
    """A secrets folder of its own whose master key opens a ring of its own."""
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    (folder / "master_key").write_text(os.environ["CHEBAN_MASTER_KEY"])
    monkeypatch.delenv("CHEBAN_MASTER_KEY")
    monkeypatch.setenv("CHEBAN_SECRETS_DIR", str(folder))
    before = owner.execute("SELECT id, wrapped FROM core_datakey").fetchall()
    privacy.forget_keys()
    yield folder
    for number, wrapped in before:
        owner.execute("UPDATE core_datakey SET wrapped = %s WHERE id = %s", [wrapped, number])
    monkeypatch.undo()
    privacy.forget_keys()


@pytest.mark.req("R018")
def test_a_new_master_key_opens_everything_and_indexes_stay_valid(owner, key_files):
    cast = people(5)
    index, old = privacy.blind("phone", "+8613900000001"), (key_files / "master_key").read_text()

    keys.change_master(owner, key_files)

    assert (key_files / "master_key").read_text() != old
    assert not (key_files / "master_key.next").exists()
    assert read_all(cast) == 5
    assert privacy.blind("phone", "+8613900000001") == index
    (key_files / "master_key").write_text(old)
    privacy.forget_keys()
    with pytest.raises(privacy.SealBroken):
        read_all(cast)


@pytest.mark.parametrize("dies_at", ["index", "next", "database"])
def test_a_change_of_the_master_key_that_died_anywhere_leaves_all_readable_and_is_ended_by_running_again(
    owner, key_files, monkeypatch, dies_at
):
    cast = people(2)

    class Died(Exception):
        pass

    def die(*_, **__):
        raise Died

    real_write, real_replace = keys._write, os.replace
    if dies_at == "index":
        monkeypatch.setattr(keys, "_write", lambda p, t: die() if "next" in p.name else real_write(p, t))
    elif dies_at == "next":
        monkeypatch.setattr(privacy, "rewrap", die)
    else:
        monkeypatch.setattr(
            keys.os, "replace", lambda a, b: die() if Path(b).name == "master_key" else real_replace(a, b)
        )
    with pytest.raises(Died):
        keys.change_master(owner, key_files)
    monkeypatch.setattr(keys, "_write", real_write)
    monkeypatch.setattr(keys.os, "replace", real_replace)
    if dies_at == "next":
        monkeypatch.undo()
        monkeypatch.delenv("CHEBAN_MASTER_KEY", raising=False)
        monkeypatch.setenv("CHEBAN_SECRETS_DIR", str(key_files))
    privacy.forget_keys()
    assert read_all(cast) == 2, "as it was left, everything opens"
    keys.change_master(owner, key_files)
    assert read_all(cast) == 2
