"""Web, worker and database are killed in the middle of work: nothing acknowledged is lost, nothing is done twice.

`make faults` does a hundred rounds and writes docs/faults.md; here each victim that differs falls once.
"""

from __future__ import annotations

import pytest

from tests.faults import kill9

pytestmark = [pytest.mark.faults, pytest.mark.req("R208")]


def test_work_goes_on_after_kills_with_nothing_lost_and_nothing_twice(tmp_path_factory):
    found = kill9.run(tmp_path_factory.mktemp("kill9") / "data", rounds=3)
    assert found.wrong == []
    assert [r.victim for r in found.rounds] == ["web process", "worker", "database"]
    assert all(r.write_seconds < kill9.BOUND_SECONDS and r.told_seconds < kill9.BOUND_SECONDS for r in found.rounds)
    assert found.tasks > 0 and found.acknowledged > 50 and found.replayed > 50
