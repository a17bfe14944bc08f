"""The outbox as a whole: real workers killed, a provider that fails, rules that change. Reliability 5 and 6.

`python -m tests.faults messages --count 100000 --kills 50` does the same at length and writes docs/faults-messages.md.
"""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID

import pytest

from tests.faults import messages
from tests.faults.messages_checks import Arrival, Change, History, _over_caps


@pytest.mark.req("R208")
def test_no_message_is_lost_sent_twice_or_sent_against_what_was_said(committed, tmp_path):
    done = messages.run(tmp_path, count=600, kills=3)
    assert done.found.wrong == []
    assert done.kills == 3 and done.found.accepted > 200 and done.found.checked > 200
    assert done.found.states["sent"] > 200 and done.alerts > 3 and done.caps > 3


@pytest.mark.req("R208")
@pytest.mark.parametrize(("lowered_at", "problems"), [(5.0, 1), (29.9, 0), (100.0, 0)])
def test_a_cap_is_judged_as_it_stood_when_the_message_was_decided(lowered_at, problems):
    """Two messages within the day; the cap goes from two to one before, during, or after the second one's decision."""
    who, history = UUID(int=1), History(shifts=[(0.0, 0.0)])
    history.limits += [Change(0, 0, (2, 2, 2, 2)), Change(lowered_at, lowered_at + 0.1, (1, 2, 2, 2))]
    came = [Arrival(at, "/sms", f"{n}", "+86", "") for n, at in enumerate((2.0, 30.0))]
    rows = {
        a.request_id: SimpleNamespace(
            customer_id=who, message_class="service", claimed_at=datetime.fromtimestamp(a.at - 0.5, UTC)
        )
        for a in came
    }
    assert len(_over_caps(rows, came, history)) == problems
