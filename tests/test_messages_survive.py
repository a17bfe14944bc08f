"""The outbox as a whole: real workers killed, a provider that fails, rules that change. Reliability 5 and 6.

`python -m tests.faults messages --count 100000 --kills 50` does the same at length and writes docs/faults-messages.md.
"""

from __future__ import annotations

import pytest

from tests.faults import messages


@pytest.mark.req("R208")
def test_no_message_is_lost_sent_twice_or_sent_against_what_was_said(committed, tmp_path):
    done = messages.run(tmp_path, count=600, kills=3)
    assert done.found.wrong == []
    assert done.kills == 3 and done.found.accepted > 300 and done.found.checked > 300
    assert done.found.states["sent"] > 300 and done.alerts > 3
