"""A full disk: a sentence that says what to do, nothing lost, nothing twice, and it goes on once there is room.

The disk is a real one: a tmpfs of a few MiB in a mount namespace of its own, which root may make, and everybody else
inside a user namespace. Where neither is allowed the upload is still shown against a limit on the size of files.
Reliability row 31, goal "Disk full".
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cheban.cli.tests.house import environment
from cheban.core.disk import is_full_disk
from cheban.customers.importing import pipeline
from cheban.customers.models import ImportBatch
from cheban.org import scope
from cheban.org.roles import Role

pytestmark = pytest.mark.faults
MIB = 1 << 20
ROWS = 25_000
HEAD = "客户名称,手机号,车牌号,购车日期\n"


def table(rows: int) -> str:
    return HEAD + "".join(f"张{n},138{n:08d},沪A{n:05d},2024/3/5\n" for n in range(rows))


class Disk:
    """A disk of `mib` MiB that only those see who enter its namespace, or look through /proc."""

    def __init__(self, mib: int) -> None:
        self.mount = Path(tempfile.mkdtemp(prefix="cheban-disk-"))
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        script = 'mount -t tmpfs -o size="$1"m,mode=0755 tmpfs "$2" && echo ready && exec cat'
        self.holder = subprocess.Popen(
            ["unshare", *user, "--mount", "sh", "-c", script, "sh", str(mib), str(self.mount)],
            stdin=subprocess.PIPE,  # `cat` ends with us, and the disk with it
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if self.holder.stdout.readline() != "ready\n":
            why = self.holder.stderr.read().strip()
            self.close()
            pytest.skip(f"no mount namespace is allowed here: {why}")
        preserve = ["--user", "--preserve-credentials"] if user else []
        self.enter = ["nsenter", "--target", str(self.holder.pid), *preserve, "--mount"]
        self.seen = Path(f"/proc/{self.holder.pid}/root{self.mount}")
        self.filler = self.seen / "filler"

    def fill(self, *, leave: int) -> None:
        """Only `leave` bytes stay free."""
        with self.filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(self.seen).free - leave)

    def make_room(self) -> None:
        self.filler.unlink()

    def close(self) -> None:
        self.holder.stdin.close()
        self.holder.wait(timeout=20)
        self.mount.rmdir()


# ------------------------------------------------------------------------------------ the application's own folder


@contextlib.contextmanager
def small_disk(ending, *, room: int) -> Iterator[None]:
    disk = Disk(4)
    ending.settings.DATA_DIR = disk.seen / "data"
    ending.settings.DATA_DIR.mkdir()
    try:
        disk.fill(leave=room)
        yield
        disk.make_room()
    finally:
        # the caller looks at the folder and tries again after the block, so the disk goes at the end of the test
        ending.after.callback(disk.close)


@contextlib.contextmanager
def no_larger_file(ending, *, room: int) -> Iterator[None]:
    folder = Path(tempfile.mkdtemp(prefix="cheban-limit-"))
    ending.after.callback(shutil.rmtree, folder)
    ending.settings.DATA_DIR = folder
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def ending(settings):
    """The settings, and what is done when the test is over."""
    with contextlib.ExitStack() as after:
        yield SimpleNamespace(settings=settings, after=after)


@pytest.mark.req("R021")
@pytest.mark.parametrize("moment", ["while the upload is taken in", "while it is sealed"])
@pytest.mark.parametrize("way", [small_disk, no_larger_file])
def test_an_upload_into_a_full_folder_is_refused_with_a_sentence_and_leaves_nothing(cast, ending, way, moment):
    body = table(8_000).encode()
    kept = {"while the upload is taken in": 0, "while it is sealed": len(body)}[moment]
    room = kept + len(body) // 8  # sealed it is a quarter longer
    client = Client(raise_request_exception=False)
    client.force_login(cast.staff[Role.STORE_MANAGER], backend="cheban.site.accounts.Backend")

    def upload(**headers):
        scope.set_stores([cast.a.id])
        return client.post(
            "/customers/imports/upload/", {"file": SimpleUploadedFile("客户.csv", body)}, headers=headers
        )

    with way(ending, room=room):
        answers = [upload(), upload(HX_Request="true")]
        assert [a.status_code for a in answers] == [507, 507]
        assert "磁盘满了" in answers[0].content.decode()
        assert "清出磁盘空间" in answers[1].json()["detail"]
        assert [p for p in ending.settings.DATA_DIR.rglob("*") if p.is_file()] == []
        scope.set_stores([cast.a.id])
        assert ImportBatch.objects.count() == 0

    assert upload().status_code == 302
    scope.set_stores([cast.a.id])
    assert ImportBatch.objects.get().state == "checking"


def test_a_check_without_room_for_its_copy_says_so_and_ends_well_afterwards(cast, ending, tmp_path):
    scope.set_stores([cast.a.id])
    path = tmp_path / "客户.csv"
    path.write_text(table(8_000), encoding="utf-8")
    ending.settings.DATA_DIR = tmp_path / "data"
    batch = pipeline.create(path, store_id=cast.a.id, file_name=path.name)

    disk = Disk(4)
    ending.after.callback(disk.close)
    shutil.copytree(ending.settings.DATA_DIR, disk.seen / "data")
    ending.settings.DATA_DIR = disk.seen / "data"
    disk.fill(leave=100_000)
    with pytest.raises(OSError) as told:
        pipeline.check(batch.id, store_id=cast.a.id)
    assert is_full_disk(told.value)
    assert list((ending.settings.DATA_DIR / "tmp").iterdir()) == []

    from cheban.customers import jobs

    again = jobs.check_import.get_retry_exception(told.value, job=None)
    assert again is not None, "the worker tries again by itself"
    disk.make_room()
    pipeline.check(batch.id, store_id=cast.a.id)
    batch.refresh_from_db()
    assert (batch.state, batch.rows_total, batch.rejected) == ("ready", 8_000, 0)


# ------------------------------------------------------------------------------------ the database's disk


class House:
    """A copy of the product whose data folder lies on a small disk."""

    def __init__(self, disk: Disk) -> None:
        self.disk, self.data_dir = disk, disk.mount / "data"

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.disk.enter, sys.executable, *words],
            env=environment(self.data_dir, CHEBAN_ENV="production", CHEBAN_HOSTS="localhost"),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def cheban(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.python("-m", "cheban", *words)

    def ask(self, code: str):
        """The last line that `code` prints, which runs in the scope of store A."""
        head = (
            "import json\nfrom cheban.cli import setup_django\nsetup_django()\n"
            "from cheban.customers.models import *\nfrom cheban.customers.importing import pipeline\n"
            "from cheban.org import commands, scope\nfrom cheban.org.models import Store\n"
        )
        done = self.python("-c", head + code)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.strip().splitlines()[-1])

    def counts(self) -> dict[str, int]:
        return self.ask(
            "with scope.use([Store.objects.get(code='A').id]):\n"
            "    print(json.dumps({m.__name__: m.objects.count() for m in (Customer, ContactPoint, Vehicle)}))"
        )


EXACT = {"Customer": ROWS, "ContactPoint": ROWS, "Vehicle": ROWS}


@pytest.fixture
def house() -> Iterator[House]:
    disk = Disk(400)
    made = House(disk)
    try:
        made.ask("commands.create_store(group='集团', code='A', name='甲店'); print(1)")
        yield made
    finally:
        made.cheban("stop")
        disk.close()


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "客户.csv"
    path.write_text(table(ROWS), encoding="utf-8")
    return path


def assert_told(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 1, done.stdout
    assert "磁盘满了：清出空间后重试" in done.stderr, done.stderr
    assert "free some space and try again" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.req("R021")
def test_an_import_whose_tables_find_no_room_keeps_whole_chunks_and_goes_on(house, file, tmp_path):
    # given the log of changes on a disk of its own, as one does for a large database
    assert house.cheban("stop").returncode == 0
    log, elsewhere = house.disk.seen / "data" / "postgres" / "pg_wal", Path(tempfile.mkdtemp(prefix="cheban-wal-"))
    try:
        elsewhere.chmod(0o711)
        subprocess.run(["cp", "-a", log, elsewhere / "wal"], check=True)
        shutil.rmtree(log)
        log.symlink_to(elsewhere / "wal")
        house.ask("print(1)")
        # when the tables' disk fills up in the middle
        house.disk.fill(leave=14 * MIB)
        assert_told(house.cheban("import", str(file), "--store", "A", "--json"))
        # then one can still read, and what is there is whole chunks
        found = house.counts()
        assert found["Customer"] == found["ContactPoint"] == found["Vehicle"] in (0, 10_000, 20_000)
        # and the same batch goes on where it stopped
        house.disk.make_room()
        ended = house.ask(
            "from pathlib import Path\nstore = Store.objects.get(code='A').id\n"
            "with scope.use([store]):\n    batch = ImportBatch.objects.get(state='writing')\n"
            f"batch = pipeline.write(batch.id, store_id=store, path=Path({str(file)!r}))\n"
            "print(json.dumps([batch.state, batch.accepted, batch.rows_total]))"
        )
        assert ended == ["done", ROWS, ROWS]
        assert house.counts() == EXACT
        again = json.loads(house.cheban("import", str(file), "--store", "A", "--json").stdout)
        assert (again["accepted"], again["unchanged"], house.counts()) == (0, ROWS, EXACT)
        house.cheban("stop")
    finally:
        shutil.rmtree(elsewhere, ignore_errors=True)


@pytest.mark.req("R021")
def test_an_import_on_a_disk_that_is_full_for_everything_ends_well_after_making_room(house, file):
    # PostgreSQL itself goes down here: it cannot write its log. Its supervisor brings it back when there is room.
    house.disk.fill(leave=8 * MIB)
    assert_told(house.cheban("import", str(file), "--store", "A", "--json"))
    house.disk.make_room()
    done = house.cheban("import", str(file), "--store", "A", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["accepted"] + told["unchanged"], told["rejected"]) == (ROWS, 0)
    assert house.counts() == EXACT
