"""`cheban run` from the outside: it serves, it comes back from kills, it leaves nothing running."""

from __future__ import annotations

import os
import signal
import socket
import time

import pytest

from cheban.cli.tests.house import ROOT, cheban, running, wait_for
from cheban.core import postgres

built = ROOT / "cheban" / "site" / "static_built" / "manifest.json"
pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not built.exists(), reason="the front end is not built: bin/setup"),
]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house") / "data"
    yield folder
    postgres.stop(folder)


def test_it_serves_and_comes_back_from_every_kill_and_ends_without_a_trace(data_dir):
    with running(data_dir) as house:
        assert house.get("/healthz") == (200, "ok")
        assert house.serves()
        [web], [worker] = house.children("-m granian"), wait_for(lambda: house.children("cheban worker"))

        os.kill(web, signal.SIGKILL)
        wait_for(lambda: house.children("-m granian") not in ([], [web]))
        wait_for(house.serves)

        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: house.children("cheban worker") not in ([], [worker]))

        os.kill(postgres.status(data_dir).supervisor_pid, signal.SIGKILL)
        os.kill(int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        wait_for(lambda: postgres.status(data_dir).supervised)
        wait_for(house.serves)

        again = cheban(data_dir, "run", PORT=str(house.port + 1 if house.port < 65535 else 1024))
        assert again.returncode == 1
        assert "make stop" in again.stderr

        other = cheban(data_dir.parent / "other", "run", PORT=str(house.port))
        assert other.returncode == 1
        assert f"PORT={house.port + 1}" in other.stderr

        began = time.monotonic()
        house.process.send_signal(signal.SIGINT)
        assert house.process.wait(timeout=20) == 0
        assert time.monotonic() - began < 12
    assert postgres.status(data_dir).answer == "silent"
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", house.port)) != 0


def test_a_database_that_was_up_before_stays_up_after(data_dir):
    postgres.start(data_dir)
    with running(data_dir):
        pass
    assert postgres.status(data_dir).answer == "ready"


def test_doctor_and_stop_know_a_running_house(data_dir):
    with running(data_dir) as house:
        wait_for(lambda: "✓ 后台" in cheban(data_dir, "doctor", PORT=str(house.port)).stdout, seconds=60)
        shown = cheban(data_dir, "stop")
        assert (shown.returncode, "stopped" in shown.stdout) == (0, True)
        assert house.process.wait(timeout=5) == 0
    assert "nothing was running" in cheban(data_dir, "stop").stdout
